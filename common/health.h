/* How a camera is, judged by when its pictures come: the states and arrows of camera_status.h.
 * Pure: every moment is handed in, CLOCK_MONOTONIC ns. */
#ifndef COMMON_HEALTH_H
#define COMMON_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/camera_status.h"
#include "common/clock.h"

#define HEALTH_STALE_NS        (1 * NS_PER_SECOND) /* or 3 periods, whichever is longer */
#define HEALTH_STALE_PERIODS   3
#define HEALTH_OFFLINE_NS      (10 * NS_PER_SECOND) /* or 5 periods */
#define HEALTH_OFFLINE_PERIODS 5
#define HEALTH_FROZEN_NS       (10 * NS_PER_SECOND)
#define HEALTH_NEVER           UINT64_MAX

struct health {
    enum camera_state state;
    bool resting;      /* nobody wants pictures: no time counts */
    bool watch_frozen; /* whether unchanged bytes say anything about this source */
    /* Since when a picture is waited for: the last sign of life, or the start. */
    uint64_t awaited_ns;
    uint64_t sign_ns; /* the last sign of life since this connection's first picture; 0: none yet */
    uint64_t period_ns;    /* between signs of life, smoothed; 0: not known yet */
    uint64_t hash;         /* of the last picture's bytes */
    uint64_t unchanged_ns; /* since when it has been the same, without an outage */
};

/* `period_ns` is what the source is set to, until it shows how fast it is; 0: not known. Begins at
 * rest. */
void health_init(struct health *health, uint64_t period_ns, bool watch_frozen);

/* Pictures are wanted from now on; or no longer, which is CAMERA_CONNECTING. */
void health_start(struct health *health, uint64_t now_ns);
void health_rest(struct health *health);

/* A whole picture came; `hash` is of its bytes. */
void health_frame(struct health *health, uint64_t hash, uint64_t now_ns);

/* The camera said that nothing has changed. */
void health_alive(struct health *health, uint64_t now_ns);

/* The connection is gone: the time to the next picture will not be a period. */
void health_disconnected(struct health *health);

/* Lets time pass. */
void health_tick(struct health *health, uint64_t now_ns);

/* When time alone changes the state next, or HEALTH_NEVER. */
uint64_t health_deadline(const struct health *health);

/* For how long a connection may go without a picture before it is given up. */
uint64_t health_patience_ns(const struct health *health);

#endif
