#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/protocol/http_response.h"
#include "broadcaster/protocol/http_session_parts.h"
#include "common/log.h"

/* A body that the handler did not want is thrown away where that costs less than a new connection;
 * who still waits for 100 would not know whether to send it. */
static bool http_session_can_skip(const struct http_session *session,
                                  const struct http_request *request)
{
    if (session->body_complete) {
        return true;
    }
    return (!request->expect_continue || session->continued) &&
           request->content_length <= HTTP_SKIP_MAX;
}

static void http_session_answer(struct http_session *session, int status, const char *content_type,
                                const char *fields, struct shared_bytes *body)
{
    const struct http_request *request = http_session_request(session);
    struct http_response response = {
        .status = status,
        .content_type = content_type,
        .fields = fields,
        .more_fields = session->fields,
        .content_length = body != NULL ? body->size : 0,
        .minor_version = request->minor_version,
        .keep_alive = request->keep_alive && http_session_can_skip(session, request),
    };
    bool with_body = body != NULL && body->size > 0 && request->method != HTTP_HEAD &&
                     !http_status_is_bodiless(status);
    size_t size;
    char *head = http_response_head(&response, &size);
    session->deferred = false;
    connection_send(session->connection, head, size, with_body ? body : NULL, 0,
                    with_body ? body->size : 0);
    free(head);
    http_session_drop_body(session);
    if (!response.keep_alive) {
        http_session_close(session, CONNECTION_FINISHED);
    } else if (session->body_complete) {
        http_session_next(session);
    } else {
        session->state = HTTP_SESSION_SKIP;
        session->skipped = 0;
        connection_set_reading(session->connection, true); /* a later answer finds it stopped */
        http_session_arm(session, session->head_ns + session->server->config.body_timeout_ns);
    }
}

void http_respond(struct http_session *session, int status, const char *content_type,
                  const char *fields, struct shared_bytes *body)
{
    if (session->state == HTTP_SESSION_WORK) {
        http_session_answer(session, status, content_type, fields, body);
    }
}

void http_respond_text(struct http_session *session, int status, const char *content_type,
                       const char *fields, const char *text, size_t size)
{
    struct shared_bytes *body = shared_bytes_create(size);
    memcpy(body->data, text, size);
    http_respond(session, status, content_type, fields, body);
    shared_bytes_unref(body);
}

void http_respond_error(struct http_session *session, int status, const char *code,
                        const char *fields, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    http_count_error(session, code);
    char *json = http_error_json(code, message);
    http_respond_text(session, status, "application/json", fields, json, strlen(json));
    free(json);
}

void http_count_error(struct http_session *session, const char *code)
{
    http_server_count_error(session->server, code);
}

void http_respond_not_allowed(struct http_session *session, const char *allow)
{
    char fields[128];
    snprintf(fields, sizeof fields, "Allow: %s\r\n", allow);
    http_respond_error(session, 405, "method_not_allowed", fields, "this path takes %s only",
                       allow);
}

static const char *http_error_code(int status)
{
    switch (status) {
    case 408:
        return "request_timeout";
    case 413:
        return "too_large";
    case 414:
        return "uri_too_long";
    case 417:
        return "expectation_failed";
    case 431:
        return "fields_too_large";
    case 501:
        return "not_implemented";
    case 503:
        return "busy";
    case 505:
        return "version_not_supported";
    default:
        return "bad_request";
    }
}

void http_session_refuse(struct http_session *session, int status, enum connection_end end,
                         const char *message)
{
    log_debug("request refused peer=%s status=%d: %s", connection_peer_name(session->connection),
              status, message);
    http_server_count_error(session->server, http_error_code(status));
    char *json = http_error_json(http_error_code(status), message);
    size_t json_size = strlen(json), head_size;
    struct http_response response = {
        .status = status,
        .content_type = "application/json",
        .fields = status == 503 ? "Retry-After: 1\r\n" : NULL,
        .more_fields = session->fields,
        .content_length = json_size,
        .minor_version = 1,
    };
    char *head = http_response_head(&response, &head_size);
    connection_send(session->connection, head, head_size, NULL, 0, 0);
    if (session->reader == NULL || http_session_request(session)->method != HTTP_HEAD) {
        connection_send(session->connection, json, json_size, NULL, 0, 0);
    }
    free(head);
    free(json);
    http_session_close(session, end);
}
