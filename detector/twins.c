#include "detector/twins.h"

static size_t twins_find_elder(const struct box *boxes, size_t index, const bool *vehicle,
                               const size_t *elders)
{
    const struct box *box = &boxes[index];
    for (size_t i = 0; vehicle[box->class_id] && i < index; i++) {
        const struct box *elder = &boxes[i];
        if (vehicle[elder->class_id] && elders[i] == i && elder->class_id != box->class_id &&
            boxes_overlap(elder, box) > TWINS_OVERLAP) {
            return i;
        }
    }
    return index;
}

void twins_find(const struct box *boxes, size_t count, const bool *vehicle, size_t *elders)
{
    for (size_t i = 0; i < count; i++) {
        elders[i] = twins_find_elder(boxes, i, vehicle, elders);
    }
}
