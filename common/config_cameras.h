/* The `cameras` of the configuration: each read by the table, then what the table cannot say about
 * it. Thread-safe but for the environment. */
#ifndef COMMON_CONFIG_CAMERAS_H
#define COMMON_CONFIG_CAMERAS_H

#include <jansson.h>

#include "common/config_value.h"

#define CONFIG_CAMERAS_MAX 1024

/* Fills config->cameras, sorted by id. config->detector must have been read. */
void config_cameras_read(struct config *config, json_t *object, struct config_reader *reader);

void config_cameras_free(struct config *config);

#endif
