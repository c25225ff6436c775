#include "tests/camsim/scene_world.h"

#include <stdlib.h>

#include "common/memory.h"
#include "tests/camsim/scene_people.h"

#define TICK_SECONDS    (1.0 / SCENE_TICKS_PER_SECOND)
#define WARM_UP_SECONDS 100
#define STREET_SPEED    9.5 /* metres a second */
#define AISLE_SPEED     5.0
#define LANE_SPEED      3.6
#define PARKING_SPEED   1.7
#define TURN_RADIUS     4.6
#define TRACK_ASIDE     1.3 /* of the lane's middle, away from the space: to swing wide */
#define AISLE_ASIDE     1.55
#define STREET_ASIDE    1.7
#define ACCELERATION    1.7
#define BRAKING         4.0
#define CREEP           0.3 /* metres a second: what gets a car over a point where it has to stop */
#define GEAR_PAUSE      0.8 /* seconds */
#define GET_IN_SECONDS  4.0
#define RETRY_SECONDS   1.0 /* until the next attempt of somebody who cannot come now */

static struct scene_car *world_add_car(struct scene_world *world, enum scene_car_state state)
{
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        struct scene_car *car = &world->cars[i];
        if (car->state == SCENE_CAR_ABSENT) {
            car->state = state;
            car->identity = ++world->last_identity;
            car->look = scene_car_look_make(&world->random);
            car->space = -1;
            car->speed = car->distance = car->pause = car->until = 0;
            car->aisle_gate = car->street_gate = car->aisle_clear = car->lane_clear = -1;
            car->since = world->time;
            return car;
        }
    }
    return NULL;
}

static bool car_moves(const struct scene_car *car)
{
    return car->state == SCENE_CAR_ARRIVING || car->state == SCENE_CAR_LEAVING ||
           car->state == SCENE_CAR_PASSING;
}

static double car_space_heading(const struct scene_world *world, const struct scene_car *car)
{
    double heading = world->layout->spaces[car->space].heading;
    return car->nose_in ? heading : -heading;
}

static double world_stay(struct scene_world *world)
{
    double least = scene_random_between(&world->random, 90, 450);
    return least + scene_random_between(&world->random, 0, 300);
}

static bool world_is_taken(const struct scene_world *world, int space)
{
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        if (world->cars[i].state != SCENE_CAR_ABSENT && world->cars[i].space == space) {
            return true;
        }
    }
    return false;
}

/* A free space by lot; -1: there is none, or the car park is as full as it should be. */
static int world_choose_space(struct scene_world *world)
{
    int free_spaces[SCENE_SPACES_MAX], count = 0, total = world->layout->space_count;
    for (int i = 0; i < total; i++) {
        if (!world_is_taken(world, i)) {
            free_spaces[count++] = i;
        }
    }
    if (count == 0 || total - count > total * world->crowd) {
        return -1;
    }
    return free_spaces[scene_random_below(&world->random, count)];
}

static void car_settle(struct scene_world *world, struct scene_car *car)
{
    const struct scene_space *space = &world->layout->spaces[car->space];
    car->state = SCENE_CAR_PARKED;
    car->speed = 0;
    car->braking = false;
    car->since = world->time;
    car->until = world->time + world_stay(world);
    if (car->distance == 0) { /* it was always there */
        car->stance.heading =
            car_space_heading(world, car) + scene_random_between(&world->random, -0.04, 0.04);
        car->stance.place.x = space->centre.x + scene_random_between(&world->random, -0.18, 0.18);
        car->stance.place.y = space->centre.y + scene_random_between(&world->random, -0.22, 0.22);
    }
}

/* --- the ways --- */

/* The line on which a car passes a space: y, and which way the space lies from there. */
static double world_track(const struct scene_world *world, int space, double *toward)
{
    const struct scene_row *row = &world->layout->rows[world->layout->spaces[space].row];
    double lane = world->layout->lane_y[row->lane];
    *toward = lane > row->high ? -1 : 1;
    return lane - *toward * TRACK_ASIDE;
}

/* From the street to the lane; the pen is left on the track, heading away from the aisle. */
static void world_plan_entry(const struct scene_world *world, struct scene_car *car, double track)
{
    const struct scene_layout *layout = world->layout;
    double near_side = layout->street_y - STREET_ASIDE, aisle = layout->aisle_x - AISLE_ASIDE;
    double away = layout->aisle_x > 0 ? SCENE_PI : 0;
    struct scene_stance start = {{-SCENE_STREET_LENGTH, near_side}, 0};
    struct scene_path *path = &car->path;
    scene_path_begin(path, start);
    scene_path_straight(path, aisle - TURN_RADIUS + SCENE_STREET_LENGTH, STREET_SPEED, false);
    scene_path_turn(path, -SCENE_PI / 2, TURN_RADIUS, LANE_SPEED, false);
    scene_path_straight(path, path->pen.place.y - track - TURN_RADIUS, AISLE_SPEED, false);
    scene_path_turn(path, away, TURN_RADIUS, LANE_SPEED * 0.8, false);
    car->aisle_clear = scene_path_length(path) + car->look.length;
}

