#include "broadcaster/protocol/api_body.h"

#include <stdlib.h>
#include <string.h>

#include "broadcaster/protocol/api_json.h"
#include "broadcaster/text/utf8.h"
#include "common/memory.h"

#define BODY_MAX (1024 * 1024) /* a thousand spaces with many corners */

void api_body_receive(struct http_session *session, const struct http_request *request,
                      http_body_fn *done, void *arg)
{
    if (!http_request_has_type(request, "application/json")) {
        http_respond_error(session, 415, "wrong_type", NULL,
                           "Content-Type must be application/json");
        return;
    }
    http_read_body(session, BODY_MAX, done, arg);
}

json_t *api_body_read(struct http_session *session, struct shared_bytes *body)
{
    json_error_t error;
    json_t *document =
        json_loadb((const char *)body->data, body->size, JSON_REJECT_DUPLICATES, &error);
    shared_bytes_unref(body);
    if (document == NULL) {
        /* Its own text quotes the body, which may hold a password. */
        http_respond_error(session, 400, "bad_json", NULL,
                           "the body is not JSON, or has a key twice: line %d, column %d",
                           error.line, error.column);
    }
    return document;
}

/* The camera's field in "cameras.CAM1.spaces[0].polygon"; NULL: the path is not of this camera.
 * The caller frees it. */
static char *field_of(const char *path, size_t size, const char *camera)
{
    char *prefix = xasprintf("cameras.%s", camera);
    size_t length = strlen(prefix);
    bool of_camera = size >= length && memcmp(path, prefix, length) == 0 &&
                     (size == length || path[length] == '.');
    free(prefix);
    if (!of_camera) {
        return NULL;
    }
    const char *field = path + length + (size > length);
    size_t rest = (size_t)(path + size - field), end = 0;
    while (end < rest && field[end] != '[' && field[end] != '.') {
        end++;
    }
    return xasprintf("%.*s", (int)end, field);
}

/* "path: message" as the configuration says it. `about` becomes true when it
 * is about the camera. */
static json_t *mistake_to_json(const char *line, const char *camera, bool *about)
{
    const char *colon = strstr(line, ": ");
    size_t size = colon != NULL ? (size_t)(colon - line) : 0;
    char *field = field_of(line, size, camera);
    *about = *about || field != NULL;
    json_t *mistake =
        json_pack("{s:s%,s:s,s:s}", "path", line, size, "field", field != NULL ? field : "",
                  "message", colon != NULL ? colon + 2 : line);
    free(field);
    return mistake;
}

static void respond_mistakes(struct http_session *session, int status, const char *code,
                             json_t *errors, const char *first)
{
    size_t more = json_array_size(errors) - 1;
    http_count_error(session, code);
    char *message = more > 0 ? xasprintf("%s (and %zu more)", first, more) : xstrdup(first);
    api_json_respond(session, status, API_NOT_STORED,
                     json_pack("{s:{s:s,s:s},s:s,s:o}", "error", "code", code, "message", message,
                               "detail", message, "errors", errors));
    free(message);
}

/* A copy that JSON takes: a key that the client sent may have been cut in the middle of a
 * character. The caller frees it. */
static char *valid_text(const char *text)
{
    char *copy = xstrdup(text);
    utf8_mend(copy);
    return copy;
}

void api_respond_mistakes(struct http_session *session, const char *camera,
                          const struct config_errors *errors)
{
    json_t *list = json_array();
    bool about = false;
    for (size_t i = 0; i < errors->count; i++) {
        char *line = valid_text(errors->lines[i]);
        json_array_append_new(list, mistake_to_json(line, camera, &about));
        free(line);
    }
    char *first = valid_text(errors->lines[0]);
    respond_mistakes(session, about ? 422 : 409, about ? "invalid_camera" : "invalid_configuration",
                     list, first);
    free(first);
}

static void respond_mistake(struct http_session *session, int status, const char *code,
                            const char *field, const char *message)
{
    json_t *list = json_pack("[{s:s,s:s,s:s}]", "path", field, "field", field, "message", message);
    char *line = xasprintf("%s: %s", field, message);
    respond_mistakes(session, status, code, list, field[0] != '\0' ? line : message);
    free(line);
}

void api_respond_mistake(struct http_session *session, const char *field, const char *message)
{
    respond_mistake(session, 422, "invalid_camera", field, message);
}

void api_respond_bad_id(struct http_session *session)
{
    respond_mistake(session, 400, "bad_camera_id", "id",
                    "a camera's id has 1 to 64 letters, digits, '_', '.' and '-', the first a "
                    "letter or digit");
}
