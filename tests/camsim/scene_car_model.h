/* What cars look like. */
#ifndef TESTS_CAMSIM_SCENE_CAR_MODEL_H
#define TESTS_CAMSIM_SCENE_CAR_MODEL_H

#include "tests/camsim/scene_mesh.h"

enum scene_car_kind {
    SCENE_CAR_SMALL,
    SCENE_CAR_HATCHBACK,
    SCENE_CAR_SALOON,
    SCENE_CAR_ESTATE,
    SCENE_CAR_SUV,
    SCENE_CAR_VAN,
    SCENE_CAR_KINDS
};

struct scene_car_look {
    enum scene_car_kind kind;
    double length, width, height; /* metres */
    struct scene_colour paint;
    double gloss;
    bool dark_roof;
};

/* Lamps that are lit, 0 to 1. */
struct scene_car_lights {
    double head, brake;
};

struct scene_car_look scene_car_look_make(struct scene_random *random);

/* Adds the car to the mesh; it stands in the origin's middle, its nose along x. */
void scene_car_model_add(struct scene_mesh *mesh, const struct scene_car_look *look,
                         const struct scene_car_lights *lights);

#endif
