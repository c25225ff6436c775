/* The log: one line to stderr, written in one piece so that the lines of several processes on one
 * stderr do not mix: `level process[camera] message key=value`.
 *
 * A message names who, what and what to do. Values go in as key=value; a value with a space in it
 * is quoted by whoever writes it. Nothing that happens once per frame is above debug. Within
 * LOG_WINDOW_NS one place in the code writes, for one camera, the same text once and at most
 * LOG_BURST lines in all; how many were left out is told by `suppressed=N` in its next line. Nobody
 * waits for a reader of stderr that stands still: what it misses is counted in the same way. errno
 * is left as it was. Thread-safe. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>

#include "common/clock.h"

#define LOG_WINDOW_NS (5 * NS_PER_SECOND)
#define LOG_BURST     50

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* Names the process in every line, e.g. "capture"; camera may be NULL. Both are copied. Until then
 * lines bear the name "ringcast". Call before any thread is started. */
void log_init(const char *process, const char *camera);

/* May be called again at any time (SIGHUP). */
void log_configure(enum log_level level, enum log_format format);

bool log_enabled(enum log_level level);

/* `place` identifies the line for the limits. camera NULL: that of log_init(). */
void log_write(enum log_level level, const char *place, const char *camera, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define LOG_TEXT_OF_(x) #x
#define LOG_TEXT_OF(x)  LOG_TEXT_OF_(x)
#define LOG_PLACE       __FILE__ ":" LOG_TEXT_OF(__LINE__)

/* log_error("cannot open path=%s: %s", path, strerror(errno)) */
#define log_error(...) log_write(LOG_ERROR, LOG_PLACE, NULL, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, LOG_PLACE, NULL, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, LOG_PLACE, NULL, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, LOG_PLACE, NULL, __VA_ARGS__)

/* The same for one camera of a process that serves several. */
#define log_camera(level, camera, ...) log_write(level, LOG_PLACE, camera, __VA_ARGS__)

/* Exit codes that the supervisor understands. */
#define EXIT_FAULT  1  /* start me again */
#define EXIT_CONFIG 78 /* EX_CONFIG: starting me again cannot help before something is mended */

/* Logs an error and ends the process with EXIT_FAULT. Only for start-up, out-of-memory and broken
 * invariants: nothing that a peer sends may lead here. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with EXIT_CONFIG: what the user has to mend (configuration, model, a taken port). */
_Noreturn void die_config(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
