#include "detector/tracker.h"

#include <math.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/rectangle.h"
#include "detector/assignment.h"
#include "detector/detections.h"
#include "detector/object.h"

/* Least similarities at which a pair is considered; the first and the last are
 * overlap times score. */
#define SIMILAR_FIRST 0.2
#define SIMILAR_LOW   0.4
#define SIMILAR_NEW   0.3

/* How far boxes of new objects are grown, as part of their size, on each side. */
#define NEW_GROWTH 0.5

/* In the first association boxes are grown by as much as the filter is unsure of the place, in
 * standard deviations as parts of the height, beyond what it is at ten regular frames a second. */
#define UNSURE_FROM 0.1
#define UNSURE_MOST 0.5

/* Tracks that overlap more than this follow the same object. */
#define SAME_TRACK 0.85

struct tracker {
    struct object *objects; /* the longest known first */
    size_t object_count, object_capacity;
    struct detections detections; /* of this frame */
    size_t *rows;                 /* the objects of an association */
    bool *duplicates;             /* by object */
    struct track *tracks;
    size_t track_count;
    struct assignment *assignment;
    uint64_t time_ns; /* of the last frame */
    uint64_t last_id;
    bool begun; /* a frame has been seen, and not too long ago */
};

/* One association: which objects, which detections, and how alike they have to be. */
struct association {
    bool states[OBJECT_STATES];
    double score_from, score_to; /* from the first, below the second */
    double similarity;           /* at least */
    double growth;
    bool grow_unsure; /* more than `growth` where the place is unsure */
    bool weigh_score;
    bool hidden; /* also what stands and is hidden: a faint box there is a part of what hides it */
};

struct tracker *tracker_create(void)
{
    struct tracker *tracker = xcalloc(1, sizeof *tracker);
    tracker->assignment = assignment_create();
    return tracker;
}

void tracker_destroy(struct tracker *tracker)
{
    if (tracker == NULL) {
        return;
    }
    assignment_destroy(tracker->assignment);
    free(tracker->objects);
    detections_finish(&tracker->detections);
    free(tracker->rows);
    free(tracker->duplicates);
    free(tracker->tracks);
    free(tracker);
}

const struct track *tracker_tracks(const struct tracker *tracker, size_t *count)
{
    *count = tracker->track_count;
    return tracker->tracks;
}

/* --- the objects --- */

/* Room for every object there is and for one more for each detection. */
static void tracker_reserve(struct tracker *tracker)
{
    size_t count = tracker->object_count + tracker->detections.count;
    if (count <= tracker->object_capacity) {
        return;
    }
    tracker->object_capacity = 2 * count;
    tracker->objects =
        xreallocarray(tracker->objects, tracker->object_capacity, sizeof *tracker->objects);
    tracker->rows = xreallocarray(tracker->rows, tracker->object_capacity, sizeof *tracker->rows);
    tracker->duplicates =
        xreallocarray(tracker->duplicates, tracker->object_capacity, sizeof *tracker->duplicates);
    tracker->tracks =
        xreallocarray(tracker->tracks, tracker->object_capacity, sizeof *tracker->tracks);
}

/* Where everything ought to be now, and what cannot be seen there. */
static void tracker_predict(struct tracker *tracker, double seconds, double high)
{
    for (size_t i = 0; i < tracker->object_count; i++) {
        object_predict(&tracker->objects[i], seconds);
        object_cover(&tracker->objects[i], &tracker->detections, high);
    }
}

/* What was not seen is lost, or forgotten. */
static void tracker_forget(struct tracker *tracker, uint64_t buffer_ns)
{
    size_t kept = 0;
    for (size_t i = 0; i < tracker->object_count; i++) {
        struct object *object = &tracker->objects[i];
        if (object->detection != OBJECT_UNSEEN ||
            object_miss(object, tracker->time_ns, buffer_ns)) {
            tracker->objects[kept++] = *object;
        }
    }
    tracker->object_count = kept;
}

/* In the first frame there is nothing to compare with, so all are shown. */
static void tracker_begin_objects(struct tracker *tracker, double high)
{
    for (size_t i = 0; i < tracker->detections.count; i++) {
        struct detection *detection = &tracker->detections.items[i];
        if (detection->taken || detection->score < high) {
            continue;
        }
        struct object *object = &tracker->objects[tracker->object_count++];
        object_begin(object, detection, tracker->time_ns);
        detection->taken = true;
        if (!tracker->begun) {
            object->state = OBJECT_SEEN;
            object->id = ++tracker->last_id;
        }
    }
}

/* Two that have come to follow the same object. */
static bool tracker_are_duplicates(const struct tracker_config *config, const struct object *a,
                                   const struct object *b)
{
    return a->state != OBJECT_NEW && b->state != OBJECT_NEW &&
           detections_same_kind(config->vehicle, a->class_id, b->class_id) &&
           rectangle_overlap(&a->place, &b->place) > SAME_TRACK;
}

static void tracker_remove_duplicates(struct tracker *tracker, const struct tracker_config *config)
{
    size_t kept = 0;
    bool *duplicates = tracker->duplicates;
    for (size_t i = 0; i < tracker->object_count; i++) {
        duplicates[i] = false;
    }
    for (size_t i = 0; i < tracker->object_count; i++) {
        struct object *a = &tracker->objects[i];
        for (size_t j = i + 1; j < tracker->object_count && !duplicates[i]; j++) {
            struct object *b = &tracker->objects[j];
            if (!duplicates[j] && tracker_are_duplicates(config, a, b)) {
                duplicates[object_outlives(a, b) ? j : i] = true;
            }
        }
        if (!duplicates[i]) {
            tracker->objects[kept++] = *a;
        }
    }
    tracker->object_count = kept;
}

