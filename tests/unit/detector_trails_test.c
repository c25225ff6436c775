#include "detector/trails.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"

#define START_NS (100 * NS_PER_SECOND)

static struct track track_of(uint64_t id, float x, float width)
{
    return (struct track){
        .id = id,
        .box = {.x = x, .y = 50, .width = width, .height = 40, .confidence = 0.5F, .class_id = 2}};
}

static void update(struct trails *trails, const struct track *tracks, size_t count, int ms)
{
    trails_update(trails, tracks, count, START_NS + (uint64_t)ms * NS_PER_MS);
}

static void assert_near(float value, double expected)
{
    if (fabs((double)value - expected) > 1e-3) {
        fail_msg("%.6f is not %.6f", (double)value, expected);
    }
}

/* What a label may say depends on the width: it follows a change within half a second, and
 * trembling does not reach it. */
static void test_width_settles(void **state)
{
    struct trails trails = {0};
    struct track track = track_of(1, 0, 100);
    (void)state;
    update(&trails, &track, 1, 0);
    assert_near(trails_of(&trails, 1)->width, 100);
    track.box.width = 60;
    update(&trails, &track, 1, 100); /* a fifth of the way */
    assert_near(trails_of(&trails, 1)->width, 92);
    update(&trails, &track, 1, 350); /* half of what is left */
    assert_near(trails_of(&trails, 1)->width, 76);
    track.box.width = 80;
    update(&trails, &track, 1, 850);
    assert_near(trails_of(&trails, 1)->width, 80);
    track.box.width = 40;
    update(&trails, &track, 1, 1850); /* not beyond */
    assert_near(trails_of(&trails, 1)->width, 40);
    for (int i = 1; i <= 40; i++) {
        track.box.width = i % 2 == 0 ? 35 : 45;
        update(&trails, &track, 1, 1850 + i * 40);
        assert_true(fabsf(trails_of(&trails, 1)->width - 40) < 0.5F);
    }
    /* Out of sight for longer than the trail: another beginning. */
    track.box.width = 200;
    update(&trails, NULL, 0, 9000);
    assert_null(trails_of(&trails, 1));
    update(&trails, &track, 1, 9100);
    assert_near(trails_of(&trails, 1)->width, 200);
    trails_finish(&trails);
}

/* Points of the last two seconds; those whose last point is older are gone, the
 * others keep theirs. */
static void test_what_is_kept(void **state)
{
    struct trails trails = {0};
    struct track tracks[] = {track_of(1, 0, 10), track_of(2, 100, 10), track_of(3, 200, 10)};
    (void)state;
    update(&trails, tracks, 3, 0);
    update(&trails, &tracks[1], 2, 1000);
    update(&trails, &tracks[2], 1, 2000);
    assert_int_equal(trails.count, 3);
    assert_int_equal(trails_of(&trails, 3)->count, 3);
    update(&trails, &tracks[2], 1, 2001);
    assert_null(trails_of(&trails, 1));
    assert_int_equal(trails_of(&trails, 2)->count, 1);
    assert_int_equal(trails_of(&trails, 3)->count, 3);
    const struct trail_point *first = &trails_of(&trails, 3)->points[0];
    assert_true(first->time_ns == START_NS + NS_PER_SECOND);
    assert_near(first->x, 205);
    assert_near(first->y, 70);
    assert_near(trails_of(&trails, 3)->size, 20);
    assert_int_equal(trails_of(&trails, 3)->class_id, 2);
    trails_finish(&trails);
}

/* A fast camera: the newest points are kept. */
static void test_no_more_points_than_there_is_room_for(void **state)
{
    struct trails trails = {0};
    (void)state;
    for (int i = 0; i < TRAIL_POINTS + 5; i++) {
        struct track track = track_of(1, (float)i, 10);
        update(&trails, &track, 1, i);
    }
    const struct trail *trail = trails_of(&trails, 1);
    assert_int_equal(trail->count, TRAIL_POINTS);
    assert_near(trail->points[0].x, 5 + 5);
    assert_near(trail->points[TRAIL_POINTS - 1].x, TRAIL_POINTS + 4 + 5);
    trails_finish(&trails);
}

static void test_recent_confidence(void **state)
{
    struct trails trails = {0};
    struct track track = track_of(1, 0, 10);
    static const float confidences[] = {0.9F, 0.4F, 0.6F, 0.3F};
    (void)state;
    for (int i = 0; i < 4; i++) {
        track.box.confidence = confidences[i];
        update(&trails, &track, 1, i * 400);
    }
    const struct trail *trail = trails_of(&trails, 1);
    assert_near(trail_recent_confidence(trail, START_NS + 1000 * NS_PER_MS), 0.9);
    assert_near(trail_recent_confidence(trail, START_NS + 1200 * NS_PER_MS), 0.6);
    assert_near(trail_recent_confidence(trail, START_NS + 1800 * NS_PER_MS), 0.6);
    assert_near(trail_recent_confidence(trail, START_NS + 1801 * NS_PER_MS), 0.3);
    assert_near(trail_recent_confidence(trail, START_NS + 2201 * NS_PER_MS), 0);
    trails_finish(&trails);
}

/* A straight way stays where it is, and trembling beside it goes; the ends are not moved. */
static void test_smooth(void **state)
{
    struct trails trails = {0};
    (void)state;
    for (int i = 0; i <= 20; i++) {
        struct track track = track_of(1, (float)(10 * i), 10);
        track.box.y += i == 0 || i == 20 ? 0 : (i % 2 == 0 ? 3 : -3);
        update(&trails, &track, 1, i * 50);
    }
    const struct trail *trail = trails_of(&trails, 1);
    for (size_t i = 0; i <= 20; i++) {
        struct trail_point point = trail_smooth(trail, i);
        assert_near(point.x, (double)(10 * i + 5));
        if (i > 4 && i < 16) {
            assert_true(fabsf(point.y - 70) < 0.5F);
        }
        assert_true(point.time_ns == trail->points[i].time_ns);
    }
    assert_near(trail_smooth(trail, 0).y, 70);
    assert_near(trail_smooth(trail, 20).y, 70);
    /* One neighbour to each side counts half as much. */
    assert_near(trail_smooth(trail, 1).y, 70 + (0 - 2 * 3 + 3) / 4.0);
    trails_finish(&trails);
}

/* More objects than there was room for. */
static void test_many(void **state)
{
    struct trails trails = {0};
    struct track tracks[100];
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        tracks[i] = track_of(i + 1, (float)i, 10);
    }
    update(&trails, tracks, 100, 0);
    update(&trails, tracks, 100, 100);
    assert_int_equal(trails.count, 100);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(trails_of(&trails, i + 1)->count, 2);
    }
    assert_null(trails_of(&trails, 101));
    trails_finish(&trails);
    assert_int_equal(trails.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width_settles),
        cmocka_unit_test(test_what_is_kept),
        cmocka_unit_test(test_no_more_points_than_there_is_room_for),
        cmocka_unit_test(test_recent_confidence),
        cmocka_unit_test(test_smooth),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
