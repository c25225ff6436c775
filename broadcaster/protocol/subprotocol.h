/* The WebSocket subprotocols that viewers may ask for. Pure. */
#ifndef BROADCASTER_SUBPROTOCOL_H
#define BROADCASTER_SUBPROTOCOL_H

#include "broadcaster/protocol/http_reader.h"

#define SUBPROTOCOL_BINARY "ringcast.binary.v1"
#define SUBPROTOCOL_JSON   "ringcast.json.v1"

/* Of those that the client offers, the first that we know; NULL: none. */
const char *subprotocol_choose(const struct http_request *request);

#endif
