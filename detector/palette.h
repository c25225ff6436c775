/* The colours of what is drawn. Pure. */
#ifndef DETECTOR_PALETTE_H
#define DETECTOR_PALETTE_H

#include <stddef.h>
#include <stdint.h>

#include "detector/occupancy.h"

/* So many classes have colours of their own; then they begin anew. */
#define PALETTE_CLASSES 80

/* RGB. Any two of the palette differ by at least 15 in CIELAB, and the first eight (of COCO:
 * person, bicycle, car, motorbike, aeroplane, bus, train, truck) by 22 also for those who cannot
 * tell red from green. */
const uint8_t *palette_of_class(size_t class_id);

/* RGB: bluish green, vermilion and grey differ in brightness, too. */
const uint8_t *palette_of_state(enum space_state state);

/* Near black or white, whichever is read better on a ground. */
const uint8_t *palette_of_text(const uint8_t ground[3]);

extern const uint8_t palette_dark[3];

#endif
