/* POST /api/cameras/test: does a camera answer, and what does it show? With the id of a configured
 * camera alone the newest picture of its capture; with fields, as POST or PUT would have them, a
 * connection made by `ringcast-capture --probe`, one at a time, which ends with the first picture,
 * in ten seconds at most, or when the client leaves. One thread. */
#ifndef BROADCASTER_API_CAMERA_TEST_H
#define BROADCASTER_API_CAMERA_TEST_H

#include "broadcaster/protocol/http_session.h"

struct services;

/* Route handler (routes.c); `camera` is not used. */
void api_camera_test_handle(struct services *services, struct http_session *session,
                            const struct http_request *request, const char *camera);

#endif
