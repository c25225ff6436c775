#include "detector/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct model_output shape2(int a, int b)
{
    return (struct model_output){.dims = 2, .shape = {a, b}};
}

static struct model_output shape3(int a, int b, int c)
{
    return (struct model_output){.dims = 3, .shape = {a, b, c}};
}

static void test_known_networks(void **state)
{
    const struct {
        struct model_output output;
        int side;
        enum layout_kind kind;
        size_t classes;
    } samples[] = {
        {shape3(1, 25200, 85), 640, LAYOUT_YOLOV5, 80},
        {shape3(1, 6300, 85), 320, LAYOUT_YOLOV5, 80},
        {shape3(1, 25200, 6), 640, LAYOUT_YOLOV5, 1},
        {shape3(1, 84, 8400), 640, LAYOUT_YOLOV8, 80},
        {shape3(1, 84, 2100), 320, LAYOUT_YOLOV8, 80},
        {shape3(1, 5, 2100), 320, LAYOUT_YOLOV8, 1},
        {shape3(1, 1004, 525), 160, LAYOUT_YOLOV8, 1000}, /* more classes than cells */
        {shape3(1, 1575, 1605), 160, LAYOUT_YOLOV5, 1600},
        {shape3(1, 3549, 85), 416, LAYOUT_YOLOX, 80},
        {shape2(300, 85), 320, LAYOUT_DARKNET, 80},
        {shape2(1, 6), 320, LAYOUT_DARKNET, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct layout layout;
        char error[MODEL_ERROR_SIZE] = "";
        if (layout_recognise("auto", &samples[i].output, 1, samples[i].side, samples[i].side,
                             &layout, error) < 0) {
            fail_msg("sample %zu: %s", i, error);
        }
        assert_int_equal(layout.kind, samples[i].kind);
        assert_int_equal(layout.classes, samples[i].classes);
        assert_int_equal(layout.input_width, samples[i].side);
        assert_true(layout_matches(&layout, &samples[i].output, 1));
    }
}

static void test_sides_need_not_be_equal(void **state)
{
    struct layout layout;
    char error[MODEL_ERROR_SIZE];
    struct model_output output = shape3(1, 3 * (80 * 44 + 40 * 22 + 20 * 11), 85);
    (void)state;
    assert_int_equal(layout_recognise("auto", &output, 1, 640, 352, &layout, error), 0);
    assert_int_equal(layout.kind, LAYOUT_YOLOV5);
}

static void test_unknown_shapes_are_shown(void **state)
{
    const struct {
        const char *wanted;
        struct model_output output;
        const char *shown;
    } samples[] = {
        {"auto", shape3(1, 25201, 85), "1x25201x85"},
        {"auto", shape3(2, 25200, 85), "2x25200x85"},
        {"auto", shape3(1, 25200, 5), "1x25200x5"},
        {"auto", shape3(1, 4, 8400), "1x4x8400"},
        {"auto", shape3(1, 0, 0), "1x0x0"},
        {"auto", shape3(1, -1, 85), "1x-1x85"},
        {"auto", shape2(0, 85), "0x85"},
        {"auto", shape2(300, 5), "300x5"},
        {"auto", shape2(10, INT32_MAX), "10x2147483647"},
        {"yolox", shape3(1, 25200, 85), "1x25200x85"},
        {"darknet", shape3(1, 84, 8400), "1x84x8400"},
        {"yolov8", shape3(1, 25200, 85), "1x25200x85"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct layout layout;
        char error[MODEL_ERROR_SIZE] = "";
        int result =
            layout_recognise(samples[i].wanted, &samples[i].output, 1, 640, 640, &layout, error);
        if (result == 0 || strstr(error, samples[i].shown) == NULL) {
            fail_msg("sample %zu must be refused with %s, not \"%s\"", i, samples[i].shown, error);
        }
    }
}

static void test_name_settles_a_number_of_rows(void **state)
{
    struct layout layout;
    char error[MODEL_ERROR_SIZE];
    struct model_output four_grids = shape3(1, 25500, 85);
    (void)state;
    assert_int_equal(layout_recognise("auto", &four_grids, 1, 640, 640, &layout, error), -1);
    assert_int_equal(layout_recognise("yolov5", &four_grids, 1, 640, 640, &layout, error), 0);
    assert_int_equal(layout.kind, LAYOUT_YOLOV5);
}

static void test_several_outputs(void **state)
{
    struct layout layout;
    char error[MODEL_ERROR_SIZE] = "";
    struct model_output heads[] = {{.dims = 5, .shape = {1, 3, 80, 80, 85}},
                                   {.dims = 5, .shape = {1, 3, 40, 40, 85}},
                                   shape3(1, 25200, 85)};
    struct model_output darknet[] = {shape2(300, 85), shape2(1200, 85)};
    struct model_output unlike[] = {shape2(300, 85), shape2(1200, 25)};
    (void)state;
    assert_int_equal(layout_recognise("auto", heads, 3, 640, 640, &layout, error), 0);
    assert_int_equal(layout.output, 2);
    assert_int_equal(layout_recognise("auto", darknet, 2, 320, 320, &layout, error), 0);
    assert_true(layout_matches(&layout, darknet, 2));
    assert_false(layout_matches(&layout, unlike, 2));
    assert_int_equal(layout_recognise("auto", unlike, 2, 320, 320, &layout, error), -1);
    assert_int_equal(layout_recognise("auto", heads, 2, 640, 640, &layout, error), -1);
    assert_non_null(strstr(error, "1x3x80x80x85, 1x3x40x40x85"));
    assert_int_equal(layout_recognise("auto", NULL, 0, 640, 640, &layout, error), -1);
}

static void test_later_outputs_must_match(void **state)
{
    struct layout layout;
    char error[MODEL_ERROR_SIZE];
    struct model_output first = shape3(1, 25200, 85), other = shape3(1, 25200, 6);
    (void)state;
    assert_int_equal(layout_recognise("auto", &first, 1, 640, 640, &layout, error), 0);
    assert_false(layout_matches(&layout, &other, 1));
    assert_false(layout_matches(&layout, &first, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_networks),
        cmocka_unit_test(test_sides_need_not_be_equal),
        cmocka_unit_test(test_unknown_shapes_are_shown),
        cmocka_unit_test(test_name_settles_a_number_of_rows),
        cmocka_unit_test(test_several_outputs),
        cmocka_unit_test(test_later_outputs_must_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
