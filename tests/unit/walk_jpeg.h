/* The full walk over the structure of a picture that lies in one piece. */
#ifndef TESTS_UNIT_WALK_JPEG_H
#define TESTS_UNIT_WALK_JPEG_H

#include <stddef.h>
#include <stdint.h>

#include "common/jpeg_info.h"

/* Header segments, every scan, EOI: what is strict where jpeg_info_read_framed() is cheap. *info is
 * all zero but with JPEG_WHOLE. */
static inline enum jpeg_fault walk_jpeg(const uint8_t *data, size_t size, struct jpeg_info *info)
{
    struct jpeg_walk walk;
    size_t taken;
    uint32_t width, height;
    *info = (struct jpeg_info){0};
    jpeg_walk_init(&walk);
    if (size == 0) {
        return JPEG_NOT_JPEG;
    }
    jpeg_walk_feed(&walk, data, size, &taken);
    enum jpeg_fault fault = jpeg_walk_picture(&walk, &width, &height);
    if (fault == JPEG_WHOLE) {
        *info = (struct jpeg_info){.width = width, .height = height, .size = taken};
    }
    return fault;
}

#endif
