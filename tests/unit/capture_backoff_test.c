/* The waits between attempts. */
#include "capture/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void doubles_up_to_the_longest(void **state)
{
    (void)state;
    static const unsigned seconds[] = {1, 2, 4, 8, 16, 25, 25, 25};
    struct backoff backoff = {0};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        assert_true(backoff_next_ns(&backoff, 0) == seconds[i] * NS_PER_SECOND);
    }
    backoff_reset(&backoff);
    assert_true(backoff_next_ns(&backoff, 0) == BACKOFF_FIRST_NS);
}

static void chance_adds_a_fifth_at_most(void **state)
{
    (void)state;
    struct backoff backoff = {0};
    assert_true(backoff_next_ns(&backoff, UINT32_MAX) == 1200 * NS_PER_MS);
    assert_in_range(backoff_next_ns(&backoff, UINT32_MAX / 2), 2199 * NS_PER_MS, 2201 * NS_PER_MS);
    for (int i = 0; i < 100; i++) {
        backoff_next_ns(&backoff, 0);
    }
    assert_true(backoff_next_ns(&backoff, UINT32_MAX) == BACKOFF_LONGEST_NS);
}

static void goes_on_for_ever(void **state)
{
    (void)state;
    struct backoff backoff = {.failures = UINT32_MAX - 1};
    assert_true(backoff_next_ns(&backoff, 0) == 25 * NS_PER_SECOND);
    backoff_next_ns(&backoff, 0);
    assert_true(backoff_next_ns(&backoff, 0) >= BACKOFF_FIRST_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_up_to_the_longest),
        cmocka_unit_test(chance_adds_a_fifth_at_most),
        cmocka_unit_test(goes_on_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
