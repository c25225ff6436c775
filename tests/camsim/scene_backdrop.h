/* The picture without anything that moves: sky, ground, houses and the trees behind the car park.
 * What does not depend on the light is worked out once. */
#ifndef TESTS_CAMSIM_SCENE_BACKDROP_H
#define TESTS_CAMSIM_SCENE_BACKDROP_H

#include "tests/camsim/scene_raster.h"

struct scene_backdrop;

/* Both must outlive it. */
struct scene_backdrop *scene_backdrop_create(const struct scene_layout *layout,
                                             const struct scene_view *view);
void scene_backdrop_destroy(struct scene_backdrop *backdrop); /* NULL is allowed */

/* Paints the whole canvas, which has the view's size. The fourth byte of a pixel says how much of
 * its light would go with the sun's: 0 in shadow, 255 in full sun. */
void scene_backdrop_paint(struct scene_backdrop *backdrop, const struct scene_light *light,
                          struct scene_canvas *canvas);

/* Whether a tree stands behind everything that moves, so that it is part of the backdrop. */
bool scene_backdrop_has_tree(const struct scene_layout *layout, const struct scene_tree *tree);

/* How much of the lamps' light reaches a point of the ground, 0 to 1. */
double scene_backdrop_lamplight(const struct scene_layout *layout, struct scene_point point);

#endif
