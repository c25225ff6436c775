#include "broadcaster/intake/picture_check.h"

#include <stdbool.h>
#include <string.h>

#include "broadcaster/text/base64.h"

#define CHUNK_CHARACTERS 1024
#define CHUNK_BYTES      (CHUNK_CHARACTERS / 4 * 3)
#define TAIL_BYTES       64 /* where EOI is looked for, as jpeg_info_read_framed() does */
#define TAIL_GROUPS      22 /* of base64: 64 bytes at least, whatever the padding */

enum jpeg_fault picture_check_bytes(struct byte_span jpeg, struct jpeg_info *info)
{
    return jpeg_info_read_framed(jpeg.data, jpeg.size, info);
}

/* Walks through the headers; returns how many bytes they have. */
static size_t walk_headers(struct jpeg_walk *walk, struct byte_span base64)
{
    enum jpeg_walk_result result = JPEG_WALK_MORE;
    size_t headers = 0, taken;
    jpeg_walk_init(walk);
    for (size_t at = 0; at < base64.size && result == JPEG_WALK_MORE && !walk->have_scan;
         at += CHUNK_CHARACTERS) {
        uint8_t bytes[CHUNK_BYTES];
        size_t left = base64.size - at;
        size_t characters = left < CHUNK_CHARACTERS ? left : CHUNK_CHARACTERS;
        ssize_t size = base64_decode(bytes, (const char *)base64.data + at, characters);
        if (size < 0) {
            break;
        }
        result = jpeg_walk_feed_headers(walk, bytes, (size_t)size, &taken);
        headers += taken;
    }
    return headers;
}

/* True when EOI is among the last of the `size` bytes, behind the headers. */
static bool tail_has_end(struct byte_span base64, size_t size, size_t headers)
{
    uint8_t bytes[TAIL_GROUPS * 3];
    size_t characters = base64.size < TAIL_GROUPS * 4 ? base64.size : TAIL_GROUPS * 4;
    const char *tail = (const char *)base64.data + base64.size - characters;
    ssize_t decoded = base64_decode(bytes, tail, characters);
    if (decoded < 0) {
        return false;
    }
    size_t before = size - (size_t)decoded;
    size_t first = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
    first = (first > headers ? first : headers) - before;
    return memmem(bytes + first, (size_t)decoded - first, "\xff\xd9", 2) != NULL;
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
    struct jpeg_walk walk;
    size_t size = decoded_size(base64), headers = walk_headers(&walk, base64);
    enum jpeg_fault fault = jpeg_walk_headers(&walk, &info->width, &info->height);
    info->size = size;
    return fault == JPEG_WHOLE && !tail_has_end(base64, size, headers) ? JPEG_TRUNCATED : fault;
}
