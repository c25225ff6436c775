/* What a network puts out: shapes and numbers of any kind. Whatever is recognised can be decoded,
 * and every box lies in the picture.
 *
 *   byte 0      layout that is wanted: auto, one of the four, none of them
 *   byte 1      number of outputs, 0 to MODEL_OUTPUTS_MAX
 *   byte 2      limits: 1 class filter, 2 low confidence, 4 few boxes
 *   byte 3      which shapes are the second time another network's: bits by output
 *   2 + 2       width and height of the input
 *   per output  1 byte of dimensions, then MODEL_DIMS_MAX numbers of 4 bytes
 *   the rest    float32, again and again until the outputs are full */
#include <math.h>

#include "detector/boxes.h"
#include "tests/fuzz/fuzz.h"

#define FLOATS_MAX       (1 << 18) /* of one output: larger ones are only looked at */
#define PICTURE_WIDTH    640
#define PICTURE_HEIGHT   360
#define IOU              0.45f
#define COORDINATE_ERROR 0.001f

struct input {
    const uint8_t *at;
    size_t left;
};

static uint32_t take(struct input *input, size_t bytes)
{
    uint32_t value = 0;
    for (; bytes > 0 && input->left > 0; bytes--, input->left--) {
        value = value << 8 | *input->at++;
    }
    return value;
}

/* Numbers in an output of that shape; 0: none, or too many for memory. */
static size_t count_floats(const struct model_output *output)
{
    size_t count = 1;
    for (int i = 0; i < output->dims; i++) {
        if (output->shape[i] <= 0 || (size_t)output->shape[i] > FLOATS_MAX / count) {
            return 0;
        }
        count *= (size_t)output->shape[i];
    }
    return output->dims > 0 ? count : 0;
}

static bool can_be_held(const struct model_output *outputs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (count_floats(&outputs[i]) == 0) {
            return false;
        }
    }
    return true;
}

static float *fill(struct model_output *output, const struct input *rest)
{
    size_t count = count_floats(output);
    float *numbers = xreallocarray(NULL, count, sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        size_t at = rest->left >= sizeof *numbers
                        ? i % (rest->left / sizeof *numbers) * sizeof *numbers
                        : 0;
        numbers[i] = 0;
        memcpy(&numbers[i], rest->at + at,
               rest->left < sizeof *numbers ? rest->left : sizeof *numbers);
    }
    output->data = numbers;
    return numbers;
}

static void check_box(const struct box *box, const struct layout *layout,
                      const struct boxes_limits *limits)
{
    FUZZ_CHECK(box->x >= 0 && box->y >= 0 && box->width > 0 && box->height > 0);
    FUZZ_CHECK(box->x + box->width <= PICTURE_WIDTH + COORDINATE_ERROR);
    FUZZ_CHECK(box->y + box->height <= PICTURE_HEIGHT + COORDINATE_ERROR);
    FUZZ_CHECK(box->confidence >= limits->confidence && box->confidence <= 1);
    FUZZ_CHECK(box->class_id >= 0 && (size_t)box->class_id < layout->classes);
    FUZZ_CHECK(limits->wanted == NULL || limits->wanted[box->class_id]);
}

static void check_boxes(const struct boxes *boxes, const struct layout *layout,
                        const struct boxes_limits *limits)
{
    FUZZ_CHECK(boxes->count <= limits->count && boxes->count <= boxes->capacity);
    for (size_t i = 0; i < boxes->count; i++) {
        const struct box *box = &boxes->items[i];
        check_box(box, layout, limits);
        FUZZ_CHECK(i == 0 || boxes->items[i - 1].confidence >= box->confidence);
        for (size_t k = 0; k < i; k++) {
            float overlap = boxes_overlap(&boxes->items[k], box);
            FUZZ_CHECK(overlap >= 0 && overlap <= 1.001f);
            FUZZ_CHECK(boxes->items[k].class_id != box->class_id || overlap <= limits->iou);
        }
    }
}

static void decode(const struct layout *layout, const struct model_output *outputs, size_t count,
                   uint8_t choice)
{
    static bool wanted[LAYOUT_CLASSES_MAX];
    struct boxes boxes = {0};
    struct placement placement = {.scale_x = (float)layout->input_width / PICTURE_WIDTH,
                                  .scale_y = (float)layout->input_height / PICTURE_HEIGHT};
    struct boxes_limits limits = {.confidence = (choice & 2) != 0 ? 0.05f : 0.5f,
                                  .iou = IOU,
                                  .count = (choice & 4) != 0 ? 3 : 300,
                                  .wanted = (choice & 1) != 0 ? wanted : NULL};
    for (size_t i = 0; i < LAYOUT_CLASSES_MAX; i += 2) {
        wanted[i] = true;
    }
    boxes_decode(layout, outputs, count, &placement, PICTURE_WIDTH, PICTURE_HEIGHT, &limits,
                 &boxes);
    check_boxes(&boxes, layout, &limits);
    boxes_finish(&boxes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"auto", "yolov5", "yolov8", "yolox", "darknet", "yolov99"};
    struct input input = {.at = data, .left = size};
    struct model_output outputs[MODEL_OUTPUTS_MAX] = {{0}};
    float *numbers[MODEL_OUTPUTS_MAX] = {NULL};
    struct layout layout;
    char error[MODEL_ERROR_SIZE] = "";
    const char *name = names[take(&input, 1) % (sizeof names / sizeof names[0])];
    size_t count = take(&input, 1) % (MODEL_OUTPUTS_MAX + 1);
    uint8_t choice = (uint8_t)take(&input, 1), changed = (uint8_t)take(&input, 1);
    int width = (int)take(&input, 2), height = (int)take(&input, 2);
    for (size_t i = 0; i < count; i++) {
        outputs[i].dims = (int)(take(&input, 1) % (MODEL_DIMS_MAX + 1));
        for (size_t k = 0; k < MODEL_DIMS_MAX; k++) {
            outputs[i].shape[k] = (int)take(&input, 4);
        }
    }
    int result = layout_recognise(name, outputs, count, width, height, &layout, error);
    FUZZ_CHECK(strnlen(error, sizeof error) < sizeof error);
    FUZZ_CHECK((result == 0) == (error[0] == '\0'));
    if (result == 0) {
        FUZZ_CHECK(layout_matches(&layout, outputs, count));
        FUZZ_CHECK(layout.classes > 0 && layout.classes <= LAYOUT_CLASSES_MAX);
        FUZZ_CHECK(layout.output < count && layout_name(layout.kind) != NULL);
    }
    for (size_t i = 0; result == 0 && i < count; i++) {
        outputs[i].shape[1] ^= (changed >> i & 1) != 0 ? 1 : 0; /* not what was recognised */
    }
    if (result == 0 && can_be_held(outputs, count)) {
        for (size_t i = 0; i < count; i++) {
            numbers[i] = fill(&outputs[i], &input);
        }
        decode(&layout, outputs, count, choice);
    }
    for (size_t i = 0; i < count; i++) {
        free(numbers[i]);
    }
    return 0;
}
