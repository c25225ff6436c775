/* The ways that cars drive. */
#include "tests/camsim/scene_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct scene_path path;

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%f instead of %f", value, expected);
    }
}

static void begin(double x, double y, double heading)
{
    struct scene_stance start = {{x, y}, heading};
    scene_path_begin(&path, start);
}

static void turns_end_where_they_should(void **state)
{
    (void)state;
    static const struct {
        double from, to;
        bool reverse;
        double x, y; /* with a radius of 5, from the origin */
    } turns[] = {
        {0, SCENE_PI / 2, false, 5, 5},  {0, -SCENE_PI / 2, false, 5, -5},
        {0, SCENE_PI / 2, true, -5, -5}, {SCENE_PI / 2, SCENE_PI, false, -5, 5},
        {-SCENE_PI / 2, 0, true, -5, 5}, {SCENE_PI, -SCENE_PI / 2, false, -5, -5},
    };
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        begin(0, 0, turns[i].from);
        scene_path_turn(&path, turns[i].to, 5, 2, turns[i].reverse);
        assert_near(path.pen.place.x, turns[i].x, 0.02);
        assert_near(path.pen.place.y, turns[i].y, 0.02);
        assert_near(scene_cosine(path.pen.heading - turns[i].to), 1, 1e-9);
    }
}

static void slows_down_in_time(void **state)
{
    (void)state;
    begin(0, 0, 0);
    scene_path_straight(&path, 40, 9, false);
    scene_path_straight(&path, 5, 2, true);
    scene_path_finish(&path, true);
    assert_near(scene_path_length(&path), 45, 0.1);
    assert_near((double)scene_path_at(&path, 10).speed, 9, 0.01);
    assert_true(scene_path_at(&path, 39.5).speed < 1.5F);
    assert_true(scene_path_at(&path, 42).reverse);
    assert_near((double)scene_path_at(&path, 45).speed, 0, 1e-6);
    for (int i = 0; i + 1 < path.count; i++) { /* never harder than it says */
        double from = (double)path.poses[i].speed, to = (double)path.poses[i + 1].speed;
        assert_true(from * from - to * to <= 2 * 1.7 * SCENE_PATH_STEP ||
                    path.poses[i].reverse != path.poses[i + 1].reverse);
    }
}

static void poses_between_and_beyond(void **state)
{
    (void)state;
    begin(1, 2, 0);
    scene_path_straight(&path, 10, 3, false);
    scene_path_finish(&path, false);
    assert_near((double)scene_path_at(&path, 4.5).x, 5.5, 1e-4);
    assert_near((double)scene_path_at(&path, -3).x, 1, 1e-4);
    assert_near((double)scene_path_at(&path, 99).x, 11, 1e-4);
}

static void a_way_too_long_ends(void **state)
{
    (void)state;
    begin(0, 0, 0);
    scene_path_straight(&path, 1e4, 3, false);
    scene_path_finish(&path, true);
    assert_int_equal(path.count, SCENE_PATH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_end_where_they_should),
        cmocka_unit_test(slows_down_in_time),
        cmocka_unit_test(poses_between_and_beyond),
        cmocka_unit_test(a_way_too_long_ends),
    };
    return cmocka_run_group_tests_name("camsim_scene_path", tests, NULL, NULL);
}
