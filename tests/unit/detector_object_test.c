#include "detector/object.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"

#define START_NS  (100 * NS_PER_SECOND)
#define BUFFER_NS (5 * NS_PER_SECOND)
#define HIGH      0.55

enum { PERSON, CAR };

static const struct rectangle home = {0, 0, 100, 60};

static uint64_t at(double seconds)
{
    return START_NS + (uint64_t)llround(seconds * (double)NS_PER_SECOND);
}

static struct detection detection_at(struct rectangle place, double score)
{
    return (struct detection){.place = place, .score = score, .class_id = CAR, .box = 7};
}

static void see(struct object *object, struct rectangle place, double score, double seconds)
{
    struct detection detection = detection_at(place, score);
    object_see(object, &detection, at(seconds));
}

static void cover(struct object *object, struct rectangle place, double score)
{
    struct detection item = detection_at(place, score);
    struct detections detections = {.items = &item, .count = 1, .widest = place.right - place.left};
    object_cover(object, &detections, HIGH);
}

static void begin(struct object *object, double score)
{
    struct detection detection = detection_at(home, score);
    object_begin(object, &detection, START_NS);
}

/* One that has been seen at home, ten times a second, from START_NS on. */
static struct object standing(int tenths)
{
    struct object object;
    begin(&object, 0.9);
    object.id = 1;
    for (int i = 1; i <= tenths; i++) {
        object_predict(&object, 0.1);
        see(&object, home, 0.9, i * 0.1);
    }
    return object;
}

static void assert_near(double value, double expected)
{
    if (fabs(value - expected) > 1e-6) {
        fail_msg("%.9f is not %.9f", value, expected);
    }
}

static void test_evidence(void **state)
{
    static const struct {
        double scores[4];
        size_t enough; /* of them */
    } samples[] = {
        {{0.8, 0.8}, 2}, {{0.79, 0.8, 0.1}, 3}, {{0.5, 0.5, 0.5, 0.5}, 4}, {{0.9, 0.6, 0.2}, 3}};
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct object object;
        begin(&object, samples[i].scores[0]);
        for (size_t k = 1; k < samples[i].enough; k++) {
            assert_int_equal(object.state, OBJECT_NEW);
            see(&object, home, samples[i].scores[k], 0.1 * (double)k);
        }
        assert_int_equal(object.state, OBJECT_SEEN);
        assert_int_equal(object.detection, 7);
    }
}

static void vote(struct object *object, int class_id, double score)
{
    struct detection detection = detection_at(home, score);
    detection.class_id = class_id;
    object_see(object, &detection, START_NS);
}

/* Votes are as loud as they are confident, and a class that has had many can lose
 * it to the next ones. */
static void test_class(void **state)
{
    struct object object;
    (void)state;
    begin(&object, 0.5);
    vote(&object, PERSON, 0.4);
    assert_int_equal(object.class_id, CAR);
    vote(&object, PERSON, 0.4);
    assert_int_equal(object.class_id, PERSON);
    vote(&object, CAR, 0.2);
    assert_int_equal(object.class_id, PERSON);
    vote(&object, CAR, 0.2);
    assert_int_equal(object.class_id, CAR);
    for (int i = 0; i < 100; i++) {
        vote(&object, CAR, 1);
    }
    for (int i = 0; i < 20; i++) {
        vote(&object, PERSON, 1);
    }
    assert_int_equal(object.class_id, CAR);
    vote(&object, PERSON, 1);
    assert_int_equal(object.class_id, PERSON);
}

