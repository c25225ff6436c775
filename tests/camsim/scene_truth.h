/* What is true about a frame, as JSON. */
#ifndef TESTS_CAMSIM_SCENE_TRUTH_H
#define TESTS_CAMSIM_SCENE_TRUTH_H

#include <jansson.h>

#include "tests/camsim/scene_render.h"

/* The camera's spaces as a configuration wants them: [{"id", "name", "polygon"}], relative
 * coordinates. The caller owns the reference. */
json_t *scene_truth_spaces(const struct scene_layout *layout, const struct scene_view *view);

/* What scene_render_draw() drew last. The caller owns the reference.
 *   {"frame", "time", "phase", "width", "height",
 *    "objects": [{"class", "id", "box", "visible", "visible_box", "moving", "space"}],
 *    "spaces": [{"id", "name", "polygon", "state", "car"}]}
 * The class is "car", vans included, or "person". Boxes are [x, y, width, height] in pixels: `box`
 * around all of the object that lies in the picture, hidden or not, `visible_box` around what is to
 * be seen of it (null: nothing); `visible` is the share of the whole object that is to be seen. A
 * space is occupied when a car's middle is in it. */
json_t *scene_truth_frame(const struct scene_render *render, const struct scene_world *world,
                          double phase, uint64_t number);

#endif
