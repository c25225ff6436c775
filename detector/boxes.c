#include "detector/boxes.h"

#include <math.h>
#include <stdlib.h>

#include "common/memory.h"

void boxes_finish(struct boxes *boxes)
{
    free(boxes->items);
    *boxes = (struct boxes){0};
}

void boxes_append(struct boxes *boxes, const struct box *box)
{
    if (boxes->count == boxes->capacity) {
        boxes->capacity = boxes->capacity > 0 ? 2 * boxes->capacity : 256;
        boxes->items = xreallocarray(boxes->items, boxes->capacity, sizeof *boxes->items);
    }
    boxes->items[boxes->count++] = *box;
}

/* --- decoding --- */

/* Everything that a decoder needs and hands on. */
struct boxes_decoder {
    const struct layout *layout;
    const struct placement *placement;
    const struct boxes_limits *limits;
    float picture_width, picture_height;
    struct boxes *boxes;
};

/* Adds a box given in pixels of the network's input by its centre and size. The comparisons are
 * such that NaN fails them. */
static void boxes_add(struct boxes_decoder *decoder, float centre_x, float centre_y, float width,
                      float height, float confidence, size_t class_id)
{
    const struct placement *place = decoder->placement;
    const bool *wanted = decoder->limits->wanted;
    if (!(confidence >= decoder->limits->confidence) || !isfinite(confidence) ||
        (wanted != NULL && !wanted[class_id])) {
        return;
    }
    float left = (centre_x - width / 2 - place->offset_x) / place->scale_x;
    float top = (centre_y - height / 2 - place->offset_y) / place->scale_y;
    float right = (centre_x + width / 2 - place->offset_x) / place->scale_x;
    float bottom = (centre_y + height / 2 - place->offset_y) / place->scale_y;
    if (!isfinite(left) || !isfinite(top) || !isfinite(right) || !isfinite(bottom)) {
        return;
    }
    left = fmaxf(left, 0);
    top = fmaxf(top, 0);
    right = fminf(right, decoder->picture_width);
    bottom = fminf(bottom, decoder->picture_height);
    if (right <= left || bottom <= top) {
        return;
    }
    boxes_append(decoder->boxes, &(struct box){.x = left,
                                               .y = top,
                                               .width = right - left,
                                               .height = bottom - top,
                                               .confidence = fminf(confidence, 1),
                                               .class_id = (int)class_id});
}

static size_t boxes_best_class(const float *scores, size_t classes)
{
    size_t best = 0;
    for (size_t i = 1; i < classes; i++) {
        if (scores[i] > scores[best]) {
            best = i;
        }
    }
    return best;
}

static void boxes_decode_yolov5(struct boxes_decoder *decoder, const struct model_output *output)
{
    size_t classes = decoder->layout->classes;
    const float *row = output->data;
    for (int i = 0; i < output->shape[1]; i++, row += classes + 5) {
        /* No class score is above 1, so most rows end here. */
        if (!(row[4] >= decoder->limits->confidence)) {
            continue;
        }
        size_t best = boxes_best_class(row + 5, classes);
        boxes_add(decoder, row[0], row[1], row[2], row[3], row[4] * row[5 + best], best);
    }
}

/* Channel-major: the scores of one class lie side by side, so columns are taken a block at a time,
 * to read memory in order. */
#define BOXES_BLOCK 256

static void boxes_decode_yolov8(struct boxes_decoder *decoder, const struct model_output *output)
{
    size_t columns = (size_t)output->shape[2];
    const float *centre_x = output->data, *centre_y = centre_x + columns;
    const float *width = centre_y + columns, *height = width + columns;
    const float *scores = height + columns;
    float best[BOXES_BLOCK];
    int best_class[BOXES_BLOCK];
    for (size_t start = 0; start < columns; start += BOXES_BLOCK) {
        size_t count = columns - start < BOXES_BLOCK ? columns - start : BOXES_BLOCK;
        for (size_t i = 0; i < count; i++) {
            best[i] = scores[start + i];
            best_class[i] = 0;
        }
        for (size_t c = 1; c < decoder->layout->classes; c++) {
            const float *score = scores + c * columns + start;
            for (size_t i = 0; i < count; i++) {
                best_class[i] = score[i] > best[i] ? (int)c : best_class[i];
                best[i] = score[i] > best[i] ? score[i] : best[i];
            }
        }
        for (size_t i = 0; i < count; i++) {
            size_t at = start + i;
            boxes_add(decoder, centre_x[at], centre_y[at], width[at], height[at], best[i],
                      (size_t)best_class[i]);
        }
    }
}

static void boxes_decode_yolox(struct boxes_decoder *decoder, const struct model_output *output)
{
    const struct layout *layout = decoder->layout;
    const float *row = output->data;
    for (int stride = 8; stride <= 32; stride *= 2) {
        for (int y = 0; y < layout->input_height / stride; y++) {
            for (int x = 0; x < layout->input_width / stride; x++, row += layout->classes + 5) {
                if (!(row[4] >= decoder->limits->confidence)) {
                    continue;
                }
                float cell = (float)stride;
                size_t best = boxes_best_class(row + 5, layout->classes);
                boxes_add(decoder, (row[0] + (float)x) * cell, (row[1] + (float)y) * cell,
                          expf(row[2]) * cell, expf(row[3]) * cell, row[4] * row[5 + best], best);
            }
        }
    }
}

