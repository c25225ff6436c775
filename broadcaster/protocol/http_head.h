/* The head of a request, line by line: what http_reader.c hands over here is already free of
 * control characters and line ends. Pure. */
#ifndef BROADCASTER_HTTP_HEAD_H
#define BROADCASTER_HTTP_HEAD_H

#include "broadcaster/protocol/http_reader.h"

/* All of these give 0, or the status to answer with and *message. Lines end with a NUL that `size`
 * does not count, and the request keeps pointing into them. */

int http_head_request_line(char *line, size_t size, struct http_request *request,
                           const char **message);

/* One "name: value"; also for trailers. */
int http_head_field(const char *line, size_t size, struct http_field *field, const char **message);

/* All fields are there: Host, framing, keep-alive, Expect. */
int http_head_finish(struct http_request *request, const char **message);

#endif
