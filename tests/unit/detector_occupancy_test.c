#include "detector/occupancy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"

#define START_NS (100 * NS_PER_SECOND)
#define WIDTH    1000
#define HEIGHT   500

enum { PERSON, CAR, CLASSES };

static const bool vehicle[CLASSES] = {[CAR] = true};

static const struct occupancy_config config = {.conf = 0.15F,
                                               .sure = 0.35F,
                                               .vehicle = vehicle,
                                               .occupy_ns = 3 * NS_PER_SECOND / 2,
                                               .free_ns = 3 * NS_PER_SECOND};

/* Three spaces side by side, 100 x 100 pixels each: x from 100 to 400, y from 200 to 300. */
static struct config_point corners[3][4];
static struct config_space spaces[3];

static int make_spaces(void **state)
{
    static char ids[3][8] = {"A1", "A2", "A3"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        double left = 0.1 + 0.1 * (double)i, right = left + 0.1;
        corners[i][0] = (struct config_point){left, 0.4};
        corners[i][1] = (struct config_point){right, 0.4};
        corners[i][2] = (struct config_point){right, 0.6};
        corners[i][3] = (struct config_point){left, 0.6};
        spaces[i] = (struct config_space){ids[i], ids[i], corners[i], 4};
    }
    return 0;
}

/* 90 wide and 130 high, for it is seen from above and from the front; its wheels are at y = 295. */
static struct box car_at(double x)
{
    return (struct box){
        .x = (float)x, .y = 165, .width = 90, .height = 130, .confidence = 0.5F, .class_id = CAR};
}

static enum space_state state_of(const struct occupancy *occupancy, size_t index)
{
    size_t count;
    return occupancy_spaces(occupancy, &count)[index].state;
}

static void see_by(struct occupancy *occupancy, const struct occupancy_config *by,
                   const struct box *boxes, size_t count, double seconds)
{
    occupancy_update(occupancy, by, boxes, count, WIDTH, HEIGHT,
                     START_NS + (uint64_t)(seconds * (double)NS_PER_SECOND));
}

static void see(struct occupancy *occupancy, const struct box *boxes, size_t count, double seconds)
{
    see_by(occupancy, &config, boxes, count, seconds);
}

/* Ten frames a second of the same, from `from` until before `to`. */
static void watch(struct occupancy *occupancy, const struct box *boxes, size_t count, double from,
                  double to)
{
    for (int i = 0; from + i * 0.1 < to - 1e-6; i++) {
        see(occupancy, boxes, count, from + i * 0.1);
    }
}

static void assert_states(const struct occupancy *occupancy, const char *expected)
{
    char states[4] = {0};
    for (size_t i = 0; i < 3; i++) {
        states[i] = space_state_name(state_of(occupancy, i))[0];
    }
    assert_string_equal(states, expected);
}

static void test_comes_and_goes(void **state)
{
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    struct box car = car_at(205);
    size_t count;
    (void)state;
    watch(occupancy, NULL, 0, 0, 2.95);
    assert_states(occupancy, "uuu");
    watch(occupancy, NULL, 0, 3, 10);
    assert_states(occupancy, "fff");
    watch(occupancy, &car, 1, 10, 11.45);
    assert_states(occupancy, "fff");
    watch(occupancy, &car, 1, 11.5, 11.55);
    assert_states(occupancy, "fof");
    const struct space_event *events = occupancy_events(occupancy, &count);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].space, 1);
    assert_int_equal(events[0].from, SPACE_FREE);
    assert_int_equal(events[0].to, SPACE_OCCUPIED);
    assert_int_equal(events[0].at_ns, START_NS + 10 * NS_PER_SECOND);
    assert_int_equal(events[0].held_ns, 10 * NS_PER_SECOND);
    watch(occupancy, &car, 1, 11.6, 20);
    occupancy_events(occupancy, &count);
    assert_int_equal(count, 0);
    watch(occupancy, NULL, 0, 20, 22.85);
    assert_states(occupancy, "fof");
    watch(occupancy, NULL, 0, 22.9, 23);
    assert_states(occupancy, "fff");
    assert_int_equal(occupancy_spaces(occupancy, &count)[1].since_ns / NS_PER_MS,
                     (START_NS + 199 * NS_PER_SECOND / 10) / NS_PER_MS);
    occupancy_destroy(occupancy);
}

