/* The parking spaces of a camera, read from JSON. Thread-safe. */
#ifndef COMMON_CONFIG_SPACES_H
#define COMMON_CONFIG_SPACES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/config.h"

#define SPACE_NAME_MAX 128 /* bytes */

/* Reads an array of at most `maximum` spaces into camera->spaces, which is empty. On a mistake adds
 * errors that begin with `path`, leaves the camera without spaces and returns false. */
bool config_spaces_read(struct config_camera *camera, json_t *array, size_t maximum,
                        const char *path, struct config_errors *errors);

void config_spaces_free(struct config_camera *camera);

#endif
