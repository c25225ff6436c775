#include "detector/tracker.h"

#include <math.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/rectangle.h"
#include "detector/assignment.h"
#include "detector/kalman.h"

/* Least similarities at which a pair is considered; the first and the last are overlap times score. */
#define SIMILAR_FIRST 0.2
#define SIMILAR_LOW   0.4
#define SIMILAR_NEW   0.3

/* An object is shown when the scores of the boxes that it was seen in, frame after frame, have this sum: two
 * sure ones, or some that are less sure. The reference wants two of any kind and 0.7 for the first, which
 * small networks do not give a car that is far away. */
#define EVIDENCE_MIN 1.6

/* How far boxes of new objects are grown, as part of their size, on each side. */
#define NEW_GROWTH 0.5

/* In the first association boxes are grown by as much as the filter is unsure of the place, in standard
 * deviations as parts of the height, beyond what it is at ten regular frames a second. */
#define UNSURE_FROM 0.1
#define UNSURE_MOST 0.5

/* What is out of sight loses its speed with this time constant, and so much similarity a second. */
#define REST_S        3.0
#define FORGOTTEN_A_S 0.1

/* An object stands when its boxes have overlapped so much for so long. */
#define STANDS_MIN 0.6
#define STANDS_NS  (4 * NS_PER_SECOND)

/* What stands is partly covered, or hidden, when a box in front of it takes this part of its place. Only a
 * box with this part of its area is all of it then; and so long it is remembered while it is hidden. */
#define COVERED_MIN   0.1
#define HIDDEN_MIN    0.5
#define WHOLE_MIN     0.75
#define SURE_MIN      0.5
#define HIDDEN_MAX_NS (30 * NS_PER_SECOND)

/* Tracks that overlap more than this follow the same object; of boxes of different vehicle classes only
 * the most confident is looked at. */
#define SAME_TRACK 0.85
#define SAME_BOX   0.7

/* How sure a class can be, in frames of full confidence: so many others change it. */
#define CLASS_WEIGHT_MAX 20.0

#define NO_DETECTION SIZE_MAX

enum object_state {
    OBJECT_NEW,  /* not shown yet; forgotten when it is not seen */
    OBJECT_SEEN, /* in the last frame */
    OBJECT_LOST,
};

struct object {
    uint64_t id; /* 0: new */
    enum object_state state;
    struct kalman kalman;
    struct rectangle place; /* what the filter says */
    uint64_t first_ns, last_ns;
    size_t detection; /* of this frame; NO_DETECTION: none so far */
    int class_id;
    double class_weight;
    double evidence; /* sum of the scores so far */
    struct rectangle stands;
    uint64_t stands_ns; /* since when its boxes have been about there */
    uint64_t seen_ns;   /* as last_ns, but does not go on while it is hidden */
    bool rests;         /* its filter does not go on */
    double covered;     /* the part of its place that boxes in front of it take, when it stands */
    bool duplicate;
};

/* A box of this frame that takes part. */
struct detection {
    struct rectangle place;
    double score;
    int class_id;
    size_t box; /* which one it is */
    bool taken;
};

struct tracker {
    struct object *objects; /* the longest known first */
    size_t object_count, object_capacity;
    struct detection *detections; /* by their left edge */
    size_t detection_count, detection_capacity;
    double widest; /* of the detections */
    size_t *rows;  /* the objects of an association */
    struct track *tracks;
    size_t track_count;
    struct assignment *assignment;
    uint64_t time_ns; /* of the last frame */
    uint64_t last_id;
    bool begun; /* a frame has been seen, and not too long ago */
};

/* One association: which objects, which detections, and how alike they have to be. */
struct association {
    bool states[OBJECT_LOST + 1];
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
    free(tracker->detections);
    free(tracker->rows);
    free(tracker->tracks);
    free(tracker);
}

const struct track *tracker_tracks(const struct tracker *tracker, size_t *count)
{
    *count = tracker->track_count;
    return tracker->tracks;
}

/* --- the boxes of a frame --- */

static bool tracker_same_kind(const struct tracker_config *config, int a, int b)
{
    return a == b || (config->vehicle != NULL && config->vehicle[a] && config->vehicle[b]);
}

static int detection_compare(const void *a, const void *b)
{
    const struct detection *first = a, *second = b;
    if (first->place.left != second->place.left) {
        return first->place.left < second->place.left ? -1 : 1;
    }
    return first->box < second->box ? -1 : 1;
}

