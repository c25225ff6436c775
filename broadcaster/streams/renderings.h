/* The ways in which cameras' detections are drawn, shared by all who want the same: a rendering has
 * an id for as long as somebody holds it, and a while longer, for one who reloads the page and for
 * frames that are on their way. The broadcaster makes the ids; they are never used again.
 *
 * At most RENDERINGS_MOST of a camera exist at a time, for each is drawn and encoded with every
 * frame. Those that only linger give way. The camera's default rendering, id 0, is never
 * refused. One thread. */
#ifndef BROADCASTER_RENDERINGS_H
#define BROADCASTER_RENDERINGS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"

#define RENDERINGS_MOST    8
#define RENDERINGS_DEFAULT 0 /* the id of the camera's default rendering */

/* What a rendering looks like. A slider has a hundred places, not a thousand. */
struct rendering_look {
    uint8_t conf_percent; /* the least confidence that is drawn and listed */
    bool show_labels;
    uint8_t quality; /* JPEG, 1 to 100 */
};

enum rendering_need {
    RENDERING_WISHED, /* a viewer asked for this */
    /* Another one would do: refused so long before the places are all taken that those who wish
     * something find one. */
    RENDERING_SPARE,
};

/* The rendering is over, its id means nothing any more. */
typedef void renderings_over_fn(void *arg, const char *camera, uint32_t id);

struct renderings;

struct renderings *renderings_create(struct event_base *base, renderings_over_fn *over, void *arg);
void renderings_destroy(struct renderings *renderings); /* calls nobody; NULL is allowed */

/* What the default rendering looks like and how long one lingers. The default of all cameras
 * changes with it; who asked for what it looked like must ask again. */
void renderings_configure(struct renderings *renderings, const struct config *config);

struct rendering_look renderings_default_look(const struct renderings *renderings);

/* Holds the rendering that looks like this. `instead_of`: one that the caller holds and will
 * release if this succeeds, so that whoever pulls a slider keeps his place; NULL: none. 0, or
 * -ENOSPC: no more of this camera may exist. */
int renderings_acquire(struct renderings *renderings, const char *camera,
                       const struct rendering_look *look, enum rendering_need need,
                       const uint32_t *instead_of, uint32_t *id);

/* Holds the default rendering, whatever it looks like. */
void renderings_acquire_default(struct renderings *renderings, const char *camera);

/* Whoever holds it holds it no longer. */
void renderings_release(struct renderings *renderings, const char *camera, uint32_t id);

/* True for the default rendering, and for one that is held or lingers: a frame
 * of it may be taken. */
bool renderings_exists(const struct renderings *renderings, const char *camera, uint32_t id);

/* What a rendering looks like; it exists. */
struct rendering_look renderings_look_of(const struct renderings *renderings, const char *camera,
                                         uint32_t id);

#endif
