/* The cameras changed through the API: checked whole, applied without a restart, answered when
 * every process works with the result (camera_changes.h). One change at a time. One thread. */
#ifndef BROADCASTER_API_CAMERA_EDIT_H
#define BROADCASTER_API_CAMERA_EDIT_H

#include "broadcaster/protocol/http_session.h"

struct services;

/* Route handlers (routes.c). */

/* POST /api/cameras: {"id": "CAM1", "url": …}; `camera` is not used. */
void api_camera_add_handle(struct services *services, struct http_session *session,
                           const struct http_request *request, const char *camera);

/* PUT /api/cameras/{id}: the fields that change; null takes one back to its default. */
void api_camera_change_handle(struct services *services, struct http_session *session,
                              const struct http_request *request, const char *camera);

/* PUT /api/cameras/{id}/spaces: the list, or {"spaces": the list}. */
void api_camera_spaces_handle(struct services *services, struct http_session *session,
                              const struct http_request *request, const char *camera);

/* DELETE /api/cameras/{id} */
void api_camera_remove_handle(struct services *services, struct http_session *session,
                              const struct http_request *request, const char *camera);

#endif
