/* A whole section of the configuration, row by row. Thread-safe but for the environment. */
#ifndef COMMON_CONFIG_SECTION_H
#define COMMON_CONFIG_SECTION_H

#include <jansson.h>

#include "common/config_value.h"

/* Lays the environment over `document` (the whole configuration): RINGCAST_<SECTION>_<KEY>, at the
 * top RINGCAST_<KEY>; an empty variable counts as not set. Variables of the sections that no row
 * knows are warned of. */
void config_section_environment(json_t *document, struct config_errors *errors);

/* Reads every key of `object` (NULL: an empty one) into `section_struct`, which is all zero; what
 * is missing or wrong gets its default. An unknown key is an error. `path` is "" at the top. */
void config_section_read(enum config_section section, json_t *object, const char *path,
                         void *section_struct, struct config_reader *reader);

void config_section_free(enum config_section section, void *section_struct);

#endif
