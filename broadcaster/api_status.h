/* GET /api/broadcast-status and GET /healthz. One thread. */
#ifndef BROADCASTER_API_STATUS_H
#define BROADCASTER_API_STATUS_H

#include "broadcaster/http_session.h"

struct services;

/* Route handlers (routes.c); `camera` is not used. */
void api_status_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera);
void api_health_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera);

#endif
