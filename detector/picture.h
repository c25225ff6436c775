/* A decoded picture in memory that is used again for the next one: planes as a JPEG has them,
 * luma and two of chroma (BT.601 over the full range, as JFIF says). Between decoding and
 * encoding nothing needs RGB but the small input of the network. That sees the chroma that the
 * JPEG has (4:2:0, 4:2:2, 4:4:0 or 4:4:4); what is drawn and sent is always 4:2:0:
 * picture_halve_chroma(). Not thread-safe. */
#ifndef DETECTOR_PICTURE_H
#define DETECTOR_PICTURE_H

#include <stddef.h>
#include <stdint.h>

enum picture_plane { PLANE_LUMA, PLANE_BLUE, PLANE_RED, PICTURE_PLANES };

/* Behind the last column and below the last row of luma there is room for one more each, so that a
 * cell of 2 x 2 pixels is never cut; picture_close_edges() fills it. */
struct picture {
    uint8_t *planes[PICTURE_PLANES]; /* within `memory` */
    int strides[PICTURE_PLANES];     /* bytes from row to row */
    int width, height;               /* pixels, of luma */
    int cell_width, cell_height;     /* pixels that share one of chroma: 1 or 2 each */
    uint8_t *memory;                 /* freed with picture_finish() */
    size_t capacity;                 /* bytes */
};

/* How many cells of `cell` pixels, 1 or 2, cover so many pixels. */
int picture_cells(int pixels, int cell);

/* Gives the picture a size, both sides at least 1, and cells; what it showed is lost. Zeroed memory
 * is a picture without pixels. */
void picture_resize_cells(struct picture *picture, int width, int height, int cell_width,
                          int cell_height);

/* The same with cells of 2 x 2. */
void picture_resize(struct picture *picture, int width, int height);

/* Makes the cells 2 x 2, each of what were up to four. */
void picture_halve_chroma(struct picture *picture);

/* Where the last column or row of luma has no partner in its cell, it is repeated. */
void picture_close_edges(struct picture *picture);

/* Makes `copy` show the same. */
void picture_copy(struct picture *copy, const struct picture *picture);

/* Makes `copy` show the same at another size, not larger in either direction, in cells of 2 x 2;
 * each pixel is the mean of those that it covers. */
void picture_shrink(struct picture *copy, const struct picture *picture, int width, int height);

void picture_finish(struct picture *picture);

#endif
