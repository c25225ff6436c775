/* Token buckets, with the time brought along. */
#include "broadcaster/access/rate_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/clock.h"

static const struct rate one_in_ten = {.per_second = 0.1, .burst = 3};

static bool take(struct rate_table *table, const char *name, double at_s, double *wait_s)
{
    return rate_table_take(table, name, &one_in_ten, (uint64_t)(at_s * (double)NS_PER_SECOND),
                           wait_s);
}

static void test_burst_and_refill(void **state)
{
    struct rate_table *table = rate_table_create(10);
    double wait_s;
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(take(table, "a", 100, &wait_s));
    }
    assert_false(take(table, "a", 100, &wait_s));
    assert_true(wait_s > 9.99 && wait_s < 10.01);
    assert_false(take(table, "a", 109.9, &wait_s));
    assert_true(wait_s > 0.09 && wait_s < 0.11);
    assert_true(take(table, "a", 110.1, &wait_s));
    assert_false(take(table, "a", 110.1, &wait_s));
    assert_true(take(table, "b", 110.1, &wait_s)); /* others have theirs */
    /* However long nothing happens, it is not more than the burst. */
    for (int i = 0; i < 3; i++) {
        assert_true(take(table, "a", 1e6, &wait_s));
    }
    assert_false(take(table, "a", 1e6, &wait_s));
    rate_table_destroy(table);
}

/* Asking too often does not make the wait longer. */
static void test_steady_rate(void **state)
{
    struct rate_table *table = rate_table_create(10);
    double wait_s;
    int taken = 0;
    (void)state;
    for (int i = 0; i < 10000; i++) {
        taken += take(table, "a", 100 + i * 0.1, &wait_s);
    }
    assert_in_range(taken, 101, 104);
    rate_table_destroy(table);
}

static void test_bound(void **state)
{
    struct rate_table *table = rate_table_create(100);
    double wait_s;
    char name[32];
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(take(table, "known", 1, &wait_s));
    }
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "stranger %d", i);
        assert_true(take(table, name, 1, &wait_s));
        assert_true(rate_table_size(table) <= 100);
        if (i % 50 == 0) {
            /* Whoever asks again and again is not forgotten for those who ask once. */
            assert_false(take(table, "known", 1, &wait_s));
        }
    }
    assert_int_equal(rate_table_size(table), 100);
    assert_true(take(table, "stranger 0", 1, &wait_s)); /* forgotten, so it begins anew */
    rate_table_destroy(table);
    rate_table_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_and_refill),
        cmocka_unit_test(test_steady_rate),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
