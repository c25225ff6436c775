#include "common/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"

#define START_NS (1000 * NS_PER_SECOND)

/* Plays `seconds` of a camera and counts the frames taken. Each frame comes up to `jitter` of a
 * frame's time too early or too late. */
static unsigned play(struct schedule *schedule, double camera_fps, double seconds, double jitter)
{
    unsigned taken = 0;
    double period_ns = (double)NS_PER_SECOND / camera_fps;
    srand(7);
    for (uint64_t number = 1; (double)number <= camera_fps * seconds; number++) {
        double off = jitter * ((double)rand() / RAND_MAX * 2 - 1);
        uint64_t now_ns = START_NS + (uint64_t)(period_ns * ((double)number + off));
        if (schedule_wants(schedule, number, now_ns)) {
            schedule_take(schedule, number, now_ns);
            taken++;
        }
    }
    return taken;
}

static void test_rates(void **state)
{
    static const struct {
        double camera_fps;
        uint64_t skip;
        double rate;
        double jitter;   /* parts of a frame's time */
        double expected; /* frames per second */
    } samples[] = {
        {30, 2, 10, 0, 10},    {30, 2, 10, 0.45, 10},   {30, 1, 10, 0, 10},
        {30, 1, 10, 0.45, 10}, {30, 1, 30, 0.45, 30},   {30, 3, 30, 0, 10},
        {30, 3, 0, 0, 10},     {30, 1, 0, 0.45, 30},    {30, 1, 60, 0, 30},
        {10, 1, 10, 0.45, 10}, {10.5, 1, 10, 0.3, 10},  {25, 1, 7, 0.45, 7},
        {24, 2, 10, 0.2, 10},  {30, 1, 0.5, 0.45, 0.5}, {60, 4, 60, 0, 15},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct schedule schedule = {0};
        schedule_set(&schedule, samples[i].skip, samples[i].rate);
        unsigned taken = play(&schedule, samples[i].camera_fps, 100, samples[i].jitter);
        if (abs((int)taken - (int)(samples[i].expected * 100)) > 2) {
            fail_msg("sample %zu: %u frames in 100 s, not %.0f", i, taken,
                     samples[i].expected * 100);
        }
    }
}

static void test_one_frame_of_each_group(void **state)
{
    struct schedule schedule = {0};
    (void)state;
    schedule_set(&schedule, 4, 0);
    schedule_take(&schedule, 5, START_NS);
    assert_false(schedule_wants(&schedule, 6, START_NS + 1));
    assert_false(schedule_wants(&schedule, 7, START_NS + 1));
    assert_true(schedule_wants(&schedule, 8, START_NS + 1));
    assert_true(schedule_wants(&schedule, 11, START_NS + 1)); /* a busy worker came late */
}

/* After a pause frames come as they are wanted, not in a row. */
static void test_a_pause_is_not_made_up_for(void **state)
{
    static const uint64_t pauses_ms[] = {1200, 5000, 60000};
    (void)state;
    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        struct schedule schedule = {0};
        uint64_t last_ns = 0, least_ns = UINT64_MAX;
        unsigned taken = 0;
        schedule_set(&schedule, 1, 10);
        schedule_take(&schedule, 1, START_NS);
        for (uint64_t frame = 0; frame < 30; frame++) {
            uint64_t now_ns = START_NS + pauses_ms[i] * NS_PER_MS + frame * NS_PER_SECOND / 30;
            if (schedule_wants(&schedule, 2 + frame, now_ns)) {
                schedule_take(&schedule, 2 + frame, now_ns);
                taken++;
                least_ns = last_ns > 0 && now_ns - last_ns < least_ns ? now_ns - last_ns : least_ns;
                last_ns = now_ns;
            }
        }
        assert_in_range(taken, 10, 11);
        assert_in_range(least_ns, 50 * NS_PER_MS, 100 * NS_PER_MS);
    }
}

