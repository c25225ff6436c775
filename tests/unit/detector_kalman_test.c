#include "detector/kalman.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct kalman_box start = {.x = 300, .y = 200, .aspect = 1.5, .height = 80};

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance)) {
        fail_msg("%.12g is not %.12g", a, b);
    }
}

/* The reference's own form for one coordinate: matrices, one step at a time. */
struct reference {
    double x[2], p[2][2];
};

static void reference_predict(struct reference *filter, double noise, double rate_noise)
{
    double(*p)[2] = filter->p;
    filter->x[0] += filter->x[1];
    p[0][0] += p[0][1] + p[1][0] + p[1][1] + noise * noise;
    p[0][1] += p[1][1];
    p[1][0] += p[1][1];
    p[1][1] += rate_noise * rate_noise;
}

/* Whole steps at once are as many steps of the reference. */
static void test_steps_of_the_reference(void **state)
{
    (void)state;
    for (int steps = 1; steps <= 9; steps++) {
        struct kalman kalman;
        kalman_init(&kalman, &start);
        kalman.x.rate = 2.5;
        kalman.x.both = 0.7;
        struct reference reference = {{kalman.x.value, 2.5},
                                      {{kalman.x.variance, 0.7}, {0.7, kalman.x.rate_variance}}};
        kalman_predict(&kalman, steps, true);
        for (int i = 0; i < steps; i++) {
            reference_predict(&reference, start.height / 20, start.height / 160);
        }
        assert_near(kalman.x.value, reference.x[0], 1e-9);
        assert_near(kalman.x.variance, reference.p[0][0], 1e-9);
        assert_near(kalman.x.both, reference.p[0][1], 1e-9);
        assert_near(kalman.x.rate_variance, reference.p[1][1], 1e-9);
    }
}

/* However unevenly the frames come, what moves evenly is found where it is. */
static void test_uneven_time(void **state)
{
    static const double steps[] = {3, 1, 6, 2.5, 0.4, 9, 3, 4, 1, 3, 12, 2};
    struct kalman kalman;
    double time = 0;
    (void)state;
    kalman_init(&kalman, &start);
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            time += steps[i];
            struct kalman_box place = start;
            place.x += 4 * time;
            place.y -= 1.5 * time;
            kalman_predict(&kalman, steps[i], true);
            if (round == 3) {
                assert_near(kalman_box(&kalman).x, place.x, 1);
                assert_near(kalman_box(&kalman).y, place.y, 1);
            }
            kalman_update(&kalman, &place);
        }
    }
    assert_near(kalman.x.rate, 4, 0.05);
    assert_near(kalman.height.value, start.height, 1e-6);
}

static void test_two_halves_are_a_whole_for_the_place(void **state)
{
    struct kalman once, twice;
    (void)state;
    kalman_init(&once, &start);
    once.x.rate = 3;
    twice = once;
    kalman_predict(&once, 5, true);
    kalman_predict(&twice, 2.2, true);
    kalman_predict(&twice, 2.8, true);
    assert_near(once.x.value, twice.x.value, 1e-9);
}

/* Out of sight the height stays, and nothing ever becomes negative or infinite. */
static void test_stays_sane(void **state)
{
    struct kalman kalman;
    (void)state;
    kalman_init(&kalman, &start);
    kalman.height.rate = -5;
    kalman_predict(&kalman, 30, false);
    assert_near(kalman_box(&kalman).height, start.height, 1e-9);
    kalman.height.rate = -50;
    kalman_predict(&kalman, 3000, true);
    assert_true(kalman_box(&kalman).height > 0);
    kalman_update(&kalman, &start);
    assert_true(isfinite(kalman_box(&kalman).x) && isfinite(kalman_box(&kalman).height));
    assert_true(kalman_box(&kalman).aspect >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_of_the_reference),
        cmocka_unit_test(test_uneven_time),
        cmocka_unit_test(test_two_halves_are_a_whole_for_the_place),
        cmocka_unit_test(test_stays_sane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
