/* From the numbers of a network to boxes in the picture: decoding of every layout, non-maximum
 * suppression, limits. What a network puts out is taken as foreign: NaN, infinity and absurd sizes
 * lead to no box, never to a fault. Pure functions over caller's memory; thread-safe. */
#ifndef DETECTOR_BOXES_H
#define DETECTOR_BOXES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/rectangle.h"
#include "detector/layout.h"
#include "detector/preprocess.h"

struct box {
    float x, y, width, height; /* left, top and size in pixels of the picture, inside of it */
    float confidence;          /* 0..1 */
    int class_id;              /* below the layout's classes */
};

/* An array that grows and is used again; zeroed memory is an empty one. */
struct boxes {
    struct box *items;
    size_t count, capacity;
};

void boxes_finish(struct boxes *boxes);
/* Candidates beyond this many most confident ones are not looked at: suppression is quadratic. */
#define BOXES_CANDIDATES_MAX 4096

void boxes_append(struct boxes *boxes, const struct box *box);

struct boxes_limits {
    float confidence;   /* at least this; above 0 */
    float iou;          /* boxes of one class that overlap more than this are one */
    size_t count;       /* at most so many */
    const bool *wanted; /* by class id, layout->classes of them; NULL: all classes */
};

/* Replaces `boxes` by what the network saw, most confident first. The outputs must match the layout
 * (layout_matches()); otherwise there are no boxes. */
void boxes_decode(const struct layout *layout, const struct model_output *outputs,
                  size_t output_count, const struct placement *placement, int picture_width,
                  int picture_height, const struct boxes_limits *limits, struct boxes *boxes);

/* Most confident first; the rest of the order only makes it the same everywhere. For qsort(). */
int boxes_compare(const void *left, const void *right);
void boxes_sort(struct boxes *boxes);
void boxes_limit(struct boxes *boxes, size_t count); /* the first ones stay */

/* Greedy non-maximum suppression within each class: of boxes that overlap by more than `iou` the
 * most confident stays. Sorts by confidence; `boxes` keeps at most `count`. */
void boxes_suppress(struct boxes *boxes, float iou, size_t count);

struct rectangle boxes_rectangle(const struct box *box);

/* The same, relative to a picture of width x height pixels. */
struct rectangle boxes_relative(const struct box *box, int width, int height);

/* Intersection over union, 0..1. */
float boxes_overlap(const struct box *a, const struct box *b);

#endif
