#include "detector/occupancy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/polygon.h"

/* The part of a box, from below, that stands on the ground. */
#define FOOTPRINT 0.55

/* A footprint takes a space when it covers this part of it, or lies in it with this part of itself, and never
 * with less than the last: one that waits in the lane before the space reaches into it from outside ... */
#define COVERED_MIN  0.3
#define WITHIN_MIN   0.4
#define WITHIN_LEAST 0.3

/* ... and at least so much as a part of what it takes of the space that it takes most of. */
#define SECOND_MIN 0.5

/* Boxes of a vehicle that stands overlap at least so much while it is watched. */
#define STANDS_MIN 0.6

/* More than this between two frames says nothing about what was between them. */
#define GAP_MAX_NS NS_PER_SECOND

/* The time that a faint vehicle stands counts as much as the confidence is of a sure one's, to this power:
 * what is two thirds as sure has to stand eleven times as long, half as sure 64 times. */
#define EVIDENCE_POWER 6.0

struct watch {
    struct rectangle stands; /* where the vehicle was when it began to stand */
    struct rectangle taker;  /* the vehicle of this frame that takes most of the space */
    double taken;            /* how much; 0: none does */
    double evidence;         /* the most of one that takes it, 0 to 1: 1 is sure */
    uint64_t began_ns;       /* it stands since; 0: none does */
    uint64_t stood_ns;       /* of that, time that was watched, as much as it counts */
    uint64_t unseen_ns;      /* since it was seen there last, time that was watched */
    uint64_t last_ns;        /* one that keeps the space from being free was seen last */
    uint64_t missed_ns;      /* since then, time that was watched */
};

struct occupancy {
    struct space *spaces;
    struct watch *watches; /* one for each space */
    size_t count;
    double *shares; /* of one box in each space */
    struct space_event *events;
    size_t event_count;
    struct space_match *matches;
    size_t match_count, match_capacity;
    uint64_t time_ns; /* of the last frame */
    bool watching;    /* there was a last frame */
};

const char *space_state_name(enum space_state state)
{
    static const char *const names[] = {
        [SPACE_UNKNOWN] = "unknown", [SPACE_FREE] = "free", [SPACE_OCCUPIED] = "occupied"};
    return names[state];
}

struct occupancy *occupancy_create(const struct config_space *spaces, size_t count)
{
    struct occupancy *occupancy = xcalloc(1, sizeof *occupancy);
    occupancy->count = count;
    occupancy->spaces = xcalloc(count, sizeof *occupancy->spaces);
    occupancy->watches = xcalloc(count, sizeof *occupancy->watches);
    occupancy->shares = xcalloc(count, sizeof *occupancy->shares);
    occupancy->events = xcalloc(count, sizeof *occupancy->events);
    for (size_t i = 0; i < count; i++) {
        size_t corner_count = spaces[i].corner_count;
        struct config_point *corners = xcalloc(corner_count, sizeof *corners);
        memcpy(corners, spaces[i].corners, corner_count * sizeof *corners);
        occupancy->spaces[i] = (struct space){.id = xstrdup(spaces[i].id),
                                              .name = xstrdup(spaces[i].name),
                                              .corners = corners,
                                              .corner_count = corner_count,
                                              .bounds = polygon_bounds(corners, corner_count)};
    }
    return occupancy;
}

void occupancy_destroy(struct occupancy *occupancy)
{
    if (occupancy == NULL) {
        return;
    }
    for (size_t i = 0; i < occupancy->count; i++) {
        free((char *)occupancy->spaces[i].id);
        free((char *)occupancy->spaces[i].name);
        free((struct config_point *)occupancy->spaces[i].corners);
    }
    free(occupancy->spaces);
    free(occupancy->watches);
    free(occupancy->shares);
    free(occupancy->events);
    free(occupancy->matches);
    free(occupancy);
}

static bool space_same(const struct space *a, const struct space *b)
{
    return strcmp(a->id, b->id) == 0 && a->corner_count == b->corner_count &&
           memcmp(a->corners, b->corners, a->corner_count * sizeof *a->corners) == 0;
}

void occupancy_inherit(struct occupancy *occupancy, const struct occupancy *old)
{
    for (size_t i = 0; i < occupancy->count; i++) {
        struct space *space = &occupancy->spaces[i];
        for (size_t j = 0; j < old->count; j++) {
            if (space_same(space, &old->spaces[j])) {
                space->state = old->spaces[j].state;
                space->occupied = old->spaces[j].occupied;
                space->since_ns = old->spaces[j].since_ns;
                occupancy->watches[i] = old->watches[j];
            }
        }
    }
    occupancy->time_ns = old->time_ns;
    occupancy->watching = old->watching;
}

