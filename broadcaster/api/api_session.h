/* GET /api/session: a page asks who its user is, and whether it must ask him for
 * a token. One thread. */
#ifndef BROADCASTER_API_SESSION_H
#define BROADCASTER_API_SESSION_H

#include "broadcaster/protocol/http_session.h"

struct services;

/* Route handler (routes.c), for anybody; `camera` is not used. {"user", "role", "cameras",
 * "tokens_required"}: role null without a token that is valid; cameras null: every one. */
void api_session_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera);

#endif
