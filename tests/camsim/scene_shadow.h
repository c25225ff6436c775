/* Shadows of what stands still, on the ground. */
#ifndef TESTS_CAMSIM_SCENE_SHADOW_H
#define TESTS_CAMSIM_SCENE_SHADOW_H

#include "tests/camsim/scene_layout.h"
#include "tests/camsim/scene_light.h"

/* How much of the sun reaches each cell of the ground, 0 to 255. */
struct scene_shadow;

struct scene_shadow *scene_shadow_create(void);
void scene_shadow_destroy(struct scene_shadow *shadow); /* NULL is allowed */

void scene_shadow_cast(struct scene_shadow *shadow, const struct scene_layout *layout,
                       const struct scene_light *light);

/* The share at a point, 0 to 1; outside of what is covered everything is lit. */
float scene_shadow_at(const struct scene_shadow *shadow, float x, float y);

#endif
