#include "detector/draw.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "common/config_polygons.h"
#include "detector/ink.h"
#include "detector/wide_vectors.h"

/* --- rectangles --- */

struct frame {
    struct rectangle outer;
    double radius;
    double line; /* INFINITY: filled */
};

/* Signed distances to a rounded rectangle: Inigo Quilez, "2D distance
 * functions". Negative inside. */
WIDE_VECTORS static void frame_cover(const void *shape, int x, int y, int count, uint8_t *coverage)
{
    const struct frame *frame = shape;
    const struct rectangle *outer = &frame->outer;
    float radius = (float)frame->radius, line = (float)frame->line;
    float half_width = (float)(outer->right - outer->left) / 2 - radius;
    float half_height = (float)(outer->bottom - outer->top) / 2 - radius;
    float below = fabsf((float)(y + 0.5 - (outer->top + outer->bottom) / 2)) - half_height;
    float past_below = below > 0 ? below * below : 0;
    float first = (float)(x + 0.5 - (outer->left + outer->right) / 2);
    for (int at = 0; at < count; at += INK_BLOCK) {
        for (int i = at; i < at + INK_BLOCK; i++) {
            float beside = fabsf(first + (float)i) - half_width;
            float most = beside > below ? beside : below;
            float past = beside > 0 ? beside : 0;
            float distance = sqrtf(past * past + past_below) + (most < 0 ? most : 0) - radius;
            float outside = 0.5F - distance, inside = distance + line + 0.5F;
            float share = outside < inside ? outside : inside;
            coverage[i] = (uint8_t)(int)(ink_part(share) * 255 + 0.5F);
        }
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
    struct area area = ink_area(picture, rectangle->left - 0.5, rectangle->top - 0.5,
                                rectangle->right + 0.5, rectangle->bottom + 0.5);
    struct ink ink = ink_of(colour);
    ink_shape(picture, &area, frame_cover, &frame, &ink, ink_strength(opacity));
}

/* In four parts: most of it has nothing to draw in the middle, and beside that each row is like the
 * others: the upper and the lower line are too far away to cover anything there. */
void draw_frame(struct picture *picture, const struct rectangle *rectangle, double radius,
                double line, const uint8_t colour[3], double opacity)
{
    const struct frame frame = {*rectangle, frame_radius(rectangle, radius), line};
    double reach = fmax(line, frame.radius) + 1;
    struct area all = ink_area(picture, rectangle->left - 0.5, rectangle->top - 0.5,
                               rectangle->right + 0.5, rectangle->bottom + 0.5);
    struct area inner = ink_area(picture, rectangle->left + reach, rectangle->top + reach,
                                 rectangle->right - reach, rectangle->bottom - reach);
    struct ink ink = ink_of(colour);
    int strength = ink_strength(opacity);
    /* No block and no cell belongs to two parts. */
    all =
        (struct area){ink_block_before(all.left), all.top, ink_block_behind(all.right), all.bottom};
    inner = (struct area){ink_block_behind(inner.left), (inner.top + 1) & ~1,
                          ink_block_before(inner.right), inner.bottom & ~1};
    if (inner.left >= inner.right || inner.top >= inner.bottom) {
        ink_shape(picture, &all, frame_cover, &frame, &ink, strength);
        return;
    }
    const struct area above = {all.left, all.top, all.right, inner.top};
    const struct area below = {all.left, inner.bottom, all.right, all.bottom};
    const struct area before = {all.left, inner.top, inner.left, inner.bottom};
    const struct area behind = {inner.right, inner.top, all.right, inner.bottom};
    ink_shape(picture, &above, frame_cover, &frame, &ink, strength);
    ink_shape(picture, &below, frame_cover, &frame, &ink, strength);
    ink_columns(picture, &before, frame_cover, &frame, &ink, strength);
    ink_columns(picture, &behind, frame_cover, &frame, &ink, strength);
}

/* --- spans --- */

/* Pixels of two rows, right is outside. */
struct span {
    int left, right;
};

static struct span draw_span(double left, double right, int limit)
{
    return (struct span){ink_place(floor(left), limit), ink_place(ceil(right), limit)};
}

/* Puts a span into a list in order of their left ends; what overlaps or touches becomes one. */
static size_t draw_add_span(struct span *spans, size_t count, struct span span)
{
    size_t from = 0, to;
    while (from < count && spans[from].right < span.left) {
        from++;
    }
    for (to = from; to < count && spans[to].left <= span.right; to++) {
        span.left = spans[to].left < span.left ? spans[to].left : span.left;
        span.right = spans[to].right > span.right ? spans[to].right : span.right;
    }
    memmove(spans + from + 1, spans + to, (count - to) * sizeof *spans);
    spans[from] = span;
    return count - (to - from) + 1;
}

/* --- paths --- */

/* What can be seen of a path in two rows. */
struct path {
    const struct draw_point *points;
    double reach; /* half the width */
    struct path_piece {
        size_t from;      /* its first point */
        struct span span; /* nothing of it lies beyond */
    } pieces[DRAW_POINTS_MAX];
    size_t count;
};

static double draw_limit(double value, double low, double high)
{
    return value < low ? low : (value > high ? high : value);
}

/* Where a piece can be seen between two heights; false: nowhere. */
static bool path_see_piece(const struct draw_point *from, double reach, double top, double bottom,
                           double *left, double *right)
{
    const struct draw_point *to = from + 1;
    double high = top - reach, low = bottom + reach;
    if ((from->y < high && to->y < high) || (from->y > low && to->y > low)) {
        return false;
    }
    double begin = from->x, end = to->x;
    if (from->y != to->y) {
        double slope = (to->x - from->x) / (to->y - from->y);
        begin += (draw_limit(from->y, high, low) - from->y) * slope;
        end += (draw_limit(to->y, high, low) - to->y) * slope;
    }
    *left = fmin(begin, end) - reach;
    *right = fmax(begin, end) + reach;
    return true;
}

/* Finds what is to be seen of `count` points in rows `y` and `y` + 1, and
 * where, in whole blocks. */
static size_t path_look(struct path *path, size_t count, int y, int width,
                        struct span spans[DRAW_POINTS_MAX])
{
    size_t found = 0;
    path->count = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        double left, right;
        if (!path_see_piece(&path->points[i], path->reach + 0.5, y, y + 2, &left, &right)) {
            continue;
        }
        struct span span = draw_span(left, right, width);
        if (span.left < span.right) {
            span = (struct span){ink_block_before(span.left), ink_block_behind(span.right)};
            path->pieces[path->count++] = (struct path_piece){i, span};
            found = draw_add_span(spans, found, span);
        }
    }
    return found;
}

