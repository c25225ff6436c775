#include "broadcaster/http_session.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "broadcaster/http_response.h"
#include "broadcaster/websocket_handshake.h"
#include "broadcaster/websocket_session.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define HTTP_INPUT_SMALL 4096 /* read at once while a head is awaited */
#define HTTP_INPUT_LARGE 65536
#define HTTP_BODY_FIRST  65536 /* room for a body before any of it has come */
#define HTTP_SKIP_MAX    65536 /* of a body that nobody wanted, to save the connection */
#define HTTP_STALL_NS    (10 * NS_PER_SECOND)
#define HTTP_ALLOW_ANY   "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"

/* What the session is busy with:
 *
 *   IDLE -> HEAD -> WORK -> [BODY -> WORK ->] answered -> [SKIP ->] [ANSWERING ->] IDLE
 *                     \-> upgraded                  \-> CLOSING
 *
 * Only in IDLE, HEAD, BODY and SKIP is anything read. */
enum http_session_state {
    HTTP_SESSION_IDLE,
    HTTP_SESSION_HEAD,
    HTTP_SESSION_WORK,
    HTTP_SESSION_BODY,
    HTTP_SESSION_SKIP,
    HTTP_SESSION_ANSWERING,
    HTTP_SESSION_CLOSING,
};

struct http_session {
    LIST_ENTRY(http_session) link; /* http_server::sessions */
    struct http_server *server;
    struct connection *connection;
    struct http_reader *reader; /* NULL between requests */
    struct event timer;
    uint64_t deadline_ns; /* 0: none; not used where an answer waits */
    uint64_t armed_ns;    /* when the timer goes off; 0: it does not */
    uint64_t head_ns;     /* when the head was complete */
    enum http_session_state state;
    enum connection_end end; /* while closing */
    /* The body being received. */
    struct shared_bytes *body;
    size_t body_size, body_room, body_limit;
    http_body_fn *done;
    void *done_arg;
    size_t skipped;
    /* The deferred answer. */
    void (*gone)(void *arg);
    void *gone_arg;
    bool body_complete; /* the request has been read to its end */
    bool continued;     /* 100 has been sent */
    bool deferred;
    bool receiving; /* inside http_session_received() */
    bool upgraded;
};

/* A WebSocket that began here, so that the end of the server is its end. */
struct http_websocket {
    LIST_ENTRY(http_websocket) link; /* http_server::websockets */
    struct http_server *server;
    struct websocket_session *session;
};

struct http_server {
    struct event_base *base;
    struct http_server_config config;
    struct http_server_handlers handlers;
    void *arg;
    LIST_HEAD(, http_session) sessions;
    LIST_HEAD(, http_websocket) websockets;
    size_t connections;
    size_t body_memory; /* in use */
};

/* --- time --- */

/* Moves the deadline; the timer itself is only touched when it would go off too late. */
static void http_session_arm(struct http_session *session, uint64_t deadline_ns)
{
    session->deadline_ns = deadline_ns;
    if (deadline_ns == 0 || (session->armed_ns != 0 && session->armed_ns <= deadline_ns)) {
        return;
    }
    struct timeval delay = clock_timeval(clock_elapsed_ns(clock_monotonic_ns(), deadline_ns));
    session->armed_ns = deadline_ns;
    event_add(&session->timer, &delay);
}

static bool http_session_reads(const struct http_session *session)
{
    return session->state == HTTP_SESSION_IDLE || session->state == HTTP_SESSION_HEAD ||
           session->state == HTTP_SESSION_BODY || session->state == HTTP_SESSION_SKIP;
}

/* --- the request's end --- */

static void http_session_drop_body(struct http_session *session)
{
    shared_bytes_unref(session->body);
    session->server->body_memory -= session->body_room;
    session->body = NULL;
    session->body_size = session->body_room = 0;
    session->done = NULL;
}

/* The answer is on its way and the request read to its end: waits until it is taken, then for the
 * next one. */
static void http_session_next(struct http_session *session)
{
    if (connection_pending(session->connection) > 0) {
        session->state = HTTP_SESSION_ANSWERING;
        http_session_arm(session, connection_progress_ns(session->connection) + HTTP_STALL_NS);
        return;
    }
    session->state = HTTP_SESSION_IDLE;
    connection_set_input_limit(session->connection, HTTP_INPUT_SMALL);
    http_session_arm(session, clock_monotonic_ns() + session->server->config.idle_timeout_ns);
    if (!session->receiving) {
        http_reader_destroy(session->reader);
        session->reader = NULL;
        connection_set_reading(session->connection, true);
    }
}