static void world_plan_arrival(const struct scene_world *world, struct scene_car *car)
{
    const struct scene_space *space = &world->layout->spaces[car->space];
    double toward, track = world_track(world, car->space, &toward);
    double onward = world->layout->aisle_x > 0 ? -1 : 1;
    struct scene_path *path = &car->path;
    world_plan_entry(world, car, track);
    double ahead = (space->centre.x - path->pen.place.x) * onward;
    car->nose_in = car->nose_in && ahead > TURN_RADIUS; /* else the turn is too tight */
    if (car->nose_in) {
        scene_path_straight(path, ahead - TURN_RADIUS, LANE_SPEED, false);
    } else {
        scene_path_straight(path, ahead + TURN_RADIUS, LANE_SPEED, false);
    }
    scene_path_turn(path, car_space_heading(world, car), TURN_RADIUS, PARKING_SPEED, !car->nose_in);
    scene_path_straight(path, fabs(space->centre.y - path->pen.place.y), PARKING_SPEED,
                        !car->nose_in);
    scene_path_finish(path, true);
}

static void world_plan_departure(const struct scene_world *world, struct scene_car *car)
{
    const struct scene_layout *layout = world->layout;
    double toward, track = world_track(world, car->space, &toward);
    double out = layout->aisle_x > 0 ? 1 : -1, aisle = layout->aisle_x + AISLE_ASIDE;
    double homeward = out > 0 ? 0 : SCENE_PI, near_side = layout->street_y - STREET_ASIDE;
    struct scene_path *path = &car->path;
    scene_path_begin(path, car->stance);
    double to_turn = fabs(track - car->stance.place.y) - TURN_RADIUS;
    scene_path_straight(path, to_turn, PARKING_SPEED, car->nose_in);
    scene_path_turn(path, homeward, TURN_RADIUS, PARKING_SPEED, car->nose_in);
    scene_path_straight(path, (aisle - path->pen.place.x) * out - TURN_RADIUS, LANE_SPEED, false);
    car->aisle_gate = scene_path_length(path) - 1;
    scene_path_turn(path, SCENE_PI / 2, TURN_RADIUS, LANE_SPEED, false);
    car->lane_clear = scene_path_length(path) + car->look.length;
    scene_path_straight(path, near_side - TURN_RADIUS - path->pen.place.y, AISLE_SPEED, false);
    car->street_gate = scene_path_length(path) - 1;
    scene_path_turn(path, 0, TURN_RADIUS, LANE_SPEED, false);
    car->aisle_clear = scene_path_length(path);
    scene_path_straight(path, SCENE_STREET_LENGTH - path->pen.place.x, STREET_SPEED, false);
    scene_path_finish(path, false);
}

/* --- coming and going --- */

/* No car is on that stretch of the street's near side. */
static bool world_street_is_free(const struct scene_world *world, double left, double right)
{
    double y = world->layout->street_y - STREET_ASIDE;
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        const struct scene_stance *stance = &world->cars[i].stance;
        if (car_moves(&world->cars[i]) && fabs(stance->place.y - y) < 1.5 &&
            stance->place.x > left && stance->place.x < right) {
            return false;
        }
    }
    return true;
}

static void world_take_stance(struct scene_car *car)
{
    struct scene_pose pose = scene_path_at(&car->path, car->distance);
    car->stance = (struct scene_stance){{(double)pose.x, (double)pose.y}, (double)pose.heading};
}

static void world_start_arrival(struct scene_world *world)
{
    int space = world_choose_space(world);
    world->next_arrival = world->time + RETRY_SECONDS;
    if (space < 0) {
        return;
    }
    int lane = world->layout->rows[world->layout->spaces[space].row].lane;
    if (world->aisle_holder != 0 || world->lane_holder[lane] != 0 ||
        !world_street_is_free(world, -SCENE_STREET_LENGTH - 1, -SCENE_STREET_LENGTH + 14)) {
        return;
    }
    struct scene_car *car = world_add_car(world, SCENE_CAR_ARRIVING);
    if (car == NULL) {
        return;
    }
    world->next_arrival = world->time + scene_random_between(&world->random, 2, 12);
    car->space = space;
    car->nose_in = scene_random_below(&world->random, 4) > 0;
    car->speed = STREET_SPEED * 0.9;
    world_plan_arrival(world, car);
    world_take_stance(car);
    world->aisle_holder = world->lane_holder[lane] = car->identity;
}