const struct space *occupancy_spaces(const struct occupancy *occupancy, size_t *count)
{
    *count = occupancy->count;
    return occupancy->spaces;
}

const struct space_event *occupancy_events(const struct occupancy *occupancy, size_t *count)
{
    *count = occupancy->event_count;
    return occupancy->events;
}

const struct space_match *occupancy_matches(const struct occupancy *occupancy, size_t *count)
{
    *count = occupancy->match_count;
    return occupancy->matches;
}

/* --- one frame: who takes what --- */

/* How much a footprint takes of a space: 1 and more is enough. */
static double space_share(const struct space *space, const struct rectangle *footprint)
{
    if (footprint->right <= space->bounds.left || footprint->left >= space->bounds.right ||
        footprint->bottom <= space->bounds.top || footprint->top >= space->bounds.bottom) {
        return 0;
    }
    double common = polygon_area_within(space->corners, space->corner_count, footprint);
    double covered = common / polygon_area(space->corners, space->corner_count) / COVERED_MIN;
    double within = common / rectangle_area(footprint) / WITHIN_MIN;
    if (within < WITHIN_LEAST / WITHIN_MIN) {
        return 0;
    }
    return covered > within ? covered : within;
}

static void occupancy_match(struct occupancy *occupancy, size_t box, size_t space)
{
    if (occupancy->match_count == occupancy->match_capacity) {
        occupancy->match_capacity = 2 * occupancy->match_capacity + 16;
        occupancy->matches = xreallocarray(occupancy->matches, occupancy->match_capacity,
                                           sizeof *occupancy->matches);
    }
    occupancy->matches[occupancy->match_count++] = (struct space_match){.box = box, .space = space};
}

/* One frame's boxes. */
struct sight {
    const struct occupancy_config *config;
    const struct box *boxes;
    size_t count;
    int width, height;
};

static bool sight_has_vehicle(const struct sight *sight, size_t box, float confidence)
{
    return sight->boxes[box].confidence >= confidence &&
           sight->config->vehicle[sight->boxes[box].class_id];
}

/* The part of a footprint in the box of a surer vehicle before it, whose roof it may be: what is nearer
 * reaches further down in the picture. */
static double sight_covered(const struct sight *sight, const struct rectangle *footprint)
{
    double most = 0;
    for (size_t i = 0; i < sight->count; i++) {
        struct rectangle other = boxes_relative(&sight->boxes[i], sight->width, sight->height);
        if (sight_has_vehicle(sight, i, sight->config->sure) && other.bottom > footprint->bottom) {
            most = fmax(most, rectangle_common(footprint, &other));
        }
    }
    return most / rectangle_area(footprint);
}

/* How much the time counts that a vehicle stands: 0 to 1. */
static double sight_evidence(const struct sight *sight, size_t box,
                             const struct rectangle *footprint)
{
    float confidence = sight->boxes[box].confidence, sure = sight->config->sure;
    if (confidence >= sure) {
        return 1;
    }
    return pow((double)(confidence / sure), EVIDENCE_POWER) * (1 - sight_covered(sight, footprint));
}

static void occupancy_place(struct occupancy *occupancy, const struct sight *sight, size_t box)
{
    struct rectangle vehicle = boxes_relative(&sight->boxes[box], sight->width, sight->height);
    struct rectangle footprint = vehicle;
    footprint.top = vehicle.bottom - FOOTPRINT * (vehicle.bottom - vehicle.top);
    double most = 0;
    for (size_t i = 0; i < occupancy->count; i++) {
        occupancy->shares[i] = space_share(&occupancy->spaces[i], &footprint);
        most = fmax(most, occupancy->shares[i]);
    }
    if (most < 1) {
        return;
    }
    double evidence = sight_evidence(sight, box, &footprint);
    for (size_t i = 0; i < occupancy->count; i++) {
        double share = occupancy->shares[i];
        struct watch *watch = &occupancy->watches[i];
        if (share < 1 || share < SECOND_MIN * most) {
            continue;
        }
        occupancy_match(occupancy, box, i);
        watch->evidence = fmax(watch->evidence, evidence);
        if (share > watch->taken) {
            watch->taken = share;
            watch->taker = vehicle;
        }
    }
}

