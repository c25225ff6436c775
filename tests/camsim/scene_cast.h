/* What a body does to the ground around it: the soft shadow of the sun, the dark below it, the pool
 * of light before its headlights. */
#ifndef TESTS_CAMSIM_SCENE_CAST_H
#define TESTS_CAMSIM_SCENE_CAST_H

#include "tests/camsim/scene_raster.h"

/* A body as its shadow sees it: two blocks, of which the upper may be smaller. */
struct scene_block {
    double length, width, height;   /* of the whole, metres */
    double shoulder;                /* the height of the lower block */
    double cabin_front, cabin_rear; /* of the upper block, along the body, from its middle */
};

/* Two bytes for each pixel of the box: how much of the sun, and how much of all
 * light is kept away. */
struct scene_cast {
    struct scene_box box;
    uint8_t *masks;
};

/* Makes one from nothing (zeroes) or anew. */
void scene_cast_draw(struct scene_cast *cast, const struct scene_block *block,
                     const struct scene_stance *stance, const struct scene_view *view,
                     const struct scene_light *light);
void scene_cast_finish(struct scene_cast *cast);

/* Darkens the canvas, whose fourth byte says how much of the sun there still is; takes from it, so
 * that two shadows on one another are not darker than one. */
void scene_cast_lay(const struct scene_cast *cast, const struct scene_light *light,
                    struct scene_canvas *canvas);

/* The light before a car of that length, `strength` 0 to 1. */
void scene_cast_headlights(const struct scene_stance *stance, double length, double strength,
                           const struct scene_view *view, struct scene_canvas *canvas);

#endif
