/* Who may talk to us, as far as a browser tells: the Host and Origin rules that keep other people's
 * pages out (DNS rebinding, cross-site requests). Pure, but for the rules' own memory. */
#ifndef BROADCASTER_HOST_CHECK_H
#define BROADCASTER_HOST_CHECK_H

#include <stdbool.h>

#include "broadcaster/protocol/http_reader.h"
#include "common/config.h"

struct host_rules;

/* `hosts`, `cors_origins` and `listen` are copied. */
struct host_rules *host_rules_create(const struct config_broadcaster *config);
void host_rules_destroy(struct host_rules *rules); /* NULL is allowed */

/* A Host field: loopback by name or address with any port, the address that we listen on (any
 * address when that is the wildcard: rebinding needs a name), or one of `hosts`. */
bool host_rules_allow_host(const struct host_rules *rules, struct http_text host);

/* An Origin field: the same place as the Host, or one of `cors_origins`, or these have "*". */
bool host_rules_allow_origin(const struct host_rules *rules, struct http_text origin,
                             struct http_text host);

/* What a page of that Origin may read of our answers. */
enum host_cors {
    HOST_CORS_NONE,
    HOST_CORS_LISTED, /* everything */
    HOST_CORS_ANY,    /* what anybody may: without the browser's own credentials */
};
enum host_cors host_rules_cors(const struct host_rules *rules, struct http_text origin);

#endif
