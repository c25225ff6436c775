#include "detector/ink.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "detector/wide_vectors.h"

/* Shapes are asked for strips: two rows of so many pixels, whole blocks. */
#define STRIP 128

#define CELLS (INK_BLOCK / 2) /* in a block */

/* BT.601 over the full range. */
struct ink ink_of(const uint8_t colour[3])
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
static uint8_t ink_blend(uint8_t value, uint8_t ink, uint8_t share)
{
    uint16_t sum = (uint16_t)(value * (255 - share) + ink * share + 128);
    return (uint8_t)((uint16_t)(sum + (sum >> 8)) >> 8);
}

/* So many values at a time that a whole block is left to the vectoriser: shapes are narrow, and one
 * value after the other takes ten times as long. */
static inline void ink_row(uint8_t *restrict values, const uint8_t *restrict coverage, int count,
                           int block, uint8_t ink)
{
    for (int at = 0; at < count; at += block) {
        for (int i = at; i < at + block; i++) {
            values[i] = ink_blend(values[i], ink, coverage[i]);
        }
    }
}

static inline void ink_tint_row(uint8_t *restrict values, int count, int block, uint8_t ink,
                                uint8_t share)
{
    for (int at = 0; at < count; at += block) {
        for (int i = at; i < at + block; i++) {
            values[i] = ink_blend(values[i], ink, share);
        }
    }
}

WIDE_VECTORS static void ink_tint_rows(const struct picture *picture, int y, int left, int right,
                                       const struct ink *ink, uint8_t share)
{
    for (int row = y; row < y + 2 && row < picture->height; row++) {
        uint8_t *luma =
            picture->planes[PLANE_LUMA] + (size_t)row * (size_t)picture->strides[PLANE_LUMA];
        ink_tint_row(luma + left, right - left, INK_BLOCK, ink->values[PLANE_LUMA], share);
    }
    for (int plane = PLANE_BLUE; plane < PICTURE_PLANES; plane++) {
        uint8_t *chroma =
            picture->planes[plane] + (size_t)(y / 2) * (size_t)picture->strides[plane];
        ink_tint_row(chroma + left / 2, (right - left) / 2, CELLS, ink->values[plane], share);
    }
}

void ink_tint(struct picture *picture, int y, int left, int right, const struct ink *ink,
              uint8_t share)
{
    ink_tint_rows(picture, y, left, right, ink, share);
}

/* Blocks of two rows of pixels, and how much of each a shape covers. */
struct strip {
    int x, y, count;
    uint8_t coverage[2][STRIP];
    uint8_t cells[STRIP / 2];
};

/* A cell that the picture's edge cuts is covered like the part of it that is there; beyond the edge
 * nothing is covered. */
static void strip_cover_cells(struct strip *strip, const struct picture *picture)
{
    int there = picture->width - strip->x, whole = picture_cells(there, 2) * 2;
    for (int row = 0; there < strip->count && row < 2; row++) {
        uint8_t *coverage = strip->coverage[row];
        coverage[there] = coverage[there - 1];
        memset(coverage + whole, 0, (size_t)(strip->count - whole));
    }
    if (strip->y + 1 >= picture->height) {
        memcpy(strip->coverage[1], strip->coverage[0], (size_t)strip->count);
    }
    for (int i = 0; i < strip->count / 2; i++) {
        const uint8_t *upper = strip->coverage[0] + 2 * i, *lower = strip->coverage[1] + 2 * i;
        strip->cells[i] = (uint8_t)((upper[0] + upper[1] + lower[0] + lower[1] + 2) >> 2);
    }
    if (there < whole && there < strip->count) {
        strip->coverage[0][there] = strip->coverage[1][there] = 0;
    }
}

/* A plane's rows have room for whole blocks. */
WIDE_VECTORS static void ink_strip(struct picture *picture, const struct strip *strip,
                                   const struct ink *ink)
{
    for (int row = 0; row < 2 && strip->y + row < picture->height; row++) {
        uint8_t *luma = picture->planes[PLANE_LUMA] +
                        (size_t)(strip->y + row) * (size_t)picture->strides[PLANE_LUMA];
        ink_row(luma + strip->x, strip->coverage[row], strip->count, INK_BLOCK,
                ink->values[PLANE_LUMA]);
    }
    for (int plane = PLANE_BLUE; plane < PICTURE_PLANES; plane++) {
        uint8_t *chroma =
            picture->planes[plane] + (size_t)(strip->y / 2) * (size_t)picture->strides[plane];
        ink_row(chroma + strip->x / 2, strip->cells, strip->count / 2, CELLS, ink->values[plane]);
    }
}

/* `opacity`: 0 to 256. */
static void strip_fade(uint8_t *coverage, int count, int opacity)
{
    for (int i = 0; i < count; i++) {
        coverage[i] = (uint8_t)(coverage[i] * opacity >> 8);
    }
}

struct area ink_area(const struct picture *picture, double left, double top, double right,
                     double bottom)
{
    return (struct area){
        ink_place(floor(left), picture->width), ink_place(floor(top), picture->height),
        ink_place(ceil(right), picture->width), ink_place(ceil(bottom), picture->height)};
}

static bool strip_is_empty(const uint8_t *coverage, int count)
{
    uint8_t any = 0;
    for (int i = 0; i < count; i++) {
        any |= coverage[i];
    }
    return any == 0;
}

int ink_strength(double opacity)
{
    return (int)(ink_share(opacity) * 256);
}

/* False: not one of the strip's pixels is covered. */
static bool strip_cover(struct strip *strip, ink_cover_fn *cover, const void *shape, int strength)
{
    for (int row = 0; row < 2; row++) {
        cover(shape, strip->x, strip->y + row, strip->count, strip->coverage[row]);
        if (strength < 256) {
            strip_fade(strip->coverage[row], strip->count, strength);
        }
    }
    return !strip_is_empty(strip->coverage[0], strip->count) ||
           !strip_is_empty(strip->coverage[1], strip->count);
}

void ink_shape(struct picture *picture, const struct area *area, ink_cover_fn *cover,
               const void *shape, const struct ink *ink, int strength)
{
    struct strip strip;
    int left = ink_block_before(area->left), right = ink_block_behind(area->right);
    if (area->left >= area->right || area->top >= area->bottom) {
        return;
    }
    for (strip.y = area->top & ~1; strip.y < area->bottom; strip.y += 2) {
        for (strip.x = left; strip.x < right; strip.x += STRIP) {
            strip.count = right - strip.x < STRIP ? right - strip.x : STRIP;
            if (strip_cover(&strip, cover, shape, strength)) {
                strip_cover_cells(&strip, picture);
                ink_strip(picture, &strip, ink);
            }
        }
    }
}

void ink_columns(struct picture *picture, const struct area *area, ink_cover_fn *cover,
                 const void *shape, const struct ink *ink, int strength)
{
    struct strip strip;
    for (strip.x = area->left; strip.x < area->right; strip.x += STRIP) {
        int rest = area->right - strip.x;
        strip.count = rest < STRIP ? rest : STRIP;
        strip.y = area->top;
        if (strip_cover(&strip, cover, shape, strength)) {
            strip_cover_cells(&strip, picture);
            for (; strip.y < area->bottom; strip.y += 2) {
                ink_strip(picture, &strip, ink);
            }
        }
    }
}
