/* Who comes back, and when that is a storm. */
#include "broadcaster/access/reconnects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broadcaster/protocol/identity.h"

#define START (1000 * NS_PER_SECOND)

static struct identity *somebody(const char *user, const char *address)
{
    struct identity *identity = identity_create();
    snprintf(identity->user, sizeof identity->user, "%s", user);
    assert_true(address_parse(address, strlen(address), &identity->ip));
    return identity;
}

static void test_same_again(void **state)
{
    struct reconnects *reconnects = reconnects_create();
    struct identity *one = somebody("one", "10.0.0.1"), *other = somebody("other", "10.0.0.1");
    struct identity *numbered = somebody("10.0.0.2", "10.0.0.1");
    struct identity *swapped = somebody("10.0.0.1", "10.0.0.2");
    (void)state;
    assert_false(reconnects_came(reconnects, one, "vCAM1", START));
    reconnects_left(reconnects, one, "vCAM1", START);
    assert_false(reconnects_came(reconnects, one, "vCAM2", START));
    assert_false(reconnects_came(reconnects, one, "sCAM1", START));
    assert_false(reconnects_came(reconnects, other, "vCAM1", START));
    reconnects_left(reconnects, numbered, "vCAM1", START);
    assert_false(reconnects_came(reconnects, swapped, "vCAM1", START));
    assert_true(reconnects_came(reconnects, one, "vCAM1", START + RECONNECTS_MEMORY_NS));
    /* He has come back once; a second connection beside it is another one. */
    assert_false(reconnects_came(reconnects, one, "vCAM1", START + RECONNECTS_MEMORY_NS));
    reconnects_left(reconnects, one, "vCAM1", START);
    assert_false(reconnects_came(reconnects, one, "vCAM1", START + RECONNECTS_MEMORY_NS + 1));
    /* Two of his connections left, two come back. */
    reconnects_left(reconnects, one, "vCAM9", START);
    reconnects_left(reconnects, one, "vCAM9", START);
    assert_true(reconnects_came(reconnects, one, "vCAM9", START));
    assert_true(reconnects_came(reconnects, one, "vCAM9", START));
    assert_false(reconnects_came(reconnects, one, "vCAM9", START));
    identity_unref(one);
    identity_unref(other);
    identity_unref(numbered);
    identity_unref(swapped);
    reconnects_destroy(reconnects);
}

static uint64_t come_back(struct reconnects *reconnects, unsigned times, uint64_t now,
                          unsigned news[3])
{
    struct identity *one = somebody("one", "10.0.0.1");
    uint64_t count = 0, told = 0;
    for (unsigned i = 0; i < times; i++) {
        reconnects_left(reconnects, one, "vCAM1", now);
        assert_true(reconnects_came(reconnects, one, "vCAM1", now));
        enum reconnects_news what = reconnects_judge(reconnects, now, &count);
        news[what]++;
        told = what != RECONNECTS_CALM ? count : told;
    }
    identity_unref(one);
    return told;
}

static void test_storm(void **state)
{
    struct reconnects *reconnects = reconnects_create();
    unsigned news[3] = {0};
    uint64_t now = START, count;
    (void)state;
    reconnects_judge(reconnects, now, &count); /* a span begins */
    come_back(reconnects, RECONNECTS_STORM - 1, now, news);
    assert_int_equal(news[RECONNECTS_STORM_BEGINS], 0);
    assert_int_equal(come_back(reconnects, 1, now, news), RECONNECTS_STORM);
    assert_int_equal(news[RECONNECTS_STORM_BEGINS], 1);
    for (unsigned span = 0; span < 5; span++) { /* it goes on: told once */
        come_back(reconnects, 200, now, news);
        now += RECONNECTS_SPAN_NS;
    }
    assert_int_equal(news[RECONNECTS_STORM_BEGINS], 1);
    assert_int_equal(news[RECONNECTS_STORM_ENDS], 0);
    assert_int_equal(reconnects_judge(reconnects, now, &count), RECONNECTS_CALM);
    now += RECONNECTS_SPAN_NS;
    assert_int_equal(reconnects_judge(reconnects, now, &count), RECONNECTS_STORM_ENDS);
    assert_int_equal(count, RECONNECTS_STORM + 5 * 200);
    assert_int_equal(reconnects_judge(reconnects, now + RECONNECTS_SPAN_NS, &count),
                     RECONNECTS_CALM);
    now += 3 * RECONNECTS_SPAN_NS;
    come_back(reconnects, RECONNECTS_STORM + 1, now, news); /* and the next one again */
    assert_int_equal(news[RECONNECTS_STORM_BEGINS], 2);
    reconnects_destroy(reconnects);
}

/* A few a second, for hours, are none. */
static void test_no_storm(void **state)
{
    struct reconnects *reconnects = reconnects_create();
    unsigned news[3] = {0};
    (void)state;
    for (unsigned second = 0; second < 7200; second++) {
        come_back(reconnects, 9, START + second * NS_PER_SECOND, news);
    }
    assert_int_equal(news[RECONNECTS_STORM_BEGINS], 0);
    reconnects_destroy(reconnects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_again),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_no_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