static void http_session_close(struct http_session *session, enum connection_end end)
{
    session->state = HTTP_SESSION_CLOSING;
    session->end = end;
    http_session_drop_body(session);
    if (connection_pending(session->connection) == 0) {
        connection_finish(session->connection, end);
    } else {
        connection_set_reading(session->connection, false);
        http_session_arm(session, connection_progress_ns(session->connection) + HTTP_STALL_NS);
    }
}

/* --- answers --- */

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
    char *json = http_error_json(code, message);
    http_respond_text(session, status, "application/json", fields, json, strlen(json));
    free(json);
}

void http_respond_not_allowed(struct http_session *session, const char *allow)
{
    char fields[128];
    snprintf(fields, sizeof fields, "Allow: %s\r\n", allow);
    http_respond_error(session, 405, "method_not_allowed", fields, "only %s here", allow);
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

/* An answer after which nothing of this connection can be understood any more. */
static void http_session_refuse(struct http_session *session, int status, enum connection_end end,
                                const char *message)
{
    log_debug("request refused peer=%s status=%d: %s", connection_peer_name(session->connection),
              status, message);
    char *json = http_error_json(http_error_code(status), message);
    size_t json_size = strlen(json), head_size;
    struct http_response response = {
        .status = status,
        .content_type = "application/json",
        .fields = status == 503 ? "Retry-After: 1\r\n" : NULL,
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

/* --- a body --- */

void http_read_body(struct http_session *session, size_t limit, http_body_fn *done, void *arg)
{
    const struct http_request *request = http_session_request(session);
    if (session->state != HTTP_SESSION_WORK) {
        return;
    }
    if (request->content_length > limit) {
        http_respond_error(session, 413, "too_large", NULL, "the body may have at most %zu bytes",
                           limit);
        return;
    }
    session->state = HTTP_SESSION_BODY;
    session->body_limit = limit;
    session->done = done;
    session->done_arg = arg;
    if (request->expect_continue) {
        static const char proceed[] = "HTTP/1.1 100 Continue\r\n\r\n";
        connection_send(session->connection, proceed, sizeof proceed - 1, NULL, 0, 0);
        session->continued = true;
    }
    http_session_arm(session, session->head_ns + session->server->config.body_timeout_ns);
}

/* Makes room for `size` more bytes: what has been announced, but never much more than what has come.
 * 0, -EFBIG beyond the limit, -ENOBUFS beyond the memory of all bodies. */
static int http_session_reserve(struct http_session *session, size_t size)
{
    const struct http_request *request = http_session_request(session);
    struct http_server *server = session->server;
    if (size > session->body_limit - session->body_size) {
        return -EFBIG;
    }
    size_t needed = session->body_size + size;
    if (needed <= session->body_room) {
        return 0;
    }
    size_t most = request->framing == HTTP_BODY_LENGTH ? (size_t)request->content_length
                                                       : session->body_limit;
    size_t room = session->body_room > 0 ? session->body_room * 2 : HTTP_BODY_FIRST;
    /* A frame's body should not be moved for its last few kB. */
    room = room < most && most - room <= HTTP_BODY_FIRST ? most : room;
    room = room < needed ? needed : room;
    room = room > most ? most : room;
    size_t more = room - session->body_room;
    if (server->body_memory > server->config.body_memory ||
        more > server->config.body_memory - server->body_memory) {
        return -ENOBUFS;
    }
    server->body_memory += more;
    session->body = xreallocarray(session->body, sizeof *session->body + room, 1);
    session->body->references = 1;
    session->body_room = room;
    return 0;
}

static void http_session_body_bytes(struct http_session *session, struct http_text bytes)
{
    int error = http_session_reserve(session, bytes.size);
    if (error == -EFBIG) {
        http_session_refuse(session, 413, CONNECTION_FINISHED, "the body is too large");
        return;
    }
    if (error < 0) {
        http_session_refuse(session, 503, CONNECTION_FINISHED,
                            "too many bodies are being received, try again");
        return;
    }
    memcpy(session->body->data + session->body_size, bytes.data, bytes.size);
    session->body_size += bytes.size;
    const struct http_request *request = http_session_request(session);
    if (request->framing == HTTP_BODY_LENGTH) {
        uint64_t left = request->content_length - session->body_size;
        connection_set_input_limit(session->connection, left < HTTP_INPUT_SMALL ? HTTP_INPUT_SMALL
                                                        : left < HTTP_INPUT_LARGE
                                                            ? (size_t)left
                                                            : HTTP_INPUT_LARGE);
    } else {
        connection_set_input_limit(session->connection, HTTP_INPUT_LARGE / 4);
    }
}

/* The whole body is there: it goes to whoever asked for it. */
static void http_session_body_done(struct http_session *session)
{
    struct shared_bytes *body = session->body != NULL ? session->body : shared_bytes_create(0);
    http_body_fn *done = session->done;
    body->size = session->body_size;
    session->server->body_memory -= session->body_room;
    session->body = NULL;
    session->body_size = session->body_room = 0;
    session->done = NULL;
    session->state = HTTP_SESSION_WORK;
    http_session_arm(session, 0);
    done(session->done_arg, session, body);
}

/* --- receiving --- */

static void http_session_dispatch(struct http_session *session)
{
    const struct http_request *request = http_session_request(session);
    struct http_server *server = session->server;
    if (request->method == HTTP_OTHER) {
        http_respond_error(session, 501, "not_implemented", NULL, "the method is not known here");
    } else if (strcmp(request->path, "*") == 0) {
        http_respond(session, 200, NULL, HTTP_ALLOW_ANY, NULL);
    } else {
        server->handlers.request(server->arg, session, request);
    }
    if (!session->upgraded && session->state == HTTP_SESSION_WORK && !session->deferred) {
        log_error("a request was left without an answer path=%s", request->path);
        http_respond_error(session, 500, "internal", NULL, "nobody answered");
    }
}

static void http_session_request_begun(struct http_session *session)
{
    session->state = HTTP_SESSION_WORK;
    session->head_ns = clock_monotonic_ns();
    session->continued = session->deferred = false;
    session->body_complete = http_session_request(session)->framing == HTTP_BODY_NONE;
    http_session_arm(session, 0);
    if (session->body_complete) {
        /* The end of an empty body is an event too; it costs no byte. */
        struct http_text none;
        size_t consumed;
        http_reader_feed(session->reader, (const uint8_t *)"", 0, &consumed, &none);
    }
    http_session_dispatch(session);
    if (!session->upgraded && session->state == HTTP_SESSION_BODY && session->body_complete) {
        http_session_body_done(session);
    }
}

static void http_session_handle(struct http_session *session, enum http_event event,
                                struct http_text body)
{
    const char *message;
    switch (event) {
    case HTTP_NEED_MORE:
        if (session->state == HTTP_SESSION_IDLE && http_reader_in_head(session->reader)) {
            session->state = HTTP_SESSION_HEAD;
            uint64_t limit = clock_monotonic_ns() + session->server->config.head_timeout_ns;
            /* A new connection has had its deadline since it was made. */
            http_session_arm(session, session->head_ns == 0 ? session->deadline_ns : limit);
        }
        break;
    case HTTP_REQUEST:
        http_session_request_begun(session);
        break;
    case HTTP_BODY:
        if (session->state == HTTP_SESSION_BODY) {
            http_session_body_bytes(session, body);
        } else if ((session->skipped += body.size) > HTTP_SKIP_MAX) {
            http_session_close(session, CONNECTION_FINISHED);
        }
        break;
    case HTTP_END:
        session->body_complete = true;
        if (session->state == HTTP_SESSION_BODY) {
            http_session_body_done(session);
        } else {
            http_session_next(session);
        }
        break;
    case HTTP_ERROR:
        if (session->state == HTTP_SESSION_SKIP) {
            http_session_close(session, CONNECTION_PROTOCOL); /* it has had its answer */
        } else {
            int status = http_reader_error(session->reader, &message);
            http_session_refuse(session, status, CONNECTION_PROTOCOL, message);
        }
        break;
    }
}

static void http_session_release(struct http_session *session)
{
    LIST_REMOVE(session, link);
    event_del(&session->timer);
    http_session_drop_body(session);
    http_reader_destroy(session->reader);
    session->server->connections--;
    free(session);
}

static size_t http_session_received(void *arg, const uint8_t *bytes, size_t size)
{
    struct http_session *session = arg;
    size_t used = 0;
    enum http_event event = HTTP_REQUEST;
    session->receiving = true;
    while (http_session_reads(session) && !session->upgraded && event != HTTP_NEED_MORE) {
        if (session->reader == NULL) {
            session->reader = http_reader_create();
        }
        struct http_text body;
        size_t consumed;
        event = http_reader_feed(session->reader, bytes + used, size - used, &consumed, &body);
        used += consumed;
        http_session_handle(session, event, body);
    }
    session->receiving = false;
    if (session->upgraded) {
        http_session_release(session);
        return used;
    }
    if (session->state == HTTP_SESSION_IDLE && http_reader_is_idle(session->reader)) {
        http_reader_destroy(session->reader);
        session->reader = NULL;
    }
    connection_set_reading(session->connection, http_session_reads(session));
    return used;
}

static void http_session_drained(void *arg)
{
    struct http_session *session = arg;
    if (session->state == HTTP_SESSION_ANSWERING) {
        http_session_next(session);
    } else if (session->state == HTTP_SESSION_CLOSING) {
        connection_finish(session->connection, session->end);
    }
}

/* Who has asked may stop sending and wait for the answer; who has not is gone. */
static bool http_session_peer_closed(void *arg)
{
    struct http_session *session = arg;
    if (session->state == HTTP_SESSION_SKIP) {
        http_session_close(session, CONNECTION_PEER_CLOSED);
    }
    return !http_session_reads(session);
}

static void http_session_ended(void *arg, enum connection_end end)
{
    struct http_session *session = arg;
    log_debug("connection ended peer=%s reason=%s", connection_peer_name(session->connection),
              connection_end_name(end));
    if (session->deferred && session->gone != NULL) {
        session->gone(session->gone_arg);
    }
    http_session_release(session);
}

static void http_session_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct http_session *session = arg;
    uint64_t now = clock_monotonic_ns();
    (void)fd;
    (void)what;
    session->armed_ns = 0;
    if (session->state == HTTP_SESSION_ANSWERING || session->state == HTTP_SESSION_CLOSING) {
        session->deadline_ns = connection_progress_ns(session->connection) + HTTP_STALL_NS;
    }
    if (session->deadline_ns == 0 || now < session->deadline_ns) {
        http_session_arm(session, session->deadline_ns);
        return;
    }
    switch (session->state) {
    case HTTP_SESSION_HEAD:
        http_session_refuse(session, 408, CONNECTION_TIMED_OUT, "the head took too long");
        break;
    case HTTP_SESSION_BODY:
        http_session_refuse(session, 408, CONNECTION_TIMED_OUT, "the body took too long");
        break;
    case HTTP_SESSION_IDLE:
    case HTTP_SESSION_SKIP:
        http_session_close(session, CONNECTION_TIMED_OUT);
        break;
    case HTTP_SESSION_ANSWERING:
    case HTTP_SESSION_CLOSING:
        connection_abort(session->connection, CONNECTION_STALLED);
        break;
    case HTTP_SESSION_WORK:
        break;
    }
}

/* --- an answer that comes later --- */

void http_defer(struct http_session *session, void (*gone)(void *arg), void *arg)
{
    session->deferred = true;
    session->gone = gone;
    session->gone_arg = arg;
}

/* --- WebSocket --- */

static void http_websocket_gone(void *arg)
{
    struct http_websocket *websocket = arg;
    LIST_REMOVE(websocket, link);
    websocket->server->connections--;
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

void http_server_set_config(struct http_server *server, const struct http_server_config *config)
{
    server->config = *config;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connections;
}

void http_server_accept(struct http_server *server, struct transport *transport)
{
    static const struct connection_handlers handlers = {
        .received = http_session_received,
        .drained = http_session_drained,
        .peer_closed = http_session_peer_closed,
        .ended = http_session_ended,
    };
    struct http_session *session = xcalloc(1, sizeof *session);
    session->server = server;
    evtimer_assign(&session->timer, server->base, http_session_on_timer, session);
    LIST_INSERT_HEAD(&server->sessions, session, link);
    server->connections++;
    session->connection =
        connection_create(server->base, transport, HTTP_INPUT_SMALL, &handlers, session);
    http_session_arm(session, clock_monotonic_ns() + server->config.head_timeout_ns);
}

struct connection *http_session_connection(struct http_session *session)
{
    return session->connection;
}

const struct http_request *http_session_request(const struct http_session *session)
{
    return http_reader_request(session->reader);
}
