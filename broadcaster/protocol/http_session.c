#include "broadcaster/protocol/http_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/protocol/http_session_parts.h"
#include "broadcaster/protocol/identity.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define HTTP_INPUT_LARGE 65536 /* read at once while a body is received */
#define HTTP_PER_TURN    4     /* requests that are begun; then other connections have their turn */
#define HTTP_BODY_FIRST  65536 /* room for a body before any of it has come */
#define HTTP_STALL_NS    (10 * NS_PER_SECOND)
#define HTTP_ALLOW_ANY   "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"

/* --- time --- */

/* Moves the deadline; the timer itself is only touched when it would go off too late. */
void http_session_arm(struct http_session *session, uint64_t deadline_ns)
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

void http_session_drop_body(struct http_session *session)
{
    shared_bytes_unref(session->body);
    memory_budget_return(&session->server->bodies, session->body_room);
    session->body = NULL;
    session->body_size = session->body_room = 0;
    session->done = NULL;
}

/* Nothing of the request that has been answered is left. */
static void http_session_forget_request(struct http_session *session)
{
    http_session_set_identity(session, NULL);
    free(session->fields);
    session->fields = NULL;
}

void http_session_next(struct http_session *session)
{
    if (connection_pending(session->connection) > 0) {
        session->state = HTTP_SESSION_ANSWERING;
        http_session_arm(session, connection_progress_ns(session->connection) + HTTP_STALL_NS);
        return;
    }
    session->state = HTTP_SESSION_IDLE;
    http_session_forget_request(session);
    connection_set_input_limit(session->connection, HTTP_INPUT_SMALL);
    http_session_arm(session, clock_monotonic_ns() + session->server->config.idle_timeout_ns);
    if (!session->receiving) {
        http_reader_destroy(session->reader);
        session->reader = NULL;
        connection_set_reading(session->connection, true);
    }
}

void http_session_close(struct http_session *session, enum connection_end end)
{
    session->state = HTTP_SESSION_CLOSING;
    session->end = end;
    http_session_drop_body(session);
    http_session_forget_request(session);
    if (connection_pending(session->connection) == 0) {
        connection_finish(session->connection, end);
    } else {
        connection_set_reading(session->connection, false);
        http_session_arm(session, connection_progress_ns(session->connection) + HTTP_STALL_NS);
    }
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

/* Makes room for `size` more bytes: what has been announced, but never much more than what has
 * come. 0, -EFBIG beyond the limit, -ENOBUFS beyond the memory of all bodies. */
static int http_session_reserve(struct http_session *session, size_t size)
{
    const struct http_request *request = http_session_request(session);
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
    if (!memory_budget_take(&session->server->bodies, room - session->body_room)) {
        return -ENOBUFS;
    }
    session->body = shared_bytes_resize(session->body, room);
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
    memory_budget_return(&session->server->bodies, session->body_room);
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
    session->server->counters.requests++;
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

void http_session_release(struct http_session *session)
{
    LIST_REMOVE(session, link);
    event_del(&session->timer);
    http_session_drop_body(session);
    http_reader_destroy(session->reader);
    http_session_forget_request(session);
    session->server->connections--;
    free(session);
}

static size_t http_session_received(void *arg, const uint8_t *bytes, size_t size)
{
    struct http_session *session = arg;
    size_t used = 0;
    enum http_event event = HTTP_REQUEST;
    const uint64_t *requests = &session->server->counters.requests,
                   most = *requests + HTTP_PER_TURN;
    session->receiving = true;
    while (http_session_reads(session) && !session->upgraded && event != HTTP_NEED_MORE &&
           *requests < most) {
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
    if (*requests == most && http_session_reads(session)) {
        connection_yield(session->connection);
    }
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
    return !http_session_reads(session) && !(session->deferred && session->while_open);
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

void http_session_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct http_session *session = arg;
    uint64_t *timeouts = session->server->counters.timeouts;
    uint64_t now = clock_monotonic_ns();
    (void)fd;
    (void)what;
    session->armed_ns = 0;
    if (session->state == HTTP_SESSION_ANSWERING || session->state == HTTP_SESSION_CLOSING) {
        /* Nothing waits: then connection_finish() keeps the time. */
        session->deadline_ns = connection_pending(session->connection) > 0
                                   ? connection_progress_ns(session->connection) + HTTP_STALL_NS
                                   : 0;
    }
    if (session->deadline_ns == 0 || now < session->deadline_ns) {
        http_session_arm(session, session->deadline_ns);
        return;
    }
    switch (session->state) {
    case HTTP_SESSION_HEAD:
        timeouts[HTTP_TIMEOUT_HEAD]++;
        http_session_refuse(session, 408, CONNECTION_TIMED_OUT, "the head took too long");
        break;
    case HTTP_SESSION_BODY:
        timeouts[HTTP_TIMEOUT_BODY]++;
        http_session_refuse(session, 408, CONNECTION_TIMED_OUT, "the body took too long");
        break;
    case HTTP_SESSION_IDLE:
    case HTTP_SESSION_SKIP:
        timeouts[HTTP_TIMEOUT_IDLE]++;
        http_session_close(session, CONNECTION_TIMED_OUT);
        break;
    case HTTP_SESSION_ANSWERING:
    case HTTP_SESSION_CLOSING:
        timeouts[HTTP_TIMEOUT_STALL]++;
        connection_abort(session->connection, CONNECTION_STALLED);
        break;
    case HTTP_SESSION_WORK:
        break;
    }
}

const struct connection_handlers http_session_handlers = {
    .received = http_session_received,
    .drained = http_session_drained,
    .peer_closed = http_session_peer_closed,
    .ended = http_session_ended,
};

void http_defer(struct http_session *session, void (*gone)(void *arg), void *arg)
{
    session->deferred = true;
    session->while_open = false;
    session->gone = gone;
    session->gone_arg = arg;
}

void http_defer_while_open(struct http_session *session, void (*gone)(void *arg), void *arg)
{
    http_defer(session, gone, arg);
    session->while_open = true;
}

struct connection *http_session_connection(struct http_session *session)
{
    return session->connection;
}

bool http_session_peer_address(const struct http_session *session, struct in6_addr *address)
{
    *address = session->peer;
    return !IN6_IS_ADDR_UNSPECIFIED(address);
}

const struct http_request *http_session_request(const struct http_session *session)
{
    return http_reader_request(session->reader);
}

struct identity *http_session_identity(const struct http_session *session)
{
    return session->identity;
}

void http_session_set_identity(struct http_session *session, struct identity *identity)
{
    identity_unref(session->identity);
    session->identity = identity;
}

void http_session_enter_path(struct http_session *session, size_t bytes)
{
    http_reader_enter_path(session->reader, bytes);
}

void http_session_add_fields(struct http_session *session, const char *fields)
{
    char *all = xasprintf("%s%s", session->fields != NULL ? session->fields : "", fields);
    free(session->fields);
    session->fields = all;
}
