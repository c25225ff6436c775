#include "tests/camsim/scene_people.h"

#define TURN_RATE     5.0 /* radians a second */
#define STEPS_METRE   1.35
#define DOOR_GAP      0.32 /* metres between the car and who gets out of it */
#define PAVEMENT_END  60.0
#define LONGEST_PAUSE 14.0 /* seconds that somebody stands still who has the time */

static struct scene_person *people_add(struct scene_world *world)
{
    for (int i = 0; i < SCENE_PEOPLE_MAX; i++) {
        struct scene_person *person = &world->people[i];
        if (!person->present) {
            *person = (struct scene_person){.present = true, .car = -1};
            person->identity = ++world->last_identity;
            person->look = scene_person_look_make(&world->random);
            person->speed = scene_random_between(&world->random, 1.1, 1.65);
            person->stride = scene_random_between(&world->random, 0, 2);
            return person;
        }
    }
    return NULL;
}

static void person_go_by(struct scene_person *person, double x, double y)
{
    person->waypoints[person->waypoint_count++] = (struct scene_point){x, y};
}

/* From the pavement along the walkway and the lane to a car's door. */
static void person_plan(struct scene_person *person, struct scene_world *world,
                        const struct scene_car *car, bool driver)
{
    const struct scene_layout *layout = world->layout;
    const struct scene_space *space = &layout->spaces[car->space];
    const struct scene_row *row = &layout->rows[space->row];
    double lane = layout->lane_y[row->lane];
    double edge = lane > row->high ? row->high + 0.5 : row->low - 0.5;
    double aside = (driver ? 1 : -1) * (car->look.width * 0.5 + DOOR_GAP);
    double door_x = space->centre.x - scene_sine(car->stance.heading) * aside;
    double door_y = space->centre.y + scene_sine(car->stance.heading) * 0.3;
    double walk = layout->walk_x + scene_random_between(&world->random, -0.7, 0.7);
    double track = lane + scene_random_between(&world->random, -2.4, 2.4);
    double pavement = layout->street_y - SCENE_STREET_HALF -
                      scene_random_between(&world->random, 0.5, SCENE_PAVEMENT - 0.4);
    double end = scene_random_below(&world->random, 2) == 0 ? -PAVEMENT_END : PAVEMENT_END;
    person_go_by(person, end, pavement);
    person_go_by(person, walk, pavement);
    person_go_by(person, walk, track);
    person_go_by(person, door_x, track);
    person_go_by(person, door_x, edge);
    person_go_by(person, door_x, door_y);
}

static void person_start(struct scene_person *person)
{
    person->stance.place = person->waypoints[0];
    person->next = 1;
    struct scene_point to = person->waypoints[1];
    double x = to.x - person->waypoints[0].x, y = to.y - person->waypoints[0].y;
    person->stance.heading = fabs(x) > fabs(y) ? (x > 0 ? 0 : SCENE_PI)
                             : y > 0           ? SCENE_PI / 2
                                               : -SCENE_PI / 2;
}

void scene_people_get_out(struct scene_world *world, const struct scene_car *car, bool driver)
{
    struct scene_person *person = people_add(world);
    if (person == NULL) {
        return;
    }
    person_plan(person, world, car, driver);
    for (int i = 0; i < person->waypoint_count / 2; i++) {
        int other = person->waypoint_count - 1 - i;
        struct scene_point moved = person->waypoints[i];
        person->waypoints[i] = person->waypoints[other];
        person->waypoints[other] = moved;
    }
    person_start(person);
}

bool scene_people_set_out(struct scene_world *world, int car)
{
    struct scene_person *person = people_add(world);
    if (person == NULL) {
        return false;
    }
    person_plan(person, world, &world->cars[car], true);
    person->car = car;
    person_start(person);
    return true;
}

void scene_people_pass_by(struct scene_world *world)
{
    struct scene_person *person = people_add(world);
    if (person == NULL) {
        return;
    }
    double side = scene_random_below(&world->random, 3) == 0 ? 1 : -1;
    double y = world->layout->street_y +
               side * (SCENE_STREET_HALF + scene_random_between(&world->random, 0.5, 1.8));
    double from = scene_random_below(&world->random, 2) == 0 ? -PAVEMENT_END : PAVEMENT_END;
    person_go_by(person, from, y);
    if (side < 0 && scene_random_below(&world->random, 3) > 0) { /* takes a walk among the cars */
        const struct scene_layout *layout = world->layout;
        double lane = layout->lane_y[scene_random_below(&world->random, SCENE_LANES)];
        lane += scene_random_between(&world->random, -2.4, 2.4);
        double out = layout->aisle_x > 0 ? layout->lane_right + 1 : layout->lane_left - 1;
        person_go_by(person, layout->walk_x, y);
        person_go_by(person, layout->walk_x, lane);
        person_go_by(person, out, lane);
        person_go_by(person, out, y);
    }
    person_go_by(person, -from, y);
    person_start(person);
}

static void person_turn(struct scene_person *person, struct scene_point way, double seconds)
{
    /* The sine of the angle between where it looks and where it goes. */
    double cosine = scene_cosine(person->stance.heading), sine = scene_sine(person->stance.heading);
    double aside = cosine * way.y - sine * way.x, ahead = cosine * way.x + sine * way.y;
    double most = TURN_RATE * seconds;
    double turn = ahead < 0 ? (aside < 0 ? -most : most) : scene_clamp(aside, -most, most);
    person->stance.heading += turn;
}

static void person_step(struct scene_world *world, struct scene_person *person, double seconds)
{
    if (person->pause > 0) {
        person->pause -= seconds;
        return;
    }
    struct scene_point target = person->waypoints[person->next];
    double x = target.x - person->stance.place.x, y = target.y - person->stance.place.y;
    double distance = sqrt(x * x + y * y), stride = person->speed * seconds;
    if (distance <= stride) {
        person->stance.place = target;
        if (person->car < 0 && scene_random_below(&world->random, 4) == 0) {
            person->pause = scene_random_between(&world->random, 2, LONGEST_PAUSE);
        }
        if (++person->next == person->waypoint_count) {
            person->present = false;
            if (person->car >= 0) {
                world->cars[person->car].state = SCENE_CAR_READY;
                world->cars[person->car].since = world->time;
            }
        }
        return;
    }
    person->stance.place.x += x / distance * stride;
    person->stance.place.y += y / distance * stride;
    person->stride += stride * STEPS_METRE;
    person_turn(person, (struct scene_point){x / distance, y / distance}, seconds);
}

void scene_people_step(struct scene_world *world, double seconds)
{
    for (int i = 0; i < SCENE_PEOPLE_MAX; i++) {
        if (world->people[i].present) {
            person_step(world, &world->people[i], seconds);
        }
    }
}
