/* Sums over time: what holds is counted for as long as it holds, and gaps for nothing. */
#include "broadcaster/history/history_bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT 4

struct fixture {
    struct history_bucket buckets[COUNT];
    struct history_buckets all;
};

/* Four buckets of 100 ms from 1000 on. */
static void fixture_init(struct fixture *fixture)
{
    fixture->all = (struct history_buckets){1000, 100, COUNT, fixture->buckets};
    for (size_t i = 0; i < COUNT; i++) {
        history_bucket_init(&fixture->buckets[i]);
    }
}

static void test_a_sample_ends_with_the_next_or_by_itself(void **state)
{
    struct history_sample sample = {.at_ms = 100, .hold_ms = 50};
    (void)state;
    assert_int_equal(history_sample_end(&sample, 120), 120);
    assert_int_equal(history_sample_end(&sample, 150), 150);
    assert_int_equal(history_sample_end(&sample, 900), 150);
    assert_int_equal(history_sample_end(&sample, 40), 40); /* a clock that was set back */
}

static void test_samples_are_spread_by_time(void **state)
{
    struct fixture f;
    struct history_sample before = {900, 1000, 2, -1, -1}, behind = {1150, 1000, 6, 3, 9};
    (void)state;
    fixture_init(&f);
    history_buckets_add(&f.all, &before, 1150);
    history_buckets_add(&f.all, &behind, 1220);
    assert_int_equal(f.buckets[0].vehicles.time_ms, 100);
    assert_int_equal(f.buckets[0].vehicles.sum, 200);
    assert_int_equal(f.buckets[0].occupied.time_ms, 0);
    assert_int_equal(f.buckets[0].total, -1);
    assert_int_equal(f.buckets[1].vehicles.time_ms, 100);
    assert_int_equal(f.buckets[1].vehicles.sum, 2 * 50 + 6 * 50);
    assert_int_equal(f.buckets[1].vehicles.least, 2);
    assert_int_equal(f.buckets[1].vehicles.most, 6);
    assert_int_equal(f.buckets[1].occupied.time_ms, 50);
    assert_int_equal(f.buckets[1].occupied.sum, 150);
    assert_int_equal(f.buckets[1].total, 9);
    assert_int_equal(f.buckets[2].vehicles.time_ms, 20);
    assert_int_equal(f.buckets[3].vehicles.time_ms, 0); /* a gap */
}

static void test_what_lies_outside_is_left_out(void **state)
{
    struct fixture f;
    struct history_sample early = {500, 100, 1, 1, 1}, late = {1400, 100, 1, 1, 1},
                          long_one = {0, 9000, 1, 1, 1}, backwards = {1300, 100, 5, 5, 5};
    (void)state;
    fixture_init(&f);
    history_buckets_add(&f.all, &early, 600);
    history_buckets_add(&f.all, &late, 1500);
    history_buckets_add(&f.all, &backwards, 1200);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(f.buckets[i].vehicles.time_ms, 0);
    }
    history_buckets_add(&f.all, &long_one, 9000);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(f.buckets[i].vehicles.time_ms, 100);
    }
}

static void test_merging_knows_what_is_not_known(void **state)
{
    struct history_bucket sum, nothing, zero, five;
    (void)state;
    history_bucket_init(&sum);
    history_bucket_init(&nothing);
    history_bucket_init(&zero);
    history_bucket_init(&five);
    history_tally_add(&five.vehicles, 5, 10);
    history_tally_add(&five.vehicles, -1, 10);
    history_tally_add(&zero.vehicles, 0, 10);
    five.total = 7;
    history_bucket_merge(&sum, &five);
    history_bucket_merge(&sum, &nothing);
    assert_int_equal(sum.vehicles.least, 5);
    assert_int_equal(sum.vehicles.time_ms, 10);
    assert_int_equal(sum.total, 7);
    history_bucket_merge(&sum, &zero);
    assert_int_equal(sum.vehicles.least, 0);
    assert_int_equal(sum.vehicles.most, 5);
    assert_int_equal(sum.vehicles.sum, 50);
    assert_int_equal(sum.vehicles.time_ms, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sample_ends_with_the_next_or_by_itself),
        cmocka_unit_test(test_samples_are_spread_by_time),
        cmocka_unit_test(test_what_lies_outside_is_left_out),
        cmocka_unit_test(test_merging_knows_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
