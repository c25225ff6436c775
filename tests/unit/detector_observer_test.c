#include "detector/observer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"

#define FRAME_NS (NS_PER_SECOND / 10)

static const bool vehicle[] = {true};

static const struct detection_settings settings = {
    .tracker = {.high = 0.3F, .low = 0.1F, .buffer_ns = 5 * NS_PER_SECOND, .vehicle = vehicle},
    .occupancy = {.conf = 0.15F,
                  .vehicle = vehicle,
                  .occupy_ns = NS_PER_SECOND,
                  .free_ns = 2 * NS_PER_SECOND}};

static struct config_point corners[] = {{0.1, 0.1}, {0.3, 0.1}, {0.3, 0.3}, {0.1, 0.3}};
static struct config_space space = {"A1", "A1", corners, 4};

static struct config_camera camera_with(bool tracking, bool spaces)
{
    return (struct config_camera){
        .tracking = tracking, .spaces = &space, .space_count = spaces ? 1 : 0};
}

/* Shows it a parked car for `frames` frames, the first of them number `first`. */
static struct observation show(struct observer *observer, int first, int frames)
{
    struct box car = {100, 80, 180, 200, 0.9F, 0};
    const struct boxes boxes = {.items = &car, .count = 1};
    for (int i = first; i < first + frames; i++) {
        uint64_t time_ns = NS_PER_SECOND + (uint64_t)i * FRAME_NS;
        observer_track(observer, &settings, &boxes, time_ns);
        observer_watch_spaces(observer, &settings, &boxes, 1000, 1000, time_ns);
    }
    return observer_look(observer);
}

static void test_what_is_configured(void **state)
{
    static const struct {
        bool tracking, spaces;
        float lowest;
    } samples[] = {
        {false, false, 1}, {true, false, 0.1F}, {false, true, 0.15F}, {true, true, 0.1F}};
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct config_camera camera = camera_with(samples[i].tracking, samples[i].spaces);
        struct observer *observer = observer_create(&camera);
        struct observation seen = show(observer, 0, 30);
        assert_true(observer_lowest_conf(observer, &settings) == samples[i].lowest);
        assert_true(seen.tracking == samples[i].tracking);
        assert_int_equal(seen.track_count, samples[i].tracking);
        assert_true((seen.box_tracks != NULL) == samples[i].tracking);
        assert_int_equal(seen.space_count, samples[i].spaces);
        if (samples[i].spaces) {
            assert_int_equal(seen.spaces[0].state, SPACE_OCCUPIED);
            observer_blind(observer, 9 * NS_PER_SECOND);
            assert_int_equal(observer_look(observer).spaces[0].state, SPACE_UNKNOWN);
        }
        observer_destroy(observer);
    }
}

/* A reload that changes nothing goes on; one that switches tracking off and on begins anew. */
static void test_replace(void **state)
{
    const struct config_camera with = camera_with(true, true), without = camera_with(false, true);
    struct observer *observer = observer_create(&with);
    (void)state;
    struct observation seen = show(observer, 0, 30);
    uint64_t id = seen.tracks[0].id, since_ns = seen.spaces[0].since_ns;
    struct observer *next = observer_create(&with);
    observer_replace(next, observer);
    seen = show(next, 30, 1);
    assert_int_equal(seen.tracks[0].id, id);
    assert_int_equal(seen.trails->count, 1);
    assert_int_equal(seen.spaces[0].state, SPACE_OCCUPIED);
    assert_int_equal(seen.spaces[0].since_ns, since_ns);
    observer = observer_create(&without);
    observer_replace(observer, next);
    seen = show(observer, 31, 1);
    assert_false(seen.tracking);
    assert_int_equal(seen.spaces[0].since_ns, since_ns);
    next = observer_create(&with);
    observer_replace(next, observer);
    seen = show(next, 32, 3);
    assert_int_equal(seen.track_count, 1);
    observer_destroy(next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_configured),
        cmocka_unit_test(test_replace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
