#include "detector/chain_quality.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"

/* So many frames, one each `interval_ns`; the time when they are over. */
static uint64_t frames(struct chain_quality *chain, int count, bool behind, uint64_t from_ns,
                       uint64_t interval_ns)
{
    for (int i = 0; i < count; i++) {
        from_ns += interval_ns;
        chain_quality_note(chain, behind, from_ns);
    }
    return from_ns;
}

/* Down to the least under load, not lower; back to no limit when the load is gone,
 * and later than down. */
static void test_falls_and_comes_back(void **state)
{
    struct chain_quality chain = {0};
    uint64_t begin_ns = 100 * NS_PER_SECOND, now_ns = begin_ns;
    (void)state;
    chain_quality_set(&chain, 85, 70);
    assert_int_equal(chain_quality_limit(&chain), CHAIN_QUALITY_FREE);
    now_ns = frames(&chain, 60, false, now_ns, NS_PER_SECOND / 10);
    assert_int_equal(chain_quality_limit(&chain), CHAIN_QUALITY_FREE);

    begin_ns = now_ns;
    while (chain_quality_limit(&chain) != 70) {
        int before = chain_quality_limit(&chain);
        now_ns = frames(&chain, 1, true, now_ns, NS_PER_SECOND / 5);
        int limit = chain_quality_limit(&chain);
        assert_true(limit == before || limit == before - 5 ||
                    (before == CHAIN_QUALITY_FREE && limit == 80));
        assert_true(now_ns - begin_ns < 10 * NS_PER_SECOND);
    }
    assert_true(now_ns - begin_ns > 2 * NS_PER_SECOND); /* a burst is not a load */
    now_ns = frames(&chain, 100, true, now_ns, NS_PER_SECOND / 5);
    assert_int_equal(chain_quality_limit(&chain), 70);

    begin_ns = now_ns;
    while (chain_quality_limit(&chain) != CHAIN_QUALITY_FREE) {
        now_ns = frames(&chain, 1, false, now_ns, NS_PER_SECOND / 10);
        assert_true(now_ns - begin_ns < 30 * NS_PER_SECOND);
    }
    assert_true(now_ns - begin_ns > 10 * NS_PER_SECOND);
}

/* Between the two marks it stays where it is: no swinging to and fro. */
static void test_half_a_load_changes_nothing(void **state)
{
    struct chain_quality chain = {0};
    uint64_t now_ns = frames(&chain, 0, false, NS_PER_SECOND, 1);
    (void)state;
    chain_quality_set(&chain, 85, 70);
    now_ns = frames(&chain, 15, true, now_ns, NS_PER_SECOND / 10);
    int limit = chain_quality_limit(&chain);
    assert_in_range(limit, 70, 80);
    int changes = 0;
    for (int i = 0; i < 400; i++) {
        now_ns += NS_PER_SECOND / 10;
        bool changed = chain_quality_note(&chain, i % 2 == 0, now_ns);
        changes += changed && i > 20; /* the mean has to come down first */
    }
    assert_int_equal(changes, 0);
}

static void test_a_reload(void **state)
{
    struct chain_quality chain = {0};
    uint64_t now_ns;
    (void)state;
    chain_quality_set(&chain, 85, 70);
    now_ns = frames(&chain, 100, true, NS_PER_SECOND, NS_PER_SECOND / 10);
    assert_int_equal(chain_quality_limit(&chain), 70);
    chain_quality_set(&chain, 85, 70); /* nothing new: it stays */
    assert_int_equal(chain_quality_limit(&chain), 70);
    chain_quality_set(&chain, 85, 40);
    now_ns = frames(&chain, 200, true, now_ns, NS_PER_SECOND / 10);
    assert_int_equal(chain_quality_limit(&chain), 40);
    chain_quality_set(&chain, 85, 100); /* off */
    frames(&chain, 200, true, now_ns, NS_PER_SECOND / 10);
    assert_int_equal(chain_quality_limit(&chain), CHAIN_QUALITY_FREE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_falls_and_comes_back),
        cmocka_unit_test(test_half_a_load_changes_nothing),
        cmocka_unit_test(test_a_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
