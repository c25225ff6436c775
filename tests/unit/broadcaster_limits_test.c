/* Places for streams: by user, by address, and how often. */
#include "broadcaster/access/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"

#define AT(seconds) ((uint64_t)(seconds)*NS_PER_SECOND)

static struct identity *somebody(const char *user, const char *address)
{
    struct identity *identity = identity_create();
    snprintf(identity->user, sizeof identity->user, "%s", user);
    assert_true(address_parse(address, strlen(address), &identity->ip));
    return identity;
}

/* The status of a refusal, or 0 with *place an identity that has one. */
static int come(struct limits *limits, const char *user, const char *address, uint64_t now_ns,
                struct identity **place)
{
    struct limits_refusal refusal = {0};
    struct identity *identity = somebody(user, address);
    if (limits_take_place(limits, identity, now_ns, &refusal)) {
        *place = identity;
        return 0;
    }
    identity_unref(identity);
    *place = NULL;
    return refusal.status;
}

static struct limits *limits_of(struct config_broadcaster *config)
{
    struct limits *limits = limits_create();
    limits_configure(limits, config);
    return limits;
}

static void test_none(void **state)
{
    struct config_broadcaster config = {0};
    struct limits *limits = limits_of(&config);
    struct identity *places[1000];
    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(come(limits, "a", "10.0.0.1", AT(1), &places[i]), 0);
        assert_true(limits_allow_post(limits, places[i], "CAM1", AT(1)));
    }
    for (size_t i = 0; i < 1000; i++) {
        identity_unref(places[i]);
    }
    limits_destroy(limits);
}

static void test_users(void **state)
{
    struct config_broadcaster config = {.max_viewers_per_user = 2};
    struct limits *limits = limits_of(&config);
    struct identity *first, *second, *third, *other;
    (void)state;
    assert_int_equal(come(limits, "a", "10.0.0.1", AT(1), &first), 0);
    assert_int_equal(come(limits, "a", "10.0.0.2", AT(1), &second), 0);
    assert_int_equal(come(limits, "a", "10.0.0.3", AT(1), &third), 503);
    assert_int_equal(come(limits, "b", "10.0.0.1", AT(1), &other), 0);
    identity_ref(first);
    identity_unref(first);
    assert_int_equal(come(limits, "a", "10.0.0.3", AT(1), &third), 503);
    identity_unref(first);
    assert_int_equal(come(limits, "a", "10.0.0.3", AT(1), &third), 0);
    identity_unref(second);
    identity_unref(third);
    identity_unref(other);
    limits_destroy(limits);
}

static void test_addresses(void **state)
{
    struct config_broadcaster config = {.max_viewers_per_address = 1};
    struct limits *limits = limits_of(&config);
    struct identity *four, *six, *other, *refused;
    (void)state;
    assert_int_equal(come(limits, "a", "10.0.0.1", AT(1), &four), 0);
    assert_int_equal(come(limits, "b", "10.0.0.1", AT(1), &refused), 503);
    assert_int_equal(come(limits, "b", "::ffff:10.0.0.1", AT(1), &refused), 503);
    /* One customer has 2^64 of these. */
    assert_int_equal(come(limits, "a", "2001:db8:0:1::1", AT(1), &six), 0);
    assert_int_equal(come(limits, "b", "2001:db8:0:1:ffff::1", AT(1), &refused), 503);
    assert_int_equal(come(limits, "b", "2001:db8:0:2::1", AT(1), &other), 0);
    identity_unref(four);
    identity_unref(six);
    identity_unref(other);
    limits_destroy(limits);
}

/* A user may call himself like an address. */
static void test_names_do_not_mix(void **state)
{
    struct config_broadcaster config = {.max_viewers_per_user = 1, .max_viewers_per_address = 1};
    struct limits *limits = limits_of(&config);
    struct identity *first, *second;
    (void)state;
    assert_int_equal(come(limits, "10.0.0.9", "10.0.0.1", AT(1), &first), 0);
    assert_int_equal(come(limits, "b", "10.0.0.9", AT(1), &second), 0);
    identity_unref(first);
    identity_unref(second);
    limits_destroy(limits);
}

static void test_reconnects(void **state)
{
    struct config_broadcaster config = {.max_reconnects_per_minute = 6};
    struct limits *limits = limits_of(&config);
    struct limits_refusal refusal;
    struct identity *place;
    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(come(limits, "a", "10.0.0.1", AT(100), &place), 0);
        identity_unref(place);
    }
    struct identity *identity = somebody("a", "10.0.0.1");
    assert_false(limits_take_place(limits, identity, AT(100), &refusal));
    identity_unref(identity);
    assert_int_equal(refusal.status, 429);
    assert_int_equal(refusal.retry_s, 10);
    assert_string_equal(refusal.code, "too_many_reconnects");
    assert_int_equal(come(limits, "b", "10.0.0.1", AT(100), &place), 0);
    identity_unref(place);
    assert_int_equal(come(limits, "a", "10.0.0.2", AT(100), &place), 0);
    identity_unref(place);
    assert_int_equal(come(limits, "a", "10.0.0.1", AT(111), &place), 0);
    identity_unref(place);
    limits_destroy(limits);
}

static void test_posts(void **state)
{
    struct config_broadcaster config = {.max_posts_per_second = 2};
    struct limits *limits = limits_of(&config);
    struct identity *a = somebody("a", "10.0.0.1"), *b = somebody("b", "10.0.0.2");
    (void)state;
    assert_true(limits_allow_post(limits, a, "CAM1", AT(10)));
    assert_true(limits_allow_post(limits, a, "CAM1", AT(10)));
    assert_false(limits_allow_post(limits, a, "CAM1", AT(10)));
    assert_true(limits_allow_post(limits, a, "CAM2", AT(10)));
    assert_true(limits_allow_post(limits, b, "CAM1", AT(10)));
    assert_true(limits_allow_post(limits, a, "CAM1", AT(11)));
    a->is_local = true;
    for (int i = 0; i < 100; i++) {
        assert_true(limits_allow_post(limits, a, "CAM1", AT(11)));
    }
    identity_unref(a);
    identity_unref(b);
    limits_destroy(limits);
}

/* The local detector and the like have no limits and need no place. */
static void test_local(void **state)
{
    struct config_broadcaster config = {.max_viewers_per_user = 1};
    struct limits *limits = limits_of(&config);
    struct limits_refusal refusal;
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct identity *identity = identity_create();
        identity->is_local = true;
        assert_true(limits_take_place(limits, identity, AT(1), &refusal));
        assert_null(identity->on_end);
        identity_unref(identity);
    }
    limits_destroy(limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),       cmocka_unit_test(test_users),
        cmocka_unit_test(test_addresses),  cmocka_unit_test(test_names_do_not_mix),
        cmocka_unit_test(test_reconnects), cmocka_unit_test(test_posts),
        cmocka_unit_test(test_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
