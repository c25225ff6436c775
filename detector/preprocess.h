/* From a picture to the input of a network: scaled, padded, planar float32, as the layout wants it.
 *
 *   yolov5, yolov8   letterbox: scaled with its proportions kept, centred, grey (114) around it; RGB 0..1
 *   yolox            the same but in the top left corner; BGR 0..255
 *   darknet          stretched to the whole input; RGB 0..1
 *
 * Interpolation is bilinear with pixel centres at .5, in the fixed-point arithmetic of
 * cv::resize(INTER_LINEAR) for 8-bit pictures, to the last bit: networks are trained with it, and small
 * nets answer visibly differently to a grey value more or less. Not thread-safe: one struct per
 * thread. */
#ifndef DETECTOR_PREPROCESS_H
#define DETECTOR_PREPROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "detector/layout.h"
#include "detector/picture.h"

/* Where a picture lies in the network's input: input = picture x scale + offset. */
struct placement {
    float scale_x, scale_y;
    float offset_x, offset_y; /* pixels of the input */
};

/* Where one column (or row) of the scaled picture comes from: two of the source and their shares of
 * 2048. */
struct preprocess_tap {
    uint32_t near, far;
    int16_t near_share, far_share;
};

struct preprocess {
    struct placement placement; /* of the last picture */
    float *input;               /* 1 x 3 x height x width, for model_forward() */

    enum layout_kind kind;
    int input_width, input_height;
    int picture_width, picture_height; /* what the tables are made for; 0: none yet */
    int left, top, scaled_width, scaled_height;
    struct preprocess_tap *columns, *rows; /* columns count bytes of a row, rows whole rows */

    /* Two source rows scaled to the new width, planar, in 128ths of a pixel's value. */
    struct preprocess_row {
        int16_t *values;
        uint32_t source; /* which row of the picture it is; UINT32_MAX: none */
    } scaled[2];
};

void preprocess_init(struct preprocess *preprocess, const struct layout *layout);
void preprocess_finish(struct preprocess *preprocess);

/* Fills `input` and `placement`. The picture must have at least one pixel. */
void preprocess_run(struct preprocess *preprocess, const struct picture *picture);

#endif
