#include "detector/occupancy.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/polygon.h"

/* The part of a box, from below, that stands on the ground. */
#define FOOTPRINT 0.55

/* A footprint takes a space when it covers this part of it, or lies in it with this part of
 * itself, and never with less than the last: one that waits in the lane before the space reaches
 * into it from outside ... */
#define COVERED_MIN  0.3
#define WITHIN_MIN   0.4
#define WITHIN_LEAST 0.3

/* ... and at least so much as a part of what it takes of the space that it takes most of. */
#define SECOND_MIN 0.5

/* Boxes of a vehicle that stands overlap at least so much while it is watched. */
#define STANDS_MIN 0.6

/* More than this between two frames says nothing about what was between them. */
#define GAP_MAX_NS NS_PER_SECOND

/* A vehicle that comes is seen well while it does; one that was there before may stand half
 * hidden and be faint for ever. So for this long after the first look a faint one is as
 * good as a sure one. */
#define EARLY_NS (10 * NS_PER_SECOND)

struct watch {
    struct rectangle stands; /* where the vehicle was when it began to stand */
    struct rectangle taker;  /* the vehicle of this frame that takes most of the space */
    double taken;            /* how much; 0: none does */
    bool sure;          /* one of those that take it is as confident as it has to be to begin */
    uint64_t began_ns;  /* it stands since */
    uint64_t stood_ns;  /* of that, time that was watched: seen surely, less what was not sure */
    uint64_t last_ns;   /* a vehicle was seen last */
    uint64_t missed_ns; /* since then, time that was watched */
    uint64_t looked_ns; /* time that was watched in all */
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

/* `vehicle`: relative to the picture. */
static void occupancy_place(struct occupancy *occupancy, size_t box, bool sure,
                            const struct rectangle *vehicle)
{
    struct rectangle footprint = *vehicle;
    footprint.top = vehicle->bottom - FOOTPRINT * (vehicle->bottom - vehicle->top);
    double most = 0;
    for (size_t i = 0; i < occupancy->count; i++) {
        occupancy->shares[i] = space_share(&occupancy->spaces[i], &footprint);
        most = occupancy->shares[i] > most ? occupancy->shares[i] : most;
    }
    for (size_t i = 0; i < occupancy->count; i++) {
        double share = occupancy->shares[i];
        struct watch *watch = &occupancy->watches[i];
        if (share < 1 || share < SECOND_MIN * most) {
            continue;
        }
        occupancy_match(occupancy, box, i);
        watch->sure = watch->sure || sure;
        if (share > watch->taken) {
            watch->taken = share;
            watch->taker = *vehicle;
        }
    }
}

static void occupancy_place_all(struct occupancy *occupancy, const struct occupancy_config *config,
                                const struct box *boxes, size_t count, int width, int height)
{
    occupancy->match_count = 0;
    for (size_t i = 0; i < occupancy->count; i++) {
        occupancy->watches[i].taken = 0;
        occupancy->watches[i].sure = false;
    }
    for (size_t i = 0; i < count; i++) {
        if (boxes[i].confidence < config->conf || !config->vehicle[boxes[i].class_id]) {
            continue;
        }
        struct rectangle vehicle = boxes_relative(&boxes[i], width, height);
        occupancy_place(occupancy, i, boxes[i].confidence >= config->sure, &vehicle);
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

/* May what stands there have stood there before the first look? */
static bool occupancy_is_early(const struct occupancy *occupancy, size_t index)
{
    return occupancy->spaces[index].state == SPACE_UNKNOWN &&
           occupancy->watches[index].looked_ns < EARLY_NS;
}

/* How long the vehicle that takes the space has stood, after `unseen_ns` more. */
static uint64_t occupancy_stood(const struct occupancy *occupancy, size_t index, uint64_t unseen_ns)
{
    const struct watch *watch = &occupancy->watches[index];
    if (watch->sure) {
        return watch->stood_ns + unseen_ns;
    }
    if (occupancy_is_early(occupancy, index)) {
        return watch->stood_ns + (watch->missed_ns == 0 ? unseen_ns : 0); /* a flicker is no car */
    }
    return watch->stood_ns > unseen_ns ? watch->stood_ns - unseen_ns : 0;
}

static void occupancy_judge_taken(struct occupancy *occupancy,
                                  const struct occupancy_config *config, size_t index,
                                  uint64_t watched_ns)
{
    struct watch *watch = &occupancy->watches[index];
    uint64_t unseen_ns = watch->missed_ns + watched_ns; /* a faint one is not seen in every frame */
    if (watch->began_ns > 0 && unseen_ns <= GAP_MAX_NS &&
        rectangle_overlap(&watch->taker, &watch->stands) >= STANDS_MIN) {
        watch->stood_ns = occupancy_stood(occupancy, index, unseen_ns);
    } else {
        watch->stands = watch->taker;
        watch->began_ns = occupancy->time_ns;
        watch->stood_ns = 0;
    }
    watch->last_ns = occupancy->time_ns;
    watch->missed_ns = 0;
    if ((watch->sure || occupancy_is_early(occupancy, index)) &&
        watch->stood_ns >= config->occupy_ns) {
        occupancy_set(occupancy, index, SPACE_OCCUPIED, watch->began_ns);
    }
}

static void occupancy_judge_empty(struct occupancy *occupancy,
                                  const struct occupancy_config *config, size_t index,
                                  uint64_t watched_ns)
{
    struct watch *watch = &occupancy->watches[index];
    if (watch->last_ns == 0) {
        watch->last_ns = occupancy->time_ns; /* watched from now on */
    }
    watch->missed_ns += watched_ns;
    if (watch->missed_ns >= config->free_ns) {
        watch->began_ns = 0; /* whoever comes now is another one */
        occupancy_set(occupancy, index, SPACE_FREE, watch->last_ns);
    }
}

/* A faint box is evidence only where a sure one was, or may have been. */
static bool occupancy_is_taken(const struct occupancy *occupancy, size_t index)
{
    const struct watch *watch = &occupancy->watches[index];
    return watch->taken > 0 && (watch->sure || watch->stood_ns > 0 ||
                                occupancy->spaces[index].state == SPACE_OCCUPIED ||
                                occupancy_is_early(occupancy, index));
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
    occupancy_place_all(occupancy, config, boxes, count, width, height);
    for (size_t i = 0; i < occupancy->count; i++) {
        if (occupancy->spaces[i].since_ns == 0) {
            occupancy->spaces[i].since_ns = time_ns;
        }
        if (occupancy_is_taken(occupancy, i)) {
            occupancy_judge_taken(occupancy, config, i, watched_ns);
        } else {
            occupancy_judge_empty(occupancy, config, i, watched_ns);
        }
        occupancy->watches[i].looked_ns += watched_ns;
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
