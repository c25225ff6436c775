#include "detector/draw.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "common/config_spaces.h"

/* Shapes are drawn in strips: two rows of so many pixels, an even number. */
#define STRIP 64

/* A colour as the planes have it. */
struct ink {
    uint8_t values[PICTURE_PLANES];
};

/* Whole pixels: left and top inside, right and bottom outside. */
struct area {
    int left, top, right, bottom;
};

/* How much of each of `count` pixels a shape covers, 0 to 255, from `x` on in row `y`. */
typedef void draw_cover_fn(const void *shape, int x, int y, int count, uint8_t *coverage);

/* --- inking --- */

/* BT.601 over the full range. */
static struct ink draw_ink(const uint8_t colour[3])
{
    double red = colour[0], green = colour[1], blue = colour[2];
    double luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    double values[PICTURE_PLANES] = {luma, 128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402};
    struct ink ink;
    for (int plane = 0; plane < PICTURE_PLANES; plane++) {
        ink.values[plane] = (uint8_t)lround(fmin(fmax(values[plane], 0), 255));
    }
    return ink;
}

/* `share` of 255. */
static uint8_t draw_blend(uint8_t value, uint8_t ink, uint8_t share)
{
    uint16_t sum = (uint16_t)(value * (255 - share) + ink * share + 128);
    return (uint8_t)((uint16_t)(sum + (sum >> 8)) >> 8);
}

static void draw_ink_row(uint8_t *restrict values, const uint8_t *restrict coverage, int count,
                         uint8_t ink)
{
    for (int i = 0; i < count; i++) {
        values[i] = draw_blend(values[i], ink, coverage[i]);
    }
}

/* Inks a strip whose left top corner is at even `x` and `y`. A cell that the picture's edge cuts is
 * covered like the part of it that is there. */
static void draw_ink_strip(struct picture *picture, int x, int y, int count,
                           uint8_t coverage[2][STRIP], const struct ink *ink)
{
    bool cut_right = x + count > picture->width, cut_below = y + 1 >= picture->height;
    for (int row = 0; row < 2 && y + row < picture->height; row++) {
        uint8_t *luma =
            picture->planes[PLANE_LUMA] + (size_t)(y + row) * (size_t)picture->strides[PLANE_LUMA];
        draw_ink_row(luma + x, coverage[row], count - cut_right, ink->values[PLANE_LUMA]);
        if (cut_right) {
            coverage[row][count - 1] = coverage[row][count - 2];
        }
    }
    if (cut_below) {
        memcpy(coverage[1], coverage[0], (size_t)count);
    }
    uint8_t cells[STRIP / 2];
    for (int i = 0; i < count / 2; i++) {
        const uint8_t *upper = coverage[0] + 2 * i, *lower = coverage[1] + 2 * i;
        cells[i] = (uint8_t)((upper[0] + upper[1] + lower[0] + lower[1] + 2) >> 2);
    }
    for (int plane = PLANE_BLUE; plane < PICTURE_PLANES; plane++) {
        uint8_t *chroma =
            picture->planes[plane] + (size_t)(y / 2) * (size_t)picture->strides[plane] + x / 2;
        draw_ink_row(chroma, cells, count / 2, ink->values[plane]);
    }
}

static void draw_fade(uint8_t *coverage, int count, int opacity)
{
    for (int i = 0; i < count; i++) {
        coverage[i] = (uint8_t)(coverage[i] * opacity >> 8);
    }
}

/* A coordinate as a place within 0 and `limit`; NaN is 0. */
static int draw_clamp(double value, int limit)
{
    return value > 0 ? (value < limit ? (int)value : limit) : 0;
}

/* Not fmin() and fmax(): they are calls, for the sake of NaN, and this is asked for every pixel. */
static double draw_share(double value)
{
    return value > 0 ? (value < 1 ? value : 1) : 0;
}

static uint8_t draw_whole(double share)
{
    return (uint8_t)(draw_share(share) * 255 + 0.5);
}

/* The pixels that a shape within these bounds can touch. */
static struct area draw_area(const struct picture *picture, double left, double top, double right,
                             double bottom)
{
    return (struct area){
        draw_clamp(floor(left), picture->width), draw_clamp(floor(top), picture->height),
        draw_clamp(ceil(right), picture->width), draw_clamp(ceil(bottom), picture->height)};
}

