/* Who asks, and for which host, when a reverse proxy stands between: the X-Forwarded fields of
 * those that the configuration trusts, and of nobody else. Pure. */
#ifndef BROADCASTER_FORWARDED_H
#define BROADCASTER_FORWARDED_H

#include <stdbool.h>
#include <stddef.h>

#include "broadcaster/protocol/http_reader.h"
#include "common/address.h"

struct forwarded {
    struct in6_addr client; /* the rightmost address of the way here that is not trusted itself */
    struct http_text host;  /* X-Forwarded-Host, else the request's own */
    bool is_secure;         /* the client speaks https */
};

/* `peer`: who is connected; `is_secure`: by TLS. What is malformed is as if it were not there. */
void forwarded_read(const struct http_request *request, const struct in6_addr *peer, bool is_secure,
                    const struct address_network *trusted, size_t trusted_count,
                    struct forwarded *forwarded);

#endif
