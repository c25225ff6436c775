/* The part of the world that walks. */
#ifndef TESTS_CAMSIM_SCENE_PEOPLE_H
#define TESTS_CAMSIM_SCENE_PEOPLE_H

#include "tests/camsim/scene_world.h"

/* Somebody gets out of a car and walks off. */
void scene_people_get_out(struct scene_world *world, const struct scene_car *car, bool driver);

/* Somebody sets out to a car, and gets in. False: there are too many people. */
bool scene_people_set_out(struct scene_world *world, int car);

/* Somebody passes by on a pavement. */
void scene_people_pass_by(struct scene_world *world);

/* Moves everybody on by `seconds`. */
void scene_people_step(struct scene_world *world, double seconds);

#endif
