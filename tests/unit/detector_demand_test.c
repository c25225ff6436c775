#include "detector/demand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"

#define LINGER_NS (2 * NS_PER_SECOND)
#define START_NS  (1000 * NS_PER_SECOND)

static const struct rendering defaults = {.conf = 0.25F, .show_labels = true, .quality = 85};

static int parse(const char *text, struct demand_wish *wish)
{
    char error[DEMAND_ERROR_SIZE] = "";
    json_t *entry = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(entry);
    int result = demand_parse(entry, &defaults, wish, error);
    assert_int_equal(result < 0, error[0] != '\0'); /* a refusal says why */
    json_decref(entry);
    return result;
}

static void test_whole_entry(void **state)
{
    struct demand_wish wish;
    (void)state;
    assert_int_equal(parse("{\"camera\":\"CAM1\",\"socket\":null,\"rate\":7.5,\"metadata\":true,"
                           "\"renderings\":[{\"id\":3,\"conf\":0.5,\"show_labels\":false,"
                           "\"quality\":60},{\"id\":0}]}",
                           &wish),
                     0);
    assert_string_equal(wish.camera, "CAM1");
    assert_float_equal(wish.rate, 7.5, 1e-9);
    assert_true(wish.metadata);
    assert_int_equal(wish.rendering_count, 2);
    assert_int_equal(wish.renderings[0].id, 3);
    assert_float_equal(wish.renderings[0].conf, 0.5, 1e-6);
    assert_false(wish.renderings[0].show_labels);
    assert_int_equal(wish.renderings[0].quality, 60);
    assert_int_equal(wish.renderings[1].id, 0);
    assert_float_equal(wish.renderings[1].conf, 0.25, 1e-6);
    assert_true(wish.renderings[1].show_labels);
    assert_int_equal(wish.renderings[1].quality, 85);
}

static void test_defaults(void **state)
{
    struct demand_wish wish;
    (void)state;
    assert_int_equal(parse("{\"camera\":\"CAM1\",\"rate\":null,\"metadata\":null}", &wish), 0);
    assert_float_equal(wish.rate, 0, 1e-9);
    assert_false(wish.metadata);
    assert_int_equal(wish.rendering_count, 0);
}

static void test_refused(void **state)
{
    static const char *const entries[] = {
        "3",
        "{}",
        "{\"camera\":1}",
        "{\"camera\":\"../x\"}",
        "{\"camera\":\"A\",\"rate\":\"10\"}",
        "{\"camera\":\"A\",\"rate\":-1}",
        "{\"camera\":\"A\",\"rate\":1e300}",
        "{\"camera\":\"A\",\"metadata\":1}",
        "{\"camera\":\"A\",\"renderings\":{}}",
        "{\"camera\":\"A\",\"renderings\":[7]}",
        "{\"camera\":\"A\",\"renderings\":[{}]}",
        "{\"camera\":\"A\",\"renderings\":[{\"id\":-1}]}",
        "{\"camera\":\"A\",\"renderings\":[{\"id\":4294967296}]}",
        "{\"camera\":\"A\",\"renderings\":[{\"id\":1,\"conf\":2}]}",
        "{\"camera\":\"A\",\"renderings\":[{\"id\":1,\"quality\":0}]}",
        "{\"camera\":\"A\",\"renderings\":[{\"id\":1,\"quality\":101}]}",
        "{\"camera\":\"A\",\"renderings\":[{\"id\":1,\"show_labels\":\"no\"}]}",
    };
    struct demand_wish wish;
    (void)state;
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (parse(entries[i], &wish) == 0) {
            fail_msg("must be refused: %s", entries[i]);
        }
    }
}

static void test_too_many_renderings(void **state)
{
    struct demand_wish wish;
    char error[DEMAND_ERROR_SIZE];
    json_t *list = json_array();
    (void)state;
    for (int i = 0; i < DEMAND_RENDERINGS_MAX + 1; i++) {
        json_array_append_new(list, json_pack("{s:i}", "id", i));
    }
    json_t *entry = json_pack("{s:s, s:O}", "camera", "A", "renderings", list);
    assert_int_equal(demand_parse(entry, &defaults, &wish, error), -1);
    json_array_remove(list, 0);
    assert_int_equal(demand_parse(entry, &defaults, &wish, error), 0);
    json_decref(list);
    json_decref(entry);
}

