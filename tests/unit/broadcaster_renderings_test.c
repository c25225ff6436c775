#include "broadcaster/renderings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/loop_wait.h"

#define LINGER_S 0.05

static struct {
    struct event_base *base;
    struct renderings *renderings;
    unsigned changes, over;
    uint32_t last_over;
} bench;

static void on_changed(void *arg)
{
    (void)arg;
    bench.changes++;
}

static void on_over(void *arg, const char *camera, uint32_t id)
{
    (void)arg;
    assert_string_equal(camera, "CAM1");
    assert_false(renderings_exists(bench.renderings, camera, id));
    bench.over++;
    bench.last_over = id;
}

static void configure(double conf)
{
    struct config config = {.detector = {.conf = conf, .show_labels = true, .quality = 85},
                            .broadcaster = {.linger_s = LINGER_S}};
    renderings_configure(bench.renderings, &config);
}

static int set_up(void **state)
{
    static const struct renderings_handlers handlers = {.changed = on_changed, .over = on_over};
    (void)state;
    memset(&bench, 0, sizeof bench);
    bench.base = event_base_new();
    bench.renderings = renderings_create(bench.base, &handlers, NULL);
    configure(0.25);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    renderings_destroy(bench.renderings);
    event_base_free(bench.base);
    return 0;
}

static uint32_t acquire(double conf)
{
    struct rendering_look look = renderings_look(bench.renderings, conf, true);
    uint32_t id = UINT32_MAX;
    assert_int_equal(renderings_acquire(bench.renderings, "CAM1", &look, RENDERING_WISHED, &id), 0);
    return id;
}

static void release(uint32_t id)
{
    renderings_release(bench.renderings, "CAM1", id);
}

static int try(double conf, unsigned quality, enum rendering_need need, uint32_t *id)
{
    struct rendering_look look = renderings_look(bench.renderings, conf, true);
    look.quality = (uint8_t)quality;
    return renderings_acquire(bench.renderings, "CAM1", &look, need, id);
}

static size_t wanted(void)
{
    struct rendering_wanted list[RENDERINGS_MOST + 1];
    size_t count = renderings_wanted(bench.renderings, "CAM1", list);
    for (size_t i = 1; i < count; i++) {
        assert_true(list[i - 1].id < list[i].id);
    }
    return count;
}

static void test_who_wants_the_same_shares(void **state)
{
    (void)state;
    uint32_t id = acquire(0.5);
    assert_true(id != RENDERINGS_DEFAULT);
    assert_int_equal(acquire(0.5), id);
    assert_int_equal(acquire(0.5049), id); /* a hundredth is fine enough */
    assert_true(acquire(0.51) != id);
    assert_int_equal(wanted(), 2);
    assert_int_equal(bench.changes, 2);
    release(id);
    release(id);
    assert_int_equal(bench.changes, 2);
    release(id);
    assert_int_equal(bench.changes, 3);
    assert_int_equal(wanted(), 1);
}

static void test_the_default_is_one_of_them(void **state)
{
    struct rendering_wanted list[RENDERINGS_MOST + 1];
    (void)state;
    assert_int_equal(acquire(0.25), RENDERINGS_DEFAULT);
    renderings_acquire_default(bench.renderings, "CAM1");
    assert_int_equal(renderings_wanted(bench.renderings, "CAM1", list), 1);
    assert_int_equal(list[0].look.conf_percent, 25);
    assert_int_equal(list[0].look.quality, 85);
    configure(0.4); /* its look follows the configuration */
    assert_int_equal(renderings_wanted(bench.renderings, "CAM1", list), 1);
    assert_int_equal(list[0].look.conf_percent, 40);
    assert_true(acquire(0.25) != RENDERINGS_DEFAULT);
    assert_true(renderings_exists(bench.renderings, "ANY", RENDERINGS_DEFAULT));
    assert_false(renderings_exists(bench.renderings, "ANY", 1));
}

static void test_eight_and_no_more(void **state)
{
    uint32_t ids[RENDERINGS_MOST], id;
    (void)state;
    for (size_t i = 0; i < RENDERINGS_MOST; i++) {
        ids[i] = acquire(0.5 + 0.01 * (double)i);
    }
    assert_int_equal(try(0.9, 85, RENDERING_WISHED, &id), -ENOSPC);
    assert_int_equal(acquire(0.5), ids[0]);              /* what exists is shared all the same */
    assert_int_equal(acquire(0.25), RENDERINGS_DEFAULT); /* and the default is never refused */
    assert_int_equal(wanted(), RENDERINGS_MOST + 1);
    release(ids[1]);
    assert_int_equal(try(0.9, 85, RENDERING_WISHED, &id), -ENOSPC);
    release(RENDERINGS_DEFAULT);
    assert_int_equal(try(0.9, 85, RENDERING_WISHED, &id), 0);
    assert_int_equal(wanted(), RENDERINGS_MOST);
}

static void test_who_could_take_another_leaves_places_free(void **state)
{
    uint32_t id;
    unsigned count = 0;
    (void)state;
    while (try(0.25, 20 + count, RENDERING_SPARE, &id) == 0) {
        count++;
    }
    assert_true(count > 0 && count < RENDERINGS_MOST);
    for (; count < RENDERINGS_MOST; count++) {
        assert_int_equal(try(0.3, 20 + count, RENDERING_WISHED, &id), 0);
    }
    assert_int_equal(try(0.3, 20 + count, RENDERING_WISHED, &id), -ENOSPC);
}

static void test_lingering(void **state)
{
    (void)state;
    uint32_t id = acquire(0.5);
    release(id);
    assert_int_equal(wanted(), 0); /* nothing is drawn meanwhile */
    assert_true(renderings_exists(bench.renderings, "CAM1", id));
    assert_int_equal(acquire(0.5), id); /* who comes back finds it */
    loop_settle(bench.base);
    uint64_t released_ns = clock_monotonic_ns();
    release(id);
    LOOP_WAIT(bench.base, bench.over == 1);
    assert_true(clock_monotonic_ns() - released_ns >= (uint64_t)(LINGER_S * 1e9));
    assert_int_equal(bench.last_over, id);
    assert_true(acquire(0.5) > id); /* ids are not used again */
}

/* A slider that is pulled: no trail of renderings stays behind it. */
static void test_a_slider(void **state)
{
    uint32_t id = acquire(0.05);
    (void)state;
    for (int percent = 6; percent <= 95; percent++) {
        uint32_t before = id;
        id = acquire(percent / 100.0);
        release(before);
        assert_true(wanted() == 1);
    }
    unsigned exist = 0;
    for (uint32_t each = 1; each <= id; each++) {
        exist += renderings_exists(bench.renderings, "CAM1", each);
    }
    assert_in_range(exist, 1, RENDERINGS_MOST);
    LOOP_WAIT(bench.base, bench.over == id - 1); /* the last one is held */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_wants_the_same_shares, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_default_is_one_of_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_eight_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_could_take_another_leaves_places_free, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_lingering, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_slider, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
