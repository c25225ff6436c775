/* One frame as a worker posted it. Its parts stay where they arrived: they point into the body of
 * the POST and go out from there. */
#ifndef BROADCASTER_POSTED_FRAME_H
#define BROADCASTER_POSTED_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/network/shared_bytes.h"
#include "broadcaster/text/byte_span.h"

struct posted_frame {
    struct shared_bytes *body; /* our reference; everything below points into it */
    struct byte_span base64;   /* the JPEG as base64, padded; size 0: it came as bytes */
    struct byte_span jpeg;     /* the JPEG; size 0: it came as base64, or there is none */
    struct byte_span metadata; /* a JSON object; size 0: none came with it */
    uint32_t jpeg_size;        /* bytes, in whichever form it came; 0: metadata alone */
    uint32_t width, height;    /* pixels */
    uint64_t number, generation;
    uint64_t captured_ns; /* CLOCK_REALTIME; the moment of the POST when the worker did not say */
    uint64_t taken_ns;    /* CLOCK_REALTIME of the POST */
    bool timed_here;      /* captured_ns is the moment of capture by the clock of this machine */
};

#endif