static bool draw_is_empty(const uint8_t *coverage, int count)
{
    uint8_t any = 0;
    for (int i = 0; i < count; i++) {
        any |= coverage[i];
    }
    return any == 0;
}

/* Draws what lies of a shape in an area, whose edges are moved outwards to even numbers. */
static void draw_shape(struct picture *picture, const struct area *area, draw_cover_fn *cover,
                       const void *shape, const struct ink *ink, double opacity)
{
    uint8_t coverage[2][STRIP];
    int share = (int)(draw_share(opacity) * 256);
    int left = area->left & ~1, right = (area->right + 1) & ~1;
    if (area->left >= area->right || area->top >= area->bottom) {
        return;
    }
    for (int y = area->top & ~1; y < area->bottom; y += 2) {
        for (int x = left; x < right; x += STRIP) {
            int count = right - x < STRIP ? right - x : STRIP;
            for (int row = 0; row < 2; row++) {
                cover(shape, x, y + row, count, coverage[row]);
                if (share < 256) {
                    draw_fade(coverage[row], count, share);
                }
            }
            if (!draw_is_empty(coverage[0], count) || !draw_is_empty(coverage[1], count)) {
                draw_ink_strip(picture, x, y, count, coverage, ink);
            }
        }
    }
}

/* --- rectangles --- */

struct frame {
    struct rectangle outer;
    double radius;
    double line; /* INFINITY: filled */
};

/* Signed distances to a rounded rectangle: Inigo Quilez, "2D distance functions". Negative inside. */
static void frame_cover(const void *shape, int x, int y, int count, uint8_t *coverage)
{
    const struct frame *frame = shape;
    const struct rectangle *outer = &frame->outer;
    float radius = (float)frame->radius, line = (float)frame->line;
    float half_width = (float)(outer->right - outer->left) / 2 - radius;
    float half_height = (float)(outer->bottom - outer->top) / 2 - radius;
    float below = fabsf((float)(y + 0.5 - (outer->top + outer->bottom) / 2)) - half_height;
    float first = (float)(x + 0.5 - (outer->left + outer->right) / 2);
    for (int i = 0; i < count; i++) {
        float beside = fabsf(first + (float)i) - half_width;
        float distance = beside > below ? beside : below;
        if (beside > 0 && below > 0) {
            distance = sqrtf(beside * beside + below * below);
        }
        distance -= radius;
        float outside = 0.5F - distance, inside = distance + line + 0.5F;
        float share = outside < inside ? outside : inside;
        share = share > 0 ? (share < 1 ? share : 1) : 0;
        coverage[i] = (uint8_t)(share * 255 + 0.5F);
    }
}

static double frame_radius(const struct rectangle *rectangle, double radius)
{
    double side = fmin(rectangle->right - rectangle->left, rectangle->bottom - rectangle->top);
    return fmax(fmin(radius, side / 2), 0);
}

void draw_plate(struct picture *picture, const struct rectangle *rectangle, double radius,
                const uint8_t colour[3], double opacity)
{
    const struct frame frame = {*rectangle, frame_radius(rectangle, radius), INFINITY};
    struct area area = draw_area(picture, rectangle->left - 0.5, rectangle->top - 0.5,
                                 rectangle->right + 0.5, rectangle->bottom + 0.5);
    struct ink ink = draw_ink(colour);
    draw_shape(picture, &area, frame_cover, &frame, &ink, opacity);
}

