/* GET /api/cameras: the configured cameras and the streams that exist by POST alone. One thread. */
#ifndef BROADCASTER_API_CAMERAS_H
#define BROADCASTER_API_CAMERAS_H

#include "broadcaster/http_session.h"

struct services;

/* Route handler (routes.c); `camera` is not used. */
void api_cameras_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera);

#endif
