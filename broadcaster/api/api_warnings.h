/* GET /api/warnings: what went wrong lately. One thread. */
#ifndef BROADCASTER_API_WARNINGS_H
#define BROADCASTER_API_WARNINGS_H

#include "broadcaster/protocol/http_session.h"

struct services;

/* {"warnings": [{time, level, process, camera, message}]}: the newest first, a hundred at most, of
 * the broadcaster and of the captures and detectors that answer. A route handler (routes.c). */
void api_warnings_handle(struct services *services, struct http_session *session,
                         const struct http_request *request, const char *camera);

#endif
