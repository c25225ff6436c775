/* A viewer of one camera: a WebSocket that gets the newest frame whenever it can take one. One frame is
 * in flight and one, the newest, is pending; a viewer that is slow gets fewer frames and is closed only
 * by the stall limit. Short texts (pong, keepalive, camera_state) wait in one place each, so that a viewer
 * that asks and never reads costs nothing. One thread. */
#ifndef BROADCASTER_VIEWER_H
#define BROADCASTER_VIEWER_H

#include <stdint.h>

#include "broadcaster/http_session.h"

#define VIEWER_ID_SIZE 9 /* eight hexadecimal digits and NUL */

struct services;
struct viewer;

/* For operators. The texts live as long as the viewer. */
struct viewer_description {
    const char *id, *camera, *peer;
    const char *format;     /* "json", "binary" */
    double seconds;         /* since it came */
    uint64_t sent, dropped; /* frames */
    uint64_t bytes;
};

/* The viewer's connection is over; it is freed after the call. Called from the loop. */
typedef void viewer_gone_fn(void *arg, struct viewer *viewer);

/* Upgrades the session's request (an answered one when NULL is returned: its handshake was wrong) and
 * sends what is known of the camera at once. The ids are copied. */
struct viewer *viewer_open(struct services *services, struct http_session *session, const char *id,
                           const char *camera, viewer_gone_fn *gone, void *arg);

/* Closes it with the reason "closed by the operator"; it stops being a viewer now. */
void viewer_kick(struct viewer *viewer);

const char *viewer_id(const struct viewer *viewer);
void viewer_describe(const struct viewer *viewer, struct viewer_description *description);

#endif
