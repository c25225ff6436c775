/* The processes of a run directory, for the small tools: those of the supervisor's state file, and
 * what they say of themselves. One thread. */
#ifndef COMMON_CTL_PROCESSES_H
#define COMMON_CTL_PROCESSES_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/supervisor_state.h"

/* One line of the state file, and what the process answered. */
struct ctl_process {
    struct supervisor_process entry;
    json_t *stats;   /* or NULL */
    json_t *status;  /* of a capture, or NULL */
    json_t *viewers; /* of the broadcaster, if they were asked for, or NULL */
};

struct ctl_processes {
    int supervisor_pid;
    long long started_s; /* seconds since 1970 */
    struct ctl_process *items;
    size_t count;
};

/* Reads the state file. 0 or -errno (-ENOENT: no supervisor runs in the run directory).
 * ctl_processes_finish() frees what there is in both cases. */
int ctl_processes_read(const char *run_dir, struct ctl_processes *processes);

/* One line that says why it could not be read. */
void ctl_processes_explain(int result, const char *run_dir, FILE *out);

void ctl_processes_finish(struct ctl_processes *processes);

/* "capture.CAM1" and "capture." give "CAM1"; NULL when the process is none of that kind. */
const char *ctl_process_id(const struct ctl_process *process, const char *kind);

/* --- asking all of them at once --- */

struct ctl_inquiry;

/* Every answer is there, or will not come. Called once, from the loop; may destroy the inquiry. */
typedef void ctl_inquiry_done_fn(void *arg);

/* Asks every process that runs for its `stats`, captures for their `status`, and with `viewers` the
 * broadcaster for those, two thousand of them at most; whoever does not answer within `timeout_s`
 * has no answer. `processes` outlives the inquiry and takes the answers. */
struct ctl_inquiry *ctl_inquiry_create(struct event_base *base, const char *run_dir,
                                       struct ctl_processes *processes, bool viewers,
                                       double timeout_s, ctl_inquiry_done_fn *done, void *arg);
void ctl_inquiry_destroy(struct ctl_inquiry *inquiry); /* NULL is allowed */

#endif
