/* The boxes of one frame that take part in tracking, in the order of their left edges, so that
 * those near a place are found at once. Pure. */
#ifndef DETECTOR_DETECTIONS_H
#define DETECTOR_DETECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/rectangle.h"
#include "detector/boxes.h"

struct detection {
    struct rectangle place;
    double score;
    int class_id;
    size_t box; /* which one it is */
    bool taken; /* by an object, or it takes no part */
};

/* Zeroed memory is an empty list. */
struct detections {
    struct detection *items; /* by their left edges */
    size_t count, capacity;
    double widest;
};

void detections_finish(struct detections *detections);

/* Replaces the list by the boxes with a confidence of `low` and more. A van is often a car and
 * a truck at once: of such a pair the less confident one is taken already. `vehicle`: as in
 * struct tracker_config. */
void detections_take(struct detections *detections, const struct box *boxes, size_t count,
                     float low, const bool *vehicle);

/* The first one that can reach as far right as `edge`, were all grown by `growth`
 * (rectangle_grow()). */
size_t detections_first_at(const struct detections *detections, double edge, double growth);

/* Whether one object can be seen as both classes. */
bool detections_same_kind(const bool *vehicle, int a, int b);

#endif
