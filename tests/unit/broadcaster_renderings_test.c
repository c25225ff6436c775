#include "broadcaster/streams/renderings.h"

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
    unsigned over;
    uint32_t last_over;
} bench;

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
    (void)state;
    memset(&bench, 0, sizeof bench);
    bench.base = event_base_new();
    bench.renderings = renderings_create(bench.base, on_over, NULL);
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

static int try(unsigned percent, unsigned quality, enum rendering_need need, uint32_t *id)
{
    struct rendering_look look = {
        .conf_percent = (uint8_t)percent, .show_labels = true, .quality = (uint8_t)quality};
    return renderings_acquire(bench.renderings, "CAM1", &look, need, NULL, id);
}

static uint32_t acquire(unsigned percent)
{
    uint32_t id = UINT32_MAX;
    assert_int_equal(try(percent, 85, RENDERING_WISHED, &id), 0);
    assert_true(renderings_exists(bench.renderings, "CAM1", id));
    assert_int_equal(renderings_look_of(bench.renderings, "CAM1", id).conf_percent, percent);
    return id;
}

static void release(uint32_t id)
{
    renderings_release(bench.renderings, "CAM1", id);
}

static void test_who_wants_the_same_shares(void **state)
{
    (void)state;
    uint32_t id = acquire(50);
    assert_true(id != RENDERINGS_DEFAULT);
    assert_int_equal(acquire(50), id);
    assert_true(acquire(51) != id);
    release(id);
    assert_int_equal(acquire(50), id);
}

static void test_the_default_is_one_of_them(void **state)
{
    (void)state;
    assert_int_equal(acquire(25), RENDERINGS_DEFAULT);
    renderings_acquire_default(bench.renderings, "CAM1");
    configure(0.4); /* its look follows the configuration */
    struct rendering_look look = renderings_look_of(bench.renderings, "CAM1", RENDERINGS_DEFAULT);
    assert_int_equal(look.conf_percent, 40);
    assert_int_equal(look.quality, 85);
    assert_true(acquire(25) != RENDERINGS_DEFAULT);
    assert_true(renderings_exists(bench.renderings, "ANY", RENDERINGS_DEFAULT));
    assert_false(renderings_exists(bench.renderings, "ANY", 1));
}

static void test_eight_and_no_more(void **state)
{
    uint32_t ids[RENDERINGS_MOST], id;
    (void)state;
    for (unsigned i = 0; i < RENDERINGS_MOST; i++) {
        ids[i] = acquire(50 + i);
    }
    assert_int_equal(try(90, 85, RENDERING_WISHED, &id), -ENOSPC);
    assert_int_equal(acquire(50), ids[0]);             /* what exists is shared all the same */
    assert_int_equal(acquire(25), RENDERINGS_DEFAULT); /* and the default is never refused */
    release(ids[1]);
    assert_int_equal(try(90, 85, RENDERING_WISHED, &id), -ENOSPC);
    release(RENDERINGS_DEFAULT);
    assert_int_equal(try(90, 85, RENDERING_WISHED, &id), 0);
    assert_int_equal(try(91, 85, RENDERING_WISHED, &id), -ENOSPC);
}

static void test_who_could_take_another_leaves_places_free(void **state)
{
    uint32_t id;
    unsigned count = 0;
    (void)state;
    while (try(25, 20 + count, RENDERING_SPARE, &id) == 0) {
        count++;
    }
    assert_true(count > 0 && count < RENDERINGS_MOST);
    for (; count < RENDERINGS_MOST; count++) {
        assert_int_equal(try(30, 20 + count, RENDERING_WISHED, &id), 0);
    }
    assert_int_equal(try(30, 20 + count, RENDERING_WISHED, &id), -ENOSPC);
}

static int exchange(unsigned percent, uint32_t old, uint32_t *id)
{
    struct rendering_look look = {
        .conf_percent = (uint8_t)percent, .show_labels = true, .quality = 85};
    int result = renderings_acquire(bench.renderings, "CAM1", &look, RENDERING_WISHED, &old, id);
    if (result == 0) {
        release(old);
    }
    return result;
}

/* When all places are taken, who has one to himself may change it for another look, and again. */
static void test_an_exchange(void **state)
{
    uint32_t ids[RENDERINGS_MOST], id;
    (void)state;
    for (unsigned i = 0; i < RENDERINGS_MOST; i++) {
        ids[i] = acquire(50 + i);
    }
    acquire(51);
    assert_int_equal(exchange(90, ids[1], &id), -ENOSPC); /* it is not his alone */
    for (unsigned percent = 70; percent < 90; percent++) {
        assert_int_equal(exchange(percent, ids[0], &ids[0]), 0);
    }
    renderings_acquire_default(bench.renderings, "CAM1");
    assert_int_equal(exchange(90, ids[0], &ids[0]), 0);
    assert_int_equal(exchange(91, RENDERINGS_DEFAULT, &id), -ENOSPC);
    assert_int_equal(exchange(51, ids[0], &ids[0]), 0); /* shared from now on */
    assert_int_equal(exchange(91, RENDERINGS_DEFAULT, &id), 0);
}

static void test_lingering(void **state)
{
    (void)state;
    uint32_t id = acquire(50);
    release(id);
    assert_true(renderings_exists(bench.renderings, "CAM1", id));
    assert_int_equal(acquire(50), id); /* who comes back finds it */
    loop_settle(bench.base);
    uint64_t released_ns = clock_monotonic_ns();
    release(id);
    LOOP_WAIT(bench.base, bench.over == 1);
    assert_true(clock_monotonic_ns() - released_ns >= (uint64_t)(LINGER_S * 1e9));
    assert_int_equal(bench.last_over, id);
    assert_true(acquire(50) > id); /* ids are not used again */
}

/* A slider that is pulled: no trail of renderings stays behind it. */
static void test_a_slider(void **state)
{
    uint32_t id = acquire(5);
    (void)state;
    for (unsigned percent = 6; percent <= 95; percent++) {
        release(id);
        id = acquire(percent);
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
        cmocka_unit_test_setup_teardown(test_an_exchange, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lingering, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_slider, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
