/* The picture of a world at a moment, and which object is seen at each pixel. */
#ifndef TESTS_CAMSIM_SCENE_RENDER_H
#define TESTS_CAMSIM_SCENE_RENDER_H

#include "tests/camsim/scene_raster.h"
#include "tests/camsim/scene_world.h"

#define SCENE_SEEN_MAX (SCENE_CARS_MAX + SCENE_PEOPLE_MAX)

struct scene_render_options {
    int width, height;
    bool shake;      /* the pole sways in the wind */
    int light_steps; /* for how many moments of a day the backdrop is painted: others are mixed */
};

/* An object of which something lies in the picture. Boxes in pixels, within the picture. */
struct scene_seen {
    const struct scene_car *car; /* one of the two */
    const struct scene_person *person;
    struct scene_box box;     /* around all of it, hidden or not */
    struct scene_box visible; /* around what is to be seen; a width of 0: nothing */
    int area, visible_area;   /* pixels; of the area some may lie outside the picture */
};

struct scene_render;

/* The layout must outlive it. */
struct scene_render *scene_render_create(const struct scene_layout *layout,
                                         const struct scene_render_options *options);
void scene_render_destroy(struct scene_render *render); /* NULL is allowed */

/* Draws frame `number` of the world as it stands, in the light of `phase` (see scene_light.h). */
void scene_render_draw(struct scene_render *render, const struct scene_world *world, double phase,
                       uint64_t number);

/* What was drawn: rows of width * 4 bytes, red, green, blue and one that means nothing. */
const uint8_t *scene_render_pixels(const struct scene_render *render);

/* For each pixel 1 + the place in the list of what is seen; 0: the backdrop, 255: a tree or lamp. A
 * row has `stride` bytes. */
const uint8_t *scene_render_ids(const struct scene_render *render, size_t *stride);
const struct scene_seen *scene_render_seen(const struct scene_render *render, int *count);

/* The camera that does not sway. Its pixel (0, 0) is that of the picture. */
const struct scene_view *scene_render_view(const struct scene_render *render);

#endif
