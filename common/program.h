/* What the main() of every ringcast process does first and alike: command line, configuration, log,
 * run directory, loop. It ends the process where it must: 0 after --help, --version and --check,
 * EXIT_CONFIG for anything that the user has to mend. */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "common/loop.h"

#define RINGCAST_VERSION "0.1.0"

/* What a program is; constant. */
struct program_definition {
    const char *name;          /* "capture": the process name in logs */
    const char *purpose;       /* one line for --help */
    bool takes_camera;         /* --camera ID is needed */
    bool takes_index;          /* --index N is needed */
    const char *further_usage; /* whole lines for --help, or NULL */
};

struct program {
    const struct program_definition *definition;
    const char *config_path;
    const char *camera; /* --camera, or NULL */
    size_t index;       /* --index */
    int log_level;      /* --log-level, an enum log_level; -1: as the configuration says */
    int log_format;     /* --log-format, an enum log_format; -1 likewise */
    struct config *config;
    struct loop *loop;
    uint64_t started_ns; /* CLOCK_MONOTONIC */
};

/* Common options: -c/--config FILE, --check, --ready-fd N, --log-level L, --log-format F, --help,
 * --version. Never returns on a mistake. */
void program_start(struct program *program, const struct program_definition *definition, int argc,
                   char **argv);

/* Reads the configuration again (SIGHUP). On success the old one is handed back in *old for the
 * caller to compare and config_destroy(), and the log says so; the camera or index that the process
 * was started for may be gone from the new one, which then has no more work for it. On failure
 * every mistake is logged, nothing changes, and the result is -EINVAL. */
int program_reload(struct program *program, struct config **old);

/* Takes back a reload that this process cannot follow, and has not begun to: `old` is in force
 * again, and config_hash says so. The caller logs why. */
void program_revert(struct program *program, struct config *old);

/* What every `stats` answer begins with: config_hash, pid, uptime_s and the newest `warnings`
 * (log_tail.h). The caller owns the reference and adds its counters; `ringcast status` shows
 * `fps` (over the last seconds) and `newest_age_ms` (of the newest frame it handled) of
 * whoever gives them. */
json_t *program_stats(const struct program *program);

void program_finish(struct program *program);

#endif