static void boxes_decode_darknet(struct boxes_decoder *decoder, const struct model_output *output)
{
    size_t classes = decoder->layout->classes;
    float width = (float)decoder->layout->input_width;
    float height = (float)decoder->layout->input_height;
    const float *row = output->data;
    for (int i = 0; i < output->shape[0]; i++, row += classes + 5) {
        if (!(row[4] >= decoder->limits->confidence)) {
            continue;
        }
        size_t best = boxes_best_class(row + 5, classes);
        boxes_add(decoder, row[0] * width, row[1] * height, row[2] * width, row[3] * height,
                  row[5 + best], best);
    }
}

void boxes_decode(const struct layout *layout, const struct model_output *outputs,
                  size_t output_count, const struct placement *placement, int picture_width,
                  int picture_height, const struct boxes_limits *limits, struct boxes *boxes)
{
    struct boxes_decoder decoder = {.layout = layout,
                                    .placement = placement,
                                    .limits = limits,
                                    .picture_width = (float)picture_width,
                                    .picture_height = (float)picture_height,
                                    .boxes = boxes};
    boxes->count = 0;
    if (!layout_matches(layout, outputs, output_count)) {
        return;
    }
    switch (layout->kind) {
    case LAYOUT_YOLOV5:
        boxes_decode_yolov5(&decoder, &outputs[layout->output]);
        break;
    case LAYOUT_YOLOV8:
        boxes_decode_yolov8(&decoder, &outputs[layout->output]);
        break;
    case LAYOUT_YOLOX:
        boxes_decode_yolox(&decoder, &outputs[layout->output]);
        break;
    default:
        for (size_t i = 0; i < output_count; i++) {
            boxes_decode_darknet(&decoder, &outputs[i]);
        }
        break;
    }
    boxes_suppress(boxes, limits->iou, limits->count);
}

/* --- suppression --- */

int boxes_compare(const void *left, const void *right)
{
    const struct box *a = left, *b = right;
    if (a->confidence != b->confidence) {
        return a->confidence > b->confidence ? -1 : 1;
    }
    if (a->class_id != b->class_id) {
        return a->class_id < b->class_id ? -1 : 1;
    }
    if (a->x != b->x) {
        return a->x < b->x ? -1 : 1;
    }
    return a->y < b->y ? -1 : a->y > b->y;
}

void boxes_sort(struct boxes *boxes)
{
    if (boxes->count > 0) {
        qsort(boxes->items, boxes->count, sizeof *boxes->items, boxes_compare);
    }
}

void boxes_limit(struct boxes *boxes, size_t count)
{
    boxes->count = boxes->count < count ? boxes->count : count;
}

struct rectangle boxes_rectangle(const struct box *box)
{
    double left = (double)box->x, top = (double)box->y;
    return (struct rectangle){left, top, left + (double)box->width, top + (double)box->height};
}

struct rectangle boxes_relative(const struct box *box, int width, int height)
{
    struct rectangle place = boxes_rectangle(box);
    return (struct rectangle){place.left / width, place.top / height, place.right / width,
                              place.bottom / height};
}

/* The length that [a, a + a_size] and [b, b + b_size] have in common; 0 or less: none. */
static double boxes_common(float a, float a_size, float b, float b_size)
{
    double end = fmin((double)a + (double)a_size, (double)b + (double)b_size);
    return end - fmax((double)a, (double)b);
}

/* In double, for the area of a tiny box may be 0 in float, and 0/0 is no overlap. */
float boxes_overlap(const struct box *a, const struct box *b)
{
    double width = boxes_common(a->x, a->width, b->x, b->width);
    double height = boxes_common(a->y, a->height, b->y, b->height);
    if (width <= 0 || height <= 0) {
        return 0;
    }
    double common = width * height;
    double a_area = (double)a->width * (double)a->height;
    double b_area = (double)b->width * (double)b->height;
    return (float)(common / (a_area + b_area - common));
}

void boxes_suppress(struct boxes *boxes, float iou, size_t count)
{
    struct box *items = boxes->items;
    size_t kept = 0;
    boxes_sort(boxes);
    size_t candidates = boxes->count < BOXES_CANDIDATES_MAX ? boxes->count : BOXES_CANDIDATES_MAX;
    for (size_t i = 0; i < candidates && kept < count; i++) {
        bool alone = true;
        for (size_t k = 0; k < kept && alone; k++) {
            alone = items[k].class_id != items[i].class_id ||
                    boxes_overlap(&items[k], &items[i]) <= iou;
        }
        if (alone) {
            items[kept++] = items[i];
        }
    }
    boxes->count = kept;
}
