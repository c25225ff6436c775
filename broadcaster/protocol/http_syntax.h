/* The characters and small forms of RFC 9110 and RFC 3986 that reader and handshake share. Pure. */
#ifndef BROADCASTER_HTTP_SYNTAX_H
#define BROADCASTER_HTTP_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "broadcaster/protocol/http_reader.h"

bool http_is_token(const char *text, size_t size); /* false for an empty one */

/* Without case, ASCII only. */
bool http_text_is(struct http_text text, const char *other);

/* Without the spaces and tabs around it. */
struct http_text http_text_trim(struct http_text text);

/* The next element of a comma-separated list: true and *element (trimmed, perhaps empty), false at
 * the end. *list is moved behind it. */
bool http_list_next(struct http_text *list, struct http_text *element);

/* 0 to 15, or -1. */
int http_hex_digit(char c);

/* uri-host [":" port] with a host that is not empty: a name, an IPv4 address or "[IPv6]". */
bool http_is_host(struct http_text text);

#endif