/* Frames of a camera that then is a little early and a little late are all taken. */
static void test_none_is_lost_after_a_pause(void **state)
{
    struct schedule schedule = {0};
    (void)state;
    schedule_set(&schedule, 1, 10);
    schedule_take(&schedule, 1, START_NS);
    for (uint64_t frame = 0; frame < 10; frame++) {
        uint64_t early_ms = frame % 2 == 0 ? 0 : 10;
        uint64_t now_ns = START_NS + (5000 + 100 * frame - early_ms) * NS_PER_MS;
        assert_true(schedule_wants(&schedule, 2 + frame, now_ns));
        schedule_take(&schedule, 2 + frame, now_ns);
    }
}

/* A hiccup is made up for, by no more than the frame of one interval. */
static void test_a_hiccup_is_made_up_for(void **state)
{
    struct schedule schedule = {0};
    unsigned taken = 0;
    (void)state;
    schedule_set(&schedule, 1, 0.5);
    schedule_take(&schedule, 1, START_NS);
    schedule_take(&schedule, 2, START_NS + 3200 * NS_PER_MS);
    assert_false(schedule_wants(&schedule, 3, START_NS + 3900 * NS_PER_MS));
    assert_true(schedule_wants(&schedule, 3, START_NS + 4000 * NS_PER_MS));

    schedule = (struct schedule){0};
    schedule_set(&schedule, 1, 10);
    schedule_take(&schedule, 1, START_NS);
    schedule_take(&schedule, 2, START_NS + 1000 * NS_PER_MS);
    for (uint64_t frame = 1; frame < 10; frame++) {
        uint64_t now_ns = START_NS + (1000 + 10 * frame) * NS_PER_MS;
        if (schedule_wants(&schedule, 2 + frame, now_ns)) {
            schedule_take(&schedule, 2 + frame, now_ns);
            taken++;
        }
    }
    assert_int_equal(taken, 2);
}

static void test_a_capture_that_starts_again(void **state)
{
    struct schedule schedule = {0};
    (void)state;
    schedule_set(&schedule, 10, 0);
    schedule_take(&schedule, 1005, START_NS);
    assert_true(schedule_wants(&schedule, 1, START_NS + 1));
    assert_true(schedule_wants(&schedule, 1005, START_NS + 1));
}

static void test_a_wish_for_more_acts_at_once(void **state)
{
    struct schedule schedule = {0};
    (void)state;
    schedule_set(&schedule, 1, 0.1);
    schedule_take(&schedule, 1, START_NS);
    assert_false(schedule_wants(&schedule, 2, START_NS + NS_PER_SECOND));
    schedule_set(&schedule, 1, 10);
    assert_false(schedule_wants(&schedule, 2, START_NS + 99 * NS_PER_MS));
    assert_true(schedule_wants(&schedule, 2, START_NS + 101 * NS_PER_MS));
    schedule_set(&schedule, 1, 1);
    assert_true(schedule_wants(&schedule, 2, START_NS + 101 * NS_PER_MS));
    schedule_set(&schedule, 1, 0);
    assert_true(schedule_wants(&schedule, 2, START_NS + 1));
}

static void test_patience(void **state)
{
    struct schedule schedule = {0};
    (void)state;
    schedule_set(&schedule, 1, 10);
    schedule_take(&schedule, 1, START_NS);
    uint64_t end_ns = schedule_patience_ns(&schedule);
    assert_int_equal(end_ns, START_NS + 200 * NS_PER_MS);
    assert_true(schedule_wants(&schedule, 2, end_ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_one_frame_of_each_group),
        cmocka_unit_test(test_a_pause_is_not_made_up_for),
        cmocka_unit_test(test_none_is_lost_after_a_pause),
        cmocka_unit_test(test_a_hiccup_is_made_up_for),
        cmocka_unit_test(test_a_capture_that_starts_again),
        cmocka_unit_test(test_a_wish_for_more_acts_at_once),
        cmocka_unit_test(test_patience),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
