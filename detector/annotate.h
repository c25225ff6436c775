/* Draws what was seen into the picture: a box for each detection, coloured by class, its label on a
 * filled background, a trail that fades for each track, and parking spaces tinted by their state. Line and letters grow with the picture. Not thread-safe: one per thread. */
#ifndef DETECTOR_ANNOTATE_H
#define DETECTOR_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>

#include "detector/boxes.h"
#include "detector/names.h"
#include "detector/observer.h"
#include "detector/picture.h"

struct annotator;

struct annotator *annotator_create(void);
void annotator_destroy(struct annotator *annotator); /* NULL is allowed */

struct annotation {
    const struct box *boxes;
    size_t box_count;
    const struct names *names;
    bool show_labels, show_trails, show_spaces;
    const struct observation *observation; /* of tracks and spaces */
};

/* Draws spaces, trails, boxes and labels, in this order, of boxes the first on top. Nothing is drawn
 * outside the picture. */
void annotator_draw(struct annotator *annotator, struct picture *picture,
                    const struct annotation *annotation);

#endif
