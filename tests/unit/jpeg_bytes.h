/* JPEGs made by hand: headers that are right, a scan that nobody decodes. */
#ifndef TESTS_UNIT_JPEG_BYTES_H
#define TESTS_UNIT_JPEG_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define JPEG_SOI "\xff\xd8"
#define JPEG_SOF "\xff\xc0\x00\x0b\x08\x00\xf0\x01\x40\x01\x01\x11\x00" /* 320x240 */
#define JPEG_SOS "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
#define JPEG_EOI "\xff\xd9"

/* A whole picture of `size` bytes, at least 32, with a comment segment of `comment` bytes (0: none)
 * before its frame header. */
static inline void jpeg_bytes_fill(uint8_t *out, size_t size, size_t comment)
{
    static const char headers[] = JPEG_SOF JPEG_SOS;
    uint8_t *at = out;
    memset(out, 0x55, size);
    memcpy(at, JPEG_SOI, 2);
    at += 2;
    if (comment > 0) {
        at[0] = 0xff;
        at[1] = 0xfe;
        at[2] = (uint8_t)((comment + 2) >> 8);
        at[3] = (uint8_t)(comment + 2);
        at += 4 + comment;
    }
    memcpy(at, headers, sizeof headers - 1);
    memcpy(out + size - 2, JPEG_EOI, 2);
}

/* A progressive picture of 6000 x 6000 pixels with so many scans, in which nothing is, as
 * jpeg_bytes_scans_size() bytes. */
static inline size_t jpeg_bytes_scans_size(size_t scans)
{
    return 2 + sizeof JPEG_SOF - 1 + scans * (sizeof JPEG_SOS - 1) + 2;
}

static inline void jpeg_bytes_fill_scans(uint8_t *out, size_t scans)
{
    static const char begin[] = JPEG_SOI "\xff\xc2\x00\x0b\x08\x17\x70\x17\x70\x01\x01\x11\x00";
    memcpy(out, begin, sizeof begin - 1);
    out += sizeof begin - 1;
    for (size_t i = 0; i < scans; i++, out += sizeof JPEG_SOS - 1) {
        memcpy(out, JPEG_SOS, sizeof JPEG_SOS - 1);
    }
    memcpy(out, JPEG_EOI, 2);
}

#endif
