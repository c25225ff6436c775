/* The target of a request (RFC 9112, 3.2; RFC 3986), taken apart in place. Pure. */
#ifndef BROADCASTER_HTTP_TARGET_H
#define BROADCASTER_HTTP_TARGET_H

#include "broadcaster/protocol/http_reader.h"

/* Fills path, query and host (empty unless the target is absolute) of the request, whose method is
 * set. `target` has a byte behind its `size` that may be overwritten. 0, or the status to
 * answer with and *message. */
int http_target_parse(char *target, size_t size, struct http_request *request,
                      const char **message);

#endif
