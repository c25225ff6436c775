#include "common/polygon.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/config_polygons.h"

static const struct config_point square[] = {{1, 1}, {3, 1}, {3, 3}, {1, 3}};
static const struct config_point diamond[] = {{2, 0}, {4, 2}, {2, 4}, {0, 2}};
/* A U: two towers on a floor. */
static const struct config_point u[] = {{0, 0}, {1, 0}, {1, 2}, {2, 2},
                                        {2, 0}, {3, 0}, {3, 3}, {0, 3}};

static void assert_area(const struct config_point *corners, size_t count,
                        struct rectangle rectangle, double expected)
{
    double area = polygon_area_within(corners, count, &rectangle);
    if (fabs(area - expected) > 1e-12) {
        fail_msg("%.15g is not %.15g", area, expected);
    }
}

static void test_areas(void **state)
{
    (void)state;
    assert_true(polygon_area(square, 4) == 4 && polygon_area(diamond, 4) == 8);
    assert_true(polygon_area(u, 8) == 7);
    assert_area(square, 4, (struct rectangle){0, 0, 10, 10}, 4);
    assert_area(square, 4, (struct rectangle){2, 2, 10, 10}, 1);
    assert_area(square, 4, (struct rectangle){1.5, 0, 2, 10}, 1);
    assert_area(square, 4, (struct rectangle){3, 0, 5, 5}, 0);
    assert_area(square, 4, (struct rectangle){5, 5, 6, 6}, 0);
    assert_area(diamond, 4, (struct rectangle){0, 0, 2, 2}, 2);
    assert_area(diamond, 4, (struct rectangle){1, 1, 3, 3}, 4);
    assert_area(u, 8, (struct rectangle){0, 0, 3, 1}, 2); /* falls into two pieces */
    assert_area(u, 8, (struct rectangle){1, 0, 2, 2}, 0);
}

/* Any polygon, any rectangle: what is left and right of a line is the whole. */
static void test_parts_are_the_whole(void **state)
{
    (void)state;
    srand(5);
    for (int round = 0; round < 2000; round++) {
        struct config_point corners[POLYGON_CORNERS_MAX];
        size_t count = 3 + (size_t)rand() % (POLYGON_CORNERS_MAX - 2);
        for (size_t i = 0; i < count; i++) { /* a star around the middle, so no edges cross */
            double angle = 6.283185307 * (double)i / (double)count;
            double radius = 0.05 + 0.45 * rand() / RAND_MAX;
            corners[i] =
                (struct config_point){0.5 + radius * cos(angle), 0.5 + radius * sin(angle)};
        }
        double x = (double)rand() / RAND_MAX, y = (double)rand() / RAND_MAX, sum = 0;
        const struct rectangle parts[] = {{0, 0, x, y}, {x, 0, 1, y}, {0, y, x, 1}, {x, y, 1, 1}};
        for (size_t i = 0; i < 4; i++) {
            sum += polygon_area_within(corners, count, &parts[i]);
        }
        assert_true(fabs(sum - polygon_area(corners, count)) < 1e-9);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    struct rectangle bounds = polygon_bounds(diamond, 4);
    assert_true(bounds.left == 0 && bounds.top == 0 && bounds.right == 4 && bounds.bottom == 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_areas),
        cmocka_unit_test(test_parts_are_the_whole),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
