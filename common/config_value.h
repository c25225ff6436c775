/* One value of the configuration on its way from JSON (or the environment) into the struct, by the
 * rules of its row in the option table. Thread-safe but for the environment. */
#ifndef COMMON_CONFIG_VALUE_H
#define COMMON_CONFIG_VALUE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/config.h"
#include "common/config_options.h"

/* What reading needs besides the value itself. */
struct config_reader {
    const char *directory; /* absolute: relative paths begin here */
    struct config_errors *errors;
};

/* The JSON value that `text` (an environment variable, a default) stands for: lists are separated
 * by commas. A new reference, or NULL when the text is not of the row's type. */
json_t *config_value_from_text(const struct config_option *option, const char *text);

/* "a number", "one of text, json" …: what the row wants to see. The caller frees it. */
char *config_value_wanted(const struct config_option *option);

/* Checks `value` and stores it in its field of `section_struct`, whose old value is NULL or 0.
 * On a mistake adds errors that begin with `path`, stores nothing and returns false. */
bool config_value_store(const struct config_option *option, json_t *value, void *section_struct,
                        const char *path, struct config_reader *reader);

/* Frees what the field owns. */
void config_value_free(const struct config_option *option, void *section_struct);

/* The field as text for people and scripts; lists with commas, nothing given: "". The caller frees
 * it. */
char *config_value_to_text(const struct config_option *option, const void *section_struct);

/* "4 MiB", "1000": a number of bytes as people write it. The caller frees it. */
char *config_bytes_to_text(double bytes);

#endif
