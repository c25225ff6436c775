/* Camera ids name sockets, URLs and topics, so one rule holds everywhere:
 * [A-Za-z0-9][A-Za-z0-9_.-]{0,63}. Thread-safe. */
#ifndef COMMON_CAMERA_ID_H
#define COMMON_CAMERA_ID_H

#include <stdbool.h>
#include <stddef.h>

#define CAMERA_ID_MAX  64
#define CAMERA_ID_SIZE (CAMERA_ID_MAX + 1) /* with the terminating NUL */

/* `id` need not be NUL-terminated. */
bool camera_id_valid(const char *id, size_t length);

/* FNV-1a, 64 bits: the same everywhere, so that every process finds the same detector for a camera
 * that is not in the configuration. */
unsigned long long camera_id_hash(const char *id);

#endif