static void occupancy_place_all(struct occupancy *occupancy, const struct sight *sight)
{
    occupancy->match_count = 0;
    for (size_t i = 0; i < occupancy->count; i++) {
        occupancy->watches[i].taken = 0;
        occupancy->watches[i].evidence = 0;
    }
    for (size_t i = 0; i < sight->count; i++) {
        if (sight_has_vehicle(sight, i, sight->config->conf)) {
            occupancy_place(occupancy, sight, i);
        }
    }
}

/* --- one frame after the other --- */

static void occupancy_set(struct occupancy *occupancy, size_t index, enum space_state state,
                          uint64_t at_ns)
{
    struct space *space = &occupancy->spaces[index];
    if (space->state == state) {
        return;
    }
    occupancy->events[occupancy->event_count++] =
        (struct space_event){.space = index,
                             .from = space->state,
                             .to = state,
                             .at_ns = at_ns,
                             .held_ns = clock_elapsed_ns(space->since_ns, at_ns)};
    space->state = state;
    space->since_ns = at_ns;
    if (state != SPACE_UNKNOWN) {
        space->occupied = state == SPACE_OCCUPIED;
    }
}

/* How long a vehicle has stood there. */
static void watch_stand(struct watch *watch, uint64_t time_ns, uint64_t watched_ns)
{
    watch->unseen_ns += watched_ns; /* a faint one is not seen in every frame */
    if (watch->taken == 0) {
        return;
    }
    if (watch->began_ns > 0 && watch->unseen_ns <= GAP_MAX_NS &&
        rectangle_overlap(&watch->taker, &watch->stands) >= STANDS_MIN) {
        watch->stood_ns += (uint64_t)((double)watch->unseen_ns * watch->evidence);
    } else {
        watch->stands = watch->taker;
        watch->began_ns = time_ns;
        watch->stood_ns = 0;
    }
    watch->unseen_ns = 0;
}

/* A faint vehicle keeps a space occupied, but of one that is not it says nothing until it has stood long. */
static bool watch_keeps(const struct watch *watch, const struct space *space)
{
    return watch->evidence >= 1 || (watch->taken > 0 && space->state == SPACE_OCCUPIED);
}

static void occupancy_judge(struct occupancy *occupancy, const struct occupancy_config *config,
                            size_t index, uint64_t watched_ns)
{
    struct watch *watch = &occupancy->watches[index];
    const struct space *space = &occupancy->spaces[index];
    watch_stand(watch, occupancy->time_ns, watched_ns);
    if (watch->taken > 0 && watch->stood_ns >= config->occupy_ns) {
        uint64_t at_ns = watch->began_ns > space->since_ns ? watch->began_ns : space->since_ns;
        occupancy_set(occupancy, index, SPACE_OCCUPIED, at_ns);
    }
    if (watch_keeps(watch, space)) {
        watch->last_ns = occupancy->time_ns;
        watch->missed_ns = 0;
        return;
    }
    if (watch->last_ns == 0) {
        watch->last_ns = occupancy->time_ns; /* watched from now on */
    }
    watch->missed_ns += watched_ns;
    if (watch->missed_ns >= config->free_ns) {
        occupancy_set(occupancy, index, SPACE_FREE, watch->last_ns);
    }
}

void occupancy_update(struct occupancy *occupancy, const struct occupancy_config *config,
                      const struct box *boxes, size_t count, int width, int height,
                      uint64_t time_ns)
{
    uint64_t elapsed_ns = occupancy->watching ? clock_elapsed_ns(occupancy->time_ns, time_ns) : 0;
    uint64_t watched_ns = elapsed_ns < GAP_MAX_NS ? elapsed_ns : GAP_MAX_NS;
    occupancy->time_ns = time_ns;
    occupancy->watching = true;
    occupancy->event_count = 0;
    const struct sight sight = {config, boxes, count, width, height};
    occupancy_place_all(occupancy, &sight);
    for (size_t i = 0; i < occupancy->count; i++) {
        if (occupancy->spaces[i].since_ns == 0) {
            occupancy->spaces[i].since_ns = time_ns;
        }
        occupancy_judge(occupancy, config, i, watched_ns);
    }
}

void occupancy_blind(struct occupancy *occupancy, uint64_t time_ns)
{
    occupancy->event_count = 0;
    occupancy->match_count = 0;
    occupancy->watching = false;
    for (size_t i = 0; i < occupancy->count; i++) {
        occupancy->watches[i] = (struct watch){0};
        occupancy_set(occupancy, i, SPACE_UNKNOWN, time_ns);
    }
}
