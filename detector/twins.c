#include "detector/twins.h"

static bool twins_has_elder(const struct box *boxes, size_t index, const bool *vehicle,
                            const bool *twins)
{
    const struct box *box = &boxes[index];
    for (size_t i = 0; i < index; i++) {
        const struct box *elder = &boxes[i];
        if (vehicle[elder->class_id] && !twins[i] && elder->class_id != box->class_id &&
            boxes_overlap(elder, box) > TWINS_OVERLAP) {
            return true;
        }
    }
    return false;
}

void twins_find(const struct box *boxes, size_t count, const bool *vehicle, bool *twins)
{
    for (size_t i = 0; i < count; i++) {
        twins[i] = vehicle[boxes[i].class_id] && twins_has_elder(boxes, i, vehicle, twins);
    }
}
