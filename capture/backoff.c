#include "capture/backoff.h"

#define JITTER_PART 5

uint64_t backoff_next_ns(struct backoff *backoff, uint32_t random)
{
    /* The random part comes on top, so the fixed one ends where both together reach the longest. */
    const uint64_t longest = BACKOFF_LONGEST_NS / (JITTER_PART + 1) * JITTER_PART;
    uint64_t wait = BACKOFF_FIRST_NS;
    for (unsigned i = 0; i < backoff->failures && wait < longest; i++) {
        wait *= 2;
    }
    wait = wait < longest ? wait : longest;
    backoff->failures++;
    uint64_t jitter = wait / JITTER_PART;
    return wait + (uint64_t)((double)jitter * (double)random / (double)UINT32_MAX);
}

void backoff_reset(struct backoff *backoff)
{
    backoff->failures = 0;
}
