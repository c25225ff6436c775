#include "broadcaster/picture_check.h"

#include <stdbool.h>
#include <string.h>

#include "broadcaster/base64.h"

#define CHUNK_CHARACTERS 1024
#define CHUNK_BYTES      (CHUNK_CHARACTERS / 4 * 3)
#define TAIL_BYTES       64 /* where EOI is looked for, as jpeg_info_read_framed() does */

enum jpeg_fault picture_check_bytes(struct byte_span jpeg, struct jpeg_info *info)
{
    return jpeg_info_read_framed(jpeg.data, jpeg.size, info);
}

/* Feeds the next chunk of base64 from *at on. */
static enum jpeg_walk_result walk_chunk(struct jpeg_walk *walk, struct byte_span base64, size_t *at)
{
    uint8_t bytes[CHUNK_BYTES];
    size_t left = base64.size - *at, taken;
    size_t characters = left < CHUNK_CHARACTERS ? left : CHUNK_CHARACTERS;
    ssize_t size = base64_decode(bytes, (const char *)base64.data + *at, characters);
    *at += characters;
    return size < 0 ? JPEG_WALK_BAD : jpeg_walk_feed(walk, bytes, (size_t)size, &taken);
}

/* True when EOI is among the last bytes. */
static bool tail_has_end(struct byte_span base64)
{
    uint8_t bytes[TAIL_BYTES + 6];
    size_t characters = sizeof bytes / 3 * 4 - 4;
    if (base64.size < characters) {
        characters = base64.size;
    }
    const char *tail = (const char *)base64.data + base64.size - characters;
    ssize_t size = base64_decode(bytes, tail, characters);
    return size > 0 && memmem(bytes, (size_t)size, "\xff\xd9", 2) != NULL;
}

static size_t decoded_size(struct byte_span base64)
{
    size_t padding = 0;
    while (padding < 2 && padding < base64.size && base64.data[base64.size - 1 - padding] == '=') {
        padding++;
    }
    return base64_decoded_size_max(base64.size) - padding;
}

enum jpeg_fault picture_check_base64(struct byte_span base64, struct jpeg_info *info)
{
    static const uint8_t end_of_image[] = {0xff, 0xd9};
    struct jpeg_walk walk;
    size_t at = 0, taken;
    enum jpeg_walk_result result = JPEG_WALK_MORE;
    jpeg_walk_init(&walk);
    while (result == JPEG_WALK_MORE && !walk.have_scan && at < base64.size) {
        result = walk_chunk(&walk, base64, &at);
    }
    /* A small picture, or the end of a large one, is walked to the end. */
    while (result == JPEG_WALK_MORE && base64.size - at <= CHUNK_CHARACTERS && at < base64.size) {
        result = walk_chunk(&walk, base64, &at);
    }
    if (result != JPEG_WALK_BAD && !tail_has_end(base64)) {
        return walk.have_scan ? JPEG_TRUNCATED
                              : jpeg_walk_picture(&walk, &info->width, &info->height);
    }
    if (result == JPEG_WALK_MORE && walk.have_scan && at < base64.size) {
        jpeg_walk_feed(&walk, end_of_image, sizeof end_of_image, &taken);
    }
    info->size = decoded_size(base64);
    return jpeg_walk_picture(&walk, &info->width, &info->height);
}
