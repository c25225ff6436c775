#include "detector/demand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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
    assert_int_equal(parse("{\"camera\":\"CAM1\",\"rate\":7.5,\"metadata\":true,"
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

static void test_the_newest_wish_counts(void **state)
{
    struct demand demand = {0};
    struct demand_wish wish = wish_for(2, (uint32_t[]){0, 5});
    (void)state;
    assert_false(demand_any(&demand));
    wish.metadata = true;
    demand_set(&demand, &wish);
    assert_true(demand_any(&demand) && demand.metadata);
    assert_int_equal(demand.count, 2);
    assert_float_equal(demand.rate, 10, 1e-9);
    assert_non_null(demand_find(&demand, 5));
    assert_null(demand_find(&demand, 6));
    demand_set(&demand, NULL);
    assert_false(demand_any(&demand));
    assert_float_equal(demand.rate, 0, 1e-9);
}

static void test_metadata_alone_is_a_wish(void **state)
{
    struct demand demand = {0};
    struct demand_wish wish = {.camera = "A", .metadata = true};
    (void)state;
    demand_set(&demand, &wish);
    assert_true(demand_any(&demand));
    assert_int_equal(demand.count, 0);
}

/* One id twice in a message: the later counts, and is there once. */
static void test_an_id_twice(void **state)
{
    struct demand demand = {0};
    struct demand_wish wish = wish_for(2, (uint32_t[]){5, 5});
    (void)state;
    wish.renderings[1].quality = 40;
    demand_set(&demand, &wish);
    assert_int_equal(demand.count, 1);
    assert_int_equal(demand.slots[0].rendering.quality, 40);
}

static void test_what_stays_the_same_stays_drawn(void **state)
{
    struct demand demand = {0};
    struct demand_wish wish = wish_for(3, (uint32_t[]){0, 4, 7});
    (void)state;
    demand_set(&demand, &wish);
    for (size_t i = 0; i < demand.count; i++) {
        assert_false(demand.slots[i].drawn);
        demand.slots[i].drawn = true;
        demand.slots[i].viewers = i + 1;
    }
    wish = wish_for(3, (uint32_t[]){9, 7, 4});
    wish.renderings[2].quality = 40;
    demand_set(&demand, &wish);
    assert_int_equal(demand.count, 3);
    assert_true(demand_find(&demand, 7)->drawn);
    assert_int_equal(demand_find(&demand, 7)->viewers, 3);
    assert_false(demand_find(&demand, 9)->drawn);
    assert_false(demand_find(&demand, 4)->drawn); /* it looks different now */
    assert_int_equal(demand_find(&demand, 4)->rendering.quality, 40);
    /* Gone in between, it is drawn anew. */
    demand_set(&demand, NULL);
    demand_set(&demand, &wish);
    assert_false(demand_find(&demand, 7)->drawn);
}

static void test_pages(void **state)
{
    static const struct {
        const char *message;
        bool a, b, c;
    } samples[] = {
        {"{}", true, true, true},
        {"{'after':'','next':null}", true, true, true},
        {"{'after':'A'}", false, true, true},
        {"{'next':'B'}", true, true, false},
        {"{'after':'A','next':'B'}", false, true, false},
        {"{'after':'B','next':'B'}", false, false, false},
        {"{'after':'AA','next':'BB'}", false, true, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char text[64];
        struct demand_page page;
        snprintf(text, sizeof text, "%s", samples[i].message);
        for (char *at = text; (at = strchr(at, '\'')) != NULL;) {
            *at = '"';
        }
        json_t *message = json_loads(text, 0, NULL);
        assert_non_null(message);
        demand_page_of(message, &page);
        assert_int_equal(demand_page_covers(&page, "A"), samples[i].a);
        assert_int_equal(demand_page_covers(&page, "B"), samples[i].b);
        assert_int_equal(demand_page_covers(&page, "C"), samples[i].c);
        json_decref(message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_entry),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_many_renderings),
        cmocka_unit_test(test_the_newest_wish_counts),
        cmocka_unit_test(test_metadata_alone_is_a_wish),
        cmocka_unit_test(test_an_id_twice),
        cmocka_unit_test(test_what_stays_the_same_stays_drawn),
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
