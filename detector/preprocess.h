/* From a picture to the input of a network: scaled, padded, planar float32, as the layout wants it.
 *
 *   yolov5, yolov8   letterbox: scaled with its proportions kept, centred, grey (114) around it; RGB 0..1
 *   yolox            the same but in the top left corner; BGR 0..255
 *   darknet          stretched to the whole input; RGB 0..1
 *
 * Interpolation is bilinear with pixel centres at .5 and 8-bit results, as cv::resize(INTER_LINEAR),
 * which is what the networks were trained with. Not thread-safe: one struct per thread. */
#ifndef DETECTOR_PREPROCESS_H
#define DETECTOR_PREPROCESS_H

#include <stddef.h>

#include "detector/layout.h"
#include "detector/picture.h"

/* Where a picture lies in the network's input: input = picture x scale + offset. */
struct placement {
    float scale_x, scale_y;
    float offset_x, offset_y; /* pixels of the input */
};

/* Where one column (or row) of the scaled picture comes from. */
struct preprocess_tap {
    size_t near, far; /* index of the two source columns or rows, as an offset into the source */
    float weight;     /* of `far`; `near` has the rest */
};

struct preprocess {
    struct placement placement; /* of the last picture */
    float *input;               /* 1 x 3 x height x width, for model_forward() */

    enum layout_kind kind;
    int input_width, input_height;
    int picture_width, picture_height; /* what the tables are made for; 0: none yet */
    int left, top, scaled_width, scaled_height;
    struct preprocess_tap *columns, *rows;
    float *blend; /* one source row, blended vertically */
};

void preprocess_init(struct preprocess *preprocess, const struct layout *layout);
void preprocess_finish(struct preprocess *preprocess);

/* Fills `input` and `placement`. The picture must have at least one pixel. */
void preprocess_run(struct preprocess *preprocess, const struct picture *picture);

#endif
