/* A decoded picture in memory that is used again for the next one. Not thread-safe. */
#ifndef DETECTOR_PICTURE_H
#define DETECTOR_PICTURE_H

#include <stddef.h>
#include <stdint.h>

struct picture {
    uint8_t *pixels; /* RGB, three bytes each, rows without padding; freed with picture_finish() */
    size_t capacity; /* bytes */
    int width, height;
};

/* Gives the picture a size; what it showed is lost. Zeroed memory is a picture without pixels. */
void picture_resize(struct picture *picture, int width, int height);

/* Makes `copy` show the same. */
void picture_copy(struct picture *copy, const struct picture *picture);

void picture_finish(struct picture *picture);

#endif
