/* From a picture, or a part of it, to the input of a network: scaled, padded, planar float32,
 * as the layout wants it.
 *
 *   yolov5, yolov8   letterbox: scaled in proportion, centred, grey (114) around it; RGB 0..1
 *   yolox            the same but in the top left corner; BGR 0..255
 *   darknet          stretched to the whole input; RGB 0..1
 *
 * Interpolation is bilinear with pixel centres at .5, in the fixed-point arithmetic of
 * cv::resize(INTER_LINEAR) for 8-bit pictures, of the RGB that libjpeg makes (rgb_row.h): networks
 * are trained with both, and small nets answer visibly differently to a grey value more or less. So
 * the input is the same to the last bit. Not thread-safe: one struct per thread. */
#ifndef DETECTOR_PREPROCESS_H
#define DETECTOR_PREPROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "detector/layout.h"
#include "detector/picture.h"
#include "detector/rgb_row.h"

/* A part of a picture, in its pixels; inside of it, and not empty. */
struct window {
    int left, top, width, height;
};

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

/* How the columns come from the source: as they are, each from a pair of its own,
 * or in some other way. */
enum preprocess_pattern { COLUMNS_ANY, COLUMNS_SAME, COLUMNS_HALVES };

/* A row of the window scaled to the new width, in 128ths of a pixel's value. */
struct preprocess_row {
    int16_t *channels[RGB_CHANNELS];
    uint32_t source; /* which row it is; UINT32_MAX: none */
};

struct preprocess {
    struct placement placement; /* of the last picture */
    float *input;               /* 1 x 3 x height x width, for model_forward() */

    enum layout_kind kind;
    int input_width, input_height;
    struct window window; /* what the tables are made for, but for its place; width 0: none yet */
    int left, top, scaled_width, scaled_height;
    struct preprocess_tap *columns, *rows;
    enum preprocess_pattern pattern; /* of the columns */
    struct rgb_row row;              /* of the window */
    struct preprocess_row scaled[2];
};

void preprocess_init(struct preprocess *preprocess, const struct layout *layout);
void preprocess_finish(struct preprocess *preprocess);

/* Fills `input` with this part of the picture, which has at least one pixel, and `placement`, which
 * is that of the whole picture. */
void preprocess_run_window(struct preprocess *preprocess, const struct picture *picture,
                           const struct window *window);

#endif
