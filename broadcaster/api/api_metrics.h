/* GET /metrics. One thread. */
#ifndef BROADCASTER_API_METRICS_H
#define BROADCASTER_API_METRICS_H

#include "broadcaster/protocol/http_session.h"

struct services;

/* A route handler (routes.c); `camera` is not used. */
void api_metrics_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera);

#endif
