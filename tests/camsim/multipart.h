/* The bytes of an MJPEG stream over HTTP as a stock ESP32-CAM sends them, and the ways in which
 * other cameras differ. Writes into buffers; knows no sockets. */
#ifndef TESTS_CAMSIM_MULTIPART_H
#define TESTS_CAMSIM_MULTIPART_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/camsim/picture.h"

enum multipart_boundary {
    BOUNDARY_STOCK,   /* boundary=B, each part begins \r\n--B\r\n */
    BOUNDARY_QUOTED,  /* boundary="B" */
    BOUNDARY_DOUBLED, /* boundary=--B, each part begins \r\n--B\r\n */
    BOUNDARY_MISSING, /* the header names none */
    BOUNDARY_OTHER,   /* the header names another than the one that comes */
    BOUNDARY_AFTER,   /* it follows each part at once, instead of waiting for the next */
    BOUNDARY_BARE,    /* no delimiters and no part headers: JPEGs back to back */
};

/* How one connection is framed, from its first byte to its last. */
struct multipart_style {
    enum multipart_boundary boundary;
    bool chunked;
};

/* "quoted", "doubled" …; anything else is stock. */
enum multipart_boundary multipart_boundary_from(const char *name);

struct multipart_part {
    struct picture *picture; /* stays the caller's */
    size_t sent;             /* how many of its bytes are written: fewer than all cut it */
    uint64_t number;
    uint64_t time_ns; /* CLOCK_REALTIME */
    bool with_length;
    int64_t length_error; /* added to what Content-Length says */
    size_t garbage;       /* bytes of noise in front */
};

void multipart_write_head(struct evbuffer *out, const struct multipart_style *style);

/* The picture's bytes are not copied: `out` holds a reference until they are sent. */
void multipart_write_part(struct evbuffer *out, const struct multipart_style *style,
                          const struct multipart_part *part);

/* The end of a chunked stream. */
void multipart_write_end(struct evbuffer *out, const struct multipart_style *style);

/* Adds the first `size` bytes of the picture to `out` without copying them. */
void multipart_add_picture(struct evbuffer *out, struct picture *picture, size_t size);

#endif
