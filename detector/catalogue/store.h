/* The folder that models are kept in. */
#ifndef DETECTOR_CATALOGUE_STORE_H
#define DETECTOR_CATALOGUE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/catalogue/catalogue.h"

enum store_state { STORE_ABSENT, STORE_RIGHT, STORE_OTHER };

/* /var/lib/ringcast/models as root, else $XDG_DATA_HOME/ringcast/models, else
 * ~/.local/share/ringcast/models. The caller frees it. */
char *store_default_directory(void);

/* True when these bytes are the file of the catalogue. */
bool store_is_right(const struct catalogue_file *file, const uint8_t *data, size_t size);

/* Whether `path` is the file of the catalogue, something else (also what cannot be read), or not
 * there. */
enum store_state store_look(const struct catalogue_file *file, const char *path);

/* Puts a file there, whole or not at all, for everybody to read; SIGINT, SIGTERM and SIGHUP wait
 * until that is done. 0 or -errno. */
int store_put(const char *path, const void *data, size_t size);

#endif
