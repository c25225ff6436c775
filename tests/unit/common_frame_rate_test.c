/* Pictures per second. */
#include "common/frame_rate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/clock.h"

#define MS(ms) ((uint64_t)(ms)*NS_PER_MS)

static uint64_t add_many(struct frame_rate *rate, uint64_t now, uint64_t period, int count)
{
    for (int i = 0; i < count; i++) {
        frame_rate_add(rate, now += period);
    }
    return now;
}

static void assert_rate(const struct frame_rate *rate, uint64_t now, double expected)
{
    double measured = frame_rate_per_second(rate, now);
    if (fabs(measured - expected) > 0.01 * expected + 1e-9) {
        fail_msg("%f pictures per second instead of %f", measured, expected);
    }
}

static void steady_rates(void **state)
{
    (void)state;
    static const struct {
        uint64_t period;
        double expected;
    } rates[] = {{MS(1), 1000}, {MS(8), 125}, {MS(40), 25}, {MS(1000), 1}, {MS(2500), 0.4}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct frame_rate rate = {.count = 0};
        uint64_t now = add_many(&rate, MS(1000), rates[i].period, 500);
        assert_rate(&rate, now, rates[i].expected);
        /* A picture that is not due yet is not missing. */
        assert_rate(&rate, now + rates[i].period * 9 / 10, rates[i].expected);
    }
}

static void few_pictures(void **state)
{
    (void)state;
    struct frame_rate rate = {.count = 0};
    assert_rate(&rate, MS(1000), 0);
    frame_rate_add(&rate, MS(1000));
    assert_rate(&rate, MS(1000), 0.2);
    frame_rate_add(&rate, MS(1100));
    assert_rate(&rate, MS(1100), 10);
}

static void silence_counts_down_to_nothing(void **state)
{
    (void)state;
    struct frame_rate rate = {.count = 0};
    uint64_t now = add_many(&rate, MS(1000), MS(100), 100);
    double before = 10;
    for (uint64_t silent = 500; silent < 5000; silent += 500) {
        double measured = frame_rate_per_second(&rate, now + MS(silent));
        assert_true(measured < before);
        before = measured;
    }
    assert_rate(&rate, now + MS(5001), 0);
}

static void a_changed_rate_is_followed(void **state)
{
    (void)state;
    struct frame_rate rate = {.count = 0};
    uint64_t now = add_many(&rate, MS(1000), MS(40), 500);
    now = add_many(&rate, now, MS(500), 12);
    assert_rate(&rate, now, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steady_rates),
        cmocka_unit_test(few_pictures),
        cmocka_unit_test(silence_counts_down_to_nothing),
        cmocka_unit_test(a_changed_rate_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
