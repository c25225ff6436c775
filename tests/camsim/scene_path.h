/* The way that a car drives: poses one after the other with a speed for each, forwards and in
 * reverse. It is drawn with a pen: a straight line, an arc, and so on. */
#ifndef TESTS_CAMSIM_SCENE_PATH_H
#define TESTS_CAMSIM_SCENE_PATH_H

#include <stdbool.h>

#include "tests/camsim/scene_raster.h"

#define SCENE_PATH_STEP 0.2 /* metres between two poses */
#define SCENE_PATH_MAX  1600

struct scene_pose {
    float x, y, heading, speed; /* speed: at most, in metres a second */
    bool reverse;
};

struct scene_path {
    struct scene_pose poses[SCENE_PATH_MAX];
    int count;
    struct scene_stance pen;
};

void scene_path_begin(struct scene_path *path, struct scene_stance start);
void scene_path_straight(struct scene_path *path, double length, double speed, bool reverse);

/* Until the nose points to `heading`, the short way round. */
void scene_path_turn(struct scene_path *path, double heading, double radius, double speed,
                     bool reverse);

/* Slows down in time for everything that follows; the end is a standstill when `stop`. */
void scene_path_finish(struct scene_path *path, bool stop);

/* The pose at a distance from the beginning, in metres. */
struct scene_pose scene_path_at(const struct scene_path *path, double distance);
double scene_path_length(const struct scene_path *path);

#endif
