/* What stands still: trees, lamps, houses. Their places are in the mesh: stance zero. */
#ifndef TESTS_CAMSIM_SCENE_FIXTURE_MODEL_H
#define TESTS_CAMSIM_SCENE_FIXTURE_MODEL_H

#include "tests/camsim/scene_layout.h"
#include "tests/camsim/scene_mesh.h"

/* `leaves`: how many triangles the crown is made of. */
void scene_tree_model_add(struct scene_mesh *mesh, const struct scene_tree *tree, uint64_t seed,
                          int leaves);

/* `toward` is a point that the lamp's arm reaches towards; `lit` 0 to 1. */
void scene_lamp_model_add(struct scene_mesh *mesh, struct scene_point foot,
                          struct scene_point toward, double lit);

void scene_house_model_add(struct scene_mesh *mesh, const struct scene_house *house, uint64_t seed,
                           double lit);

#endif
