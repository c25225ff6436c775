/* A decoded picture in memory that is used again for the next one: planes as a JPEG has them, luma and
 * two of chroma at half the size (4:2:0; BT.601 over the full range, as JFIF says). Between decoding and
 * encoding nothing needs RGB but the small input of the network. Not thread-safe. */
#ifndef DETECTOR_PICTURE_H
#define DETECTOR_PICTURE_H

#include <stddef.h>
#include <stdint.h>

enum picture_plane { PLANE_LUMA, PLANE_BLUE, PLANE_RED, PICTURE_PLANES };

/* Behind the last column and below the last row of luma there is room for one more each, so that a cell
 * of 2 x 2 pixels is never cut; picture_close_edges() fills it. */
struct picture {
    uint8_t *planes[PICTURE_PLANES]; /* within `memory` */
    int strides[PICTURE_PLANES];     /* bytes from row to row */
    int width, height;               /* pixels, of luma */
    uint8_t *memory;                 /* freed with picture_finish() */
    size_t capacity;                 /* bytes */
};

/* Width or height of chroma. */
int picture_half(int side);

/* Gives the picture a size, both sides at least 1; what it showed is lost. Zeroed memory is a picture
 * without pixels. */
void picture_resize(struct picture *picture, int width, int height);

/* Where the last column or row of luma has no partner in its cell, it is repeated. */
void picture_close_edges(struct picture *picture);

/* Makes `copy` show the same. */
void picture_copy(struct picture *copy, const struct picture *picture);

/* Makes `copy` show the same at another size, not larger in either direction; each pixel is the mean of
 * those that it covers. */
void picture_shrink(struct picture *copy, const struct picture *picture, int width, int height);

void picture_finish(struct picture *picture);

#endif
