/* The decision alone, against simulated links: frames come at a rate, a link takes so many bytes a
 * second, one frame may wait. */
#include "broadcaster/streams/adaptation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"

#define FPS 10.0

static const double frame_bytes[ADAPTATION_STEPS] = {60000, 30000, 22000};

struct viewer {
    struct adaptation adaptation;
    struct adaptation_counts counts;
    unsigned steps;
    double link;      /* bytes per second */
    double told_link; /* what the kernel says of it */
    double free_at;   /* seconds: the frame in flight has gone */
    double now;
    bool waiting;
    unsigned falls, rises;
};

static struct viewer viewer_with(double link)
{
    return (struct viewer){
        .steps = ADAPTATION_STEPS, .link = link, .told_link = link, .now = 1000, .free_at = 1000};
}

static void viewer_send(struct viewer *viewer, double at)
{
    double bytes = frame_bytes[viewer->adaptation.step];
    viewer->free_at = at + bytes / viewer->link;
    viewer->counts.sent++;
    viewer->counts.bytes += (uint64_t)bytes;
    viewer->waiting = false;
}

/* One frame is due. */
static void viewer_frame(struct viewer *viewer, double fps)
{
    viewer->now += 1 / fps;
    if (viewer->waiting && viewer->free_at <= viewer->now) {
        viewer_send(viewer, viewer->free_at);
    }
    if (viewer->free_at <= viewer->now) {
        viewer_send(viewer, viewer->now);
    } else {
        viewer->counts.dropped += viewer->waiting;
        viewer->waiting = true;
    }
    viewer->counts.now_ns = (uint64_t)(viewer->now * (double)NS_PER_SECOND);
    viewer->counts.link_rate = viewer->told_link;
    if (!viewer->waiting && viewer->adaptation.step == 0) {
        return;
    }
    unsigned step = adaptation_judge(&viewer->adaptation, &viewer->counts, viewer->steps);
    if (step != viewer->adaptation.step) {
        viewer->falls += step > viewer->adaptation.step;
        viewer->rises += step < viewer->adaptation.step;
        adaptation_move(&viewer->adaptation, &viewer->counts, step);
    }
}

static void viewer_run(struct viewer *viewer, double seconds)
{
    for (double end = viewer->now + seconds; viewer->now < end;) {
        viewer_frame(viewer, FPS);
    }
}

