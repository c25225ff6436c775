/* One row of a picture in RGB, as libjpeg makes it of the same planes: chroma brought to full size
 * by its "fancy" upsampling (a triangle filter: three parts of the nearer cell and one of the
 * farther, in each direction in which cells are two pixels), then the integers of its conversion.
 * Networks are trained on pictures that came this way, and small ones answer visibly differently
 * to chroma that did not. Source: jdsample.c and jdcolor.c of libjpeg-turbo, whose SIMD forms give
 * the same values. Pure. */
#ifndef DETECTOR_RGB_ROW_H
#define DETECTOR_RGB_ROW_H

#include <stdint.h>

#include "detector/picture.h"

enum rgb_channel { RGB_RED, RGB_GREEN, RGB_BLUE, RGB_CHANNELS };

/* Where the row goes: each channel by itself, and room for the chroma in between. */
struct rgb_row {
    uint8_t *channels[RGB_CHANNELS]; /* `capacity` pixels each */
    uint8_t *chroma[2];              /* blue, red: as many */
    int16_t *sums;                   /* half as many, and three */
    int capacity;
};

/* Has room for `width` pixels afterwards. Zeroed memory is a row without room. */
void rgb_row_resize(struct rgb_row *row, int width);
void rgb_row_finish(struct rgb_row *row);

/* Fills the channels with the picture's row `y`, from column `left` on, which is even, `width`
 * pixels of it for which there is room. */
void rgb_row_make(struct rgb_row *row, const struct picture *picture, int y, int left, int width);

#endif
