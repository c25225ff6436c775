/* Who watches what: GET /api/viewers and /debug/streams, DELETE /api/viewers/{id}. One thread. */
#ifndef BROADCASTER_API_VIEWERS_H
#define BROADCASTER_API_VIEWERS_H

#include "broadcaster/protocol/http_session.h"

struct services;

/* Route handlers (routes.c). `id`: of the viewer, in the path. Lists are paged: `?limit=` (100
 * viewers, 1000 streams) and `?after=`, the `next` of the page before. */
void api_viewers_list(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *id);
void api_viewers_kick(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *id);
void api_streams_list(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *id);

#endif
