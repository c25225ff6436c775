#include <stdlib.h>
#include <string.h>

#include "broadcaster/protocol/http_response.h"
#include "broadcaster/protocol/http_session_parts.h"
#include "broadcaster/protocol/http_stream.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/protocol/websocket_handshake.h"
#include "broadcaster/protocol/websocket_session.h"
#include "common/clock.h"
#include "common/memory.h"

/* --- connections that are handed on --- */

static void http_guest_gone(void *arg)
{
    struct http_guest *guest = arg;
    LIST_REMOVE(guest, link);
    guest->server->connections--;
    identity_unref(guest->identity);
    free(guest);
}

/* The session's connection is the guest's now; the session's identity goes with it. */
static struct http_guest *http_guest_create(struct http_session *session)
{
    struct http_guest *guest = xcalloc(1, sizeof *guest);
    guest->server = session->server;
    guest->identity = session->identity;
    session->identity = NULL;
    LIST_INSERT_HEAD(&guest->server->guests, guest, link);
    guest->server->connections++;
    session->upgraded = true;
    session->deferred = false;
    return guest;
}

/* --- WebSocket --- */

static void http_refuse_upgrade(struct http_session *session, int status, const char *message)
{
    if (status == 405) {
        http_respond_not_allowed(session, "GET");
    } else if (status == 426) {
        http_respond_error(session, status, "upgrade_required",
                           "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\n",
                           "%s", message);
    } else {
        http_respond_error(session, status, "bad_handshake", NULL, "%s", message);
    }
}

static void http_send_switch(struct http_session *session, const char *accept,
                             const char *subprotocol)
{
    char *fields =
        xasprintf("Upgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: %s\r\n%s%s%s",
                  accept, subprotocol != NULL ? "Sec-WebSocket-Protocol: " : "",
                  subprotocol != NULL ? subprotocol : "", subprotocol != NULL ? "\r\n" : "");
    struct http_response response = {.status = 101, .fields = fields, .minor_version = 1};
    size_t size;
    char *head = http_response_head(&response, &size);
    connection_send(session->connection, head, size, NULL, 0, 0);
    free(head);
    free(fields);
}

struct websocket_session *http_upgrade(struct http_session *session, const char *subprotocol,
                                       const struct websocket_config *config,
                                       const struct websocket_handlers *handlers, void *arg)
{
    const struct http_request *request = http_session_request(session);
    struct http_server *server = session->server;
    char accept[WEBSOCKET_ACCEPT_SIZE];
    const char *message;
    if (session->state != HTTP_SESSION_WORK) {
        return NULL;
    }
    int status = websocket_handshake_check(request, accept, &message);
    if (status != 0) {
        http_refuse_upgrade(session, status, message);
        return NULL;
    }
    if (subprotocol != NULL && !websocket_offers_protocol(request, subprotocol)) {
        subprotocol = NULL;
    }
    http_send_switch(session, accept, subprotocol);
    struct http_guest *guest = http_guest_create(session);
    guest->websocket =
        websocket_session_create(server->base, session->connection, config, handlers, arg);
    websocket_session_set_owner(guest->websocket, http_guest_gone, guest);
    if (!session->receiving) {
        http_session_release(session);
    }
    return guest->websocket;
}

/* --- an answer without an end --- */

static char *http_stream_head(const struct http_session *session, const char *content_type,
                              const char *fields, size_t *size)
{
    struct http_response response = {
        .status = 200,
        .content_type = content_type,
        .fields = fields,
        .more_fields = session->fields,
        .endless = true,
    };
    return http_response_head(&response, size);
}

struct http_stream *http_begin_stream(struct http_session *session, const char *content_type,
                                      const char *fields, const char *beginning,
                                      const struct http_stream_config *config,
                                      const struct http_stream_handlers *handlers, void *arg)
{
    if (session->state != HTTP_SESSION_WORK) {
        return NULL;
    }
    size_t size;
    char *head = http_stream_head(session, content_type, fields, &size);
    connection_send(session->connection, head, size, NULL, 0, 0);
    connection_send(session->connection, beginning, strlen(beginning), NULL, 0, 0);
    free(head);
    struct http_guest *guest = http_guest_create(session);
    guest->stream =
        http_stream_create(guest->server->base, session->connection, config, handlers, arg);
    http_stream_set_owner(guest->stream, http_guest_gone, guest);
    if (!session->receiving) {
        http_session_release(session);
    }
    return guest->stream;
}

