/* What the record needs to know of a frame's metadata on the spot: whether there is anything for
 * it, and whether its numbers have changed. Builds nothing: for every frame. Pure. */
#ifndef BROADCASTER_HISTORY_SCAN_H
#define BROADCASTER_HISTORY_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/text/byte_span.h"

#define HISTORY_COUNT_NONE (-1)
#define HISTORY_COUNT_MOST 1000000 /* a number beyond it is taken for none */

struct history_scan {
    int32_t vehicles, occupied, total; /* HISTORY_COUNT_NONE: not said */
    /* The arrays `space_occupancy` and `space_events`, and `detections`, which may be
     * empty; size 0: none. */
    struct byte_span spaces, events, detections;
};

/* `metadata` has been checked to be a JSON object. False: there is nothing in it for the record. */
bool history_scan_metadata(struct byte_span metadata, struct history_scan *scan);

#endif
