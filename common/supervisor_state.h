/* What the supervisor writes down of its processes: <run_dir>/supervisor.state. Thread-safe. */
#ifndef COMMON_SUPERVISOR_STATE_H
#define COMMON_SUPERVISOR_STATE_H

#include <stddef.h>

struct supervisor_process {
    char name[80];  /* capture.CAM1, detector.0, broadcaster */
    char state[16]; /* starting, running, waiting, failed */
    int pid;
    long restarts;
    long long since_s; /* seconds since 1970 */
    int exit_code;
};

struct supervisor_state {
    int pid;
    long long started_s; /* seconds since 1970 */
    struct supervisor_process *items;
    size_t count;
};

/* 0 or -errno (-ENOENT: no supervisor runs in the run directory; -EBADMSG: the file is not one of
 * its). supervisor_state_finish() frees what there is in both cases. */
int supervisor_state_read(const char *run_dir, struct supervisor_state *state);
void supervisor_state_finish(struct supervisor_state *state);

#endif