/* In four parts: most of it has nothing to draw in the middle. */
void draw_frame(struct picture *picture, const struct rectangle *rectangle, double radius,
                double line, const uint8_t colour[3], double opacity)
{
    const struct frame frame = {*rectangle, frame_radius(rectangle, radius), line};
    double reach = fmax(line, frame.radius) + 1;
    struct area all = draw_area(picture, rectangle->left - 0.5, rectangle->top - 0.5,
                                rectangle->right + 0.5, rectangle->bottom + 0.5);
    struct area inner = draw_area(picture, rectangle->left + reach, rectangle->top + reach,
                                  rectangle->right - reach, rectangle->bottom - reach);
    struct ink ink = draw_ink(colour);
    /* Its edges are even, so that no cell belongs to two parts. */
    inner = (struct area){(inner.left + 1) & ~1, (inner.top + 1) & ~1, inner.right & ~1,
                          inner.bottom & ~1};
    if (inner.left >= inner.right || inner.top >= inner.bottom) {
        draw_shape(picture, &all, frame_cover, &frame, &ink, opacity);
        return;
    }
    const struct area parts[] = {{all.left, all.top, all.right, inner.top},
                                 {all.left, inner.bottom, all.right, all.bottom},
                                 {all.left, inner.top, inner.left, inner.bottom},
                                 {inner.right, inner.top, all.right, inner.bottom}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        draw_shape(picture, &parts[i], frame_cover, &frame, &ink, opacity);
    }
}

/* --- paths --- */

struct path {
    const struct draw_point *points;
    size_t count;
    double reach; /* half the width */
};

/* From where to where a piece can be seen, in pixels. */
static struct rectangle path_piece_bounds(const struct path *path, size_t piece)
{
    const struct draw_point *from = &path->points[piece], *to = from + 1;
    double reach = path->reach + 0.5;
    return (struct rectangle){fmin(from->x, to->x) - reach, fmin(from->y, to->y) - reach,
                              fmax(from->x, to->x) + reach, fmax(from->y, to->y) + reach};
}

/* Where pieces meet the stronger one is seen. */
static void path_cover_piece(const struct path *path, size_t piece, int x, int y, int count,
                             uint8_t *coverage)
{
    const struct draw_point *from = &path->points[piece], *to = from + 1;
    double along_x = to->x - from->x, along_y = to->y - from->y;
    double length = along_x * along_x + along_y * along_y;
    /* Most of the bounds of a slanted piece is far from it. */
    double off = (x + count / 2.0 - from->x) * along_y - (y + 0.5 - from->y) * along_x;
    double far = path->reach + count / 2.0 + 1;
    if (off * off > far * far * length) {
        return;
    }
    for (int i = 0; i < count; i++) {
        double from_x = x + i + 0.5 - from->x, from_y = y + 0.5 - from->y;
        double along = length > 0 ? draw_share((from_x * along_x + from_y * along_y) / length) : 0;
        double off_x = from_x - along * along_x, off_y = from_y - along * along_y;
        double distance = sqrt(off_x * off_x + off_y * off_y);
        double opacity = from->opacity + along * (to->opacity - from->opacity);
        uint8_t cover = draw_whole(draw_share(path->reach + 0.5 - distance) * opacity);
        coverage[i] = cover > coverage[i] ? cover : coverage[i];
    }
}

/* Whether both ends lie beyond the same side of a strip. */
static bool path_piece_is_far(const struct path *path, size_t piece, int x, int y, int count)
{
    const struct draw_point *from = &path->points[piece], *to = from + 1;
    double reach = path->reach + 0.5;
    double left = x - reach, right = x + count + reach, top = y - reach, bottom = y + 1 + reach;
    return (from->y < top && to->y < top) || (from->y > bottom && to->y > bottom) ||
           (from->x < left && to->x < left) || (from->x > right && to->x > right);
}

static void path_cover(const void *shape, int x, int y, int count, uint8_t *coverage)
{
    const struct path *path = shape;
    memset(coverage, 0, (size_t)count);
    for (size_t piece = 0; piece + 1 < path->count; piece++) {
        if (!path_piece_is_far(path, piece, x, y, count)) {
            path_cover_piece(path, piece, x, y, count, coverage);
        }
    }
}

void draw_path(struct picture *picture, const struct draw_point *points, size_t count, double width,
               const uint8_t colour[3])
{
    const struct path path = {points, count, width / 2};
    struct rectangle bounds = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    struct ink ink = draw_ink(colour);
    for (size_t piece = 0; piece + 1 < count; piece++) {
        struct rectangle more = path_piece_bounds(&path, piece);
        bounds =
            (struct rectangle){fmin(bounds.left, more.left), fmin(bounds.top, more.top),
                               fmax(bounds.right, more.right), fmax(bounds.bottom, more.bottom)};
    }
    struct area area = draw_area(picture, bounds.left, bounds.top, bounds.right, bounds.bottom);
    draw_shape(picture, &area, path_cover, &path, &ink, 1);
}

