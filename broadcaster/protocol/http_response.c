#include "broadcaster/protocol/http_response.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broadcaster/text/utf8.h"
#include "common/log.h"
#include "common/memory.h"

#define HTTP_DATE_SIZE 30

static const struct {
    int status;
    const char *phrase;
} http_phrases[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {303, "See Other"},
    {304, "Not Modified"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

static const char *http_status_phrase(int status)
{
    for (size_t i = 0; i < sizeof http_phrases / sizeof http_phrases[0]; i++) {
        if (http_phrases[i].status == status) {
            return http_phrases[i].phrase;
        }
    }
    return "Unknown";
}

bool http_status_is_bodiless(int status)
{
    return status < 200 || status == 204 || status == 304;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT"; the names are fixed by the RFC, whatever the locale. */
static void http_date(char out[HTTP_DATE_SIZE])
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    char clock[24];
    strftime(clock, sizeof clock, "%Y %H:%M:%S GMT", &utc);
    snprintf(out, HTTP_DATE_SIZE, "%s, %02u %s %s", days[utc.tm_wday], (unsigned)utc.tm_mday % 100,
             months[utc.tm_mon], clock);
}

static const char *http_connection_field(const struct http_response *response)
{
    if (response->status == 101) {
        return ""; /* its further fields say "Connection: Upgrade" */
    }
    if (!response->keep_alive) {
        return "Connection: close\r\n";
    }
    return response->minor_version == 0 ? "Connection: keep-alive\r\n" : "";
}

char *http_response_head(const struct http_response *response, size_t *size)
{
    const char *type = response->content_type;
    const char *fields = response->fields != NULL ? response->fields : "";
    const char *more = response->more_fields != NULL ? response->more_fields : "";
    char date[HTTP_DATE_SIZE];
    char length[48] = "";
    http_date(date);
    if (!http_status_is_bodiless(response->status) && !response->endless) {
        snprintf(length, sizeof length, "Content-Length: %" PRIu64 "\r\n",
                 response->content_length);
    }
    char *head =
        xasprintf("HTTP/1.1 %d %s\r\nDate: %s\r\n%s%s%s%s%s%s%s\r\n", response->status,
                  http_status_phrase(response->status), date, type != NULL ? "Content-Type: " : "",
                  type != NULL ? type : "", type != NULL ? "\r\n" : "", length,
                  http_connection_field(response), fields, more);
    *size = strlen(head);
    return head;
}

char *http_error_json(const char *code, const char *message)
{
    char *clean = xstrdup(message);
    utf8_mend(clean);
    json_t *text = json_string(clean);
    json_t *error =
        json_pack("{s{sssO}so}", "error", "code", code, "message", text, "detail", text);
    char *json = error != NULL ? json_dumps(error, JSON_COMPACT) : NULL;
    if (json == NULL) {
        die("out of memory");
    }
    json_decref(error);
    free(clean);
    return json;
}
