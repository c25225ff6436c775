#include "detector/preprocess.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Sets up an input of `width` x `height` for one layout. */
static struct preprocess start(enum layout_kind kind, int width, int height)
{
    struct preprocess preprocess;
    struct layout layout = {
        .kind = kind, .classes = 80, .input_width = width, .input_height = height};
    preprocess_init(&preprocess, &layout);
    return preprocess;
}

/* BT.601 over the full range. */
static void paint(struct picture *picture, int width, int height, uint8_t red, uint8_t green,
                  uint8_t blue)
{
    double luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    picture_resize(picture, width, height);
    memset(picture->memory, (int)lround(luma), picture->capacity);
    memset(picture->planes[PLANE_BLUE], (int)lround(128 + (blue - luma) / 1.772),
           (size_t)picture->strides[PLANE_BLUE] * (size_t)picture_cells(height, 2));
    memset(picture->planes[PLANE_RED], (int)lround(128 + (red - luma) / 1.402),
           (size_t)picture->strides[PLANE_RED] * (size_t)picture_cells(height, 2));
}

static void run_whole(struct preprocess *preprocess, const struct picture *picture)
{
    const struct window whole = {0, 0, picture->width, picture->height};
    preprocess_run_window(preprocess, picture, &whole);
}

static float input_at(const struct preprocess *preprocess, int plane, int x, int y)
{
    return preprocess->input[((size_t)plane * (size_t)preprocess->input_height + (size_t)y) *
                                 (size_t)preprocess->input_width +
                             (size_t)x];
}

/* Colours went through planes of whole numbers. */
static void assert_near(float value, float expected, float range)
{
    assert_float_equal(value, expected, 1.5F / 255 * range);
}

static void assert_pixel(const struct preprocess *preprocess, int x, int y, float first,
                         float second, float third)
{
    float range = preprocess->kind == LAYOUT_YOLOX ? 255 : 1;
    assert_near(input_at(preprocess, 0, x, y), first, range);
    assert_near(input_at(preprocess, 1, x, y), second, range);
    assert_near(input_at(preprocess, 2, x, y), third, range);
}

static void test_centred_letterbox(void **state)
{
    struct preprocess preprocess = start(LAYOUT_YOLOV5, 64, 64);
    struct picture picture = {0};
    const float grey = 114.0F / 255;
    (void)state;
    paint(&picture, 128, 64, 255, 51, 0);
    run_whole(&preprocess, &picture);
    assert_float_equal(preprocess.placement.scale_x, 0.5, 1e-6);
    assert_float_equal(preprocess.placement.scale_y, 0.5, 1e-6);
    assert_float_equal(preprocess.placement.offset_x, 0, 1e-6);
    assert_float_equal(preprocess.placement.offset_y, 16, 1e-6);
    assert_pixel(&preprocess, 0, 15, grey, grey, grey);
    assert_pixel(&preprocess, 0, 16, 1, 0.2F, 0);
    assert_pixel(&preprocess, 63, 47, 1, 0.2F, 0);
    assert_pixel(&preprocess, 63, 48, grey, grey, grey);
    picture_finish(&picture);
    preprocess_finish(&preprocess);
}

static void test_corner_letterbox_in_bgr(void **state)
{
    struct preprocess preprocess = start(LAYOUT_YOLOX, 64, 64);
    struct picture picture = {0};
    (void)state;
    paint(&picture, 32, 64, 200, 100, 50);
    run_whole(&preprocess, &picture);
    assert_float_equal(preprocess.placement.scale_x, 1, 1e-6);
    assert_float_equal(preprocess.placement.offset_x, 0, 1e-6);
    assert_pixel(&preprocess, 0, 0, 50, 100, 200);
    assert_pixel(&preprocess, 31, 63, 50, 100, 200);
    assert_pixel(&preprocess, 32, 0, 114, 114, 114);
    picture_finish(&picture);
    preprocess_finish(&preprocess);
}

