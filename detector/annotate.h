/* Draws what was seen into the picture: parking spaces tinted by their state, a trail that fades
 * for each track, a box for each detection, coloured by class, and its label on a ground of that
 * colour. Lines and letters grow with the picture. Not thread-safe: one per thread. */
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
    /* Those below are not drawn, unless their track was above it within the last second: else a box
     * that wavers around it would flicker. */
    float conf;
    /* By box: the one that is drawn for its vehicle, as twins_find() says; NULL: itself. */
    const size_t *elders;
    const struct names *names;
    bool show_boxes, show_labels, show_trails, show_spaces;
    const struct observation *observation; /* of tracks and spaces */
    int width, height; /* of the picture that boxes and trails speak of; the one that is drawn into
                          may be smaller */
};

/* Draws in this order: spaces, trails, boxes, labels; what is tracked for longer lies on top.
 * Nothing is drawn outside the picture. */
void annotator_draw(struct annotator *annotator, struct picture *picture,
                    const struct annotation *annotation);

#endif