/* A car that rolls past at a walking pace, and one that stops for a second and goes on. */
static void test_drives_past(void **state)
{
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    double x = 0, seconds = 4;
    (void)state;
    watch(occupancy, NULL, 0, 0, 4);
    for (; x < 500; x += 4, seconds += 0.1) { /* 40 pixels a second: half its width */
        struct box car = car_at(x);
        bool stops = x >= 200 && x < 204;
        watch(occupancy, &car, 1, seconds, seconds + (stops ? 0.75 : 0.05));
        seconds += stops ? 0.7 : 0;
        for (size_t i = 0; i < 3; i++) {
            assert_int_not_equal(state_of(occupancy, i), SPACE_OCCUPIED);
        }
    }
    occupancy_destroy(occupancy);
}

/* What takes a space: where and how cars stand, and what no car is. */
static void test_places(void **state)
{
    static const struct {
        struct box box;
        const char *expected;
    } samples[] = {
        {{105, 165, 90, 130, 0.5F, CAR}, "off"},
        {{150, 165, 90, 130, 0.5F, CAR}, "oof"},  /* over two */
        {{120, 165, 90, 130, 0.5F, CAR}, "off"},  /* crooked, and a little over the line */
        {{105, 165, 140, 130, 0.5F, CAR}, "off"}, /* wide: much less of the second one */
        {{205, 165, 190, 130, 0.5F, CAR}, "foo"}, /* a coach across two */
        {{105, 290, 90, 130, 0.5F, CAR},
         "fff"},                                /* in the lane before it, its roof over the space */
        {{105, 70, 90, 140, 0.5F, CAR}, "fff"}, /* behind it */
        {{330, 240, 30, 50, 0.5F, CAR}, "ffo"}, /* small, but nowhere else */
        {{105, 165, 90, 130, 0.14F, CAR}, "fff"}, /* too faint */
        {{105, 165, 90, 130, 0.34F, CAR}, "fff"}, /* a guess */
        {{105, 165, 90, 130, 0.35F, CAR}, "off"},
        {{105, 165, 90, 130, 0.9F, PERSON}, "fff"},
        {{500, 165, 90, 130, 0.9F, CAR}, "fff"},
        {{0, 0, 1000, 500, 0.9F, CAR}, "fff"}, /* mostly elsewhere */
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct occupancy *occupancy = occupancy_create(spaces, 3);
        watch(occupancy, NULL, 0, 0, 5);
        watch(occupancy, &samples[i].box, 1, 5, 10);
        char states[4] = {0};
        for (size_t k = 0; k < 3; k++) {
            states[k] = space_state_name(state_of(occupancy, k))[0];
        }
        if (strcmp(states, samples[i].expected) != 0) {
            fail_msg("sample %zu: %s, not %s", i, states, samples[i].expected);
        }
        occupancy_destroy(occupancy);
    }
}

/* A detector that sees a car in every third frame only, and loses it for two seconds, and wavers in
 * where it sees it. */
static void test_faint(void **state)
{
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    (void)state;
    for (int i = 0; i < 600; i++) {
        struct box car = car_at(105 + i * 7 % 5);
        bool seen = i % 3 == 0 && i % 100 >= 20;
        see(occupancy, &car, seen, 0.1 * i);
        if (i >= 40) {
            assert_int_equal(state_of(occupancy, 0), SPACE_OCCUPIED);
        }
    }
    occupancy_destroy(occupancy);
}

/* What is always faint does not take a space, but keeps one that a sure one has taken. */
static void test_guess(void **state)
{
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    struct box car = car_at(205), guess = car_at(205);
    (void)state;
    guess.confidence = 0.3F;
    watch(occupancy, NULL, 0, 0, 5);
    watch(occupancy, &guess, 1, 5, 30);
    assert_int_equal(state_of(occupancy, 1), SPACE_FREE);
    for (int i = 0; i < 100; i++) { /* sure now and then */
        see(occupancy, i % 3 == 0 ? &car : &guess, 1, 30 + i * 0.1);
    }
    assert_int_not_equal(state_of(occupancy, 1), SPACE_OCCUPIED);
    watch(occupancy, &car, 1, 40, 42);
    assert_int_equal(state_of(occupancy, 1), SPACE_OCCUPIED);
    watch(occupancy, &guess, 1, 42, 60);
    assert_int_equal(state_of(occupancy, 1), SPACE_OCCUPIED);
    occupancy_destroy(occupancy);
}

/* At the first look a faint one may be a car that came before and is half hidden; but not what
 * flickers, and not what appears later. */