/* The first detection that can reach as far right as `edge`, were all grown by `growth`. */
static size_t tracker_first_at(const struct tracker *tracker, double edge, double growth)
{
    double from = edge - tracker->widest * (1 + growth);
    size_t low = 0, high = tracker->detection_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (tracker->detections[middle].place.left < from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* A van is often a car and a truck at once: the less confident of the two takes no part. Boxes of one
 * class that overlap are different objects, for the suppression has left them. */
static void tracker_drop_doubles(struct tracker *tracker, const struct tracker_config *config)
{
    for (size_t i = 0; i < tracker->detection_count; i++) {
        struct detection *a = &tracker->detections[i];
        for (size_t j = i + 1; j < tracker->detection_count; j++) {
            struct detection *b = &tracker->detections[j];
            if (b->place.left >= a->place.right) {
                break;
            }
            if (a->class_id != b->class_id && tracker_same_kind(config, a->class_id, b->class_id) &&
                rectangle_overlap(&a->place, &b->place) > SAME_BOX) {
                (a->score < b->score ? a : b)->taken = true;
            }
        }
    }
}

static void tracker_take_boxes(struct tracker *tracker, const struct tracker_config *config,
                               const struct box *boxes, size_t count)
{
    if (count > tracker->detection_capacity) {
        tracker->detection_capacity = 2 * count;
        tracker->detections = xreallocarray(tracker->detections, tracker->detection_capacity,
                                            sizeof *tracker->detections);
    }
    tracker->detection_count = 0;
    tracker->widest = 0;
    for (size_t i = 0; i < count; i++) {
        if (boxes[i].confidence < config->low) {
            continue;
        }
        tracker->detections[tracker->detection_count++] =
            (struct detection){.place = boxes_rectangle(&boxes[i]),
                               .score = (double)boxes[i].confidence,
                               .class_id = boxes[i].class_id,
                               .box = i};
        tracker->widest = fmax(tracker->widest, (double)boxes[i].width);
    }
    if (tracker->detection_count > 1) {
        qsort(tracker->detections, tracker->detection_count, sizeof *tracker->detections,
              detection_compare);
    }
    tracker_drop_doubles(tracker, config);
}

/* --- the objects --- */

static struct rectangle rectangle_of_filter(const struct kalman *kalman)
{
    struct kalman_box box = kalman_box(kalman);
    double half_width = box.aspect * box.height / 2, half_height = box.height / 2;
    return (struct rectangle){box.x - half_width, box.y - half_height, box.x + half_width,
                              box.y + half_height};
}

static struct kalman_box rectangle_measured(const struct rectangle *rectangle)
{
    double width = rectangle->right - rectangle->left;
    double height = fmax(rectangle->bottom - rectangle->top, 1e-3);
    return (struct kalman_box){.x = (rectangle->left + rectangle->right) / 2,
                               .y = (rectangle->top + rectangle->bottom) / 2,
                               .aspect = width / height,
                               .height = height};
}

/* Room for every object there is and for one more for each detection. */
static void tracker_reserve(struct tracker *tracker)
{
    size_t count = tracker->object_count + tracker->detection_count;
    if (count <= tracker->object_capacity) {
        return;
    }
    tracker->object_capacity = 2 * count;
    tracker->objects =
        xreallocarray(tracker->objects, tracker->object_capacity, sizeof *tracker->objects);
    tracker->rows = xreallocarray(tracker->rows, tracker->object_capacity, sizeof *tracker->rows);
    tracker->tracks =
        xreallocarray(tracker->tracks, tracker->object_capacity, sizeof *tracker->tracks);
}

static void tracker_predict(struct tracker *tracker, double seconds)
{
    double rest = exp(-seconds / REST_S);
    for (size_t i = 0; i < tracker->object_count; i++) {
        struct object *object = &tracker->objects[i];
        object->detection = NO_DETECTION;
        if (object->rests) {
            continue;
        }
        if (object->state == OBJECT_LOST) {
            object->kalman.x.rate *= rest;
            object->kalman.y.rate *= rest;
        }
        kalman_predict(&object->kalman, seconds * KALMAN_STEPS_PER_SECOND,
                       object->state == OBJECT_SEEN);
        object->place = rectangle_of_filter(&object->kalman);
    }
}

/* A vote of all frames, each as loud as it was confident. */
static void object_vote_class(struct object *object, const struct detection *detection)
{
    if (detection->class_id == object->class_id) {
        object->class_weight = fmin(object->class_weight + detection->score, CLASS_WEIGHT_MAX);
        return;
    }
    object->class_weight -= detection->score;
    if (object->class_weight < 0) {
        object->class_id = detection->class_id;
        object->class_weight = -object->class_weight;
    }
}

/* Until it is seen as a whole again its filter is left as it is. */
static void object_rest(struct object *object)
{
    kalman_rest(&object->kalman);
    object->rests = true;
}

/* The filter does not follow what is left of an object that stands when another one comes before it: that
 * moves as the other does, and takes it along. */
static void tracker_move(const struct tracker *tracker, struct object *object,
                         const struct detection *detection)
{
    const struct rectangle *box = &detection->place;
    struct kalman_box measured = rectangle_measured(box);
    if (object->covered >= COVERED_MIN &&
        (detection->score < SURE_MIN ||
         rectangle_area(box) < WHOLE_MIN * rectangle_area(&object->stands))) {
        object_rest(object);
        return;
    }
    object->rests = false;
    kalman_update(&object->kalman, &measured);
    object->place = rectangle_of_filter(&object->kalman);
    if (rectangle_overlap(&object->stands, box) < STANDS_MIN) {
        object->stands = *box;
        object->stands_ns = tracker->time_ns;
    }
}

static void tracker_see(struct tracker *tracker, struct object *object, struct detection *detection)
{
    tracker_move(tracker, object, detection);
    object->last_ns = tracker->time_ns;
    object->seen_ns = tracker->time_ns;
    object->detection = detection->box;
    object->evidence += detection->score;
    object_vote_class(object, detection);
    detection->taken = true;
    if (object->state == OBJECT_NEW && object->evidence < EVIDENCE_MIN) {
        return;
    }
    object->state = OBJECT_SEEN;
    if (object->id == 0) {
        object->id = ++tracker->last_id;
    }
}

static void tracker_begin(struct tracker *tracker, struct detection *detection)
{
    struct object *object = &tracker->objects[tracker->object_count++];
    struct kalman_box measured = rectangle_measured(&detection->place);
    *object = (struct object){.state = OBJECT_NEW,
                              .place = detection->place,
                              .first_ns = tracker->time_ns,
                              .last_ns = tracker->time_ns,
                              .stands = detection->place,
                              .stands_ns = tracker->time_ns,
                              .seen_ns = tracker->time_ns,
                              .detection = detection->box,
                              .class_id = detection->class_id,
                              .class_weight = detection->score,
                              .evidence = detection->score};
    kalman_init(&object->kalman, &measured);
    detection->taken = true;
    if (!tracker->begun) { /* in the first frame there is nothing to compare with */
        object->state = OBJECT_SEEN;
        object->id = ++tracker->last_id;
    }
}

/* --- what stands behind others --- */

static double object_covered_by(const struct object *object, const struct rectangle *box)
{
    const struct rectangle *place = &object->place;
    if (box->bottom <= place->bottom || rectangle_overlap(place, box) >= STANDS_MIN) {
        return 0; /* behind it, or itself */
    }
    return rectangle_common(place, box) / fmax(rectangle_area(place), 1e-6);
}

/* What is nearer reaches further down in the picture. */
static void tracker_cover(struct tracker *tracker, double high)
{
    for (size_t i = 0; i < tracker->object_count; i++) {
        struct object *object = &tracker->objects[i];
        object->covered = 0;
        if (object->id == 0 || clock_elapsed_ns(object->stands_ns, object->seen_ns) < STANDS_NS) {
            continue;
        }
        for (size_t j = tracker_first_at(tracker, object->place.left, 0);
             j < tracker->detection_count &&
             tracker->detections[j].place.left < object->place.right;
             j++) {
            const struct detection *detection = &tracker->detections[j];
            if (detection->score >= high) {
                object->covered =
                    fmax(object->covered, object_covered_by(object, &detection->place));
            }
        }
    }
}

/* --- association --- */

/* Between the time it was last seen and now an object may have become another one. */
static double tracker_memory(const struct tracker *tracker, const struct object *object)
{
    double seconds =
        (double)clock_elapsed_ns(object->last_ns, tracker->time_ns) / (double)NS_PER_SECOND;
    return object->state == OBJECT_LOST ? exp(-seconds * FORGOTTEN_A_S) : 1;
}

static double tracker_growth(const struct association *association, const struct object *object)
{
    double unsure = association->grow_unsure ? kalman_unsure(&object->kalman) - UNSURE_FROM : 0;
    return association->growth + fmin(fmax(unsure, 0), UNSURE_MOST);
}

static void tracker_add_pairs(struct tracker *tracker, const struct tracker_config *config,
                              const struct association *association, size_t row)
{
    const struct object *object = &tracker->objects[tracker->rows[row]];
    double growth = tracker_growth(association, object);
    struct rectangle place = rectangle_grow(&object->place, growth);
    double memory = tracker_memory(tracker, object);
    double end = place.right + growth * tracker->widest;
    for (size_t i = tracker_first_at(tracker, place.left, growth);
         i < tracker->detection_count && tracker->detections[i].place.left < end; i++) {
        const struct detection *detection = &tracker->detections[i];
        if (detection->taken || detection->score < association->score_from ||
            detection->score >= association->score_to ||
            !tracker_same_kind(config, object->class_id, detection->class_id)) {
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

static void tracker_associate(struct tracker *tracker, const struct tracker_config *config,
                              const struct association *association)
{
    size_t count = 0;
    for (size_t i = 0; i < tracker->object_count; i++) {
        const struct object *object = &tracker->objects[i];
        if (association->states[object->state] && object->detection == NO_DETECTION &&
            (association->hidden || object->covered < HIDDEN_MIN)) {
            tracker->rows[count++] = i;
        }
    }
    assignment_begin(tracker->assignment, count, tracker->detection_count);
    for (size_t row = 0; row < count; row++) {
        tracker_add_pairs(tracker, config, association, row);
    }
    const size_t *found = assignment_solve(tracker->assignment);
    for (size_t row = 0; row < count; row++) {
        if (found[row] != ASSIGNMENT_NONE) {
            tracker_see(tracker, &tracker->objects[tracker->rows[row]],
                        &tracker->detections[found[row]]);
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

/* --- what is left of it --- */

/* The time in which something that stands cannot be seen does not count. */
static void object_wait_hidden(struct object *object, uint64_t time_ns)
{
    if (object->covered >= HIDDEN_MIN &&
        clock_elapsed_ns(object->seen_ns, time_ns) <= HIDDEN_MAX_NS) {
        object->last_ns = time_ns;
        object_rest(object);
    } else {
        object->rests = false;
    }
}

/* What was not seen is lost, or forgotten. */
static void tracker_forget(struct tracker *tracker, uint64_t buffer_ns)
{
    size_t kept = 0;
    for (size_t i = 0; i < tracker->object_count; i++) {
        struct object *object = &tracker->objects[i];
        if (object->detection == NO_DETECTION) {
            object_wait_hidden(object, tracker->time_ns);
            if (object->state == OBJECT_NEW ||
                clock_elapsed_ns(object->last_ns, tracker->time_ns) > buffer_ns) {
                continue;
            }
            object->state = OBJECT_LOST;
        }
        tracker->objects[kept++] = *object;
    }
    tracker->object_count = kept;
}

static void tracker_begin_tracks(struct tracker *tracker, double begin)
{
    for (size_t i = 0; i < tracker->detection_count; i++) {
        struct detection *detection = &tracker->detections[i];
        if (!detection->taken && detection->score >= begin) {
            tracker_begin(tracker, detection);
        }
    }
}

/* The one that is known longer stays; where both are, the one that was seen. */
static bool object_outlives(const struct object *a, const struct object *b)
{
    uint64_t a_life = a->last_ns - a->first_ns, b_life = b->last_ns - b->first_ns;
    return a_life > b_life || (a_life == b_life && b->state == OBJECT_LOST);
}

/* Two that have come to follow the same object. */
static bool tracker_are_duplicates(const struct tracker_config *config, const struct object *a,
                                   const struct object *b)
{
    return a->state != OBJECT_NEW && b->state != OBJECT_NEW &&
           tracker_same_kind(config, a->class_id, b->class_id) &&
           rectangle_overlap(&a->place, &b->place) > SAME_TRACK;
}

static void tracker_remove_duplicates(struct tracker *tracker, const struct tracker_config *config)
{
    size_t kept = 0;
    for (size_t i = 0; i < tracker->object_count; i++) {
        struct object *a = &tracker->objects[i];
        for (size_t j = i + 1; j < tracker->object_count && !a->duplicate; j++) {
            struct object *b = &tracker->objects[j];
            if (!b->duplicate && tracker_are_duplicates(config, a, b)) {
                (object_outlives(a, b) ? b : a)->duplicate = true;
            }
        }
        if (!a->duplicate) {
            tracker->objects[kept++] = *a;
        }
    }
    tracker->object_count = kept;
}

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
    tracker_take_boxes(tracker, config, boxes, count);
    tracker_reserve(tracker);
    tracker_predict(tracker, (double)elapsed_ns / (double)NS_PER_SECOND);
    tracker_cover(tracker, (double)config->high);
    tracker_associate_all(tracker, config);
    tracker_forget(tracker, config->buffer_ns);
    tracker_begin_tracks(tracker, (double)config->high);
    tracker_remove_duplicates(tracker, config);
    tracker_list_tracks(tracker, boxes);
    tracker->begun = true;
}