/* --- polygons --- */

struct polygon_shape {
    const struct config_point *corners;
    size_t count;
    double width, height; /* of the picture that the corners are relative to */
};

/* The places in which a row crosses the edges, in order. */
static size_t polygon_crossings(const struct polygon_shape *polygon, double row,
                                double crossings[SPACE_CORNERS_MAX])
{
    size_t found = 0;
    for (size_t i = 0; i < polygon->count; i++) {
        const struct config_point *a = &polygon->corners[i];
        const struct config_point *b = &polygon->corners[(i + 1) % polygon->count];
        double from = a->y * polygon->height, to = b->y * polygon->height;
        if ((from <= row) == (to <= row)) {
            continue;
        }
        double x = (a->x + (row - from) / (to - from) * (b->x - a->x)) * polygon->width;
        size_t place = found++;
        for (; place > 0 && crossings[place - 1] > x; place--) {
            crossings[place] = crossings[place - 1];
        }
        crossings[place] = x;
    }
    return found;
}

/* Only where it begins and ends a span covers a part of a pixel. */
static void polygon_cover_span(double from, double to, int count, uint8_t *coverage)
{
    int begin = draw_clamp(from, count), end = draw_clamp(ceil(to), count);
    int whole = draw_clamp(ceil(from), count), rest = draw_clamp(to, count);
    if (whole < rest) {
        memset(coverage + whole, 255, (size_t)(rest - whole));
    }
    for (int i = begin; i < end; i++) {
        if (i >= whole && i < rest) {
            i = rest - 1; /* all of these are covered */
            continue;
        }
        int sum = coverage[i] + draw_whole(fmin(to, i + 1) - fmax(from, i));
        coverage[i] = (uint8_t)(sum < 255 ? sum : 255);
    }
}

static void polygon_cover(const void *shape, int x, int y, int count, uint8_t *coverage)
{
    double crossings[SPACE_CORNERS_MAX];
    size_t found = polygon_crossings(shape, y + 0.5, crossings);
    memset(coverage, 0, (size_t)count);
    for (size_t span = 0; span + 1 < found; span += 2) {
        polygon_cover_span(crossings[span] - x, crossings[span + 1] - x, count, coverage);
    }
}

void draw_polygon(struct picture *picture, const struct config_point *corners, size_t count,
                  const uint8_t colour[3], double opacity)
{
    const struct polygon_shape polygon = {corners, count, picture->width, picture->height};
    double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    struct ink ink = draw_ink(colour);
    assert(count <= SPACE_CORNERS_MAX);
    for (size_t i = 0; i < count; i++) {
        left = fmin(left, corners[i].x * polygon.width);
        right = fmax(right, corners[i].x * polygon.width);
        top = fmin(top, corners[i].y * polygon.height);
        bottom = fmax(bottom, corners[i].y * polygon.height);
    }
    struct area area = draw_area(picture, left, top, right, bottom);
    draw_shape(picture, &area, polygon_cover, &polygon, &ink, opacity);
}

/* --- blocks --- */

struct block {
    const uint8_t *coverage;
    int x, y, width, height;
};

static void block_cover(const void *shape, int x, int y, int count, uint8_t *coverage)
{
    const struct block *block = shape;
    memset(coverage, 0, (size_t)count);
    if (y < block->y || y >= block->y + block->height) {
        return;
    }
    const uint8_t *row = block->coverage + (size_t)(y - block->y) * (size_t)block->width;
    int from = block->x > x ? block->x : x;
    int to = block->x + block->width < x + count ? block->x + block->width : x + count;
    if (from < to) {
        memcpy(coverage + (from - x), row + (from - block->x), (size_t)(to - from));
    }
}

void draw_coverage(struct picture *picture, int x, int y, int width, int height,
                   const uint8_t *coverage, const uint8_t colour[3])
{
    const struct block block = {coverage, x, y, width, height};
    struct area area = draw_area(picture, x, y, (double)x + width, (double)y + height);
    struct ink ink = draw_ink(colour);
    draw_shape(picture, &area, block_cover, &block, &ink, 1);
}
