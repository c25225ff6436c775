/* The camera on its pole: where it stands, which way it looks, and what that makes of the world. */
#ifndef TESTS_CAMSIM_SCENE_VIEW_H
#define TESTS_CAMSIM_SCENE_VIEW_H

#include <stdbool.h>

#include "tests/camsim/scene_layout.h"

struct scene_view {
    struct scene_vector position, right, up, forward;
    double focal;              /* pixels */
    double centre_x, centre_y; /* pixels */
    int width, height;         /* pixels */
};

/* Where something is seen; depth in metres along the line of sight. */
struct scene_pixel {
    double x, y, depth;
};

/* Chooses a pose by lot from the layout's seed: every space is in the
 * picture, and fills it well. */
void scene_view_init(struct scene_view *view, const struct scene_layout *layout, int width,
                     int height);

/* What is behind the camera has a depth below 0 and no sensible x and y. */
struct scene_pixel scene_view_project(const struct scene_view *view, struct scene_vector point);

/* The point of the ground that is seen at a pixel. False: the sky, or further away than `limit`
 * metres. */
bool scene_view_ground(const struct scene_view *view, double x, double y, double limit,
                       struct scene_point *point);

/* How far a point is from the camera, in metres. */
double scene_view_distance(const struct scene_view *view, struct scene_vector point);

#endif