static struct demand_wish wish_for(size_t count, const uint32_t *ids)
{
    struct demand_wish wish = {.camera = "A", .rate = 10, .rendering_count = count};
    for (size_t i = 0; i < count; i++) {
        wish.renderings[i] = defaults;
        wish.renderings[i].id = ids[i];
    }
    return wish;
}

static void test_lingering(void **state)
{
    struct demand demand = {0};
    struct demand_wish wish = wish_for(1, (uint32_t[]){0});
    (void)state;
    assert_false(demand_any(&demand));
    assert_true(demand_update(&demand, &wish, START_NS, LINGER_NS));
    assert_int_equal(demand_expire(&demand, START_NS + 100 * NS_PER_SECOND), 0);
    assert_true(demand_any(&demand));

    assert_false(demand_update(&demand, NULL, START_NS, LINGER_NS));
    assert_int_equal(demand_expire(&demand, START_NS + 1), START_NS + LINGER_NS);
    assert_true(demand_any(&demand));
    assert_float_equal(demand.rate, 10, 1e-9); /* what lingers does so at its own rate */
    /* A second message without it does not prolong its life. */
    assert_false(demand_update(&demand, NULL, START_NS + NS_PER_SECOND, LINGER_NS));
    assert_int_equal(demand_expire(&demand, START_NS + LINGER_NS), 0);
    assert_false(demand_any(&demand));
}

static void test_back_in_time_is_not_new(void **state)
{
    struct demand demand = {0};
    struct demand_wish wish = wish_for(2, (uint32_t[]){0, 5});
    (void)state;
    assert_true(demand_update(&demand, &wish, START_NS, LINGER_NS));
    demand.slots[0].drawn = demand.slots[1].drawn = true;
    demand_update(&demand, NULL, START_NS, LINGER_NS);
    assert_false(demand_update(&demand, &wish, START_NS + NS_PER_SECOND, LINGER_NS));
    assert_int_equal(demand_expire(&demand, START_NS + 10 * NS_PER_SECOND), 0);
    assert_int_equal(demand.count, 2);
    assert_true(demand.slots[0].drawn && demand.slots[1].drawn);
}

static void test_other_looks_are_drawn_anew(void **state)
{
    struct demand demand = {0};
    struct demand_wish wish = wish_for(1, (uint32_t[]){4});
    (void)state;
    demand_update(&demand, &wish, START_NS, LINGER_NS);
    demand.slots[0].drawn = true;
    wish.renderings[0].quality = 40;
    assert_true(demand_update(&demand, &wish, START_NS, LINGER_NS));
    assert_int_equal(demand.count, 1);
    assert_false(demand.slots[0].drawn);
    assert_int_equal(demand.slots[0].rendering.quality, 40);
}

/* Ids may change faster than they linger: the wished ones always have room. */
static void test_what_lingers_gives_way(void **state)
{
    struct demand demand = {0};
    uint32_t ids[DEMAND_RENDERINGS_MAX];
    (void)state;
    for (uint32_t round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < DEMAND_RENDERINGS_MAX; i++) {
            ids[i] = round * 1000 + i;
        }
        struct demand_wish wish = wish_for(DEMAND_RENDERINGS_MAX, ids);
        assert_true(demand_update(&demand, &wish, START_NS + round, LINGER_NS));
        assert_int_equal(demand.count, DEMAND_RENDERINGS_MAX);
        for (size_t i = 0; i < demand.count; i++) {
            assert_int_equal(demand.slots[i].rendering.id / 1000, round);
            assert_int_equal(demand.slots[i].until_ns, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_entry),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_many_renderings),
        cmocka_unit_test(test_lingering),
        cmocka_unit_test(test_back_in_time_is_not_new),
        cmocka_unit_test(test_other_looks_are_drawn_anew),
        cmocka_unit_test(test_what_lingers_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
