/* The list of tokens of the configuration. Thread-safe. */
#ifndef COMMON_CONFIG_TOKENS_H
#define COMMON_CONFIG_TOKENS_H

#include <jansson.h>

#include "common/config.h"

/* Reads [{name, sha256, role, cameras}] into the broadcaster's tokens. On a mistake adds errors
 * that begin with `path`, stores nothing and returns false. */
bool config_tokens_read(struct config_broadcaster *broadcaster, json_t *array, size_t maximum,
                        const char *path, struct config_errors *errors);
void config_tokens_free(struct config_broadcaster *broadcaster);

/* "viewer", "publisher", "admin"; false when it is none of them. */
bool config_token_role_parse(const char *name, enum token_role *role);

/* `size` bytes as lowercase hexadecimal digits and NUL. */
void config_tokens_hex(const uint8_t *bytes, size_t size, char *hex);

#endif
