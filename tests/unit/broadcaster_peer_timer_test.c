/* The timer on a real loop. Moments that have passed stand for a process that stood still: for the
 * timer there is no difference, and nobody has to wait. */
#include "broadcaster/network/peer_timer.h"

#include "tests/unit/loop_wait.h"

#define SOON_NS (5 * NS_PER_MS)
#define FAR_NS  (600 * NS_PER_SECOND)

/* What was told, last. */
struct told {
    struct peer_timer timer;
    struct event_base *base;
    unsigned calls;
    uint64_t now_ns;
    bool stood_still;
};

static void on_due(void *arg, uint64_t now_ns, bool stood_still)
{
    struct told *told = arg;
    told->calls++;
    told->now_ns = now_ns;
    told->stood_still = stood_still;
}

static int create(void **state)
{
    static struct told told;
    told = (struct told){.base = event_base_new()};
    peer_timer_init(&told.timer, told.base, on_due, &told);
    *state = &told;
    return told.base != NULL ? 0 : -1;
}

static int destroy(void **state)
{
    struct told *told = *state;
    peer_timer_finish(&told->timer);
    event_base_free(told->base);
    return 0;
}

static void wait_call(struct told *told)
{
    unsigned before = told->calls;
    LOOP_WAIT(told->base, told->calls > before);
}

static void test_the_earlier_of_two(void **state)
{
    static const struct {
        uint64_t one, other, earlier;
    } samples[] = {{0, 0, 0}, {0, 7, 7}, {7, 0, 7}, {7, 8, 7}, {8, 7, 7}, {7, 7, 7}};
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        assert_int_equal(peer_timer_earlier(samples[i].one, samples[i].other), samples[i].earlier);
    }
}

static void test_it_moves_to_earlier_moments_only(void **state)
{
    struct told *told = *state;
    uint64_t now_ns = clock_monotonic_ns();
    peer_timer_watch(&told->timer, 0);
    assert_false(evtimer_pending(&told->timer.event, NULL));
    peer_timer_watch(&told->timer, now_ns + FAR_NS);
    peer_timer_watch(&told->timer, now_ns + SOON_NS);
    peer_timer_watch(&told->timer, now_ns + 2 * FAR_NS);
    peer_timer_watch(&told->timer, 0);
    wait_call(told);
    assert_true(told->now_ns + NS_PER_MS >= now_ns + SOON_NS); /* libevent counts in microseconds */
    /* A machine that has no time may have made it late. */
    assert_int_equal(evtimer_pending(&told->timer.event, NULL) != 0, told->stood_still);
    peer_timer_watch(&told->timer, now_ns + 2 * FAR_NS); /* and it can be set again */
    assert_true(evtimer_pending(&told->timer.event, NULL));
    assert_int_equal(told->calls, 1);
}

static void test_the_moment_of_the_user(void **state)
{
    struct told *told = *state;
    uint64_t now_ns = clock_monotonic_ns(), moment_ns = now_ns + SOON_NS;
    assert_false(peer_timer_take_moment(&told->timer, UINT64_MAX));
    peer_timer_ask(&told->timer, now_ns + FAR_NS);
    peer_timer_ask(&told->timer, moment_ns);
    peer_timer_ask(&told->timer, now_ns + 2 * FAR_NS);
    assert_false(peer_timer_take_moment(&told->timer, moment_ns - 1));
    peer_timer_watch(&told->timer, now_ns + FAR_NS);
    wait_call(told);
    assert_true(peer_timer_take_moment(&told->timer, moment_ns));
    assert_false(peer_timer_take_moment(&told->timer, UINT64_MAX)); /* once */
    peer_timer_ask(&told->timer, now_ns + FAR_NS);
    peer_timer_watch(&told->timer,
                     moment_ns); /* a deadline of the peer is no moment of the user's */
    wait_call(told);
    assert_false(peer_timer_take_moment(&told->timer, moment_ns));
}

static void test_it_forgives_a_process_that_stood_still(void **state)
{
    struct told *told = *state;
    peer_timer_watch(&told->timer, clock_monotonic_ns() - 500 * NS_PER_MS);
    wait_call(told);
    assert_true(told->stood_still);
    uint64_t still_ns = told->now_ns;
    peer_timer_ask(&told->timer, still_ns);
    peer_timer_watch(&told->timer,
                     still_ns); /* what is overdue has to wait for what the peer says */
    wait_call(told);
    assert_true(told->now_ns + NS_PER_MS >= still_ns + 500 * NS_PER_MS);
    /* A machine that has no time may make it late again. */
    LOOP_WAIT(told->base, !told->stood_still);
    assert_false(evtimer_pending(&told->timer.event, NULL));
    peer_timer_watch(&told->timer, clock_monotonic_ns());
    assert_true(evtimer_pending(&told->timer.event, NULL));
}

static void test_a_little_late_is_not_still(void **state)
{
    struct told *told = *state;
    uint64_t deadline_ns = clock_monotonic_ns() - 100 * NS_PER_MS;
    peer_timer_watch(&told->timer, deadline_ns);
    wait_call(told);
    assert_int_equal(told->stood_still, told->now_ns - deadline_ns >= 500 * NS_PER_MS);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, create, destroy)
    const struct CMUnitTest tests[] = {
        TEST(test_the_earlier_of_two),         TEST(test_it_moves_to_earlier_moments_only),
        TEST(test_the_moment_of_the_user),     TEST(test_it_forgives_a_process_that_stood_still),
        TEST(test_a_little_late_is_not_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
