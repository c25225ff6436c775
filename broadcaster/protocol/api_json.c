#include "broadcaster/protocol/api_json.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

#define API_JSON_DIGITS 16 /* seconds since 1970 to the microsecond: what a double can hold */

char *api_json_text(json_t *document)
{
    char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(API_JSON_DIGITS));
    if (text == NULL) {
        die("a message of our own is not JSON");
    }
    json_decref(document);
    return text;
}

void api_json_respond(struct http_session *session, int status, const char *fields,
                      json_t *document)
{
    char *text = api_json_text(document);
    http_respond_text(session, status, "application/json", fields, text, strlen(text));
    free(text);
}

json_t *api_json_seconds(uint64_t realtime_ns)
{
    uint64_t whole_us = realtime_ns / NS_PER_US;
    return json_real((double)whole_us / 1e6);
}
