/* The noise of the camera's sensor. */
#ifndef TESTS_CAMSIM_SCENE_NOISE_H
#define TESTS_CAMSIM_SCENE_NOISE_H

#include "tests/camsim/scene_raster.h"

struct scene_noise;

struct scene_noise *scene_noise_create(uint64_t seed);
void scene_noise_destroy(struct scene_noise *noise); /* NULL is allowed */

/* Copies `part` of the canvas, which lies wholly within it, to `out` with the noise of frame
 * `number`. `dark` 0 to 1: how much the sensor amplifies. */
void scene_noise_apply(const struct scene_noise *noise, const struct scene_canvas *canvas,
                       struct scene_box part, double dark, uint64_t number, uint8_t *out);

#endif
