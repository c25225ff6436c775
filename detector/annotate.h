/* Draws what was seen into the picture: a box for each detection, coloured by class, and its label on
 * a filled background. Line and letters grow with the picture. Not thread-safe: one per thread. */
#ifndef DETECTOR_ANNOTATE_H
#define DETECTOR_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>

#include "detector/boxes.h"
#include "detector/names.h"
#include "detector/picture.h"

struct annotator;

struct annotator *annotator_create(void);
void annotator_destroy(struct annotator *annotator); /* NULL is allowed */

/* Draws `count` boxes, the first on top. Nothing is drawn outside the picture. */
void annotator_draw(struct annotator *annotator, struct picture *picture, const struct box *boxes,
                    size_t count, const struct names *names, bool show_labels);

#endif
