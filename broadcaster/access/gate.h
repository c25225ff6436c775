/* The rules that hold for every path, before any route: the base path, Host and Origin, and what
 * a foreign page is told of its rights (CORS:
 * https://fetch.spec.whatwg.org/#http-cors-protocol). One thread. */
#ifndef BROADCASTER_GATE_H
#define BROADCASTER_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "broadcaster/access/forwarded.h"
#include "broadcaster/protocol/http_session.h"

#define GATE_PREFLIGHT_SIZE 384

struct services;

/* Takes the base path off the request's path and says of every answer to it who may read it. False:
 * it has been answered. */
bool gate_enter(const struct services *services, struct http_session *session,
                const struct http_request *request, const struct forwarded *forwarded);

/* Asked where a browser could do something in another site's name. False: it has been answered. */
bool gate_check_origin(const struct services *services, struct http_session *session,
                       const struct http_request *request, const struct forwarded *forwarded);

/* What an answer to OPTIONS says to a page that asks whether it may: whole fields, "" when it did
 * not ask or may not. `allow`: the methods of the path. */
void gate_preflight(const struct services *services, const struct http_request *request,
                    const char *allow, char fields[GATE_PREFLIGHT_SIZE]);

#endif
