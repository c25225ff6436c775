/* What the numbers that a network puts out mean. The layout is recognised from the shapes of the
 * outputs and the size of the input; the configuration may name it instead.
 *
 *   YOLOv5, v7       1 x rows x 5+C, rows three per grid cell: cx, cy, w, h in input pixels,
 *                    objectness, C class scores; confidence = objectness x class
 *   YOLOv8, v11      1 x 4+C x columns, one column per grid cell: cx, cy, w, h in input pixels,
 *                    C class scores
 *   YOLOX            1 x rows x 5+C, one row per grid cell, not decoded: cx and cy relative to
 *                    their cell, w and h as logarithms, all in units of the cell; objectness,
 *                    C classes
 *   Darknet          one or more outputs rows x 5+C: cx, cy, w, h relative to the picture,
 *                    objectness, C class scores that are already multiplied by it
 *
 * A grid cell is 8, 16 or 32 pixels of the input wide. Pure functions, thread-safe. */
#ifndef DETECTOR_LAYOUT_H
#define DETECTOR_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "detector/model.h"

/* More classes than any known model has: a bound for outputs that claim nonsense. */
#define LAYOUT_CLASSES_MAX 4096

enum layout_kind { LAYOUT_YOLOV5, LAYOUT_YOLOV8, LAYOUT_YOLOX, LAYOUT_DARKNET, LAYOUT_KINDS };

struct layout {
    enum layout_kind kind;
    size_t classes;
    int input_width, input_height; /* pixels */
    size_t output;                 /* which output holds the boxes; Darknet: all of them do */
};

/* "yolov5", "yolov8", "yolox", "darknet": the names of the configuration. */
const char *layout_name(enum layout_kind kind);

/* Recognises the outputs of one forward pass. `wanted` is a name from layout_name(), or "auto". 0,
 * or -1 with the cause in `error`, which shows the shapes. */
int layout_recognise(const char *wanted, const struct model_output *outputs, size_t output_count,
                     int input_width, int input_height, struct layout *layout,
                     char error[MODEL_ERROR_SIZE]);

/* True while later outputs have the shapes that were recognised; boxes are only decoded then. */
bool layout_matches(const struct layout *layout, const struct model_output *outputs,
                    size_t output_count);

/* How many cells the grids of 8, 16 and 32 pixels have together. */
size_t layout_grid_cells(int input_width, int input_height);

#endif
