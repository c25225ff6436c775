/* The configuration as JSON, before the option table looks at it: files read with their limits,
 * ${VARIABLE} put in, the API's overlay laid over it. Thread-safe but for the environment. */
#ifndef COMMON_CONFIG_DOCUMENT_H
#define COMMON_CONFIG_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "common/config.h"

#define CONFIG_FILE_MAX  (4 * 1024 * 1024) /* bytes */
#define CONFIG_DEPTH_MAX 16                /* levels of lists and objects */

/* What the API writes: <state_dir>/cameras.json. */
#define CONFIG_OVERLAY_NAME "cameras.json"

/* Reads one file: JSON, UTF-8, an object, no key twice, within the limits. On success 0 and
 * *document is a new reference; else -errno or -EINVAL, with the mistake added. A file that does
 * not exist is -ENOENT without one. */
int config_document_read(const char *path, json_t **document, struct config_errors *errors);

/* Puts the environment in for every ${VARIABLE} in the string values of `document`; `$${` stands
 * for `${`. A variable that is not set is an error. */
void config_document_expand(json_t *document, struct config_errors *errors);

/* RFC 7396: what `target` becomes under `patch`. Takes the reference `target` (NULL is allowed) and
 * returns a new one. */
json_t *config_document_patch(json_t *target, json_t *patch);

/* The overlay of `state_dir` as it stands on disk: a new reference, an empty object where there is
 * none; NULL with the mistake added when it cannot be read. */
json_t *config_document_read_overlay(const char *state_dir, struct config_errors *errors);

/* Where the overlay of `state_dir` stands. The caller frees it. */
char *config_document_overlay_path(const char *state_dir);

/* Lays `overlay` (NULL: nothing) over the `cameras` of `document`. It may not name files of this
 * machine (`path`, source `file`), and ${} means nothing in it: whoever may use the API may not
 * read files and environment through it. */
void config_document_overlay(json_t *document, json_t *overlay, struct config_errors *errors);

/* A hash of the whole document, whatever the order of its keys: 16 hexadecimal digits. */
void config_document_hash(const json_t *document, char hash[17]);

#endif
