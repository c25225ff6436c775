/* The section `history` of the configuration. Thread-safe. */
#ifndef COMMON_CONFIG_HISTORY_H
#define COMMON_CONFIG_HISTORY_H

#include <jansson.h>

#include "common/config.h"
#include "common/config_value.h"

/* `"history": "off"` and `"history": false` stand for an object in which `enabled` is false, "on"
 * and true for one in which it is true: puts that object in its place. */
void config_history_unfold(json_t *document);

/* Reads the section (NULL: an empty one); config->state_dir is known. */
void config_history_read(struct config *config, json_t *object, struct config_reader *reader);

#endif
