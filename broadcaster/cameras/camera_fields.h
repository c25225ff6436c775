/* What a client says of a camera, before it is laid over what is known of it. A password
 * can be set and never be read back: neither by asking for it, nor by having it sent to
 * another address. Pure. */
#ifndef BROADCASTER_CAMERA_FIELDS_H
#define BROADCASTER_CAMERA_FIELDS_H

#include <jansson.h>

#include "common/config.h"

/* Changes `fields`, which are for the camera `id` as it is now in `current` (NULL: a new one):
 * - a url as the API shows it, without what is secret in it, means the url as it is;
 * - user and password in a url become fields of their own;
 * - a new url at another address (scheme, host or port) does not take the credentials along: they
 *   must be given again, or given as null.
 * Mistakes are added to `errors`; everything else is config_load_overlaid()'s to find. */
void camera_fields_prepare(json_t *fields, const char *id, const struct config_camera *current,
                           struct config_errors *errors);

#endif