/* Where pieces meet the stronger one is seen. */
WIDE_VECTORS static void path_cover_piece(const struct path *path, const struct draw_point *from,
                                          int x, int y, int count, uint8_t *restrict coverage)
{
    const struct draw_point *to = from + 1;
    float along_x = (float)(to->x - from->x), along_y = (float)(to->y - from->y);
    float length = along_x * along_x + along_y * along_y;
    float share_x = length > 0 ? along_x / length : 0, share_y = length > 0 ? along_y / length : 0;
    float first_x = (float)(x + 0.5 - from->x), from_y = (float)(y + 0.5 - from->y);
    float reach = (float)path->reach + 0.5F;
    float opacity = (float)from->opacity * 255, more = (float)(to->opacity - from->opacity) * 255;
    for (int at = 0; at < count; at += INK_BLOCK) {
        for (int i = at; i < at + INK_BLOCK; i++) {
            float from_x = first_x + (float)i;
            float along = ink_part(from_x * share_x + from_y * share_y);
            float off_x = from_x - along * along_x, off_y = from_y - along * along_y;
            float share = ink_part(reach - sqrtf(off_x * off_x + off_y * off_y));
            uint8_t cover = (uint8_t)(int)(share * (opacity + along * more) + 0.5F);
            coverage[i] = cover > coverage[i] ? cover : coverage[i];
        }
    }
}

static void path_cover(const void *shape, int x, int y, int count, uint8_t *coverage)
{
    const struct path *path = shape;
    memset(coverage, 0, (size_t)count);
    for (size_t i = 0; i < path->count; i++) {
        const struct path_piece *piece = &path->pieces[i];
        int left = piece->span.left > x ? piece->span.left : x;
        int right = piece->span.right < x + count ? piece->span.right : x + count;
        if (left < right) {
            path_cover_piece(path, &path->points[piece->from], left, y, right - left,
                             coverage + (left - x));
        }
    }
}

void draw_path(struct picture *picture, const struct draw_point *points, size_t count, double width,
               const uint8_t colour[3])
{
    struct path path = {.points = points, .reach = width / 2};
    struct span spans[DRAW_POINTS_MAX];
    struct ink ink = ink_of(colour);
    double top = INFINITY, bottom = -INFINITY, reach = path.reach + 0.5;
    assert(count <= DRAW_POINTS_MAX);
    for (size_t i = 0; i < count; i++) {
        top = fmin(top, points[i].y - reach);
        bottom = fmax(bottom, points[i].y + reach);
    }
    struct span rows = draw_span(top, bottom, picture->height);
    for (int y = rows.left & ~1; y < rows.right; y += 2) {
        size_t found = path_look(&path, count, y, picture->width, spans);
        for (size_t i = 0; i < found; i++) {
            const struct area area = {spans[i].left, y, spans[i].right, y + 2};
            ink_shape(picture, &area, path_cover, &path, &ink, 256);
        }
    }
}

/* --- polygons --- */

struct polygon_shape {
    const struct config_point *corners;
    size_t count;
    double width, height; /* of the picture that the corners are relative to */
    struct crossings {
        double places[POLYGON_CORNERS_MAX]; /* where the edges cross a row, in order */
        size_t count;
    } crossings[2]; /* of the row with an even number, and the other */
};

