#include "detector/rgb_row.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/memory.h"
#include "detector/wide_vectors.h"

/* Chroma that is not wider than this, libjpeg repeats instead. */
#define NARROW 2

/* 65536ths: 1.402 = 1 + .402, 1.772 = 2 - .228, -.71414 = .28586 - 1. */
#define RED_OF_RED    26345
#define BLUE_OF_BLUE  (-14942)
#define GREEN_OF_BLUE (-22554)
#define GREEN_OF_RED  18734
#define FRACTION_BITS 16

void rgb_row_finish(struct rgb_row *row)
{
    for (int channel = 0; channel < RGB_CHANNELS; channel++) {
        free(row->channels[channel]);
    }
    free(row->chroma[0]);
    free(row->chroma[1]);
    free(row->sums);
    *row = (struct rgb_row){0};
}

void rgb_row_resize(struct rgb_row *row, int width)
{
    if (width <= row->capacity) {
        return;
    }
    rgb_row_finish(row);
    /* Chroma may be made in pairs: one pixel more where the width is odd. */
    size_t pixels = (size_t)picture_cells(width, 2) * 2;
    for (int channel = 0; channel < RGB_CHANNELS; channel++) {
        row->channels[channel] = xmalloc(pixels);
    }
    row->chroma[0] = xmalloc(pixels);
    row->chroma[1] = xmalloc(pixels);
    row->sums = xcalloc(pixels / 2 + 3, sizeof *row->sums);
    row->capacity = width;
}

/* Some of the cells of a row of chroma. */
struct cells {
    int first, count;
    int all; /* in the row */
};

/* Cells of two rows: three parts of the nearer row and one of the farther. */
static inline void mix_rows(const uint8_t *restrict near, const uint8_t *restrict far, int count,
                            int16_t *restrict sums)
{
    for (int x = 0; x < count; x++) {
        sums[x] = (int16_t)(3 * near[x] + far[x]);
    }
}

static inline void take_row(const uint8_t *restrict near, int count, int16_t *restrict sums)
{
    for (int x = 0; x < count; x++) {
        sums[x] = near[x];
    }
}

/* Cells of two columns, the same way. At the edges of the picture the last cell stands for the one
 * that is not there; `sums` begins with the cell before the first. */
static inline void widen_row(const int16_t *restrict sums, int count, int left_round,
                             int right_round, int shift, uint8_t *restrict out)
{
    for (int x = 0; x < count; x++) {
        int16_t most = (int16_t)(3 * sums[x + 1]);
        out[2 * x] = (uint8_t)((uint16_t)(most + sums[x] + left_round) >> shift);
        out[2 * x + 1] = (uint8_t)((uint16_t)(most + sums[x + 2] + right_round) >> shift);
    }
}

static void repeat_row(const uint8_t *source, const struct cells *cells, uint8_t *out)
{
    for (int x = 0; x < cells->count; x++) {
        out[2 * x] = out[2 * x + 1] = source[cells->first + x];
    }
}

/* A row of chroma, and the next nearest to it where cells have two rows. */
struct chroma_rows {
    const uint8_t *near, *far;
    int round; /* up or down to the nearest, in turns */
};

static struct chroma_rows chroma_rows(const struct picture *picture, int plane, int y)
{
    int near = y / picture->cell_height, far = near;
    if (picture->cell_height == 2) {
        int last = picture_cells(picture->height, 2) - 1;
        far = y % 2 == 0 ? near - 1 : near + 1;
        far = far < 0 ? 0 : (far > last ? last : far);
    }
    const uint8_t *values = picture->planes[plane];
    size_t stride = (size_t)picture->strides[plane];
    return (struct chroma_rows){values + (size_t)near * stride, values + (size_t)far * stride,
                                y % 2 == 0 ? 1 : 2};
}

/* Cells of one column and two rows. */
WIDE_VECTORS static void upsample_tall(const struct chroma_rows *rows, int left, int width,
                                       uint8_t *out)
{
    const uint8_t *restrict near = rows->near + left, *restrict far = rows->far + left;
    int16_t round = (int16_t)rows->round;
    for (int x = 0; x < width; x++) {
        out[x] = (uint8_t)((uint16_t)(3 * near[x] + far[x] + round) >> 2);
    }
}

