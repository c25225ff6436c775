/* What a process uses, as /proc tells it. Nothing here is bound to a thread. */
#ifndef COMMON_PROCESS_USAGE_H
#define COMMON_PROCESS_USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct process_usage {
    double cpu_s;            /* user and system, since it began */
    uint64_t resident_bytes; /* of which frames in rings and files are shared with others */
    uint64_t descriptors;    /* open ones */
    uint64_t threads;
    double started_s; /* since 1970 */
};

/* 0 or -errno (-ENOENT: there is no such process; -EACCES: it is another user's). */
int process_usage_read(pid_t pid, struct process_usage *usage);

#endif
