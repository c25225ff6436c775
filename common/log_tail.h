/* The newest warnings and errors of this process, for those who ask later what went wrong. log.c
 * puts them in. Thread-safe. */
#ifndef COMMON_LOG_TAIL_H
#define COMMON_LOG_TAIL_H

#include <jansson.h>
#include <stddef.h>

#include "common/log.h"

#define LOG_TAIL_LINES 100
#define LOG_TAIL_TEXT  300 /* bytes of a message; longer ones are cut */

/* Both texts are copied. `camera` "": none. */
void log_tail_add(enum log_level level, const char *camera, const char *message);

/* The newest ones, `most` or fewer, the oldest of them first: [{time, level, camera, message}],
 * `time` in seconds since 1970 and `camera` null without one. The caller's reference. */
json_t *log_tail_json(size_t most);

#endif