static void test_early(void **state)
{
    static const struct {
        double from; /* seconds after the first look */
        int every;   /* seen in each so many frames */
        enum space_state expected;
    } samples[] = {{0, 1, SPACE_OCCUPIED},
                   {2, 1, SPACE_OCCUPIED},
                   {0, 3, SPACE_FREE},
                   {2, 30, SPACE_FREE},
                   {4, 1, SPACE_FREE}};
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct occupancy *occupancy = occupancy_create(spaces, 3);
        struct box guess = car_at(205);
        guess.confidence = 0.2F;
        watch(occupancy, NULL, 0, 0, samples[i].from);
        for (int frame = 0; frame < 200; frame++) {
            see(occupancy, &guess, frame % samples[i].every == 0, samples[i].from + 0.1 * frame);
        }
        assert_int_equal(state_of(occupancy, 1), samples[i].expected);
        occupancy_blind(occupancy, START_NS + 30 * NS_PER_SECOND);
        watch(occupancy, &guess, 1, 40, 42); /* after that, the first look again */
        assert_int_equal(state_of(occupancy, 1), SPACE_OCCUPIED);
        occupancy_destroy(occupancy);
    }
}

/* A car waits in the lane before the spaces, across them: it covers a good part of
 * one and is elsewhere. */
static void test_waits_in_the_lane(void **state)
{
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    const struct box car = {
        .x = 90, .y = 200, .width = 240, .height = 180, .confidence = 0.9F, .class_id = CAR};
    (void)state;
    watch(occupancy, &car, 1, 0, 10);
    assert_states(occupancy, "fff");
    occupancy_destroy(occupancy);
}

/* A false alarm now and then is no car. */
static void test_flashes(void **state)
{
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    (void)state;
    for (int i = 0; i < 6000; i++) {
        struct box car = car_at(105);
        see(occupancy, &car, i % 25 < 4, 0.1 * i);
        assert_int_not_equal(state_of(occupancy, 0), SPACE_OCCUPIED);
    }
    occupancy_destroy(occupancy);
}

/* A space is free as soon as its car is not seen for a moment: whoever stands there next, and be it
 * at the same place within a second, is another one and has a time of its own. */
static void test_free_at_once(void **state)
{
    struct occupancy_config quick = config;
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    struct box car = car_at(205);
    size_t count;
    (void)state;
    quick.free_ns = 3 * NS_PER_SECOND / 10;
    for (int i = 0; i < 50; i++) {
        see_by(occupancy, &quick, &car, 1, i * 0.1);
    }
    for (int i = 50; i < 54; i++) {
        see_by(occupancy, &quick, NULL, 0, i * 0.1);
    }
    assert_states(occupancy, "fff");
    for (int i = 54; i < 69; i++) {
        see_by(occupancy, &quick, &car, 1, i * 0.1);
        assert_states(occupancy, "fff");
    }
    see_by(occupancy, &quick, &car, 1, 6.9);
    assert_states(occupancy, "fof");
    const struct space_event *events = occupancy_events(occupancy, &count);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].at_ns / NS_PER_MS, (START_NS + 54 * NS_PER_SECOND / 10) / NS_PER_MS);
    occupancy_destroy(occupancy);
}

/* No frames for a minute is no news: nobody has looked. */
static void test_gap(void **state)
{
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    struct box car = car_at(105);
    (void)state;
    watch(occupancy, &car, 1, 0, 5);
    see(occupancy, NULL, 0, 65);
    see(occupancy, NULL, 0, 65.1);
    assert_states(occupancy, "off");
    watch(occupancy, NULL, 0, 65.2, 67.2);
    assert_states(occupancy, "fff");
    occupancy_destroy(occupancy);
}

/* A frame every two seconds is enough. */
static void test_slow_camera(void **state)
{
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    struct box car = car_at(105);
    (void)state;
    for (int i = 0; i < 5; i++) {
        see(occupancy, &car, 1, 2.0 * i);
    }
    assert_states(occupancy, "off");
    for (int i = 5; i < 10; i++) {
        see(occupancy, NULL, 0, 2.0 * i);
    }
    assert_states(occupancy, "fff");
    occupancy_destroy(occupancy);
}

