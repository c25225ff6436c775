/* For how long a peer may take no byte while something waits for it. A long way takes its time:
 * with `round_trips` the limit is never below so many measured ones. One thread. */
#ifndef BROADCASTER_STALL_H
#define BROADCASTER_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/network/connection.h"

struct stall {
    struct connection *connection;
    uint64_t least_ns; /* 0: there is no limit */
    unsigned round_trips;
    uint64_t limit_ns; /* what holds now: least_ns, or more */
};

/* Tells the kernel too, which must not give up before we do. */
void stall_init(struct stall *stall, struct connection *connection, uint64_t least_ns,
                unsigned round_trips);

/* When the limit will have been reached, CLOCK_MONOTONIC; 0: nothing waits,
 * or there is no limit. */
uint64_t stall_deadline_ns(const struct stall *stall);

/* Round trips are asked only of who seems to have stalled. */
bool stall_is_over(struct stall *stall, uint64_t now_ns);

#endif
