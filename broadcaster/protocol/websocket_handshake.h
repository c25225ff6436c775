/* The opening handshake of a WebSocket, as far as it is only text: RFC 6455, section 4.2. Pure. */
#ifndef BROADCASTER_WEBSOCKET_HANDSHAKE_H
#define BROADCASTER_WEBSOCKET_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "broadcaster/protocol/http_reader.h"

#define WEBSOCKET_ACCEPT_SIZE 29 /* with its NUL */

/* Checks the request and computes Sec-WebSocket-Accept. 0, or the status to answer with (400, 405,
 * 426) and *message, a literal. */
int websocket_handshake_check(const struct http_request *request,
                              char accept[WEBSOCKET_ACCEPT_SIZE], const char **message);

/* True when the request wants to become a WebSocket at all, rightly or wrongly. */
bool websocket_handshake_wanted(const struct http_request *request);

/* True when the client offers this subprotocol; these names are compared with case. */
bool websocket_offers_protocol(const struct http_request *request, const char *protocol);

#endif
