#include "tests/camsim/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define REQUEST_HEAD_MAX 16384
#define REQUEST_BODY_MAX 65536

/* Copies the value of a header line when it is the one named. */
static bool request_field(const char *line, const char *name, char value[REQUEST_FIELD_SIZE])
{
    size_t length = strlen(name);
    if (strncasecmp(line, name, length) != 0 || line[length] != ':') {
        return false;
    }
    line += length + 1;
    snprintf(value, REQUEST_FIELD_SIZE, "%s", line + strspn(line, " \t"));
    return true;
}

static bool request_parse_first_line(struct request *request, const char *line)
{
    char version[16];
    if (sscanf(line, "%15s %1023s %15s", request->method, request->target, version) != 3) {
        return false;
    }
    snprintf(request->path, sizeof request->path, "%.*s", (int)strcspn(request->target, "?"),
             request->target);
    request->close = strcmp(version, "HTTP/1.1") != 0;
    return strncmp(version, "HTTP/1.", strlen("HTTP/1.")) == 0;
}

static bool request_parse_head(struct request *request, char *head)
{
    char value[REQUEST_FIELD_SIZE];
    char *rest = NULL;
    char *line = strtok_r(head, "\r\n", &rest);
    if (line == NULL || !request_parse_first_line(request, line)) {
        return false;
    }
    while ((line = strtok_r(NULL, "\r\n", &rest)) != NULL) {
        if (request_field(line, "Content-Length", value)) {
            request->body_size = strtoul(value, NULL, 10);
        } else if (request_field(line, "Connection", value)) {
            request->close = strcasecmp(value, "close") == 0;
        } else if (!request_field(line, "Authorization", request->authorization)) {
            request_field(line, "If-None-Match", request->if_none_match);
        }
    }
    return request->body_size <= REQUEST_BODY_MAX;
}

enum request_result request_take(struct request *request, struct evbuffer *input)
{
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
    *request = (struct request){0};
    if (end.pos < 0) {
        return evbuffer_get_length(input) > REQUEST_HEAD_MAX ? REQUEST_BAD : REQUEST_MORE;
    }
    size_t head_size = (size_t)end.pos + 4;
    if (head_size > REQUEST_HEAD_MAX) {
        return REQUEST_BAD;
    }
    char head[REQUEST_HEAD_MAX + 1];
    evbuffer_copyout(input, head, head_size);
    head[head_size] = '\0';
    if (!request_parse_head(request, head)) {
        return REQUEST_BAD;
    }
    if (evbuffer_get_length(input) < head_size + request->body_size) {
        return REQUEST_MORE;
    }
    evbuffer_drain(input, head_size);
    if (request->body_size > 0) {
        request->body = xmalloc(request->body_size);
        evbuffer_remove(input, request->body, request->body_size);
    }
    return REQUEST_WHOLE;
}

void request_finish(struct request *request)
{
    free(request->body);
    request->body = NULL;
}
