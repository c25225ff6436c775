/* GET /api/cameras/{id}/snapshot.jpg[?annotated=1&max_age=SECONDS]: the newest raw picture from the
 * camera's ring (or from its streamer), or the newest one with boxes from its stream.
 * When there is none that is young enough it is asked for and waited for,
 * SNAPSHOT_WAIT_NS at most. One thread. */
#ifndef BROADCASTER_SNAPSHOT_H
#define BROADCASTER_SNAPSHOT_H

#include "broadcaster/protocol/http_session.h"
#include "common/clock.h"

#define SNAPSHOT_WAIT_NS   (3 * NS_PER_SECOND)
#define SNAPSHOT_MAX_AGE_S 10.0 /* when the request does not say */

struct services;

/* Route handler (routes.c). */
void snapshot_handle(struct services *services, struct http_session *session,
                     const struct http_request *request, const char *camera);

/* The parameter `annotated`, false when it is left out. 0, or -EINVAL when it is no switch. */
int snapshot_read_annotated(const struct http_request *request, bool *on);

#endif
