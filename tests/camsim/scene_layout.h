/* The car park as it was built: rows of spaces, the lanes between them, an aisle to the street,
 * trees, lamps and houses. Drawn by lot from the seed, then it stays as it is.
 *
 *        houses
 *     ------------------------------ street ------------- >
 *     row D  | | | | | | | |      | |
 *     lane 1 ---------------------+ |
 *     row C  | | | | | | |        a |
 *     row B  | | | | | | |        i |
 *     lane 0 ---------------------s-+
 *     row A     | | | | |         l
 *        grass, the camera        e        (or mirrored)
 */
#ifndef TESTS_CAMSIM_SCENE_LAYOUT_H
#define TESTS_CAMSIM_SCENE_LAYOUT_H

#include <stdbool.h>

#include "tests/camsim/scene_math.h"

#define SCENE_ROWS       4
#define SCENE_LANES      2
#define SCENE_SPACES_MAX 28
#define SCENE_TREES_MAX  28
#define SCENE_LAMPS      5
#define SCENE_HOUSES_MAX 6

struct scene_row {
    double left, right, low, high; /* a rectangle on the ground */
    int lane;                      /* from which it is entered */
    int spaces;
};

struct scene_space {
    char id[20];   /* "space_1" */
    char name[16]; /* "A1" */
    int row;
    double width;
    struct scene_point centre;
    double heading; /* of a car that drove in forwards: which way its nose points */
    struct scene_point corners[4];
};

struct scene_tree {
    struct scene_point foot;
    double height, radius;
    bool bush;
};

struct scene_house {
    double left, right, front, height;
    struct scene_colour colour;
};

struct scene_layout {
    uint64_t seed;
    struct scene_row rows[SCENE_ROWS]; /* the nearest first */
    struct scene_space spaces[SCENE_SPACES_MAX];
    int space_count;
    double lane_y[SCENE_LANES];       /* their middle lines */
    double lane_left, lane_right;     /* how far they reach; the aisle is at one of the two */
    double aisle_x;                   /* its middle line */
    double walk_x;                    /* where people enter and leave the lanes */
    double street_y;                  /* the middle line of the street, which runs along x */
    double asphalt_low, asphalt_high; /* the car park from its near to its far kerb */
    struct scene_tree trees[SCENE_TREES_MAX];
    int tree_count;
    struct scene_point lamps[SCENE_LAMPS];
    struct scene_house houses[SCENE_HOUSES_MAX];
    int house_count;
};

#define SCENE_LANE_HALF     3.2 /* half the width of a lane and of the aisle */
#define SCENE_STREET_HALF   3.4
#define SCENE_PAVEMENT      2.2 /* beside the street */
#define SCENE_SPACE_LENGTH  5.1
#define SCENE_LAMP_HEIGHT   6.5
#define SCENE_STREET_LENGTH 75.0 /* half of what there is of the street, around x = 0 */

void scene_layout_init(struct scene_layout *layout, uint64_t seed);

#endif