static void world_start_passing(struct scene_world *world)
{
    bool far_side = scene_random_below(&world->random, 2) == 0;
    world->next_passing = world->time + scene_random_between(&world->random, 6, 26);
    if (!far_side &&
        !world_street_is_free(world, -SCENE_STREET_LENGTH - 1, -SCENE_STREET_LENGTH + 14)) {
        return;
    }
    struct scene_car *car = world_add_car(world, SCENE_CAR_PASSING);
    if (car == NULL) {
        return;
    }
    double side = far_side ? 1 : -1;
    struct scene_stance start = {
        {SCENE_STREET_LENGTH * side, world->layout->street_y + side * STREET_ASIDE},
        far_side ? SCENE_PI : 0};
    car->speed = STREET_SPEED * scene_random_between(&world->random, 0.8, 1.1);
    scene_path_begin(&car->path, start);
    scene_path_straight(&car->path, 2 * SCENE_STREET_LENGTH, car->speed, false);
    scene_path_finish(&car->path, false);
    world_take_stance(car);
}

static void world_start_departure(struct scene_world *world, struct scene_car *car)
{
    int lane = world->layout->rows[world->layout->spaces[car->space].row].lane;
    if (world->time - car->since < GET_IN_SECONDS || world->lane_holder[lane] != 0) {
        return;
    }
    world->lane_holder[lane] = car->identity;
    car->state = SCENE_CAR_LEAVING;
    car->since = world->time;
    car->distance = 0;
    world_plan_departure(world, car);
}

/* --- driving --- */

/* The speed at which one can still stop within `distance`. */
static double speed_to_stop(double distance)
{
    return distance > 0 ? sqrt(2 * ACCELERATION * distance) : 0;
}

/* How far ahead something is, when it is in the way of the car within `half`
 * metres to each side. */
static double car_way_to(const struct scene_car *car, const struct scene_pose *pose,
                         struct scene_point other, double half)
{
    double cosine = scene_cosine((double)pose->heading), sine = scene_sine((double)pose->heading);
    double x = other.x - (double)pose->x, y = other.y - (double)pose->y;
    double ahead = (x * cosine + y * sine) * (pose->reverse ? -1 : 1);
    double aside = fabs(y * cosine - x * sine);
    return ahead > 0 && aside < half ? ahead - car->look.length * 0.5 : 1e9;
}

static double car_speed_among_others(const struct scene_world *world, const struct scene_car *car,
                                     const struct scene_pose *pose)
{
    double speed = 1e9;
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        const struct scene_car *other = &world->cars[i];
        if (other == car || !car_moves(other) ||
            scene_cosine(other->stance.heading - car->stance.heading) < 0.5) {
            continue;
        }
        double gap = car_way_to(car, pose, other->stance.place, 1.6) - other->look.length * 0.5;
        speed = fmin(speed, speed_to_stop(gap - 2.0) + other->speed * 0.8);
    }
    for (int i = 0; i < SCENE_PEOPLE_MAX; i++) {
        const struct scene_person *person = &world->people[i];
        if (person->present) {
            double half = car->look.width * 0.5 + 0.5;
            speed =
                fmin(speed, speed_to_stop(car_way_to(car, pose, person->stance.place, half) - 1.0));
        }
    }
    return speed;
}

/* Gates are points on the path of a car that leaves, where it waits until it may go on. */
static double car_speed_at_gates(struct scene_world *world, struct scene_car *car)
{
    double speed = 1e9;
    if (car->state == SCENE_CAR_LEAVING && world->aisle_holder != car->identity &&
        car->distance < car->aisle_gate) {
        if (world->aisle_holder == 0 && car->aisle_gate - car->distance < 6) {
            world->aisle_holder = car->identity;
        } else {
            speed = speed_to_stop(car->aisle_gate - car->distance - 0.5);
        }
    }
    if (car->state == SCENE_CAR_LEAVING && car->distance < car->street_gate) {
        double mouth = world->layout->aisle_x;
        if (!world_street_is_free(world, mouth - 32, mouth + 9)) {
            speed = fmin(speed, speed_to_stop(car->street_gate - car->distance - 0.5));
        }
    }
    return speed;
}

static void world_release(struct scene_world *world, struct scene_car *car, bool aisle, bool lane)
{
    if (aisle && world->aisle_holder == car->identity) {
        world->aisle_holder = 0;
    }
    for (int i = 0; lane && i < SCENE_LANES; i++) {
        if (world->lane_holder[i] == car->identity) {
            world->lane_holder[i] = 0;
        }
    }
}

