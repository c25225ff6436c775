/* The overlay of the configuration (<state_dir>/cameras.json) under one change: what the API says
 * of a camera, as a JSON merge patch over what the file says of it. Pure: nothing is checked here,
 * the result goes through config_load_overlaid(). */
#ifndef BROADCASTER_CAMERA_OVERLAY_H
#define BROADCASTER_CAMERA_OVERLAY_H

#include <jansson.h>

/* In all of them: `overlay` is not touched, the result is a new one, the caller's. `filed` is what
 * the file says of the camera, NULL: nothing. */

/* The camera is what `fields` say and nothing else: what the file says of one of that name (which
 * was deleted) is set aside, its password above all. */
json_t *camera_overlay_add(const json_t *overlay, const json_t *filed, const char *camera,
                           json_t *fields);

/* `fields` change, null takes a field back to its default, the others stay. */
json_t *camera_overlay_change(const json_t *overlay, const json_t *filed, const char *camera,
                              json_t *fields);

json_t *camera_overlay_remove(const json_t *overlay, const json_t *filed, const char *camera);

#endif