/* --- association --- */

/* What stands is where it was: were it grown after a gap, a car that passes
 * would be taken for it. */
static double tracker_growth(const struct association *association, const struct object *object)
{
    if (!association->grow_unsure || object_stands(object)) {
        return association->growth;
    }
    double unsure = kalman_unsure(&object->kalman) - UNSURE_FROM;
    return association->growth + fmin(fmax(unsure, 0), UNSURE_MOST);
}

static void tracker_add_pairs(struct tracker *tracker, const struct tracker_config *config,
                              const struct association *association, size_t row)
{
    const struct object *object = &tracker->objects[tracker->rows[row]];
    double growth = tracker_growth(association, object);
    struct rectangle place = rectangle_grow(&object->place, growth);
    double memory = object_memory(object, tracker->time_ns);
    double end = place.right + growth * tracker->detections.widest;
    for (size_t i = detections_first_at(&tracker->detections, place.left, growth);
         i < tracker->detections.count && tracker->detections.items[i].place.left < end; i++) {
        const struct detection *detection = &tracker->detections.items[i];
        if (detection->taken || detection->score < association->score_from ||
            detection->score >= association->score_to ||
            !detections_same_kind(config->vehicle, object->class_id, detection->class_id)) {
            continue;
        }
        struct rectangle other = rectangle_grow(&detection->place, growth);
        double similarity = rectangle_overlap(&place, &other) * memory;
        if (association->weigh_score) {
            similarity *= detection->score;
        }
        assignment_add(tracker->assignment, row, i, similarity - association->similarity);
    }
}

static void tracker_see(struct tracker *tracker, struct object *object, struct detection *detection)
{
    object_see(object, detection, tracker->time_ns);
    detection->taken = true;
    if (object->state == OBJECT_SEEN && object->id == 0) {
        object->id = ++tracker->last_id;
    }
}

static void tracker_associate(struct tracker *tracker, const struct tracker_config *config,
                              const struct association *association)
{
    size_t count = 0;
    for (size_t i = 0; i < tracker->object_count; i++) {
        const struct object *object = &tracker->objects[i];
        if (association->states[object->state] && object->detection == OBJECT_UNSEEN &&
            (association->hidden || !object_is_hidden(object))) {
            tracker->rows[count++] = i;
        }
    }
    assignment_begin(tracker->assignment, count, tracker->detections.count);
    for (size_t row = 0; row < count; row++) {
        tracker_add_pairs(tracker, config, association, row);
    }
    const size_t *found = assignment_solve(tracker->assignment);
    for (size_t row = 0; row < count; row++) {
        if (found[row] != ASSIGNMENT_NONE) {
            tracker_see(tracker, &tracker->objects[tracker->rows[row]],
                        &tracker->detections.items[found[row]]);
        }
    }
}

static void tracker_associate_all(struct tracker *tracker, const struct tracker_config *config)
{
    double high = (double)config->high;
    const struct association first = {.states = {[OBJECT_SEEN] = true, [OBJECT_LOST] = true},
                                      .score_from = high,
                                      .score_to = INFINITY,
                                      .similarity = SIMILAR_FIRST,
                                      .grow_unsure = true,
                                      .weigh_score = true,
                                      .hidden = true};
    const struct association second = {.states = {[OBJECT_SEEN] = true, [OBJECT_LOST] = true},
                                       .score_from = 0,
                                       .score_to = high,
                                       .similarity = SIMILAR_LOW};
    const struct association third = {.states = {[OBJECT_NEW] = true},
                                      .score_from = high,
                                      .score_to = INFINITY,
                                      .similarity = SIMILAR_NEW,
                                      .growth = NEW_GROWTH,
                                      .weigh_score = true};
    tracker_associate(tracker, config, &first);
    tracker_associate(tracker, config, &second);
    tracker_associate(tracker, config, &third);
}

/* --- a frame --- */

static void tracker_list_tracks(struct tracker *tracker, const struct box *boxes)
{
    tracker->track_count = 0;
    for (size_t i = 0; i < tracker->object_count; i++) {
        const struct object *object = &tracker->objects[i];
        if (object->state == OBJECT_SEEN) {
            struct track *track = &tracker->tracks[tracker->track_count++];
            *track = (struct track){
                .id = object->id, .box = boxes[object->detection], .detection = object->detection};
            track->box.class_id = object->class_id;
        }
    }
}

void tracker_update(struct tracker *tracker, const struct tracker_config *config,
                    const struct box *boxes, size_t count, uint64_t time_ns)
{
    uint64_t elapsed_ns = tracker->begun ? clock_elapsed_ns(tracker->time_ns, time_ns) : 0;
    tracker->time_ns = time_ns;
    if (elapsed_ns > config->buffer_ns) {
        tracker->object_count = 0;
        tracker->begun = false;
    }
    detections_take(&tracker->detections, boxes, count, config->low, config->vehicle);
    tracker_reserve(tracker);
    tracker_predict(tracker, (double)elapsed_ns / (double)NS_PER_SECOND, (double)config->high);
    tracker_associate_all(tracker, config);
    tracker_forget(tracker, config->buffer_ns);
    tracker_begin_objects(tracker, (double)config->high);
    tracker_remove_duplicates(tracker, config);
    tracker_list_tracks(tracker, boxes);
    tracker->begun = true;
}
