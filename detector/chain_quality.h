/* How good a camera's annotated pictures are while its chain, from the frame to the encoded
 * picture, falls behind: when a frame is due again and again before the one before it is done, JPEG
 * quality goes down in steps, and comes back when there has been time to spare for longer. (Frames
 * that there is no time for are left out either way: a lower rate before a longer delay.) This is
 * the detector's and one for all viewers of a camera; what the broadcaster does for a viewer whose
 * network is slow is its `adaptation`.
 *
 *   best ──behind──▶ best-5 ──▶ … ──▶ least
 *     ◀──time to spare─── one step up ◀──┘
 *
 * Pure: the caller brings the time. */
#ifndef DETECTOR_CHAIN_QUALITY_H
#define DETECTOR_CHAIN_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"

#define CHAIN_QUALITY_STEP  5
#define CHAIN_QUALITY_FREE  100                 /* no limit */
#define CHAIN_FALL_AFTER_NS (1 * NS_PER_SECOND) /* between two steps down */
#define CHAIN_RISE_AFTER_NS (5 * NS_PER_SECOND) /* from the last step to one up */

/* Zeroed memory, then chain_quality_set(). */
struct chain_quality {
    int best, least; /* what it falls from and to */
    int quality;     /* now */
    double behind;   /* how often it was behind of late, 0 to 1 */
    uint64_t stepped_ns;
};

/* Also after a reload; a `least` that is not below `best` turns it off. */
void chain_quality_set(struct chain_quality *chain, int best, int least);

/* A frame is done; `behind`: another one had been due before. True when the limit has changed. */
bool chain_quality_note(struct chain_quality *chain, bool behind, uint64_t now_ns);

/* The most that a picture may have; CHAIN_QUALITY_FREE when it keeps up. */
int chain_quality_limit(const struct chain_quality *chain);

#endif
