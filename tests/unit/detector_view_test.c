#include "detector/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH  1280
#define HEIGHT 720

/* Tiles cover the region, are all of one size, lie in it, and share what they are told to. */
static void test_tiles_cover(void **state)
{
    static const struct {
        struct config_tiles tiles;
        double overlap;
        int width, height;
    } samples[] = {{{2, 2}, 0.2, 1280, 720}, {{3, 1}, 0, 641, 7}, {{8, 8}, 0.5, 97, 61},
                   {{8, 8}, 0.2, 3, 2},      {{1, 4}, 0.3, 1, 1}, {{1, 1}, 0.2, 640, 352}};
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        static bool seen[WIDTH * HEIGHT];
        struct config_camera config = {.tiles = samples[i].tiles,
                                       .tile_overlap = samples[i].overlap};
        struct view *view = view_create(&config);
        struct window windows[VIEW_WINDOWS_MAX], region;
        int width = samples[i].width, height = samples[i].height;
        size_t count = view_windows(view, width, height, windows, &region);
        memset(seen, 0, sizeof seen);
        assert_int_equal(count, samples[i].tiles.columns * samples[i].tiles.rows);
        for (size_t k = 0; k < count; k++) {
            struct window *window = &windows[k];
            assert_true(window->left >= 0 && window->top >= 0 && window->width > 0);
            assert_true(window->left + window->width <= width);
            assert_true(window->top + window->height <= height);
            assert_true(window->width == windows[0].width && window->height == windows[0].height);
            for (int y = window->top; y < window->top + window->height; y++) {
                memset(seen + (size_t)y * WIDTH + window->left, true, (size_t)window->width);
            }
        }
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                assert_true(seen[y * WIDTH + x]);
            }
        }
        view_release(view);
    }
}

static void test_overlap_and_whole(void **state)
{
    struct config_camera config = {.tiles = {2, 1}, .tile_overlap = 0.25, .tile_whole = true};
    struct view *view = view_create(&config);
    struct window windows[VIEW_WINDOWS_MAX], region;
    (void)state;
    assert_int_equal(view_windows(view, 700, 100, windows, &region), 3);
    assert_int_equal(windows[0].width, 400); /* 400 + 400 - a quarter of 400 */
    assert_int_equal(windows[1].left, 300);
    assert_memory_equal(&windows[2], &region, sizeof region);
    assert_int_equal(region.width, 700);
    view_release(view);
}

static void test_region(void **state)
{
    struct config_point corners[] = {{0.25, 0.5}, {0.75, 0.5}, {0.5, 1}};
    struct config_camera config = {.region = {corners, 3}}; /* tiles: not said */
    struct view *view = view_create(&config);
    struct window windows[VIEW_WINDOWS_MAX], region;
    struct box items[] = {
        {.x = 600, .y = 500, .width = 80, .height = 80}, /* within */
        {.x = 320, .y = 600, .width = 80, .height = 80}, /* in the rectangle, beside the triangle */
        {.x = 600, .y = 100, .width = 80, .height = 80},
        {.x = 560, .y = 340, .width = 160, .height = 100}, /* reaches out of it */
    };
    struct boxes boxes = {.items = items, .count = 4};
    (void)state;
    assert_int_equal(view_windows(view, WIDTH, HEIGHT, windows, &region), 1);
    assert_true(windows[0].left == 320 && windows[0].width == 640);
    assert_true(windows[0].top == 360 && windows[0].height == 360);
    assert_true(view_filters(view));
    view_filter(view, WIDTH, HEIGHT, &boxes);
    assert_int_equal(boxes.count, 2);
    assert_true(items[0].y == 500 && items[1].y == 340);
    view_release(view);
}

static void test_ignored(void **state)
{
    struct config_point left[] = {{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}};
    struct config_point corner[] = {{1, 1}, {0.9, 1}, {1, 0.9}};
    struct config_polygon polygons[] = {{left, 4}, {corner, 3}};
    struct config_camera config = {.ignore = {polygons, 2}};
    struct view *view = view_create(&config);
    struct box items[] = {
        {.x = 10, .y = 10, .width = 50, .height = 50},   /* inside */
        {.x = 590, .y = 10, .width = 100, .height = 50}, /* exactly half of it */
        {.x = 591, .y = 20, .width = 100, .height = 50}, /* less */
        {.x = 1270, .y = 710, .width = 10, .height = 10},
        {.x = 1100, .y = 500, .width = 180, .height = 220}, /* has the corner in it */
    };
    struct boxes boxes = {.items = items, .count = 5};
    (void)state;
    view_filter(view, WIDTH, HEIGHT, &boxes);
    assert_int_equal(boxes.count, 2);
    assert_true(items[0].y == 20 && items[1].y == 500);
    view_release(view);
}

static void test_references(void **state)
{
    struct config_camera config = {0};
    struct view *view = view_create(&config);
    (void)state;
    assert_false(view_filters(view));
    assert_ptr_equal(view_acquire(view), view);
    view_release(view);
    assert_false(view_filters(view));
    view_release(view);
    view_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiles_cover), cmocka_unit_test(test_overlap_and_whole),
        cmocka_unit_test(test_region),      cmocka_unit_test(test_ignored),
        cmocka_unit_test(test_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
