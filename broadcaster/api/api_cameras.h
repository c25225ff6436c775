/* GET /api/cameras and /api/cameras/{id}: the configured cameras, and the streams that exist by
 * POST alone. One thread. */
#ifndef BROADCASTER_API_CAMERAS_H
#define BROADCASTER_API_CAMERAS_H

#include <jansson.h>
#include <stdbool.h>

#include "broadcaster/protocol/http_session.h"
#include "common/config.h"

struct services;

/* A configured camera; with its settings for an admin. A new reference. */
json_t *api_camera_to_json(const struct services *services, const struct config_camera *camera,
                           bool admin);

/* Route handlers (routes.c). Who may not have every camera sees those it may have. */
void api_cameras_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera);
void api_camera_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera);

#endif
