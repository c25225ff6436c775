/* Where a request may carry a token, and where it does. Pure. */
#ifndef BROADCASTER_CREDENTIALS_H
#define BROADCASTER_CREDENTIALS_H

#include <stddef.h>

#include "broadcaster/protocol/http_reader.h"

enum credentials {
    CREDENTIALS_NONE,
    CREDENTIALS_FIELD,     /* Authorization: Bearer */
    CREDENTIALS_PROTOCOL,  /* behind the first subprotocol that a WebSocket offers, and not ours */
    CREDENTIALS_ADDRESS,   /* ?token= */
    CREDENTIALS_MALFORMED, /* there is one that cannot be read: too long, given twice */
};

/* The token, NUL-terminated: the first of the places above that has one. */
enum credentials credentials_find(const struct http_request *request, char *token, size_t size);

#endif
