#include "detector/boxes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIDE    64 /* of the input: grids of 8x8, 4x4 and 2x2 cells */
#define CELLS   84
#define CLASSES 3

/* A picture of 128 x 96 in the middle of the input, at half its size. */
static const struct placement half = {0.5F, 0.5F, 0, 8};
static const struct boxes_limits limits = {.confidence = 0.25F, .iou = 0.45F, .count = 100};

static const struct layout layouts[LAYOUT_KINDS] = {
    [LAYOUT_YOLOV5] = {LAYOUT_YOLOV5, CLASSES, SIDE, SIDE, 0},
    [LAYOUT_YOLOV8] = {LAYOUT_YOLOV8, CLASSES, SIDE, SIDE, 0},
    [LAYOUT_YOLOX] = {LAYOUT_YOLOX, CLASSES, SIDE, SIDE, 0},
    [LAYOUT_DARKNET] = {LAYOUT_DARKNET, CLASSES, SIDE, SIDE, 0},
};

/* The output of a network of each kind, all zeros at first. */
struct fake {
    float data[3 * CELLS * (5 + CLASSES)];
    struct model_output output;
};

static struct fake *fake_create(enum layout_kind kind)
{
    struct fake *fake = calloc(1, sizeof *fake);
    fake->output.data = fake->data;
    fake->output.dims = kind == LAYOUT_DARKNET ? 2 : 3;
    switch (kind) {
    case LAYOUT_YOLOV5:
        memcpy(fake->output.shape, (int[]){1, 3 * CELLS, 5 + CLASSES}, 3 * sizeof(int));
        break;
    case LAYOUT_YOLOV8:
        memcpy(fake->output.shape, (int[]){1, 4 + CLASSES, CELLS}, 3 * sizeof(int));
        break;
    case LAYOUT_YOLOX:
        memcpy(fake->output.shape, (int[]){1, CELLS, 5 + CLASSES}, 3 * sizeof(int));
        break;
    default:
        memcpy(fake->output.shape, (int[]){CELLS, 5 + CLASSES}, 2 * sizeof(int));
        break;
    }
    return fake;
}

/* Writes one row: four numbers of the box, objectness (where there is one), the class scores. */
static void fake_row(struct fake *fake, enum layout_kind kind, size_t row, const float box[4],
                     float objectness, const float scores[CLASSES])
{
    if (kind == LAYOUT_YOLOV8) {
        for (size_t i = 0; i < 4; i++) {
            fake->data[i * CELLS + row] = box[i];
        }
        for (size_t i = 0; i < CLASSES; i++) {
            fake->data[(4 + i) * CELLS + row] = scores[i];
        }
        return;
    }
    float *at = fake->data + row * (5 + CLASSES);
    memcpy(at, box, 4 * sizeof *box);
    at[4] = objectness;
    memcpy(at + 5, scores, CLASSES * sizeof *scores);
}

static void decode(const struct fake *fake, enum layout_kind kind, const struct boxes_limits *with,
                   struct boxes *boxes)
{
    boxes_decode(&layouts[kind], &fake->output, 1, &half, 128, 96, with, boxes);
}

static void assert_box(const struct box *box, float x, float y, float width, float height,
                       float confidence, int class_id)
{
    assert_float_equal(box->x, x, 1e-3);
    assert_float_equal(box->y, y, 1e-3);
    assert_float_equal(box->width, width, 1e-3);
    assert_float_equal(box->height, height, 1e-3);
    assert_float_equal(box->confidence, confidence, 1e-5);
    assert_int_equal(box->class_id, class_id);
}

/* The same box in the words of every layout: centre (20, 28), 16 x 8, in pixels of the input. */
static void test_every_layout_says_the_same(void **state)
{
    const float pixels[4] = {20, 28, 16, 8};
    /* YOLOX: the cell (2, 3) of the first grid, row 26; 20 = (0.5 + 2) x 8, 16 = 2 x 8. */
    const float cells[4] = {0.5F, 0.5F, logf(2), 0};
    const float relative[4] = {20.0F / 64, 28.0F / 64, 16.0F / 64, 8.0F / 64};
    const float scores[CLASSES] = {0.1F, 0.2F, 0.8F};
    const struct {
        enum layout_kind kind;
        size_t row;
        const float *box;
        float confidence;
    } samples[] = {
        {LAYOUT_YOLOV5, 77, pixels, 0.5F * 0.8F},
        {LAYOUT_YOLOV8, 77, pixels, 0.8F},
        {LAYOUT_YOLOX, 3 * 8 + 2, cells, 0.5F * 0.8F},
        {LAYOUT_DARKNET, 5, relative, 0.8F},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct fake *fake = fake_create(samples[i].kind);
        struct boxes boxes = {0};
        fake_row(fake, samples[i].kind, samples[i].row, samples[i].box, 0.5F, scores);
        decode(fake, samples[i].kind, &limits, &boxes);
        assert_int_equal(boxes.count, 1);
        assert_box(&boxes.items[0], 24, 32, 32, 16, samples[i].confidence, 2);
        boxes_finish(&boxes);
        free(fake);
    }
}

