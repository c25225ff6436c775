/* JSON documents as they leave the broadcaster. One thread. */
#ifndef BROADCASTER_API_JSON_H
#define BROADCASTER_API_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "broadcaster/protocol/http_session.h"

/* What is true at this moment only. A field of http_respond(). */
#define API_NOT_STORED "Cache-Control: no-store\r\n"

/* The document as text; takes the reference, the text is the caller's to free(). */
char *api_json_text(json_t *document);

/* The document as an answer; takes the reference. `fields` as in http_respond(). */
void api_json_respond(struct http_session *session, int status, const char *fields,
                      json_t *document);

/* Seconds since 1970 to the microsecond, as a JSON number. */
json_t *api_json_seconds(uint64_t realtime_ns);

#endif
