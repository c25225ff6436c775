/* Where labels go: near their boxes, inside the picture, and where there is room not one over
 * another. Not thread-safe. */
#ifndef DETECTOR_LABEL_PLACES_H
#define DETECTOR_LABEL_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/rectangle.h"

/* Zeroed memory: nothing has been placed yet. */
struct label_places {
    struct rectangle *taken;
    size_t count, capacity;
};

void label_places_clear(struct label_places *places);
void label_places_finish(struct label_places *places);

/* Takes a place for something that stands where it has to. */
void label_places_block(struct label_places *places, const struct rectangle *place);

/* Finds a place of this size for a box in a picture and takes it. Those that come first have the
 * first choice: above the box, inside its upper edge, below, inside its lower edge, above and below
 * flush right, beside it; over a box that it would hide only where nothing else is left. False, and
 * nothing is taken, where the best of them lies so much over other labels that neither could be
 * read. */
bool label_places_take(struct label_places *places, const struct rectangle *box, double label_width,
                       double label_height, double picture_width, double picture_height,
                       struct rectangle *place);

#endif