static void test_yolox_grids_follow_each_other(void **state)
{
    struct fake *fake = fake_create(LAYOUT_YOLOX);
    struct boxes boxes = {0};
    const float box[4] = {0, 0, 0, 0};
    (void)state;
    /* Row 64 begins the grid of 16 pixels, row 83 is the last one of the grid of 32. */
    fake_row(fake, LAYOUT_YOLOX, 64 + 4 + 1, box, 1, (float[]){0.9F, 0, 0});
    fake_row(fake, LAYOUT_YOLOX, 83, box, 1, (float[]){0, 0.8F, 0});
    decode(fake, LAYOUT_YOLOX, &limits, &boxes);
    assert_int_equal(boxes.count, 2);
    assert_box(&boxes.items[0], 16, 0, 32, 32, 0.9F, 0);
    assert_box(&boxes.items[1], 32, 16, 64, 64, 0.8F, 1);
    boxes_finish(&boxes);
    free(fake);
}

static void test_clipped_to_the_picture(void **state)
{
    struct fake *fake = fake_create(LAYOUT_YOLOV8);
    struct boxes boxes = {0};
    (void)state;
    fake_row(fake, LAYOUT_YOLOV8, 0, (float[]){0, 8, 20, 20}, 1, (float[]){0.9F, 0, 0});
    fake_row(fake, LAYOUT_YOLOV8, 1, (float[]){60, 52, 500, 500}, 1, (float[]){0, 0.8F, 0});
    fake_row(fake, LAYOUT_YOLOV8, 2, (float[]){32, 4, 4, 4}, 1, (float[]){0, 0, 0.7F});
    decode(fake, LAYOUT_YOLOV8, &limits, &boxes);
    assert_int_equal(boxes.count, 2); /* the third lies in the padding alone */
    assert_box(&boxes.items[0], 0, 0, 20, 20, 0.9F, 0);
    assert_box(&boxes.items[1], 0, 0, 128, 96, 0.8F, 1);
    boxes_finish(&boxes);
    free(fake);
}

/* Whatever a broken network says, there is no box that is not one. */
static void test_nonsense_is_no_box(void **state)
{
    const float nonsense[] = {NAN, INFINITY, -INFINITY, 1e38F, -1e38F, 0};
    (void)state;
    for (enum layout_kind kind = 0; kind < LAYOUT_KINDS; kind++) {
        struct fake *fake = fake_create(kind);
        struct boxes boxes = {0};
        size_t values = sizeof fake->data / sizeof fake->data[0];
        srand(1);
        for (int round = 0; round < 200; round++) {
            for (size_t i = 0; i < values; i++) {
                fake->data[i] = rand() % 2 ? nonsense[rand() % 6] : (float)(rand() % 100) / 50;
            }
            decode(fake, kind, &limits, &boxes);
            for (size_t i = 0; i < boxes.count; i++) {
                const struct box *box = &boxes.items[i];
                assert_true(box->x >= 0 && box->y >= 0 && box->width > 0 && box->height > 0);
                assert_true(box->x + box->width <= 128.01F && box->y + box->height <= 96.01F);
                assert_true(box->confidence >= 0.25F && box->confidence <= 1);
                assert_true(box->class_id >= 0 && box->class_id < CLASSES);
            }
        }
        boxes_finish(&boxes);
        free(fake);
    }
}

static void test_other_shape_than_recognised(void **state)
{
    struct fake *fake = fake_create(LAYOUT_YOLOV5);
    struct boxes boxes = {0};
    (void)state;
    fake_row(fake, LAYOUT_YOLOV5, 0, (float[]){20, 28, 16, 8}, 1, (float[]){1, 0, 0});
    fake->output.shape[2] = 4000; /* would be read far beyond its end */
    decode(fake, LAYOUT_YOLOV5, &limits, &boxes);
    assert_int_equal(boxes.count, 0);
    free(fake);
}