static void polygon_cross(struct polygon_shape *polygon, int y)
{
    struct crossings *crossings = &polygon->crossings[y % 2];
    double row = y + 0.5;
    crossings->count = 0;
    for (size_t i = 0; i < polygon->count; i++) {
        const struct config_point *a = &polygon->corners[i];
        const struct config_point *b = &polygon->corners[(i + 1) % polygon->count];
        double from = a->y * polygon->height, to = b->y * polygon->height;
        if ((from <= row) == (to <= row)) {
            continue;
        }
        double x = (a->x + (row - from) / (to - from) * (b->x - a->x)) * polygon->width;
        size_t place = crossings->count++;
        for (; place > 0 && crossings->places[place - 1] > x; place--) {
            crossings->places[place] = crossings->places[place - 1];
        }
        crossings->places[place] = x;
    }
}

/* Only where it begins and ends a span covers a part of a pixel. */
static void polygon_cover_span(double from, double to, int count, uint8_t *coverage)
{
    int begin = ink_place(from, count), end = ink_place(ceil(to), count);
    int whole = ink_place(ceil(from), count), rest = ink_place(to, count);
    if (whole < rest) {
        memset(coverage + whole, 255, (size_t)(rest - whole));
    }
    for (int i = begin; i < end; i++) {
        if (i >= whole && i < rest) {
            i = rest - 1; /* all of these are covered */
            continue;
        }
        int sum = coverage[i] + ink_whole(fmin(to, i + 1) - fmax(from, i));
        coverage[i] = (uint8_t)(sum < 255 ? sum : 255);
    }
}

static void polygon_cover(const void *shape, int x, int y, int count, uint8_t *coverage)
{
    const struct polygon_shape *polygon = shape;
    const struct crossings *crossings = &polygon->crossings[y % 2];
    memset(coverage, 0, (size_t)count);
    for (size_t i = 0; i + 1 < crossings->count; i += 2) {
        polygon_cover_span(crossings->places[i] - x, crossings->places[i + 1] - x, count, coverage);
    }
}

/* The blocks that are covered whole between these crossings of both rows. */
static struct span polygon_inside(const struct polygon_shape *polygon, size_t crossing, int limit)
{
    const double *upper = polygon->crossings[0].places + crossing;
    const double *lower = polygon->crossings[1].places + crossing;
    return (struct span){ink_block_behind(ink_place(ceil(fmax(upper[0], lower[0])), limit)),
                         ink_block_before(ink_place(fmin(upper[1], lower[1]), limit))};
}

/* Two rows: most of what lies inside is tinted as it is, and only the rest
 * looked at pixel by pixel. */
static void polygon_draw_rows(const struct polygon_shape *polygon, struct picture *picture,
                              const struct area *rows, const struct ink *ink, int strength)
{
    const struct crossings *upper = &polygon->crossings[0], *lower = &polygon->crossings[1];
    struct area rest = *rows;
    for (size_t i = 0; upper->count == lower->count && i + 1 < upper->count; i += 2) {
        struct span inside = polygon_inside(polygon, i, picture->width);
        if (inside.left < inside.right) {
            rest.right = inside.left;
            ink_shape(picture, &rest, polygon_cover, polygon, ink, strength);
            ink_tint(picture, rows->top, inside.left, inside.right, ink,
                     (uint8_t)(255 * strength >> 8));
            rest.left = inside.right;
        }
    }
    rest.right = rows->right;
    ink_shape(picture, &rest, polygon_cover, polygon, ink, strength);
}

void draw_polygon(struct picture *picture, const struct config_point *corners, size_t count,
                  const uint8_t colour[3], double opacity)
{
    struct polygon_shape polygon = {
        .corners = corners, .count = count, .width = picture->width, .height = picture->height};
    double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    struct ink ink = ink_of(colour);
    assert(count <= POLYGON_CORNERS_MAX);
    for (size_t i = 0; i < count; i++) {
        left = fmin(left, corners[i].x * polygon.width);
        right = fmax(right, corners[i].x * polygon.width);
        top = fmin(top, corners[i].y * polygon.height);
        bottom = fmax(bottom, corners[i].y * polygon.height);
    }
    struct area area = ink_area(picture, left, top, right, bottom);
    for (int y = area.top & ~1; y < area.bottom; y += 2) {
        const struct area rows = {area.left, y, area.right, y + 2};
        polygon_cross(&polygon, y);
        polygon_cross(&polygon, y + 1);
        polygon_draw_rows(&polygon, picture, &rows, &ink, ink_strength(opacity));
    }
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
    struct area area = ink_area(picture, x, y, (double)x + width, (double)y + height);
    struct ink ink = ink_of(colour);
    ink_shape(picture, &area, block_cover, &block, &ink, 256);
}
