/* Who is where in the car park: a simulation in steps of a fixed length, which depends on nothing
 * but the seed. Cars come from the street, park, stay and leave again; people get out, walk off and
 * come back; others pass by. */
#ifndef TESTS_CAMSIM_SCENE_WORLD_H
#define TESTS_CAMSIM_SCENE_WORLD_H

#include "tests/camsim/scene_car_model.h"
#include "tests/camsim/scene_path.h"
#include "tests/camsim/scene_person_model.h"

#define SCENE_CARS_MAX         56
#define SCENE_PEOPLE_MAX       32
#define SCENE_WAYPOINTS_MAX    8
#define SCENE_TICKS_PER_SECOND 60

/*   ARRIVING -> PARKED -> AWAITED (its driver is on the way) -> READY (to go) -> LEAVING
 *   PASSING: only drives along the street */
enum scene_car_state {
    SCENE_CAR_ABSENT,
    SCENE_CAR_ARRIVING,
    SCENE_CAR_PARKED,
    SCENE_CAR_AWAITED,
    SCENE_CAR_READY,
    SCENE_CAR_LEAVING,
    SCENE_CAR_PASSING,
};

struct scene_car {
    enum scene_car_state state;
    int identity; /* never given twice */
    struct scene_car_look look;
    struct scene_stance stance;
    int space; /* where it stands or wants to; -1: none */
    bool nose_in;
    bool braking;
    double speed;
    double since; /* when it reached its state, in seconds of the world */
    double until; /* PARKED: when its driver sets out */
    double pause; /* seconds that it stands still for a change of gear */
    double distance;
    double aisle_gate, street_gate, aisle_clear, lane_clear; /* distances on the path; see .c */
    struct scene_path path;
};

struct scene_person {
    bool present;
    int identity;
    struct scene_person_look look;
    struct scene_stance stance;
    struct scene_point waypoints[SCENE_WAYPOINTS_MAX];
    int waypoint_count, next;
    int car;      /* index of the car that it walks to, -1: none */
    double pause; /* seconds that it goes on standing */
    double speed, stride;
};

struct scene_world {
    const struct scene_layout *layout;
    struct scene_random random;
    int64_t tick;
    double time; /* seconds */
    struct scene_car cars[SCENE_CARS_MAX];
    struct scene_person people[SCENE_PEOPLE_MAX];
    int lane_holder[SCENE_LANES],
        aisle_holder; /* who alone may move there: an identity; 0: nobody */
    int last_identity;
    double next_arrival, next_passing, next_walker;
    double crowd; /* which share of the spaces is taken on average */
    bool still;   /* nobody comes, goes or walks */
};

/* At tick 0 the car park is already in use. `still`: by parked cars only, which stay for ever. The
 * layout must outlive it. */
struct scene_world *scene_world_create(const struct scene_layout *layout, bool still);
void scene_world_destroy(struct scene_world *world); /* NULL is allowed */

void scene_world_step(struct scene_world *world);

/* The car that stands in a space, its middle within the space's lines: its identity; 0: free. */
int scene_world_occupant(const struct scene_world *world, int space);

#endif
