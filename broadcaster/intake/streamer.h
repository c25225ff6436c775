/* A streamer: a browser or phone that sends its pictures over a WebSocket and so is a camera.
 * Newest wins here too: a picture goes into the camera's ring the moment that it is whole, nothing
 * is queued. Bad pictures are skipped and named, ten in a row end it, and so does silence. What it
 * is told (errors, pong) waits in one place each, so that one who asks and never reads costs
 * nothing. One thread. */
#ifndef BROADCASTER_STREAMER_H
#define BROADCASTER_STREAMER_H

#include <stdint.h>

#include "broadcaster/protocol/http_session.h"
#include "broadcaster/protocol/identity.h"

#define STREAMER_ID_SIZE  9 /* eight hexadecimal digits and NUL */
#define STREAMER_BAD_MOST 10

struct pushed_camera;
struct services;
struct streamer;

/* It sends no more: for this reason in words. Called from the loop, once, unless streamer_close()
 * was called before. The streamer is not to be touched afterwards. */
typedef void streamer_left_fn(void *arg, struct streamer *streamer, const char *reason);

/* Upgrades the session's request; NULL: its handshake was wrong, and it has been answered. Of its
 * messages nothing is taken before streamer_begin(). The camera's id is copied. */
struct streamer *streamer_open(struct services *services, struct http_session *session,
                               const char *camera, streamer_left_fn *left, void *arg);

/* It sends for this camera from now on, which is there until it has left or is closed. */
void streamer_begin(struct streamer *streamer, struct pushed_camera *camera);

/* Ends it, with a WebSocket close code and its reason. */
void streamer_close(struct streamer *streamer, uint16_t code, const char *reason);

const struct identity *streamer_identity(const struct streamer *streamer);

#endif
