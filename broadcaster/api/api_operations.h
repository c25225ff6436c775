/* What operators and orchestrators ask: GET /healthz, /readyz, /ws/health and
 * /api/version. One thread. */
#ifndef BROADCASTER_API_OPERATIONS_H
#define BROADCASTER_API_OPERATIONS_H

#include "broadcaster/protocol/http_session.h"

struct services;

/* Route handlers (routes.c); `camera` is not used. */

/* The process serves: restart it when this fails. */
void api_health_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera);

/* Who comes now gets pictures: {"ready", "reasons", "warnings"}, with 503 when not. What ails a
 * part (some cameras, some detectors) is a warning: taking the whole away would make it worse. */
void api_ready_handle(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *camera);

void api_websocket_health_handle(struct services *services, struct http_session *session,
                                 const struct http_request *request, const char *camera);
void api_version_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera);

#endif