static void test_qualities(void **state)
{
    static const struct {
        unsigned best, expected[4];
    } samples[] = {
        {85, {85, 60, 40, 0}}, {70, {70, 60, 40, 0}}, {69, {69, 40, 0, 0}},
        {50, {50, 40, 0, 0}},  {49, {49, 0, 0, 0}},   {100, {100, 60, 40, 0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        for (unsigned step = 0; step < 4; step++) {
            assert_int_equal(adaptation_quality(samples[i].best, step), samples[i].expected[step]);
        }
    }
}

static void test_a_good_link_keeps_the_best(void **state)
{
    struct viewer viewer = viewer_with(10e6);
    (void)state;
    viewer_run(&viewer, 600);
    assert_int_equal(viewer.falls, 0);
    assert_int_equal(viewer.counts.dropped, 0);
}

/* It carries 10 frames of the middle step a second, and 6 of the best. */
static void test_a_narrow_link_gets_a_lower_quality_and_all_frames(void **state)
{
    struct viewer viewer = viewer_with(380e3);
    (void)state;
    viewer_run(&viewer, 4);
    assert_int_equal(viewer.adaptation.step, 1);
    viewer_run(&viewer, 3);
    uint64_t dropped = viewer.counts.dropped;
    viewer_run(&viewer, 1200);
    assert_int_equal(viewer.adaptation.step, 1);
    assert_int_equal(viewer.counts.dropped, dropped);
    assert_int_equal(viewer.falls, 1); /* and it is never tried in vain */
    assert_int_equal(viewer.rises, 0);
}

static void test_a_very_narrow_link_gets_fewer_frames(void **state)
{
    struct viewer viewer = viewer_with(100e3);
    (void)state;
    viewer_run(&viewer, 60);
    assert_int_equal(viewer.adaptation.step, ADAPTATION_STEPS - 1);
    assert_int_equal(viewer.falls, 2);
    assert_true(viewer.counts.dropped > 200);
}

static void test_the_better_one_comes_back(void **state)
{
    struct viewer viewer = viewer_with(250e3);
    (void)state;
    viewer_run(&viewer, 30);
    assert_int_equal(viewer.adaptation.step, 2);
    viewer.link = viewer.told_link = 5e6;
    viewer_run(&viewer, 30);
    assert_int_equal(viewer.adaptation.step, 0);
    assert_int_equal(viewer.rises, 2);
}

/* A reader that is slower than its network: the kernel sees a fast link, each ascent fails. */
static void test_ascents_that_fail_become_rare(void **state)
{
    struct viewer viewer = viewer_with(380e3);
    (void)state;
    viewer.told_link = 100e6;
    viewer_run(&viewer, 120);
    unsigned first = viewer.rises;
    assert_in_range(first, 2, 6);
    viewer_run(&viewer, 1080);
    assert_in_range(viewer.rises - first, 1, 6);
    viewer.told_link = 0; /* not known: it is tried as well */
    unsigned second = viewer.rises;
    viewer_run(&viewer, 600);
    assert_in_range(viewer.rises - second, 1, 3);
}

/* How long the viewer stays where it is. */
static double viewer_time_to_rise(struct viewer *viewer)
{
    unsigned rises = viewer->rises;
    double began = viewer->now;
    while (viewer->rises == rises && viewer->now < began + 1000) {
        viewer_frame(viewer, FPS);
    }
    return viewer->now - began;
}

/* After an ascent the link breaks down by two steps at once: that is one failure, for which the
 * hold is doubled once. */
static void test_one_failure_is_counted_once(void **state)
{
    struct viewer viewer = viewer_with(380e3);
    (void)state;
    viewer_run(&viewer, 4);
    assert_int_equal(viewer.adaptation.step, 1);
    viewer.told_link = 0; /* not known: the best is tried as soon as the first hold is over */
    assert_true(viewer_time_to_rise(&viewer) < 11);
    viewer.link = 50e3;
    viewer_run(&viewer, 10);
    assert_int_equal(viewer.adaptation.step, 2);
    assert_int_equal(viewer.falls, 3);
    viewer.link = 10e6;
    assert_float_equal(viewer_time_to_rise(&viewer), 16, 4); /* seconds: not 8, not 32 */
}

/* One frame left out now and then is no reason. */
static void test_accidents(void **state)
{
    struct viewer viewer = viewer_with(10e6);
    (void)state;
    for (int i = 0; i < 60; i++) {
        viewer_run(&viewer, 3);
        viewer.counts.dropped++;
    }
    assert_int_equal(viewer.falls, 0);
}

/* A slow rate is judged as well, only later. */
static void test_one_frame_a_second(void **state)
{
    struct viewer viewer = viewer_with(35e3);
    (void)state;
    for (int i = 0; i < 7; i++) {
        viewer_frame(&viewer, 1);
    }
    assert_int_equal(viewer.falls, 0);
    for (int i = 0; i < 30; i++) {
        viewer_frame(&viewer, 1);
    }
    assert_int_equal(viewer.adaptation.step, 1);
}

static void test_where_there_is_nothing_lower(void **state)
{
    struct viewer viewer = viewer_with(100e3);
    (void)state;
    viewer.steps = 1;
    viewer_run(&viewer, 60);
    assert_int_equal(viewer.falls + viewer.rises, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_qualities),
        cmocka_unit_test(test_a_good_link_keeps_the_best),
        cmocka_unit_test(test_a_narrow_link_gets_a_lower_quality_and_all_frames),
        cmocka_unit_test(test_a_very_narrow_link_gets_fewer_frames),
        cmocka_unit_test(test_the_better_one_comes_back),
        cmocka_unit_test(test_ascents_that_fail_become_rare),
        cmocka_unit_test(test_one_failure_is_counted_once),
        cmocka_unit_test(test_accidents),
        cmocka_unit_test(test_one_frame_a_second),
        cmocka_unit_test(test_where_there_is_nothing_lower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
