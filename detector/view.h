/* Where a camera is looked at: its region, the tiles that this is cut into, what is ignored.
 * Constant once made, so the workers read it without a lock; a reload makes another one, and a job
 * keeps the one that it began with. */
#ifndef DETECTOR_VIEW_H
#define DETECTOR_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config.h"
#include "detector/boxes.h"
#include "detector/preprocess.h"

#define VIEW_WINDOWS_MAX 65 /* 8 x 8 tiles and the whole */

struct view;

/* `config` is copied. Made with one reference, the caller's. */
struct view *view_create(const struct config_camera *config);

/* Only on the loop's thread. */
struct view *view_acquire(struct view *view);
void view_release(struct view *view); /* NULL is allowed */

/* What the network is to look at in a picture of that size: the tiles, row by row, then
 * the whole of the region where that is wanted. All tiles have the same size. Returns how
 * many; at least one. */
size_t view_windows(const struct view *view, int width, int height,
                    struct window windows[VIEW_WINDOWS_MAX], struct window *region);

/* True when view_filter() may drop something. */
bool view_filters(const struct view *view);

/* Drops the boxes whose centre is outside of the region, and those of which at least half lies in
 * one ignored polygon; keeps the order. */
void view_filter(const struct view *view, int width, int height, struct boxes *boxes);

#endif