static void test_stretched(void **state)
{
    struct preprocess preprocess = start(LAYOUT_DARKNET, 32, 64);
    struct picture picture = {0};
    (void)state;
    paint(&picture, 128, 32, 0, 255, 51);
    run_whole(&preprocess, &picture);
    assert_float_equal(preprocess.placement.scale_x, 0.25, 1e-6);
    assert_float_equal(preprocess.placement.scale_y, 2, 1e-6);
    assert_pixel(&preprocess, 0, 0, 0, 1, 0.2F);
    assert_pixel(&preprocess, 31, 63, 0, 1, 0.2F);
    picture_finish(&picture);
    preprocess_finish(&preprocess);
}

/* Pixel centres lie at .5: doubling the size gives quarter steps, and the
 * edges keep their value. */
static void test_interpolation(void **state)
{
    struct preprocess preprocess = start(LAYOUT_YOLOX, 8, 8);
    struct picture picture = {0};
    const float expected[8] = {0, 25, 75, 100, 100, 100, 100, 100};
    (void)state;
    paint(&picture, 4, 4, 100, 100, 100);
    for (int y = 0; y < 4; y++) {
        picture.planes[PLANE_LUMA][y * picture.strides[PLANE_LUMA]] = 0;
    }
    run_whole(&preprocess, &picture);
    for (int x = 0; x < 8; x++) {
        for (int y = 0; y < 8; y++) {
            assert_pixel(&preprocess, x, y, expected[x], expected[x], expected[x]);
        }
    }
    picture_finish(&picture);
    preprocess_finish(&preprocess);
}

/* A camera may change its size; nothing of the earlier picture may stay. */
static void test_sizes_follow_each_other(void **state)
{
    static const int sizes[][2] = {{640, 480}, {1, 1}, {1, 2000}, {3000, 2}, {64, 64}, {37, 91}};
    struct preprocess preprocess = start(LAYOUT_YOLOV8, 64, 48);
    struct picture picture = {0};
    const float grey = 114.0F / 255;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t red = (uint8_t)(10 + i);
        paint(&picture, sizes[i][0], sizes[i][1], red, red, red);
        run_whole(&preprocess, &picture);
        for (int y = 0; y < 48; y++) {
            for (int x = 0; x < 64; x++) {
                float value = input_at(&preprocess, 0, x, y);
                if (fabsf(value - grey) > 1e-4F) {
                    assert_float_equal(value, red / 255.0F, 1e-4);
                }
            }
        }
        assert_float_equal(input_at(&preprocess, 2, (int)preprocess.placement.offset_x,
                                    (int)preprocess.placement.offset_y),
                           red / 255.0F, 1e-4);
    }
    picture_finish(&picture);
    preprocess_finish(&preprocess);
}

/* The input is as many times smaller than the picture; any whole number of
 * pixels makes one of it. */
static void test_of_several_pixels_one(void **state)
{
    struct picture picture = {0};
    (void)state;
    for (int times = 1; times <= 4; times++) {
        struct preprocess preprocess = start(LAYOUT_YOLOV5, 48, 32);
        paint(&picture, 48 * times, 32 * times, 128, 128, 128);
        for (int i = 0; i < 48 * times * 32 * times; i++) {
            picture.planes[PLANE_LUMA][i] = (uint8_t)(i * 89 % 251);
        }
        run_whole(&preprocess, &picture);
        int first = (times - 1) / 2, last = times / 2; /* of the pixels around the middle */
        for (int y = 0; y < 32; y++) {
            for (int x = 0; x < 48; x++) {
                const uint8_t *upper = picture.planes[PLANE_LUMA] +
                                       (y * times + first) * picture.strides[PLANE_LUMA] +
                                       x * times;
                const uint8_t *lower = upper + (last - first) * picture.strides[PLANE_LUMA];
                int sum = upper[first] + upper[last] + lower[first] + lower[last];
                assert_near(input_at(&preprocess, 0, x, y), (float)sum / (4 * 255), 1);
            }
        }
        preprocess_finish(&preprocess);
    }
    picture_finish(&picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_centred_letterbox),
        cmocka_unit_test(test_corner_letterbox_in_bgr),
        cmocka_unit_test(test_stretched),
        cmocka_unit_test(test_interpolation),
        cmocka_unit_test(test_sizes_follow_each_other),
        cmocka_unit_test(test_of_several_pixels_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