static void test_classes_that_are_not_wanted(void **state)
{
    const bool wanted[CLASSES] = {false, true, false};
    struct boxes_limits only = limits;
    (void)state;
    only.wanted = wanted;
    for (enum layout_kind kind = 0; kind < LAYOUT_KINDS; kind++) {
        struct fake *fake = fake_create(kind);
        struct boxes boxes = {0};
        const float box[4] = {0.4F, 0.5F, 0.3F, 0.2F};
        fake_row(fake, kind, 30, box, 1, (float[]){0.9F, 0.5F, 0.1F});
        fake_row(fake, kind, 40, box, 1, (float[]){0.5F, 0.9F, 0.1F});
        only.confidence = 0.3F;
        decode(fake, kind, &only, &boxes);
        for (size_t i = 0; i < boxes.count; i++) {
            assert_int_equal(boxes.items[i].class_id, 1);
        }
        boxes_finish(&boxes);
        free(fake);
    }
}

static void test_overlap(void **state)
{
    const struct box a = {0, 0, 10, 10, 1, 0}, right = {5, 0, 10, 10, 1, 0};
    const struct box beside = {10, 0, 10, 10, 1, 0};
    (void)state;
    assert_float_equal(boxes_overlap(&a, &a), 1, 1e-6);
    assert_float_equal(boxes_overlap(&a, &right), 50.0 / 150, 1e-6);
    assert_float_equal(boxes_overlap(&right, &a), 50.0 / 150, 1e-6);
    assert_float_equal(boxes_overlap(&a, &beside), 0, 1e-6);
}

/* The squares of such sides are 0 in float. Not assert_float_equal(): to it
 * NaN equals everything. */
static void test_overlap_of_tiny_boxes(void **state)
{
    const struct box a = {0, 0, 1e-30F, 1e-30F, 1, 0}, twice = {0, 0, 2e-30F, 1e-30F, 1, 0};
    (void)state;
    assert_true(fabsf(boxes_overlap(&a, &a) - 1) < 1e-6F);
    assert_true(fabsf(boxes_overlap(&a, &twice) - 0.5F) < 1e-6F);
}

static void test_suppression_is_per_class(void **state)
{
    const struct box items[] = {
        {0, 0, 10, 10, 0.5F, 0},  {1, 0, 10, 10, 0.9F, 0}, {0, 1, 10, 10, 0.7F, 1},
        {40, 0, 10, 10, 0.3F, 0}, {5, 0, 10, 10, 0.6F, 0},
    };
    struct boxes boxes = {0};
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        boxes_append(&boxes, &items[i]);
    }
    boxes_suppress(&boxes, 0.45F, 100);
    /* 0.5 hides behind 0.9; 0.6 overlaps 0.9 by 60/140, which is less than 0.45. */
    assert_int_equal(boxes.count, 4);
    const float kept[] = {0.9F, 0.7F, 0.6F, 0.3F};
    for (size_t i = 0; i < boxes.count; i++) {
        assert_float_equal(boxes.items[i].confidence, kept[i], 1e-6);
    }
    boxes_finish(&boxes);
}

static void test_no_more_than_wanted(void **state)
{
    struct boxes boxes = {0};
    (void)state;
    for (int i = 0; i < 20000; i++) {
        int row = i / 200;
        boxes_append(&boxes, &(struct box){(float)(i % 200) * 20, (float)row * 20, 10, 10,
                                           (float)(i % 1000) / 1000, 0});
    }
    boxes_suppress(&boxes, 0.45F, 300);
    assert_int_equal(boxes.count, 300);
    for (size_t i = 1; i < boxes.count; i++) {
        assert_true(boxes.items[i - 1].confidence >= boxes.items[i].confidence);
    }
    boxes_suppress(&boxes, 0.45F, 0);
    assert_int_equal(boxes.count, 0);
    boxes_finish(&boxes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_layout_says_the_same),
        cmocka_unit_test(test_yolox_grids_follow_each_other),
        cmocka_unit_test(test_clipped_to_the_picture),
        cmocka_unit_test(test_nonsense_is_no_box),
        cmocka_unit_test(test_other_shape_than_recognised),
        cmocka_unit_test(test_classes_that_are_not_wanted),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_overlap_of_tiny_boxes),
        cmocka_unit_test(test_suppression_is_per_class),
        cmocka_unit_test(test_no_more_than_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
