/* GET /api/history, /api/history.csv and /api/events: what the record knows. One thread. */
#ifndef BROADCASTER_API_HISTORY_H
#define BROADCASTER_API_HISTORY_H

#include "broadcaster/protocol/http_session.h"

struct services;

/* Route handlers (routes.c); `camera` is not used. */

/* A camera's counts over time. Parameters: camera_id, from, to, step. */
void api_history_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera);
void api_history_csv_handle(struct services *services, struct http_session *session,
                            const struct http_request *request, const char *camera);

/* What has become of spaces, the newest first. Parameters: camera_id, space_id, state, from, to,
 * limit, before. Without camera_id: of all cameras that the asker may see. */
void api_events_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera);

#endif
