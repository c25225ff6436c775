#include "detector/layout.h"

#include <stdio.h>
#include <string.h>

static const char *const layout_names[LAYOUT_KINDS] = {
    [LAYOUT_YOLOV5] = "yolov5",
    [LAYOUT_YOLOV8] = "yolov8",
    [LAYOUT_YOLOX] = "yolox",
    [LAYOUT_DARKNET] = "darknet",
};

const char *layout_name(enum layout_kind kind)
{
    return layout_names[kind];
}

size_t layout_grid_cells(int input_width, int input_height)
{
    size_t cells = 0;
    for (int stride = 8; stride <= 32; stride *= 2) {
        cells += (size_t)(input_width / stride) * (size_t)(input_height / stride);
    }
    return cells;
}

/* The classes in a row of `length` numbers of which the first `fixed` are not classes; 0: no such
 * row. */
static size_t layout_row_classes(int length, int fixed)
{
    return length > fixed && length - fixed <= LAYOUT_CLASSES_MAX ? (size_t)(length - fixed) : 0;
}

/* The number of classes when `output` can be read as `kind`, else 0. */
static size_t layout_output_classes(enum layout_kind kind, const struct model_output *output,
                                    size_t cells)
{
    const int *shape = output->shape;
    if (kind == LAYOUT_DARKNET) {
        return output->dims == 2 && shape[0] > 0 ? layout_row_classes(shape[1], 5) : 0;
    }
    if (output->dims != 3 || shape[0] != 1 || shape[1] <= 0 || shape[2] <= 0) {
        return 0;
    }
    switch (kind) {
    case LAYOUT_YOLOV5:
        return shape[1] > shape[2] || (size_t)shape[1] == 3 * cells
                   ? layout_row_classes(shape[2], 5)
                   : 0;
    case LAYOUT_YOLOV8:
        return shape[1] < shape[2] || (size_t)shape[2] == cells ? layout_row_classes(shape[1], 4)
                                                                : 0;
    case LAYOUT_YOLOX:
        return (size_t)shape[1] == cells ? layout_row_classes(shape[2], 5) : 0;
    default:
        return 0;
    }
}

/* Without a name in the configuration a YOLOv5 must have its three rows per cell: otherwise some
 * unknown network would be read as one. */
static bool layout_output_certain(enum layout_kind kind, const struct model_output *output,
                                  size_t cells)
{
    return kind != LAYOUT_YOLOV5 || (size_t)output->shape[1] == 3 * cells;
}

static bool layout_try(enum layout_kind kind, bool named, const struct model_output *outputs,
                       size_t output_count, struct layout *layout)
{
    size_t cells = layout_grid_cells(layout->input_width, layout->input_height);
    for (size_t i = 0; i < output_count; i++) {
        size_t classes = layout_output_classes(kind, &outputs[i], cells);
        if (classes == 0 || (!named && !layout_output_certain(kind, &outputs[i], cells))) {
            continue;
        }
        layout->kind = kind;
        layout->classes = classes;
        layout->output = i;
        /* Every output of a Darknet network holds boxes, so all must be alike. */
        return kind != LAYOUT_DARKNET || layout_matches(layout, outputs, output_count);
    }
    return false;
}

static void layout_print_shapes(const struct model_output *outputs, size_t output_count, char *out,
                                size_t out_size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < output_count && used < out_size; i++) {
        for (int d = 0; d < outputs[i].dims && used < out_size; d++) {
            used += (size_t)snprintf(out + used, out_size - used, "%s%d",
                                     d > 0 ? "x" : (i > 0 ? ", " : ""), outputs[i].shape[d]);
        }
    }
}

/* A segmentation network's second output: prototypes of masks, a quarter of the input wide and
 * high. Its first output would else pass for a detection with more classes. */
static bool layout_has_masks(const struct model_output *outputs, size_t output_count,
                             int input_width, int input_height)
{
    for (size_t i = 0; i < output_count; i++) {
        const int *shape = outputs[i].shape;
        if (outputs[i].dims == 4 && shape[2] == input_height / 4 && shape[3] == input_width / 4) {
            return true;
        }
    }
    return false;
}

int layout_recognise(const char *wanted, const struct model_output *outputs, size_t output_count,
                     int input_width, int input_height, struct layout *layout,
                     char error[MODEL_ERROR_SIZE])
{
    bool automatic = strcmp(wanted, "auto") == 0;
    *layout = (struct layout){.input_width = input_width, .input_height = input_height};
    if (layout_has_masks(outputs, output_count, input_width, input_height)) {
        snprintf(error, MODEL_ERROR_SIZE, "it puts out masks: it was exported for segmentation");
        return -1;
    }
    for (enum layout_kind kind = 0; kind < LAYOUT_KINDS; kind++) {
        bool named = strcmp(wanted, layout_names[kind]) == 0;
        if ((automatic || named) && layout_try(kind, named, outputs, output_count, layout)) {
            return 0;
        }
    }
    char shapes[256];
    layout_print_shapes(outputs, output_count, shapes, sizeof shapes);
    snprintf(error, MODEL_ERROR_SIZE,
             "output shape %s for input %dx%d is not %s; known are yolov5 (1 x 3 cells x 5+C), "
             "yolov8 (1 x 4+C x cells), yolox (1 x cells x 5+C) and darknet (rows x 5+C), all "
             "without suppression (nms=False)",
             output_count > 0 ? shapes : "(none)", input_width, input_height,
             automatic ? "a layout that detector.layout auto recognises" : wanted);
    return -1;
}

bool layout_matches(const struct layout *layout, const struct model_output *outputs,
                    size_t output_count)
{
    size_t cells = layout_grid_cells(layout->input_width, layout->input_height);
    if (layout->output >= output_count) {
        return false;
    }
    if (layout->kind != LAYOUT_DARKNET) {
        return layout_output_classes(layout->kind, &outputs[layout->output], cells) ==
               layout->classes;
    }
    for (size_t i = 0; i < output_count; i++) {
        if (layout_output_classes(layout->kind, &outputs[i], cells) != layout->classes) {
            return false;
        }
    }
    return true;
}
