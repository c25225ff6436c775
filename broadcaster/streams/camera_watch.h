/* The configured cameras as their captures see them: the status of each, and raw frames
 * for whoever waits for one. Attaching to a camera is demand, so it is done only while
 * somebody waits. One thread. */
#ifndef BROADCASTER_CAMERA_WATCH_H
#define BROADCASTER_CAMERA_WATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/network/shared_bytes.h"
#include "common/camera_status.h"
#include "common/frame_ring.h"

struct services;
struct camera_watch;
struct camera_watch_set;

struct camera_watch_set *camera_watch_create(struct services *services);
void camera_watch_destroy(struct camera_watch_set *set); /* nobody waits; NULL is allowed */

/* Watches the cameras of services->config that have a capture, and no others. */
void camera_watch_configure(struct camera_watch_set *set);

/* What its capture says, or NULL for a camera without one. */
const struct camera_status *camera_watch_status(const struct camera_watch_set *set,
                                                const char *camera);

/* What its capture counts, two seconds ago or less; NULL when it has none, or that does not answer.
 * The reference stays here. */
const json_t *camera_watch_stats(const struct camera_watch_set *set, const char *camera);

/* True while a capture process answers for the camera. */
bool camera_watch_is_captured(const struct camera_watch_set *set, const char *camera);

/* Embedded in whoever waits for a raw frame. */
struct camera_watch_waiter {
    /* A newer frame is there: camera_watch_frame(). With `gone` the camera is watched no longer and
     * the waiter has been left behind. May leave. */
    void (*notify)(struct camera_watch_waiter *waiter, bool gone);
    void *owner;
    struct camera_watch *watch;                   /* set by the watch; NULL: not waiting */
    struct camera_watch_waiter *next, **previous; /* camera_watch::waiters */
};

/* False for a camera without a capture. */
bool camera_watch_wait(struct camera_watch_set *set, const char *camera,
                       struct camera_watch_waiter *waiter);
void camera_watch_leave(struct camera_watch_waiter *waiter); /* nothing happens if not waiting */

/* The newest frame that has come while somebody waited, until the last one leaves; NULL: none yet.
 * Whoever keeps it takes a reference. */
struct shared_bytes *camera_watch_frame(const struct camera_watch_waiter *waiter,
                                        struct frame_info *info);

#endif
