#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void test_iso8601(void **state)
{
    static const struct {
        uint64_t realtime_ns;
        const char *text;
    } samples[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {999, "1970-01-01T00:00:00.000000Z"},
        {1000, "1970-01-01T00:00:00.000001Z"},
        {UINT64_C(1767789045123456789), "2026-01-07T12:30:45.123456Z"},
        {UINT64_C(951782399999999999), "2000-02-28T23:59:59.999999Z"},
        {UINT64_C(951782400000000000), "2000-02-29T00:00:00.000000Z"},
        {UINT64_MAX, "2554-07-21T23:34:33.709551Z"},
    };
    (void)state;
    /* The zone of the machine has no say. */
    setenv("TZ", "Asia/Kathmandu", 1);
    tzset();
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char text[CLOCK_ISO8601_SIZE];
        clock_iso8601(samples[i].realtime_ns, text);
        assert_string_equal(text, samples[i].text);
    }
    unsetenv("TZ");
    tzset();
}

static void test_monotonic_never_goes_back(void **state)
{
    (void)state;
    uint64_t last = clock_monotonic_ns();
    for (int i = 0; i < 10000; i++) {
        uint64_t now = clock_monotonic_ns();
        assert_true(now >= last);
        last = now;
    }
}

static void test_realtime_is_the_wall_clock(void **state)
{
    (void)state;
    uint64_t seconds = clock_realtime_ns() / NS_PER_SECOND;
    uint64_t reference = (uint64_t)time(NULL);
    assert_true(reference - seconds <= 1);
}

/* The difference of two unsigned moments, either way round. */
static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static void test_monotonic_moments_on_the_wall_clock(void **state)
{
    static const uint64_t ages[] = {0, 1, NS_PER_SECOND, 3600 * NS_PER_SECOND};
    (void)state;
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        uint64_t monotonic = clock_monotonic_ns(), realtime = clock_realtime_ns();
        uint64_t past = clock_to_realtime_ns(monotonic - ages[i]);
        uint64_t future = clock_to_realtime_ns(monotonic + ages[i]);
        /* Generous: the test may be put aside between the readings. */
        assert_true(distance(past, realtime - ages[i]) < NS_PER_SECOND);
        assert_true(distance(future, realtime + ages[i]) < NS_PER_SECOND);
        assert_true(future - past >= 2 * ages[i] - NS_PER_SECOND || ages[i] < NS_PER_SECOND);
    }
}

static void test_timeval(void **state)
{
    static const struct {
        uint64_t duration_ns;
        long seconds, microseconds;
    } samples[] = {
        {0, 0, 0},
        {999, 0, 0},
        {NS_PER_US, 0, 1},
        {NS_PER_SECOND - 1, 0, 999999},
        {NS_PER_SECOND, 1, 0},
        {90 * NS_PER_SECOND + 250 * NS_PER_MS, 90, 250000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct timeval wait = clock_timeval(samples[i].duration_ns);
        assert_int_equal(wait.tv_sec, samples[i].seconds);
        assert_int_equal(wait.tv_usec, samples[i].microseconds);
    }
}

static void test_elapsed(void **state)
{
    (void)state;
    assert_int_equal(clock_elapsed_ns(5, 8), 3);
    assert_int_equal(clock_elapsed_ns(8, 8), 0);
    assert_int_equal(clock_elapsed_ns(8, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iso8601),
        cmocka_unit_test(test_monotonic_never_goes_back),
        cmocka_unit_test(test_realtime_is_the_wall_clock),
        cmocka_unit_test(test_monotonic_moments_on_the_wall_clock),
        cmocka_unit_test(test_timeval),
        cmocka_unit_test(test_elapsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
