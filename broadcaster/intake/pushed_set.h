/* All cameras that push their pictures: those of the configuration (`source: push`), which are
 * served always, and any others, which begin with their first streamer and are forgotten
 * stream_idle_s after their last. Decides who may send for which camera. One thread. */
#ifndef BROADCASTER_PUSHED_SET_H
#define BROADCASTER_PUSHED_SET_H

#include <jansson.h>
#include <stdbool.h>

#include "broadcaster/protocol/http_session.h"
#include "common/camera_status.h"

struct services;
struct pushed_set;

struct pushed_set *pushed_set_create(struct services *services);
void pushed_set_destroy(struct pushed_set *set); /* all streamers have gone; NULL is allowed */

/* Follows services->config: streamers of a camera that is captured now are closed. */
void pushed_set_configure(struct pushed_set *set);

/* A request for /ws/streamer: answers it with an error or takes its connection over. */
void pushed_set_open(struct pushed_set *set, struct http_session *session,
                     const struct http_request *request);

/* How the camera is; NULL: it is none of these. Lives until the loop runs again. */
const struct camera_status *pushed_set_status(const struct pushed_set *set, const char *camera);

/* What a capture of it would answer to `stats`; NULL: it is none of these. The
 * caller's reference. */
json_t *pushed_set_stats(const struct pushed_set *set, const char *camera);

/* True while somebody sends the camera's pictures. */
bool pushed_set_is_live(const struct pushed_set *set, const char *camera);

/* True for a picture of one of these cameras that was captured (CLOCK_REALTIME ns) before its
 * streamer left and comes after: its streams have ended, and it must not begin them anew. */
bool pushed_set_is_late(const struct pushed_set *set, const char *camera, uint64_t captured_ns);

#endif
