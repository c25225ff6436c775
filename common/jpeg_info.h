/* What can be known of a JPEG without decoding it: where it ends, whether it is whole, how large
 * the picture is. Source: ITU-T T.81, Annex B. Pure functions, thread-safe. */
#ifndef COMMON_JPEG_INFO_H
#define COMMON_JPEG_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest width and height that ringcast takes, in pixels. */
#define JPEG_SIDE_MAX 16384

enum jpeg_fault {
    JPEG_WHOLE,     /* SOI, a frame header with a sane size, a scan, EOI */
    JPEG_NOT_JPEG,  /* does not begin with SOI */
    JPEG_TRUNCATED, /* ends before EOI */
    JPEG_CORRUPT,   /* a segment with an impossible length or place */
    JPEG_NO_FRAME,  /* no frame header before the scan */
    JPEG_BAD_SIZE,  /* width or height 0 or above JPEG_SIDE_MAX */
    JPEG_TOO_LARGE, /* more bytes than its reader allows; never said by these functions */
    JPEG_UNPAINTED, /* its mask cannot be painted; never said by these functions either */
    JPEG_FAULTS
};

struct jpeg_info {
    uint32_t width, height; /* pixels */
    size_t size; /* bytes from SOI to EOI, both included; padding behind it is left out */
};

/* The cheap walk for bytes whose length somebody vouched for (Content-Length): header segments up
 * to SOS, then EOI is looked for in the last 64 bytes only. *info is set on JPEG_WHOLE only. */
enum jpeg_fault jpeg_info_read_framed(const uint8_t *data, size_t size, struct jpeg_info *info);

/* A scan of a few bytes has every pixel gone through once more, so a small file can take minutes
 * to decode. True when a picture of so many pixels has more scans than any camera or program puts
 * into one: 16 are always fine, and so many more as its size leaves room for. The bytes are those
 * of a whole picture. */
bool jpeg_takes_too_long(const uint8_t *data, size_t size, uint32_t width, uint32_t height);

/* "truncated", "corrupt" …: for counters and logs. JPEG_WHOLE is "whole". */
const char *jpeg_fault_name(enum jpeg_fault fault);

/* The walk in pieces, for a stream without lengths: finds the end of the picture that began at the
 * first byte fed, however the bytes are cut. An embedded thumbnail does not end it (marker lengths
 * are followed), nor do stuffed FF00 or restart markers. */
struct jpeg_walk {
    int state;
    uint8_t marker;        /* of the current segment */
    uint16_t segment_size; /* bytes, its length field included */
    uint16_t segment_seen;
    bool have_frame, have_scan;
    uint8_t frame_header[5]; /* precision, height, width of the frame header */
    enum jpeg_fault fault;   /* why it is bad */
};

void jpeg_walk_init(struct jpeg_walk *walk);

enum jpeg_walk_result { JPEG_WALK_MORE, JPEG_WALK_END, JPEG_WALK_BAD };

/* Takes up to `size` bytes; *taken says how many belong to the picture (on JPEG_WALK_END the last
 * of them is the last byte of EOI; on JPEG_WALK_BAD it is the byte that cannot be). After END and
 * BAD the walk is over: further calls take nothing and answer the same. */
enum jpeg_walk_result jpeg_walk_feed(struct jpeg_walk *walk, const uint8_t *data, size_t size,
                                     size_t *taken);

/* The same, but stops where the first scan begins: then walk->have_scan is set, *taken may be less
 * than `size`, and nothing more is taken. */
enum jpeg_walk_result jpeg_walk_feed_headers(struct jpeg_walk *walk, const uint8_t *data,
                                             size_t size, size_t *taken);

/* What the headers say when jpeg_walk_feed_headers() has stopped at the scan: JPEG_WHOLE with the
 * size in pixels, or what is wrong with them. Elsewhere as jpeg_walk_picture(). */
enum jpeg_fault jpeg_walk_headers(const struct jpeg_walk *walk, uint32_t *width, uint32_t *height);

/* What the walk found. After JPEG_WALK_END: JPEG_WHOLE with the size in pixels, or what is wrong
 * with it. After JPEG_WALK_BAD the cause (another SOI within a picture is JPEG_TRUNCATED: the next
 * one has begun). Before either: JPEG_TRUNCATED. */
enum jpeg_fault jpeg_walk_picture(const struct jpeg_walk *walk, uint32_t *width, uint32_t *height);

#endif