/* Cells of two columns. */
WIDE_VECTORS static void upsample_wide(const struct chroma_rows *rows, const struct cells *cells,
                                       bool tall, int16_t *sums, uint8_t *out)
{
    int from = cells->first > 0 ? cells->first - 1 : 0;
    int to =
        cells->first + cells->count < cells->all ? cells->first + cells->count + 1 : cells->all;
    int16_t *first = cells->first > 0 ? sums : sums + 1;
    if (tall) {
        mix_rows(rows->near + from, rows->far + from, to - from, first);
    } else {
        take_row(rows->near + from, to - from, first);
    }
    sums[0] = first[0];
    first[to - from] = first[to - from - 1];
    if (tall) {
        widen_row(sums, cells->count, 8, 7, 4, out);
    } else {
        widen_row(sums, cells->count, 1, 2, 2, out);
    }
}

/* A plane's chroma for pixels from `left` on: in `room`, or where it is. */
static const uint8_t *rgb_row_upsample(struct rgb_row *row, const struct picture *picture,
                                       int plane, int y, int left, int width)
{
    struct chroma_rows rows = chroma_rows(picture, plane, y);
    uint8_t *room = row->chroma[plane - PLANE_BLUE];
    if (picture->cell_width == 1 && picture->cell_height == 1) {
        return rows.near + left;
    }
    if (picture->cell_width == 1) {
        upsample_tall(&rows, left, width, room);
        return room;
    }
    const struct cells cells = {left / 2, picture_cells(width, 2),
                                picture_cells(picture->width, 2)};
    if (cells.all <= NARROW) {
        repeat_row(rows.near, &cells, room);
    } else {
        upsample_wide(&rows, &cells, picture->cell_height == 2, row->sums, room);
    }
    return room;
}

/* In two steps, which the vectoriser makes a maximum and a minimum of. */
static uint8_t to_byte(int16_t value)
{
    value = value > 0 ? value : 0;
    value = value < 255 ? value : 255;
    return (uint8_t)value;
}

/* Rounded; the doubled factor keeps it within 16 bits, of which a register holds twice as many. */
static int16_t scaled(int16_t value, int16_t factor)
{
    int16_t halves = (int16_t)((int16_t)(2 * value) * factor >> FRACTION_BITS);
    return (int16_t)((int16_t)(halves + 1) >> 1);
}

/* Lower half of a product, without its uppermost bit. */
static uint16_t rest_of(int16_t value, int16_t factor)
{
    return (uint16_t)((uint16_t)(value * factor) & 0x7fff);
}

/* The same of a sum of two products: their upper halves, and what the lower ones carry. */
static int16_t scaled_sum(int16_t value, int16_t factor, int16_t other, int16_t other_factor)
{
    int16_t first = (int16_t)((int16_t)(2 * value) * factor >> FRACTION_BITS);
    int16_t second = (int16_t)((int16_t)(2 * other) * other_factor >> FRACTION_BITS);
    uint16_t lower = (uint16_t)(rest_of(value, factor) + rest_of(other, other_factor));
    return (int16_t)((int16_t)(first + second + (lower >> 15) + 1) >> 1);
}

WIDE_VECTORS static void convert_row(const uint8_t *restrict luma, const uint8_t *restrict blues,
                                     const uint8_t *restrict reds, int width,
                                     uint8_t *restrict out_red, uint8_t *restrict out_green,
                                     uint8_t *restrict out_blue)
{
    for (int x = 0; x < width; x++) {
        int16_t y = luma[x], blue = (int16_t)(blues[x] - 128), red = (int16_t)(reds[x] - 128);
        int16_t green = scaled_sum(blue, GREEN_OF_BLUE, red, GREEN_OF_RED);
        out_red[x] = to_byte((int16_t)(y + red + scaled(red, RED_OF_RED)));
        out_green[x] = to_byte((int16_t)(y - red + green));
        out_blue[x] = to_byte((int16_t)(y + 2 * blue + scaled(blue, BLUE_OF_BLUE)));
    }
}

void rgb_row_make(struct rgb_row *row, const struct picture *picture, int y, int left, int width)
{
    const uint8_t *blues = rgb_row_upsample(row, picture, PLANE_BLUE, y, left, width);
    const uint8_t *reds = rgb_row_upsample(row, picture, PLANE_RED, y, left, width);
    const uint8_t *luma =
        picture->planes[PLANE_LUMA] + (size_t)y * (size_t)picture->strides[PLANE_LUMA] + left;
    convert_row(luma, blues, reds, width, row->channels[RGB_RED], row->channels[RGB_GREEN],
                row->channels[RGB_BLUE]);
}
