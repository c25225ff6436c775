#include <stdlib.h>
#include <string.h>

#include "broadcaster/http_response.h"
#include "broadcaster/http_session_parts.h"
#include "broadcaster/identity.h"
#include "broadcaster/websocket_handshake.h"
#include "broadcaster/websocket_session.h"
#include "common/clock.h"
#include "common/memory.h"

#define HTTP_CLOSE_POLICY 1008 /* RFC 6455, 7.4.1 */

/* --- WebSocket --- */

static void http_websocket_gone(void *arg)
{
    struct http_websocket *websocket = arg;
    LIST_REMOVE(websocket, link);
    websocket->server->connections--;
    identity_unref(websocket->identity);
    free(websocket);
}

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
    struct http_websocket *websocket = xcalloc(1, sizeof *websocket);
    websocket->server = server;
    websocket->identity = session->identity;
    session->identity = NULL;
    websocket->session =
        websocket_session_create(server->base, session->connection, config, handlers, arg);
    websocket_session_set_owner(websocket->session, http_websocket_gone, websocket);
    LIST_INSERT_HEAD(&server->websockets, websocket, link);
    server->connections++;
    session->upgraded = true;
    session->deferred = false;
    if (!session->receiving) {
        http_session_release(session);
    }
    return websocket->session;
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
    LIST_INIT(&server->websockets);
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
    while (!LIST_EMPTY(&server->websockets)) {
        websocket_session_destroy(LIST_FIRST(&server->websockets)->session);
    }
    free(server);
}

void http_server_review(struct http_server *server,
                        bool (*keep)(void *arg, const struct identity *identity), void *arg)
{
    struct http_websocket *websocket;
    struct http_session *session;
    LIST_FOREACH(websocket, &server->websockets, link)
    {
        if (websocket->identity != NULL && !keep(arg, websocket->identity)) {
            websocket_session_evict(websocket->session, HTTP_CLOSE_POLICY,
                                    "no longer allowed by the configuration", CONNECTION_FINISHED);
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
    http_session_arm(session, clock_monotonic_ns() + server->config.head_timeout_ns);
}
