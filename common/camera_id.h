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

#endif
