/* What the ground is made of: asphalt with its grain and paint, kerbs, slabs, grass. */
#ifndef TESTS_CAMSIM_SCENE_GROUND_H
#define TESTS_CAMSIM_SCENE_GROUND_H

#include "tests/camsim/scene_layout.h"

/* The colour around a point; `grain` is how far one pixel reaches there along x and along y, in
 * metres: finer detail is averaged. */
struct scene_colour scene_ground_colour(const struct scene_layout *layout, struct scene_point point,
                                        struct scene_point grain);

#endif
