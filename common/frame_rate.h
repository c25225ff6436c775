/* How many pictures come per second, over the last seconds. Pure. */
#ifndef COMMON_FRAME_RATE_H
#define COMMON_FRAME_RATE_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_RATE_MOMENTS 128

/* The moments of the last pictures. Zeroed is empty. */
struct frame_rate {
    uint64_t moments_ns[FRAME_RATE_MOMENTS];
    size_t count; /* of all pictures so far */
};

void frame_rate_add(struct frame_rate *rate, uint64_t now_ns);

/* 0 when there was none in the last 5 s. */
double frame_rate_per_second(const struct frame_rate *rate, uint64_t now_ns);

#endif
