/* One object that the tracker follows: what is known of it, from the first box that it was seen in
 * until it is forgotten. Which box is its own, frame by frame, is the tracker's business. Pure. */
#ifndef DETECTOR_OBJECT_H
#define DETECTOR_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rectangle.h"
#include "detector/detections.h"
#include "detector/kalman.h"

#define OBJECT_UNSEEN SIZE_MAX

enum object_state {
    OBJECT_NEW,  /* not shown yet; forgotten when it is not seen */
    OBJECT_SEEN, /* in the last frame */
    OBJECT_LOST,
    OBJECT_STATES
};

struct object {
    uint64_t id; /* the tracker's; 0: new */
    enum object_state state;
    struct kalman kalman;
    struct rectangle place; /* what the filter says */
    uint64_t first_ns, last_ns;
    size_t detection; /* the box of this frame; OBJECT_UNSEEN: none so far */
    int class_id;
    double class_weight;
    double evidence; /* sum of the scores so far */
    struct rectangle stands;
    uint64_t stands_ns; /* since when its boxes have been about there */
    uint64_t seen_ns;   /* as last_ns, but does not go on while it is hidden */
    bool rests;         /* its filter does not go on */
    double covered;     /* the part of its place that boxes in front of it take, when it stands */
};

/* A new one, seen for the first time at `time_ns`. */
void object_begin(struct object *object, const struct detection *detection, uint64_t time_ns);

/* Goes on by the time since the last frame, what stands without moving; not
 * seen in this one yet. */
void object_predict(struct object *object, double seconds);

/* Its boxes have been at one place for seconds. */
bool object_stands(const struct object *object);

/* How much of it boxes hide that are nearer, of those with a score of `high` and more. Only what
 * has stood for seconds is looked at; all else is taken as not covered. */
void object_cover(struct object *object, const struct detections *detections, double high);

bool object_is_hidden(const struct object *object);

/* It is seen, after object_predict() and object_cover(); a new one stays new until there
 * is enough evidence. */
void object_see(struct object *object, const struct detection *detection, uint64_t time_ns);

/* It is not seen in this frame. False: it can be forgotten, being new, or lost for longer than
 * `buffer_ns`. */
bool object_miss(struct object *object, uint64_t time_ns, uint64_t buffer_ns);

/* 0 to 1: between the time it was last seen and now an object may have become another one. */
double object_memory(const struct object *object, uint64_t time_ns);

/* Of two that follow the same, the one that is known longer stays; where both are,
 * the one that was seen. */
bool object_outlives(const struct object *a, const struct object *b);

#endif
