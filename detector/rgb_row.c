#include "detector/rgb_row.h"

#include <stdlib.h>

#include "common/memory.h"

/* Chroma that is not wider than this, libjpeg repeats instead. */
#define NARROW 2

/* 65536ths: 1.402 = 1 + .402, 1.772 = 2 - .228, -.71414 = .28586 - 1. */
#define RED_OF_RED     26345
#define BLUE_OF_BLUE   (-14942)
#define GREEN_OF_BLUE  (-22554)
#define GREEN_OF_RED   18734
#define FRACTION_BITS  16
#define FRACTION_ROUND (1 << (FRACTION_BITS - 1))

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
    /* Chroma is made in pairs: one pixel more where the width is odd. */
    size_t pixels = (size_t)picture_half(width) * 2;
    for (int channel = 0; channel < RGB_CHANNELS; channel++) {
        row->channels[channel] = xmalloc(pixels);
    }
    row->chroma[0] = xmalloc(pixels);
    row->chroma[1] = xmalloc(pixels);
    row->sums = xcalloc(pixels / 2 + 2, sizeof *row->sums);
    row->capacity = width;
}

/* Some of the cells of a row of chroma. */
struct cells {
    int first, count;
    int all; /* in the row */
};

/* Both directions at once, as libjpeg does: sums of 4 down, then of 16. At the edges of the picture the
 * last cell stands for the one that is not there; `sums` has one in front of the first and one behind
 * the last. */
static void upsample_row(const uint8_t *restrict near, const uint8_t *restrict far,
                         const struct cells *cells, int16_t *restrict sums, uint8_t *restrict out)
{
    int before = cells->first > 0 ? cells->first - 1 : 0, count = cells->count;
    int behind = cells->first + count < cells->all ? cells->first + count : cells->all - 1;
    sums[0] = (int16_t)(3 * near[before] + far[before]);
    sums[count + 1] = (int16_t)(3 * near[behind] + far[behind]);
    near += cells->first;
    far += cells->first;
    for (int x = 0; x < count; x++) {
        sums[x + 1] = (int16_t)(3 * near[x] + far[x]);
    }
    for (int x = 0; x < count; x++) {
        int16_t most = (int16_t)(3 * sums[x + 1]);
        out[2 * x] = (uint8_t)((uint16_t)(most + sums[x] + 8) >> 4);
        out[2 * x + 1] = (uint8_t)((uint16_t)(most + sums[x + 2] + 7) >> 4);
    }
}

static void repeat_row(const uint8_t *source, const struct cells *cells, uint8_t *out)
{
    for (int x = 0; x < cells->count; x++) {
        out[2 * x] = out[2 * x + 1] = source[cells->first + x];
    }
}

static uint8_t to_byte(int16_t value)
{
    value = value > 0 ? value : 0;
    return (uint8_t)(value < 255 ? value : 255);
}

/* Rounded; the doubled factor keeps it within 16 bits, of which a register holds twice as many. */
static int16_t scaled(int16_t value, int16_t factor)
{
    int16_t halves = (int16_t)((int16_t)(2 * value) * factor >> FRACTION_BITS);
    return (int16_t)((int16_t)(halves + 1) >> 1);
}

static void convert_row(const uint8_t *restrict luma, const uint8_t *restrict blues,
                        const uint8_t *restrict reds, int width, uint8_t *restrict out_red,
                        uint8_t *restrict out_green, uint8_t *restrict out_blue)
{
    for (int x = 0; x < width; x++) {
        int16_t y = luma[x], blue = (int16_t)(blues[x] - 128), red = (int16_t)(reds[x] - 128);
        int16_t green = (int16_t)((GREEN_OF_BLUE * blue + GREEN_OF_RED * red + FRACTION_ROUND) >>
                                  FRACTION_BITS);
        out_red[x] = to_byte((int16_t)(y + red + scaled(red, RED_OF_RED)));
        out_green[x] = to_byte((int16_t)(y - red + green));
        out_blue[x] = to_byte((int16_t)(y + 2 * blue + scaled(blue, BLUE_OF_BLUE)));
    }
}

void rgb_row_make(struct rgb_row *row, const struct picture *picture, int y, int left, int width)
{
    const struct cells cells = {left / 2, picture_half(width), picture_half(picture->width)};
    int last = picture_half(picture->height) - 1;
    int near = y / 2, far = y % 2 == 0 ? near - 1 : near + 1;
    far = far < 0 ? 0 : (far > last ? last : far);
    for (int i = 0; i < 2; i++) {
        const uint8_t *plane = picture->planes[PLANE_BLUE + i];
        size_t stride = (size_t)picture->strides[PLANE_BLUE + i];
        if (cells.all <= NARROW) {
            repeat_row(plane + (size_t)near * stride, &cells, row->chroma[i]);
        } else {
            upsample_row(plane + (size_t)near * stride, plane + (size_t)far * stride, &cells,
                         row->sums, row->chroma[i]);
        }
    }
    const uint8_t *luma =
        picture->planes[PLANE_LUMA] + (size_t)y * (size_t)picture->strides[PLANE_LUMA] + left;
    convert_row(luma, row->chroma[0], row->chroma[1], width, row->channels[RGB_RED],
                row->channels[RGB_GREEN], row->channels[RGB_BLUE]);
}
