/* Which parking spaces are taken, and since when.
 *
 * What a vehicle takes is judged by its footprint: the lower part of its box, for its roof covers
 * what lies behind it. A footprint takes a space when it covers enough of it, or lies in it with
 * enough of itself, and takes no other space much more; so a car over two spaces takes both, and
 * one beside a space none.
 *
 * One frame decides nothing. A space is occupied when a vehicle has stood in it for a while, at one
 * place (one that drives past does not stand), surely seen for most of the time, and free when none
 * has been seen for a longer while; a gap between frames counts as a second at most. Who stands
 * there is not asked: tracks come and go. In the first seconds a faint vehicle is enough: it may
 * have come before, and stand half hidden.
 *
 *              stands for occupy_ns
 *        ┌──────────────────────────▶ occupied ──┐
 *     unknown ◀── occupancy_blind() ──┤ ▲        │ not seen for free_ns
 *        └──────────────────────────▶ free ◀─────┘
 *              not seen for free_ns
 *
 * Pure: the caller brings boxes and time. Not thread-safe. */
#ifndef DETECTOR_OCCUPANCY_H
#define DETECTOR_OCCUPANCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "common/rectangle.h"
#include "detector/boxes.h"

enum space_state {
    SPACE_UNKNOWN, /* not decided yet, or the camera does not see */
    SPACE_FREE,
    SPACE_OCCUPIED,
};

struct occupancy_config {
    float conf; /* boxes of this confidence and more keep a space occupied ... */
    float sure; /* ... and of this one and more begin to; what is fainter is often a guess */
    const bool *vehicle; /* by class id: these take spaces */
    uint64_t occupy_ns, free_ns;
};

struct space {
    const char *id, *name;
    const struct config_point *corners; /* relative */
    size_t corner_count;
    struct rectangle bounds; /* of the corners */
    enum space_state state;
    bool occupied;     /* now, or with SPACE_UNKNOWN as last known */
    uint64_t since_ns; /* when the state began: the vehicle came, or was seen last */
};

/* A space has another state. */
struct space_event {
    size_t space;
    enum space_state from, to;
    uint64_t at_ns;   /* as since_ns */
    uint64_t held_ns; /* how long it was `from` */
};

/* A box takes a space. */
struct space_match {
    size_t box, space;
};

struct occupancy;

/* Copies the spaces. */
struct occupancy *occupancy_create(const struct config_space *spaces, size_t count);
void occupancy_destroy(struct occupancy *occupancy); /* NULL is allowed */

/* A reload: spaces with the same id and the same corners keep their state. */
void occupancy_inherit(struct occupancy *occupancy, const struct occupancy *old);

/* What was seen in the frame of `time_ns`, of a clock that does not go back. Boxes are in pixels of
 * a picture of that size. */
void occupancy_update(struct occupancy *occupancy, const struct occupancy_config *config,
                      const struct box *boxes, size_t count, int width, int height,
                      uint64_t time_ns);

/* From `time_ns` on nothing is known: the camera is away, or shows the same picture for ever. */
void occupancy_blind(struct occupancy *occupancy, uint64_t time_ns);

/* The last three are of the last update or blind, and valid until the next. */
const struct space *occupancy_spaces(const struct occupancy *occupancy, size_t *count);
const struct space_event *occupancy_events(const struct occupancy *occupancy, size_t *count);
const struct space_match *occupancy_matches(const struct occupancy *occupancy, size_t *count);

const char *space_state_name(enum space_state state);

#endif
