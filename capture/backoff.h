/* How long to wait before the next attempt: 1 s (a small camera has to free its only socket first),
 * doubling to 30 s, for ever. */
#ifndef CAPTURE_BACKOFF_H
#define CAPTURE_BACKOFF_H

#include <stdint.h>

#include "common/clock.h"

#define BACKOFF_FIRST_NS   (1 * NS_PER_SECOND)
#define BACKOFF_LONGEST_NS (30 * NS_PER_SECOND)

/* Zeroed is new. */
struct backoff {
    unsigned failures; /* since the last good picture */
};

/* Counts a failure and says how long to wait after it. Up to a fifth of it is random, by `random`
 * (any number), so that many cameras behind one switch do not come back in step; it is never below
 * BACKOFF_FIRST_NS and never above BACKOFF_LONGEST_NS. */
uint64_t backoff_next_ns(struct backoff *backoff, uint32_t random);

void backoff_reset(struct backoff *backoff);

#endif
