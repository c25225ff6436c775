#include "detector/detections.h"

#include <math.h>
#include <stdlib.h>

#include "common/memory.h"

/* Of boxes of different vehicle classes that overlap more than this only the most
 * confident is looked at. */
#define SAME_BOX 0.7

void detections_finish(struct detections *detections)
{
    free(detections->items);
    *detections = (struct detections){0};
}

bool detections_same_kind(const bool *vehicle, int a, int b)
{
    return a == b || (vehicle != NULL && vehicle[a] && vehicle[b]);
}

static int detection_compare(const void *a, const void *b)
{
    const struct detection *first = a, *second = b;
    if (first->place.left != second->place.left) {
        return first->place.left < second->place.left ? -1 : 1;
    }
    return first->box < second->box ? -1 : 1;
}

size_t detections_first_at(const struct detections *detections, double edge, double growth)
{
    double from = edge - detections->widest * (1 + growth);
    size_t low = 0, high = detections->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (detections->items[middle].place.left < from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Boxes of one class that overlap are different objects, for the suppression has left them. */
static void detections_drop_doubles(struct detections *detections, const bool *vehicle)
{
    for (size_t i = 0; i < detections->count; i++) {
        struct detection *a = &detections->items[i];
        for (size_t j = i + 1; j < detections->count; j++) {
            struct detection *b = &detections->items[j];
            if (b->place.left >= a->place.right) {
                break;
            }
            if (a->class_id != b->class_id &&
                detections_same_kind(vehicle, a->class_id, b->class_id) &&
                rectangle_overlap(&a->place, &b->place) > SAME_BOX) {
                (a->score < b->score ? a : b)->taken = true;
            }
        }
    }
}

void detections_take(struct detections *detections, const struct box *boxes, size_t count,
                     float low, const bool *vehicle)
{
    if (count > detections->capacity) {
        detections->capacity = 2 * count;
        detections->items =
            xreallocarray(detections->items, detections->capacity, sizeof *detections->items);
    }
    detections->count = 0;
    detections->widest = 0;
    for (size_t i = 0; i < count; i++) {
        if (boxes[i].confidence < low) {
            continue;
        }
        detections->items[detections->count++] =
            (struct detection){.place = boxes_rectangle(&boxes[i]),
                               .score = (double)boxes[i].confidence,
                               .class_id = boxes[i].class_id,
                               .box = i};
        detections->widest = fmax(detections->widest, (double)boxes[i].width);
    }
    if (detections->count > 1) {
        qsort(detections->items, detections->count, sizeof *detections->items, detection_compare);
    }
    detections_drop_doubles(detections, vehicle);
}
