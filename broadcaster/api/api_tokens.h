/* POST /api/tokens: a short-lived token for addresses, made by an admin or by whoever has a token
 * for himself. One thread. */
#ifndef BROADCASTER_API_TOKENS_H
#define BROADCASTER_API_TOKENS_H

#include "broadcaster/protocol/http_session.h"

struct services;

/* Route handler (routes.c). The body: {"role"?, "cameras"?, "user"?, "expires_in"?}, or none. */
void api_tokens_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera);

#endif
