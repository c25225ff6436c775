/* Collecting the mistakes of a configuration: nothing stops at the first one. Not thread-safe. */
#ifndef COMMON_CONFIG_ERRORS_H
#define COMMON_CONFIG_ERRORS_H

#include "common/config.h"

/* Adds the line "<path>: <text>"; `path` "": the text alone. Values that may be secret (anything
 * but numbers, names from the table, and keys) never belong into the text. */
void config_errors_add(struct config_errors *errors, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds an error for every member of `object` that is not among `keys` (NULL-terminated); false when
 * there is one. */
bool config_errors_only_keys(json_t *object, const char *const *keys, const char *path,
                             struct config_errors *errors);

#endif
