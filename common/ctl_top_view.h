/* What `ringcast top` shows: two looks at the processes, one second apart, as text.
 * One thread at a time. */
#ifndef COMMON_CTL_TOP_VIEW_H
#define COMMON_CTL_TOP_VIEW_H

#include <stdint.h>
#include <stdio.h>

#include "common/ctl_processes.h"
#include "common/process_usage.h"

/* One look. Zeroed is none. */
struct top_look {
    struct ctl_processes processes;
    struct process_usage *usages; /* of each process; started_s 0: not known */
    struct process_usage supervisor;
    uint64_t taken_ns; /* CLOCK_MONOTONIC; 0: nobody has looked */
};

/* Reads what the processes of the look use, from /proc. */
void top_look_take_usage(struct top_look *look);
void top_look_finish(struct top_look *look);

/* Writes the tables, lines of at most `width` characters and, where that can be, at most `height`
 * lines; rates are those between the two looks. */
void top_view_print(const struct top_look *now, const struct top_look *before, const char *run_dir,
                    size_t width, size_t height, FILE *out);

#endif
