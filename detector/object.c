#include "detector/object.h"

#include <math.h>

#include "common/clock.h"

/* An object is shown when the scores of the boxes that it was seen in, frame after frame, have this
 * sum: two sure ones, or some that are less sure. The reference wants two of any kind and 0.7 for
 * the first, which small networks do not give a car that is far away. */
#define EVIDENCE_MIN 1.6

/* What is out of sight loses its speed with this time constant, and so much similarity a second. */
#define REST_S        3.0
#define FORGOTTEN_A_S 0.1

/* An object stands when its boxes have overlapped so much for so long. */
#define STANDS_MIN 0.6
#define STANDS_NS  (4 * NS_PER_SECOND)

/* What stands is partly covered, or hidden, when a box in front of it takes this part of its
 * place. Only a box with this part of its area is all of it then; and so long it is remembered
 * while it is hidden. */
#define COVERED_MIN   0.1
#define HIDDEN_MIN    0.5
#define WHOLE_MIN     0.75
#define SURE_MIN      0.5
#define HIDDEN_MAX_NS (30 * NS_PER_SECOND)

/* How sure a class can be, in frames of full confidence: so many others change it. */
#define CLASS_WEIGHT_MAX 20.0

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

void object_begin(struct object *object, const struct detection *detection, uint64_t time_ns)
{
    struct kalman_box measured = rectangle_measured(&detection->place);
    *object = (struct object){.state = OBJECT_NEW,
                              .place = detection->place,
                              .first_ns = time_ns,
                              .last_ns = time_ns,
                              .stands = detection->place,
                              .stands_ns = time_ns,
                              .seen_ns = time_ns,
                              .detection = detection->box,
                              .class_id = detection->class_id,
                              .class_weight = detection->score,
                              .evidence = detection->score};
    kalman_init(&object->kalman, &measured);
}

bool object_stands(const struct object *object)
{
    return clock_elapsed_ns(object->stands_ns, object->seen_ns) >= STANDS_NS;
}

void object_predict(struct object *object, double seconds)
{
    object->detection = OBJECT_UNSEEN;
    if (object->rests) {
        return;
    }
    if (object_stands(object)) {
        kalman_rest(&object->kalman); /* its rates are noise, which a gap would multiply */
    }
    if (object->state == OBJECT_LOST) {
        double rest = exp(-seconds / REST_S);
        object->kalman.x.rate *= rest;
        object->kalman.y.rate *= rest;
    }
    kalman_predict(&object->kalman, seconds * KALMAN_STEPS_PER_SECOND,
                   object->state == OBJECT_SEEN);
    object->place = rectangle_of_filter(&object->kalman);
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

void object_cover(struct object *object, const struct detections *detections, double high)
{
    object->covered = 0;
    if (object->id == 0 || !object_stands(object)) {
        return;
    }
    for (size_t i = detections_first_at(detections, object->place.left, 0);
         i < detections->count && detections->items[i].place.left < object->place.right; i++) {
        const struct detection *detection = &detections->items[i];
        if (detection->score >= high) {
            object->covered = fmax(object->covered, object_covered_by(object, &detection->place));
        }
    }
}

bool object_is_hidden(const struct object *object)
{
    return object->covered >= HIDDEN_MIN;
}

/* Until it is seen as a whole again its filter is left as it is. */
static void object_rest(struct object *object)
{
    kalman_rest(&object->kalman);
    object->rests = true;
}

/* The time in which something that stands cannot be seen does not count. */
static void object_wait_hidden(struct object *object, uint64_t time_ns)
{
    if (object_is_hidden(object) && clock_elapsed_ns(object->seen_ns, time_ns) <= HIDDEN_MAX_NS) {
        object->last_ns = time_ns;
        object_rest(object);
    } else {
        object->rests = false;
    }
}

/* --- seen and missed --- */

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

/* The filter does not follow what is left of an object that stands when another one comes before
 * it: that moves as the other does, and takes it along. */
static void object_move(struct object *object, const struct detection *detection, uint64_t time_ns)
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
        object->stands_ns = time_ns;
    }
}

void object_see(struct object *object, const struct detection *detection, uint64_t time_ns)
{
    object_move(object, detection, time_ns);
    object->last_ns = time_ns;
    object->seen_ns = time_ns;
    object->detection = detection->box;
    object->evidence += detection->score;
    object_vote_class(object, detection);
    if (object->state != OBJECT_NEW || object->evidence >= EVIDENCE_MIN) {
        object->state = OBJECT_SEEN;
    }
}

bool object_miss(struct object *object, uint64_t time_ns, uint64_t buffer_ns)
{
    object_wait_hidden(object, time_ns);
    if (object->state == OBJECT_NEW || clock_elapsed_ns(object->last_ns, time_ns) > buffer_ns) {
        return false;
    }
    object->state = OBJECT_LOST;
    return true;
}

double object_memory(const struct object *object, uint64_t time_ns)
{
    double seconds = (double)clock_elapsed_ns(object->last_ns, time_ns) / (double)NS_PER_SECOND;
    return object->state == OBJECT_LOST ? exp(-seconds * FORGOTTEN_A_S) : 1;
}

bool object_outlives(const struct object *a, const struct object *b)
{
    uint64_t a_life = a->last_ns - a->first_ns, b_life = b->last_ns - b->first_ns;
    return a_life > b_life || (a_life == b_life && b->state == OBJECT_LOST);
}
