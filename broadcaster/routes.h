/* Which request goes where: the table of paths, and the rules that hold for all of them (Host,
 * Origin, methods). One thread. */
#ifndef BROADCASTER_ROUTES_H
#define BROADCASTER_ROUTES_H

#include "broadcaster/protocol/http_session.h"

/* The `request` handler of the HTTP server; `arg` is the struct services. */
void routes_handle(void *arg, struct http_session *session, const struct http_request *request);

#endif
