/* One vehicle that a network sees as two: the boxes of a van as car and as truck differ in class,
 * so suppression within each class keeps both. Pure. */
#ifndef DETECTOR_TWINS_H
#define DETECTOR_TWINS_H

#include <stdbool.h>
#include <stddef.h>

#include "detector/boxes.h"

/* Intersection over union from which two vehicles of different classes are one. */
#define TWINS_OVERLAP 0.8F

/* Says for each of `count` boxes, the most confident first, which one shows the vehicle that it
 * shows: an earlier one, else itself. `vehicle`: by class id. */
void twins_find(const struct box *boxes, size_t count, const bool *vehicle, size_t *elders);

#endif
