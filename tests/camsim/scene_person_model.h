/* What people look like. */
#ifndef TESTS_CAMSIM_SCENE_PERSON_MODEL_H
#define TESTS_CAMSIM_SCENE_PERSON_MODEL_H

#include "tests/camsim/scene_mesh.h"

struct scene_person_look {
    double height, girth; /* metres; 1 is usual */
    struct scene_colour skin, hair, top, legs, shoes;
    bool skirt, bag;
};

struct scene_person_look scene_person_look_make(struct scene_random *random);

/* Adds a walking person in the origin who faces along x. `stride` counts steps: whole numbers are
 * the moments when both feet are together. `moving` 0: stands. */
void scene_person_model_add(struct scene_mesh *mesh, const struct scene_person_look *look,
                            double stride, double moving);

#endif
