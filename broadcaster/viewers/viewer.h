/* A viewer: a channel that gets the newest frames of one or more streams whenever it can take one.
 * Of each subscription (subscription.h) at most one frame is pending, the newest, and one frame of
 * all is in flight; a viewer that is slow gets fewer frames and is closed only by the stall limit.
 * Subscriptions are served in turn. Short texts (pong, keepalive, camera_state) wait in one place
 * each, so that a viewer that asks and never reads costs nothing. One thread. */
#ifndef BROADCASTER_VIEWER_H
#define BROADCASTER_VIEWER_H

#include <stdint.h>

#include "broadcaster/protocol/http_session.h"
#include "broadcaster/viewers/subscription.h"
#include "broadcaster/viewers/viewer_request.h"

#define VIEWER_ID_SIZE 9 /* eight hexadecimal digits and NUL */

struct services;
struct viewer;

/* For operators. The texts live as long as the viewer. */
struct viewer_description {
    const char *id, *peer;
    const char *camera; /* that it came for; "*": all that there are */
    const char *path;   /* "detection", "raw", "detect" */
    const char *user;   /* identity::user */
    const char *format; /* "json", "binary", "mjpeg" */
    double seconds;     /* since it came */
    size_t subscriptions;
    bool paused;
    uint64_t sent, dropped; /* frames; dropped: replaced by newer ones while the channel was busy */
    uint64_t skipped;       /* frames that its pace left out */
    uint64_t bytes;
    double bytes_per_second; /* over the last seconds */
    double age_ms; /* of the last frame when it was sent, since its capture; < 0: none yet */
};

/* The viewer's connection is over; it is freed after the call. Called from the loop. */
typedef void viewer_gone_fn(void *arg, struct viewer *viewer);

/* Upgrades the session's request, or begins its answer (NULL: its handshake was wrong, and it has
 * been answered), and sends what is known at once. The id is copied. */
struct viewer *viewer_open(struct services *services, struct http_session *session, const char *id,
                           const struct viewer_request *request, viewer_gone_fn *gone, void *arg);

/* The configuration may have changed what a camera is. */
void viewer_configure(struct viewer *viewer);

/* Closes it with the reason "closed by the operator"; it stops being a viewer now. */
void viewer_kick(struct viewer *viewer);

const char *viewer_id(const struct viewer *viewer);
void viewer_describe(const struct viewer *viewer, struct viewer_description *description);

/* Its subscriptions, by camera and kind; `at` < viewer_subscription_count(). */
const struct subscription *viewer_subscription(const struct viewer *viewer, size_t at);
size_t viewer_subscription_count(const struct viewer *viewer);

#endif