void http_respond_stream_head(struct http_session *session, const char *content_type,
                              const char *fields)
{
    if (session->state == HTTP_SESSION_WORK) {
        size_t size;
        char *head = http_stream_head(session, content_type, fields, &size);
        connection_send(session->connection, head, size, NULL, 0, 0);
        free(head);
        http_session_close(session, CONNECTION_FINISHED);
    }
}

/* --- the server --- */

struct http_server *http_server_create(struct event_base *base,
                                       const struct http_server_config *config,
                                       const struct http_server_handlers *handlers, void *arg)
{
    struct http_server *server = xcalloc(1, sizeof *server);
    server->base = base;
    server->config = *config;
    server->bodies.limit = config->body_memory;
    server->handlers = *handlers;
    server->arg = arg;
    LIST_INIT(&server->sessions);
    LIST_INIT(&server->guests);
    return server;
}

void http_server_destroy(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    while (!LIST_EMPTY(&server->sessions)) {
        connection_destroy(LIST_FIRST(&server->sessions)->connection, CONNECTION_SHUTDOWN);
    }
    while (!LIST_EMPTY(&server->guests)) {
        struct http_guest *guest = LIST_FIRST(&server->guests);
        if (guest->websocket != NULL) {
            websocket_session_destroy(guest->websocket);
        } else {
            http_stream_destroy(guest->stream);
        }
    }
    free(server);
}

void http_server_review(struct http_server *server,
                        bool (*keep)(void *arg, const struct identity *identity), void *arg)
{
    struct http_guest *guest;
    struct http_session *session;
    LIST_FOREACH(guest, &server->guests, link)
    {
        if (guest->identity == NULL || keep(arg, guest->identity)) {
            continue;
        }
        if (guest->websocket != NULL) {
            websocket_session_evict(guest->websocket, WEBSOCKET_CLOSE_POLICY,
                                    "no longer allowed by the configuration", CONNECTION_FINISHED);
        } else {
            connection_abort(http_stream_connection(guest->stream), CONNECTION_FINISHED);
        }
    }
    LIST_FOREACH(session, &server->sessions, link)
    {
        if (session->identity != NULL && !keep(arg, session->identity)) {
            connection_abort(session->connection, CONNECTION_FINISHED);
        }
    }
}

void http_server_set_config(struct http_server *server, const struct http_server_config *config)
{
    server->config = *config;
    server->bodies.limit = config->body_memory;
}

struct memory_budget *http_server_bodies(struct http_server *server)
{
    return &server->bodies;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connections;
}

const struct http_server_counters *http_server_counters(const struct http_server *server)
{
    return &server->counters;
}

const char *http_timeout_name(enum http_timeout timeout)
{
    static const char *const names[HTTP_TIMEOUTS] = {
        [HTTP_TIMEOUT_HEAD] = "head",
        [HTTP_TIMEOUT_BODY] = "body",
        [HTTP_TIMEOUT_IDLE] = "idle",
        [HTTP_TIMEOUT_STALL] = "stall",
    };
    return names[timeout];
}

void http_server_count_error(struct http_server *server, const char *code)
{
    struct http_error_count *errors = server->counters.errors;
    for (size_t i = 0; i < HTTP_ERROR_CODES_MOST; i++) {
        if (errors[i].code == NULL) {
            errors[i].code = code;
        }
        if (strcmp(errors[i].code, code) == 0) {
            errors[i].count++;
            return;
        }
    }
}

void http_server_accept(struct http_server *server, struct transport *transport)
{
    struct http_session *session = xcalloc(1, sizeof *session);
    session->server = server;
    evtimer_assign(&session->timer, server->base, http_session_on_timer, session);
    LIST_INSERT_HEAD(&server->sessions, session, link);
    server->connections++;
    server->counters.accepted++;
    session->connection = connection_create(server->base, transport, HTTP_INPUT_SMALL,
                                            &http_session_handlers, session);
    connection_peer_address(session->connection, &session->peer);
    http_session_arm(session, clock_monotonic_ns() + server->config.head_timeout_ns);
}
