/* Who is where in the simulated car park: repeatable, alive, and nobody drives through anybody. */
#include "tests/camsim/scene_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS   4
#define MINUTES 15

static void run(struct scene_world *world, int seconds)
{
    for (int i = 0; i < seconds * SCENE_TICKS_PER_SECOND; i++) {
        scene_world_step(world);
    }
}

static void same_seed_same_story(void **state)
{
    (void)state;
    struct scene_layout layout;
    scene_layout_init(&layout, 5);
    struct scene_world *one = scene_world_create(&layout, false),
                       *two = scene_world_create(&layout, false);
    run(one, 120);
    run(two, 120);
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        assert_int_equal(one->cars[i].identity, two->cars[i].identity);
        assert_int_equal(one->cars[i].state, two->cars[i].state);
        assert_memory_equal(&one->cars[i].stance, &two->cars[i].stance, sizeof one->cars[i].stance);
    }
    for (int i = 0; i < SCENE_PEOPLE_MAX; i++) {
        assert_int_equal(one->people[i].identity, two->people[i].identity);
        assert_memory_equal(&one->people[i].stance, &two->people[i].stance,
                            sizeof one->people[i].stance);
    }
    scene_world_destroy(one);
    scene_world_destroy(two);
}

static void another_seed_another_car_park(void **state)
{
    (void)state;
    struct scene_layout one, two;
    scene_layout_init(&one, 5);
    scene_layout_init(&two, 6);
    assert_true(one.aisle_x != two.aisle_x || one.rows[0].left != two.rows[0].left);
    for (uint64_t seed = 1; seed <= 50; seed++) {
        scene_layout_init(&one, seed);
        assert_in_range(one.space_count, 22, SCENE_SPACES_MAX);
        assert_true(one.tree_count > 8 && one.house_count > 2);
    }
}

/* Cars that touch: their middles are nearer than cars beside one another in
 * their spaces ever are. */
static bool cars_overlap(const struct scene_car *one, const struct scene_car *two)
{
    double x = one->stance.place.x - two->stance.place.x;
    double y = one->stance.place.y - two->stance.place.y;
    return x * x + y * y < 1.9 * 1.9;
}

static int count_overlaps(const struct scene_world *world)
{
    int overlaps = 0;
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        for (int k = 0; k < i; k++) {
            const struct scene_car *one = &world->cars[i], *two = &world->cars[k];
            overlaps += one->state != SCENE_CAR_ABSENT && two->state != SCENE_CAR_ABSENT &&
                        cars_overlap(one, two);
        }
    }
    return overlaps;
}

static void cars_come_and_go_and_never_meet(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scene_layout layout;
        int changes = 0, occupants[SCENE_SPACES_MAX] = {0};
        scene_layout_init(&layout, seed);
        struct scene_world *world = scene_world_create(&layout, false);
        for (int second = 0; second < MINUTES * 60; second++) {
            run(world, 1);
            if (count_overlaps(world) > 0) {
                fail_msg("seed %d, second %d: two cars in one place", (int)seed, second);
            }
            for (int i = 0; i < layout.space_count; i++) {
                int occupant = scene_world_occupant(world, i);
                changes += occupant != occupants[i];
                occupants[i] = occupant;
            }
        }
        /* A deadlock would end it. */
        assert_true(changes > layout.space_count + 2 * MINUTES);
        scene_world_destroy(world);
    }
}

static void parked_cars_stand_in_their_spaces(void **state)
{
    (void)state;
    struct scene_layout layout;
    scene_layout_init(&layout, 2);
    struct scene_world *world = scene_world_create(&layout, false);
    int parked = 0;
    for (int minute = 0; minute < MINUTES; minute++) {
        run(world, 60);
        for (int i = 0; i < SCENE_CARS_MAX; i++) {
            const struct scene_car *car = &world->cars[i];
            if (car->state == SCENE_CAR_PARKED) {
                parked++;
                assert_int_equal(scene_world_occupant(world, car->space), car->identity);
                double wanted = layout.spaces[car->space].heading * (car->nose_in ? 1 : -1);
                assert_true(scene_cosine(car->stance.heading - wanted) > 0.99);
            }
        }
    }
    assert_true(parked > 5 * MINUTES);
    scene_world_destroy(world);
}

static void a_still_car_park_never_changes(void **state)
{
    (void)state;
    struct scene_layout layout;
    scene_layout_init(&layout, 3);
    struct scene_world *world = scene_world_create(&layout, true);
    struct scene_world *before = scene_world_create(&layout, true);
    run(world, MINUTES * 60);
    assert_true(world->time >= MINUTES * 60);
    int parked = 0;
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        const struct scene_car *car = &world->cars[i];
        parked += car->state == SCENE_CAR_PARKED;
        assert_true(car->state == SCENE_CAR_PARKED || car->state == SCENE_CAR_ABSENT);
        assert_int_equal(car->identity, before->cars[i].identity);
        assert_memory_equal(&car->stance, &before->cars[i].stance, sizeof car->stance);
    }
    for (int i = 0; i < SCENE_PEOPLE_MAX; i++) {
        assert_false(world->people[i].present);
    }
    assert_true(parked > 0);
    scene_world_destroy(before);
    scene_world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_story),
        cmocka_unit_test(another_seed_another_car_park),
        cmocka_unit_test(cars_come_and_go_and_never_meet),
        cmocka_unit_test(parked_cars_stand_in_their_spaces),
        cmocka_unit_test(a_still_car_park_never_changes),
    };
    return cmocka_run_group_tests_name("camsim_scene_world", tests, NULL, NULL);
}
