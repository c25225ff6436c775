/* Triangles to pixels: a body is drawn with a depth buffer and several samples per pixel into a
 * small picture of its own, a sprite, which is then laid over others. */
#ifndef TESTS_CAMSIM_SCENE_RASTER_H
#define TESTS_CAMSIM_SCENE_RASTER_H

#include <stdint.h>

#include "tests/camsim/scene_mesh.h"
#include "tests/camsim/scene_view.h"

/* Where a body stands: turned by `heading` (0: its nose along x), then moved. */
struct scene_stance {
    struct scene_point place;
    double heading;
};

struct scene_box {
    int x, y, width, height; /* pixels; a width of 0: nothing */
};

struct scene_sprite {
    struct scene_box box; /* where in the picture; may reach beyond it */
    uint8_t *pixels;      /* red, green, blue, each already times coverage; coverage */
    int solid;            /* pixels that are covered by half or more, and the box around them */
    struct scene_box solid_box;
};

/* Pixels of the picture: red, green, blue and something of the owner's, each row `width` pixels. */
struct scene_canvas {
    int width, height;
    uint8_t *pixels;
};

/* Makes one from nothing (a sprite of zeroes) or anew. The body has to be in front of the camera;
 * of a very large one only what lies in or near the picture is drawn. */
void scene_sprite_draw(struct scene_sprite *sprite, const struct scene_mesh *mesh,
                       const struct scene_stance *stance, const struct scene_view *view,
                       const struct scene_light *light);
void scene_sprite_finish(struct scene_sprite *sprite);

/* Lays the sprite over the canvas. Where it covers a pixel by half or more, `id` is written into
 * `ids`, which has the canvas's size and may be NULL. */
void scene_sprite_lay(const struct scene_sprite *sprite, struct scene_canvas *canvas, uint8_t *ids,
                      uint8_t id);

/* The smallest box around the pixels of `box` that bear `id`, and their number. `ids` has rows of
 * `stride` bytes; the box lies within it. */
int scene_ids_count(const uint8_t *ids, size_t stride, struct scene_box box, uint8_t id,
                    struct scene_box *found);

/* The part of a box that lies in a picture. */
struct scene_box scene_box_clip(struct scene_box box, int width, int height);

#endif
