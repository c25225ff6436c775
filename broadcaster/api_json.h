/* A JSON document as an answer. One thread. */
#ifndef BROADCASTER_API_JSON_H
#define BROADCASTER_API_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "broadcaster/http_session.h"

/* Takes the reference `document`. `fields` as in http_respond(). */
void api_json_respond(struct http_session *session, int status, const char *fields,
                      json_t *document);

/* Seconds since 1970 with microseconds, as a JSON number. */
json_t *api_json_seconds(uint64_t realtime_ns);

#endif