static void test_blind(void **state)
{
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    struct box car = car_at(105);
    size_t count;
    (void)state;
    watch(occupancy, &car, 1, 0, 5);
    occupancy_blind(occupancy, START_NS + 5 * NS_PER_SECOND);
    assert_states(occupancy, "uuu");
    const struct space *list = occupancy_spaces(occupancy, &count);
    assert_true(list[0].occupied && !list[1].occupied);
    assert_int_equal(list[0].since_ns, START_NS + 5 * NS_PER_SECOND);
    occupancy_events(occupancy, &count);
    assert_int_equal(count, 3);
    occupancy_blind(occupancy, START_NS + 6 * NS_PER_SECOND);
    occupancy_events(occupancy, &count);
    assert_int_equal(count, 0);
    watch(occupancy, NULL, 0, 10, 12.95); /* the time before nobody watched */
    assert_states(occupancy, "uuu");
    watch(occupancy, NULL, 0, 13, 14);
    assert_states(occupancy, "fff");
    assert_false(list[0].occupied);
    occupancy_destroy(occupancy);
}

static void test_matches(void **state)
{
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    struct box boxes[3] = {car_at(305), car_at(600), car_at(150)};
    size_t count;
    (void)state;
    see(occupancy, boxes, 3, 0);
    const struct space_match *matches = occupancy_matches(occupancy, &count);
    assert_int_equal(count, 3);
    assert_true(matches[0].box == 0 && matches[0].space == 2);
    assert_true(matches[1].box == 2 && matches[1].space == 0);
    assert_true(matches[2].box == 2 && matches[2].space == 1);
    occupancy_destroy(occupancy);
}

/* A reload that adds a space and moves another forgets only that. */
static void test_inherit(void **state)
{
    struct config_point moved[4];
    struct config_space others[3] = {spaces[0], spaces[1], spaces[2]};
    struct box boxes[2] = {car_at(105), car_at(205)};
    struct occupancy *occupancy = occupancy_create(spaces, 2);
    size_t count;
    (void)state;
    memcpy(moved, corners[1], sizeof moved);
    moved[0].x += 0.001;
    others[1].corners = moved;
    watch(occupancy, boxes, 2, 0, 5);
    struct occupancy *next = occupancy_create(others, 3);
    occupancy_inherit(next, occupancy);
    occupancy_destroy(occupancy);
    assert_states(next, "ouu");
    watch(next, boxes, 2, 5, 7);
    assert_states(next, "oou");
    const struct space *list = occupancy_spaces(next, &count);
    assert_int_equal(list[0].since_ns, START_NS);
    assert_int_equal(list[2].since_ns, START_NS + 5 * NS_PER_SECOND);
    watch(next, boxes, 2, 7, 10);
    assert_states(next, "oof");
    occupancy_destroy(next);
}

/* A reload in the middle of a car's coming loses none of its time, and what
 * was known stays known. */
static void test_inherit_goes_on(void **state)
{
    struct box boxes[2] = {car_at(105), car_at(305)};
    struct occupancy *occupancy = occupancy_create(spaces, 3);
    size_t count;
    (void)state;
    watch(occupancy, &boxes[0], 1, 0, 5);
    watch(occupancy, boxes, 2, 5, 6.45); /* 1.4 s, of 1.5 */
    assert_states(occupancy, "off");
    struct occupancy *next = occupancy_create(spaces, 3);
    occupancy_inherit(next, occupancy);
    occupancy_destroy(occupancy);
    see(next, boxes, 2, 6.5);
    assert_states(next, "ofo");
    assert_int_equal(occupancy_spaces(next, &count)[2].since_ns, START_NS + 5 * NS_PER_SECOND);
    occupancy_blind(next, START_NS + 7 * NS_PER_SECOND);
    occupancy_matches(next, &count);
    assert_int_equal(count, 0);
    struct occupancy *last = occupancy_create(spaces, 3);
    occupancy_inherit(last, next);
    occupancy_destroy(next);
    assert_true(occupancy_spaces(last, &count)[0].occupied);
    assert_false(occupancy_spaces(last, &count)[1].occupied);
    /* Of a time in which nobody looked nothing counts as watched, however short it was. */
    see(last, &boxes[0], 1, 7.9);
    watch(last, &boxes[0], 1, 8, 9.35);
    assert_states(last, "uuu");
    see(last, &boxes[0], 1, 9.45);
    assert_states(last, "ouu");
    occupancy_destroy(last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_and_goes),
        cmocka_unit_test(test_drives_past),
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_early),
        cmocka_unit_test(test_waits_in_the_lane),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_faint),
        cmocka_unit_test(test_flashes),
        cmocka_unit_test(test_free_at_once),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_slow_camera),
        cmocka_unit_test(test_blind),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_inherit),
        cmocka_unit_test(test_inherit_goes_on),
    };
    return cmocka_run_group_tests(tests, make_spaces, NULL);
}