static void test_covered(void **state)
{
    static const struct {
        struct rectangle place;
        double score, covered;
    } samples[] = {
        {{50, 20, 150, 80}, 0.9, 1.0 / 3}, {{50, 20, 150, 80}, 0.55, 1.0 / 3},
        {{50, 20, 150, 80}, 0.54, 0},      {{-80, 20, 20, 80}, 0.9, 0.8 / 6},
        {{50, 0, 150, 59}, 0.9, 0},   /* behind it */
        {{50, 0, 150, 60}, 0.9, 0},   /* beside it */
        {{0, 0, 100, 62}, 0.9, 0},    /* itself */
        {{0, 0, 100, 101.6}, 0.9, 1}, /* more than itself: a bus */
        {{120, 20, 220, 80}, 0.9, 0},      {{0, 70, 100, 130}, 0.9, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct object object = standing(40);
        cover(&object, samples[i].place, samples[i].score);
        assert_near(object.covered, samples[i].covered);
        object_cover(&object, &(struct detections){0}, HIGH);
        assert_near(object.covered, 0);
    }
}

static void test_covered_most(void **state)
{
    struct detection items[] = {detection_at((struct rectangle){-80, 20, 20, 80}, 0.9),
                                detection_at((struct rectangle){50, 20, 150, 80}, 0.9),
                                detection_at((struct rectangle){80, 20, 180, 80}, 0.9)};
    struct detections detections = {.items = items, .count = 3, .widest = 100};
    struct object object = standing(40);
    (void)state;
    object_cover(&object, &detections, HIGH);
    assert_near(object.covered, 1.0 / 3);
}

/* Only what has stood for four seconds, and is known, is looked at. */
static void test_who_can_be_covered(void **state)
{
    const struct rectangle front = {50, 20, 150, 80};
    struct object young = standing(39), old = standing(40), new = standing(40);
    (void)state;
    new.id = 0;
    cover(&young, front, 0.9);
    cover(&old, front, 0.9);
    cover(&new, front, 0.9);
    assert_near(young.covered, 0);
    assert_near(old.covered, 1.0 / 3);
    assert_near(new.covered, 0);
    /* It goes on: then it has not stood there. */
    see(&old, (struct rectangle){26, 0, 126, 60}, 0.9, 4.1);
    see(&old, (struct rectangle){26, 0, 126, 60}, 0.9, 8.0);
    cover(&old, front, 0.9);
    assert_near(old.covered, 0);
    see(&old, (struct rectangle){26, 0, 126, 60}, 0.9, 8.1);
    cover(&old, (struct rectangle){50, 20, 250, 80}, 0.9);
    assert_true(old.covered > 0.3);
}

static void test_where_it_stands(void **state)
{
    struct object object = standing(10);
    (void)state;
    see(&object, (struct rectangle){20, 0, 120, 60}, 0.9, 2);
    assert_near(object.stands.left, 0);
    assert_true(object.stands_ns == START_NS);
    see(&object, (struct rectangle){26, 0, 126, 60}, 0.9, 3);
    assert_near(object.stands.left, 26);
    assert_true(object.stands_ns == at(3));
}

/* What is left of one that stands does not move it; all of it does. */
static void test_rests_while_it_is_covered(void **state)
{
    static const struct {
        double covering;       /* the left edge of what stands before it */
        struct rectangle seen; /* of it */
        double score;
        bool moves;
    } samples[] = {
        {50, {8, 0, 58, 60}, 0.9, false},   {50, {8, 0, 82, 60}, 0.9, false},
        {50, {8, 0, 84, 60}, 0.9, true},    {50, {8, 0, 84, 60}, 0.5, true},
        {50, {8, 0, 108, 60}, 0.49, false}, {89, {8, 0, 58, 60}, 0.9, false}, /* covered by 0.11 */
        {91, {8, 0, 58, 60}, 0.9, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct object object = standing(40);
        object.kalman.x.rate = 0.5;
        cover(&object, (struct rectangle){samples[i].covering, -1, 300, 80}, 0.9);
        see(&object, samples[i].seen, samples[i].score, 4.1);
        bool moved = fabs(object.place.left) + fabs(object.place.right - 100) > 0.5;
        if (moved != samples[i].moves || object.rests == moved) {
            fail_msg("sample %zu: left %.3f right %.3f", i, object.place.left, object.place.right);
        }
        assert_true(object.last_ns == at(4.1) && object.seen_ns == at(4.1));
        if (!moved) {
            assert_near(object.kalman.x.rate, 0);
            object_predict(&object, 1);
            assert_near(object.place.left, 0);
            /* Nothing is before it any more. */
            object_cover(&object, &(struct detections){0}, HIGH);
            see(&object, (struct rectangle){20, 0, 120, 60}, 0.9, 5.1);
            assert_true(object.place.left > 1 && !object.rests);
        }
    }
}

static void test_hidden(void **state)
{
    struct object object = standing(40);
    (void)state;
    cover(&object, (struct rectangle){50.6, 0, 150, 80}, 0.9);
    assert_false(object_is_hidden(&object));
    cover(&object, (struct rectangle){49.4, 0, 150, 80}, 0.9);
    assert_true(object_is_hidden(&object));
}

/* Hidden for half a minute, and only then is its time out of sight counted. */
static void test_waits_while_it_is_hidden(void **state)
{
    struct object object = standing(40);
    (void)state;
    object.kalman.x.rate = 0.5;
    cover(&object, (struct rectangle){10, 0, 150, 80}, 0.9);
    for (int second = 5; second <= 34; second++) {
        assert_true(object_miss(&object, at(second), BUFFER_NS));
        assert_true(object.last_ns == at(second) && object.seen_ns == at(4));
        assert_int_equal(object.state, OBJECT_LOST);
        object_predict(&object, 1);
        assert_near(object.place.left, 0);
    }
    for (int second = 35; second <= 39; second++) {
        assert_true(object_miss(&object, at(second), BUFFER_NS));
        assert_true(object.last_ns == at(34) && !object.rests);
    }
    assert_false(object_miss(&object, at(39.001), BUFFER_NS));
}

static void test_missed(void **state)
{
    struct object object = standing(10), new;
    (void)state;
    begin(&new, 0.9);
    assert_false(object_miss(&new, at(0.1), BUFFER_NS));
    assert_true(object_miss(&object, at(6), BUFFER_NS));
    assert_int_equal(object.state, OBJECT_LOST);
    assert_true(object.last_ns == at(1));
    assert_false(object_miss(&object, at(6.001), BUFFER_NS));
    see(&object, home, 0.1, 7);
    assert_int_equal(object.state, OBJECT_SEEN);
}

/* One that moves and grows goes on while it is seen, and comes to rest while it is not. */
static void test_out_of_sight(void **state)
{
    struct object object = standing(0);
    (void)state;
    for (int i = 1; i <= 30; i++) {
        object_predict(&object, 0.1);
        see(&object, (struct rectangle){10.0 * i, 0, 10.0 * i + 100, 60.0 + i}, 0.9, 0.1 * i);
    }
    double rate = object.kalman.x.rate, growth = object.kalman.height.rate;
    assert_true(rate > 1 && growth > 0.1);
    double left = object.place.left;
    object_predict(&object, 0.1);
    assert_near(object.kalman.x.rate, rate);
    assert_near(object.kalman.height.rate, growth);
    assert_true(object.place.left > left && object.detection == OBJECT_UNSEEN);
    assert_true(object_miss(&object, at(3.1), BUFFER_NS));
    object_predict(&object, 3);
    assert_near(object.kalman.x.rate, rate * exp(-1));
    assert_near(object.kalman.height.rate, 0);
}

static void test_memory(void **state)
{
    struct object object = standing(10);
    (void)state;
    assert_near(object_memory(&object, at(11)), 1);
    assert_true(object_miss(&object, at(2), BUFFER_NS));
    assert_near(object_memory(&object, at(11)), exp(-1));
}

static void test_who_outlives(void **state)
{
    static const struct {
        uint64_t a_first, a_last, b_first, b_last;
        enum object_state b_state;
        bool outlives;
    } samples[] = {
        {10, 20, 11, 20, OBJECT_SEEN, true},  {10, 20, 10, 21, OBJECT_SEEN, false},
        {10, 20, 20, 30, OBJECT_SEEN, false}, {10, 20, 20, 30, OBJECT_LOST, true},
        {10, 20, 10, 25, OBJECT_LOST, false}, {100, 109, 10, 20, OBJECT_SEEN, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct object a = {.first_ns = samples[i].a_first, .last_ns = samples[i].a_last};
        struct object b = {.first_ns = samples[i].b_first,
                           .last_ns = samples[i].b_last,
                           .state = samples[i].b_state};
        assert_int_equal(object_outlives(&a, &b), samples[i].outlives);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_class),
        cmocka_unit_test(test_covered),
        cmocka_unit_test(test_covered_most),
        cmocka_unit_test(test_who_can_be_covered),
        cmocka_unit_test(test_where_it_stands),
        cmocka_unit_test(test_rests_while_it_is_covered),
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_waits_while_it_is_hidden),
        cmocka_unit_test(test_missed),
        cmocka_unit_test(test_out_of_sight),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_who_outlives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
