#include "tests/camsim/picture.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define JPEG_SOI_BYTES       2
#define JPEG_COMMENT_MARKER  0xfe
#define JPEG_SEGMENT_MAX     0xffff                 /* what a segment's length field can say */
#define JPEG_COMMENT_BYTES   (JPEG_SEGMENT_MAX + 2) /* with its marker */
#define PICTURE_DAMAGE_BYTES 2

static struct picture *picture_allocate(size_t size)
{
    struct picture *picture = xmalloc(sizeof *picture + size);
    picture->references = 1;
    picture->size = size;
    return picture;
}

struct picture *picture_create(const uint8_t *bytes, size_t size)
{
    struct picture *picture = picture_allocate(size);
    memcpy(picture->bytes, bytes, size);
    return picture;
}

struct picture *picture_hold(struct picture *picture)
{
    picture->references++;
    return picture;
}

void picture_release(struct picture *picture)
{
    if (picture != NULL && --picture->references == 0) {
        free(picture);
    }
}

struct picture *picture_truncate(const struct picture *source)
{
    return picture_create(source->bytes, source->size / 2);
}

struct picture *picture_corrupt(const struct picture *source)
{
    struct picture *picture = picture_create(source->bytes, source->size);
    size_t length_field = JPEG_SOI_BYTES + 2;
    if (picture->size >= length_field + PICTURE_DAMAGE_BYTES) {
        memset(picture->bytes + length_field, 0, PICTURE_DAMAGE_BYTES);
    }
    return picture;
}

struct picture *picture_inflate(const struct picture *source, size_t size)
{
    size_t missing = size > source->size ? size - source->size : 0;
    size_t comments = (missing + JPEG_COMMENT_BYTES - 1) / JPEG_COMMENT_BYTES;
    struct picture *picture = picture_allocate(source->size + comments * JPEG_COMMENT_BYTES);
    uint8_t *out = picture->bytes;
    memcpy(out, source->bytes, JPEG_SOI_BYTES);
    out += JPEG_SOI_BYTES;
    for (size_t i = 0; i < comments; i++) {
        memset(out, ' ', JPEG_COMMENT_BYTES);
        memcpy(out, (uint8_t[]){0xff, JPEG_COMMENT_MARKER, 0xff, 0xff}, 4);
        out += JPEG_COMMENT_BYTES;
    }
    memcpy(out, source->bytes + JPEG_SOI_BYTES, source->size - JPEG_SOI_BYTES);
    return picture;
}

uint64_t picture_hash(const struct picture *picture)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < picture->size; i++) {
        hash = (hash ^ picture->bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}