static void car_arrive(struct scene_world *world, struct scene_car *car)
{
    world_release(world, car, true, true);
    if (car->state != SCENE_CAR_ARRIVING) {
        car->state = SCENE_CAR_ABSENT;
        return;
    }
    car_settle(world, car);
    scene_people_get_out(world, car, true);
    if (scene_random_below(&world->random, 3) == 0) {
        scene_people_get_out(world, car, false);
    }
}

static void car_drive(struct scene_world *world, struct scene_car *car)
{
    struct scene_pose pose = scene_path_at(&car->path, car->distance);
    double wanted = fmax((double)pose.speed, CREEP);
    wanted = fmin(wanted, car_speed_among_others(world, car, &pose));
    wanted = fmin(wanted, car_speed_at_gates(world, car));
    if (car->pause > 0) {
        car->pause -= TICK_SECONDS;
        wanted = 0;
    }
    double change =
        scene_clamp(wanted - car->speed, -BRAKING * TICK_SECONDS, ACCELERATION * TICK_SECONDS);
    car->braking = change < -0.02 || (wanted < CREEP && car->speed < 0.5);
    car->speed = fmax(car->speed + change, 0);
    car->distance += car->speed * TICK_SECONDS;
    struct scene_pose after = scene_path_at(&car->path, car->distance);
    if (after.reverse != pose.reverse) {
        car->speed = 0;
        car->pause = GEAR_PAUSE;
    }
    world_take_stance(car);
    world_release(world, car, car->aisle_clear >= 0 && car->distance > car->aisle_clear,
                  car->lane_clear >= 0 && car->distance > car->lane_clear);
    if (car->state == SCENE_CAR_LEAVING && car->space >= 0 && car->distance > 9) {
        car->space = -1;
    }
    if (car->distance >= scene_path_length(&car->path)) {
        car_arrive(world, car);
    }
}

static void world_step_car(struct scene_world *world, int index)
{
    struct scene_car *car = &world->cars[index];
    if (car_moves(car)) {
        car_drive(world, car);
    } else if (car->state == SCENE_CAR_PARKED && world->time > car->until) {
        if (scene_people_set_out(world, index)) {
            car->state = SCENE_CAR_AWAITED;
        }
    } else if (car->state == SCENE_CAR_READY) {
        world_start_departure(world, car);
    }
}

void scene_world_step(struct scene_world *world)
{
    world->time = (double)++world->tick * TICK_SECONDS;
    if (world->still) {
        return;
    }
    if (world->time > world->next_arrival) {
        world_start_arrival(world);
    }
    if (world->time > world->next_passing) {
        world_start_passing(world);
    }
    if (world->time > world->next_walker) {
        scene_people_pass_by(world);
        world->next_walker = world->time + scene_random_between(&world->random, 4, 16);
    }
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        world_step_car(world, i);
    }
    scene_people_step(world, TICK_SECONDS);
}

struct scene_world *scene_world_create(const struct scene_layout *layout, bool still)
{
    struct scene_world *world = xcalloc(1, sizeof *world);
    world->layout = layout;
    world->still = still;
    world->random = scene_random_make(layout->seed, 6);
    world->crowd = scene_random_between(&world->random, 0.55, 0.92);
    for (int i = 0; i < layout->space_count; i++) {
        if (scene_random_between(&world->random, 0, 1) < world->crowd) {
            struct scene_car *car = world_add_car(world, SCENE_CAR_PARKED);
            car->space = i;
            car->nose_in = scene_random_below(&world->random, 4) > 0;
            car_settle(world, car);
            car->until = scene_random_between(&world->random, -70, 420);
        }
    }
    world->tick = -WARM_UP_SECONDS * SCENE_TICKS_PER_SECOND;
    world->time = -WARM_UP_SECONDS;
    world->next_arrival = world->next_passing = world->next_walker = world->time;
    while (world->tick < 0) {
        scene_world_step(world);
    }
    return world;
}

void scene_world_destroy(struct scene_world *world)
{
    free(world);
}

int scene_world_occupant(const struct scene_world *world, int space)
{
    const struct scene_point *low = &world->layout->spaces[space].corners[0];
    const struct scene_point *high = &world->layout->spaces[space].corners[2];
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        const struct scene_point *place = &world->cars[i].stance.place;
        if (world->cars[i].state != SCENE_CAR_ABSENT && place->x > low->x && place->x < high->x &&
            place->y > low->y && place->y < high->y) {
            return world->cars[i].identity;
        }
    }
    return 0;
}
