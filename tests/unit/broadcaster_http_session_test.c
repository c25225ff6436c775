#include "broadcaster/protocol/http_session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "broadcaster/protocol/http_stream.h"
#include "broadcaster/protocol/websocket_session.h"
#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/loop_wait.h"

#define HANDSHAKE                                                                                  \
    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                 \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

/* A server whose handler does what the path says, and one client over TCP. */
struct fixture {
    struct event_base *base;
    struct http_server *server;
    int client;
    char got[1 << 16]; /* what the client has read, as a string */
    size_t got_size;
    bool got_end;
    struct http_session *deferred;
    int requests, gone, bodies, messages;
    struct shared_bytes *body; /* the last one */
    struct websocket_session *websocket;
    struct http_stream *stream;
    int writable;
    char message[64];
    int closed;
    enum connection_end end;
    uint16_t close_code;
};

static void on_gone(void *arg)
{
    struct fixture *fixture = arg;
    fixture->gone++;
    fixture->deferred = NULL;
}

static void on_body(void *arg, struct http_session *session, struct shared_bytes *body)
{
    struct fixture *fixture = arg;
    fixture->bodies++;
    shared_bytes_unref(fixture->body);
    fixture->body = body;
    http_respond_text(session, 200, "text/plain", NULL, "taken", 5);
}

static void on_message(void *arg, enum websocket_opcode opcode, const uint8_t *data, size_t size)
{
    struct fixture *fixture = arg;
    assert_int_equal(opcode, WEBSOCKET_TEXT);
    fixture->messages++;
    snprintf(fixture->message, sizeof fixture->message, "%.*s", (int)size, (const char *)data);
    websocket_session_send(fixture->websocket, opcode, data, size);
}

static void on_closed(void *arg, enum connection_end end, uint16_t close_code)
{
    struct fixture *fixture = arg;
    fixture->closed++;
    fixture->end = end;
    fixture->close_code = close_code;
    fixture->websocket = NULL;
}

static void on_writable(void *arg)
{
    struct fixture *fixture = arg;
    fixture->writable++;
}

static void on_stream_closed(void *arg, enum connection_end end)
{
    on_closed(arg, end, 0);
}

static const struct http_stream_handlers stream_handlers = {
    .writable = on_writable,
    .closed = on_stream_closed,
};

static const struct http_stream_config stream_config = {.stall_ns = 100 * NS_PER_MS};

static const struct websocket_handlers websocket_handlers = {
    .message = on_message,
    .closed = on_closed,
};

static const struct websocket_config websocket_config = {.message_limit = 1000};

static void on_request(void *arg, struct http_session *session, const struct http_request *request)
{
    struct fixture *fixture = arg;
    assert_ptr_equal(http_session_request(session), request);
    fixture->requests++;
    if (strcmp(request->path, "/defer") == 0) {
        fixture->deferred = session;
        http_defer(session, on_gone, fixture);
    } else if (strcmp(request->path, "/body") == 0) {
        http_read_body(session, 1000, on_body, fixture);
    } else if (strcmp(request->path, "/ws") == 0) {
        fixture->websocket =
            http_upgrade(session, NULL, &websocket_config, &websocket_handlers, fixture);
    } else if (strcmp(request->path, "/stream") == 0 && request->method == HTTP_HEAD) {
        http_respond_stream_head(session, "x/y", "A: b\r\n");
    } else if (strcmp(request->path, "/stream") == 0) {
        fixture->stream = http_begin_stream(session, "x/y", "A: b\r\n", "begin", &stream_config,
                                            &stream_handlers, fixture);
    } else if (strcmp(request->path, "/large") == 0) {
        struct shared_bytes *body = shared_bytes_create(16 << 20);
        memset(body->data, 'L', body->size);
        http_respond(session, 200, "text/plain", NULL, body);
        shared_bytes_unref(body);
    } else if (strcmp(request->path, "/error") == 0) {
        http_respond_error(session, 409, "conflict", "Retry-After: 7\r\n", "\"%s\" \xff is taken",
                           "x");
    } else if (strcmp(request->path, "/only-get") == 0) {
        http_respond_not_allowed(session, "GET, HEAD");
    } else if (strcmp(request->path, "/nothing") == 0) {
        http_respond(session, 204, NULL, NULL, NULL);
    } else if (strcmp(request->path, "/forgotten") != 0) {
        http_respond_text(session, 200, "text/plain", NULL, request->path, strlen(request->path));
    }
}

static const struct http_server_config server_config = {
    .head_timeout_ns = 10 * NS_PER_SECOND,
    .body_timeout_ns = 10 * NS_PER_SECOND,
    .idle_timeout_ns = 10 * NS_PER_SECOND,
    .body_memory = 1 << 20,
};

/* Connects a client over TCP. */
static void fixture_connect(struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
    fixture->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fixture->client, (struct sockaddr *)&address, sizeof address), 0);
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(fd >= 0);
    close(listening);
    assert_int_equal(fd_set_nonblocking(fixture->client), 0);
    http_server_accept(fixture->server, transport_create_plain(fd));
}

static int fixture_open(void **state)
{
    const struct http_server_handlers handlers = {.request = on_request};
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    fixture->base = event_base_new();
    fixture->server = http_server_create(fixture->base, &server_config, &handlers, fixture);
    fixture_connect(fixture);
    *state = fixture;
    return 0;
}

static int fixture_close(void **state)
{
    struct fixture *fixture = *state;
    http_server_destroy(fixture->server);
    fd_close(&fixture->client);
    shared_bytes_unref(fixture->body);
    event_base_free(fixture->base);
    free(fixture);
    return 0;
}

static void client_sends(struct fixture *fixture, const char *text)
{
    assert_int_equal(write(fixture->client, text, strlen(text)), strlen(text));
}

/* Reads what is there. Of very much only the end is kept. */
static void client_reads(struct fixture *fixture)
{
    size_t keep = 1000;
    if (fixture->got_size > sizeof fixture->got / 2) {
        memmove(fixture->got, fixture->got + fixture->got_size - keep, keep);
        fixture->got_size = keep;
    }
    size_t room = sizeof fixture->got - 1 - fixture->got_size;
    ssize_t got = read(fixture->client, fixture->got + fixture->got_size, room);
    if (got > 0) {
        fixture->got_size += (size_t)got;
    } else if (got == 0 && room > 0) {
        fixture->got_end = true;
    }
}

static void client_turn(struct fixture *fixture)
{
    client_reads(fixture);
    event_base_loop(fixture->base, EVLOOP_NONBLOCK);
}

/* Until `text` has come; then everything up to its end is forgotten. */
static void client_waits(struct fixture *fixture, const char *text)
{
    uint64_t end_ns = clock_monotonic_ns() + LOOP_WAIT_NS;
    char *found;
    while ((found = memmem(fixture->got, fixture->got_size, text, strlen(text))) == NULL) {
        if (clock_monotonic_ns() > end_ns || fixture->got_end) {
            print_error("no \"%s\" in: %.*s\n", text, (int)fixture->got_size, fixture->got);
            fail();
        }
        client_turn(fixture);
    }
    size_t used = (size_t)(found - fixture->got) + strlen(text);
    fixture->got_size -= used;
    memmove(fixture->got, fixture->got + used, fixture->got_size);
}

static void client_waits_end(struct fixture *fixture)
{
    uint64_t end_ns = clock_monotonic_ns() + LOOP_WAIT_NS;
    while (!fixture->got_end) {
        assert_true(clock_monotonic_ns() < end_ns);
        client_turn(fixture);
    }
    assert_int_equal(fixture->got_size, 0);
}

static void test_answers(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "HTTP/1.1 200 OK\r\nDate: ");
    client_waits(fixture, "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\n/hello");
    client_sends(fixture, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "HTTP/1.1 204 No Content\r\n");
    client_waits(fixture, " GMT\r\n\r\n");
    client_sends(fixture, "GET /error HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "HTTP/1.1 409 Conflict\r\n");
    client_waits(fixture, "Retry-After: 7\r\n\r\n");
    client_waits(fixture, "{\"error\":{\"code\":\"conflict\",\"message\":\"\\\"x\\\" ? is taken\"},"
                          "\"detail\":\"\\\"x\\\" ? is taken\"}");
    client_sends(fixture, "POST /only-get HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "HTTP/1.1 405 Method Not Allowed\r\n");
    client_waits(fixture, "Allow: GET, HEAD\r\n\r\n{");
    client_waits(fixture, "}");
    client_sends(fixture, "HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client_waits(fixture, "Content-Length: 6\r\nConnection: close\r\n\r\n");
    client_waits_end(fixture);
    assert_int_equal(fixture->requests, 5);
}

static void test_a_forgotten_answer_is_500(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "GET /forgotten HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "HTTP/1.1 500 ");
}

static void test_what_concerns_no_path(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture,
                 "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nBREW / HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "HTTP/1.1 200 OK\r\n");
    client_waits(fixture, "HTTP/1.1 501 Not Implemented\r\n");
    client_sends(fixture, "rubbish\r\n");
    client_waits(fixture, "HTTP/1.1 400 Bad Request\r\n");
    assert_int_equal(fixture->requests, 0);
}

/* --- bodies --- */

static void test_body(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello ");
    loop_settle(fixture->base);
    assert_int_equal(fixture->bodies, 0);
    client_sends(fixture, "world");
    client_waits(fixture, "taken");
    assert_int_equal(fixture->body->size, 11);
    assert_int_equal(fixture->body->references, 1);
    assert_memory_equal(fixture->body->data, "hello world", 11);
    client_sends(fixture, "POST /body HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "taken");
    assert_int_equal(fixture->body->size, 0);
    client_sends(fixture, "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    client_waits(fixture, "taken");
    assert_memory_equal(fixture->body->data, "abcde", 5);
    assert_int_equal(fixture->bodies, 3);
}

static void test_body_beyond_the_limit(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
    client_waits(fixture, "HTTP/1.1 413 Content Too Large\r\n");
    assert_int_equal(fixture->bodies, 0);
}

static void test_client_leaves_in_its_body(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello ");
    loop_settle(fixture->base);
    fd_close(&fixture->client);
    LOOP_WAIT(fixture->base, http_server_connections(fixture->server) == 0);
    assert_int_equal(fixture->bodies, 0);
}

/* A body that nobody asked for is skipped, and the next request is understood. */
static void test_unwanted_body(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n");
    client_waits(fixture, "\r\n\r\n/x");
    client_sends(fixture, "GET /trap HTTP/1.1\r\nHost: a\r\n\r\n....");
    client_sends(fixture, "GET /y HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "\r\n\r\n/y");
    client_sends(fixture, "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client_waits(fixture, "\r\n\r\n/x");
    client_sends(fixture, "3\r\nabc\r\n0\r\n\r\nGET /z HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "\r\n\r\n/z");
    assert_int_equal(fixture->requests, 4);
}

static void test_unwanted_large_body_closes(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
    client_waits(fixture, "Connection: close\r\n\r\n/x");
    client_waits_end(fixture);
}

static void test_unwanted_expected_body_closes(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                          "Expect: 100-continue\r\n\r\n");
    client_waits(fixture, "Connection: close\r\n\r\n/x");
    client_waits_end(fixture);
}

static void test_broken_unwanted_body_is_not_answered_twice(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client_waits(fixture, "\r\n\r\n/x");
    client_sends(fixture, "no chunk\r\n");
    client_waits_end(fixture);
}

/* --- later answers --- */

static void test_deferred_answer(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture,
                 "GET /defer HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    LOOP_WAIT(fixture->base, fixture->deferred != NULL);
    loop_settle(fixture->base);
    assert_int_equal(fixture->requests, 1); /* one at a time */
    assert_string_equal(http_session_request(fixture->deferred)->path, "/defer");
    http_respond_text(fixture->deferred, 200, "text/plain", NULL, "later", 5);
    client_waits(fixture, "later");
    client_waits(fixture, "\r\n\r\n/next");
    assert_int_equal(fixture->gone, 0);
}

static void test_client_leaves_before_the_deferred_answer(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "GET /defer HTTP/1.1\r\nHost: a\r\n\r\n");
    LOOP_WAIT(fixture->base, fixture->deferred != NULL);
    struct linger linger = {.l_onoff = 1};
    assert_int_equal(setsockopt(fixture->client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    fd_close(&fixture->client);
    LOOP_WAIT(fixture->base, fixture->gone == 1);
    assert_int_equal(http_server_connections(fixture->server), 0);
}

/* Its body is not wanted and still to come when the answer is made: what follows it is a request. */
static void test_deferred_answer_before_its_body(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "POST /defer HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    LOOP_WAIT(fixture->base, fixture->deferred != NULL);
    http_respond_text(fixture->deferred, 200, "text/plain", NULL, "later", 5);
    client_sends(fixture, "hello"
                          "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "later");
    client_waits(fixture, "\r\n\r\n/next");
    assert_int_equal(fixture->requests, 2);
}

static void test_half_closed_client_gets_the_deferred_answer(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "GET /defer HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(shutdown(fixture->client, SHUT_WR), 0);
    LOOP_WAIT(fixture->base, fixture->deferred != NULL);
    loop_settle(fixture->base);
    assert_int_equal(fixture->gone, 0);
    http_respond_text(fixture->deferred, 200, "text/plain", NULL, "later", 5);
    client_waits(fixture, "later");
    client_waits_end(fixture);
    assert_int_equal(fixture->gone, 0);
}

/* --- back-pressure --- */

static void test_the_next_request_waits_for_the_answer_to_be_taken(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture,
                 "GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    LOOP_WAIT(fixture->base, fixture->requests == 1);
    loop_settle(fixture->base);
    assert_int_equal(fixture->requests, 1);
    uint64_t end_ns = clock_monotonic_ns() + LOOP_WAIT_NS;
    while (fixture->requests == 1) {
        assert_true(clock_monotonic_ns() < end_ns);
        fixture->got_size = 0;
        client_turn(fixture);
    }
    client_waits(fixture, "\r\n\r\n/next");
}

static void test_closing_after_a_large_answer_cuts_nothing(void **state)
{
    struct fixture *fixture = *state;
    size_t total = 0;
    client_sends(fixture, "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    while (!fixture->got_end) {
        fixture->got_size = 0;
        client_turn(fixture);
        total += fixture->got_size;
    }
    assert_true(total > 16 << 20);
}

/* Sends `text` so many times at once and runs the loop until `count` has come to that: never many in one
 * turn, or whoever says much would keep the loop from all others. */
static void floods(struct fixture *fixture, const char *text, int times, const int *count)
{
    size_t size = strlen(text);
    char *all = xmalloc((size_t)times * size);
    for (int i = 0; i < times; i++) {
        memcpy(all + (size_t)i * size, text, size);
    }
    assert_int_equal(write(fixture->client, all, (size_t)times * size), (size_t)times * size);
    free(all);
    uint64_t end_ns = clock_monotonic_ns() + LOOP_WAIT_NS;
    for (int before = *count, total = before + times; before < total; before = *count) {
        client_reads(fixture);
        event_base_loop(fixture->base, EVLOOP_NONBLOCK | EVLOOP_ONCE); /* one turn */
        assert_true(*count - before <= 64);
        assert_true(clock_monotonic_ns() < end_ns);
    }
}

static void test_many_requests_at_once_are_answered_in_turns(void **state)
{
    struct fixture *fixture = *state;
    floods(fixture, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", 300, &fixture->requests);
    fixture->got_size = 0;
    client_sends(fixture, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "\r\n\r\n/hello");
}

/* --- WebSocket --- */

static void test_upgrade_with_frames_in_the_same_packet(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, HANDSHAKE "\x81\x82\x01\x01\x01\x01ih");
    client_waits(fixture, "HTTP/1.1 101 Switching Protocols\r\n");
    client_waits(fixture, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    client_waits(fixture, "\x81\x02hi");
    assert_string_equal(fixture->message, "hi");
    assert_int_equal(http_server_connections(fixture->server), 1);
    client_sends(fixture, "\x88\x82\x01\x01\x01\x01\x02\xe9"); /* 1000 */
    client_waits(fixture, "\x88\x02\x03\xe8");
    client_waits_end(fixture);
    fd_close(&fixture->client);
    LOOP_WAIT(fixture->base, fixture->closed == 1);
    assert_int_equal(fixture->end, CONNECTION_PEER_CLOSED);
    assert_int_equal(fixture->close_code, 1000);
    assert_int_equal(http_server_connections(fixture->server), 0);
}

static void open_websocket(struct fixture *fixture)
{
    client_sends(fixture, HANDSHAKE);
    client_waits(fixture, "\r\n\r\n");
    assert_non_null(fixture->websocket);
}

static void test_close_handshake_of_ours(void **state)
{
    struct fixture *fixture = *state;
    open_websocket(fixture);
    websocket_session_close(fixture->websocket, 4001, "taken over", CONNECTION_FINISHED);
    websocket_session_send(fixture->websocket, WEBSOCKET_TEXT, "late", 4);
    assert_int_equal(fixture->closed, 0);
    client_waits(fixture, "\x88\x0c\x0f\xa1taken over");
    client_sends(fixture, "\x81\x82\x01\x01\x01\x01ih"); /* is not heard any more */
    client_sends(fixture, "\x88\x82\x01\x01\x01\x01\x0e\xa0");
    client_waits_end(fixture);
    fd_close(&fixture->client);
    LOOP_WAIT(fixture->base, fixture->closed == 1);
    assert_int_equal(fixture->end, CONNECTION_FINISHED);
    assert_int_equal(fixture->close_code, 4001);
    assert_string_equal(fixture->message, "");
}

static void test_close_is_not_waited_for_for_ever(void **state)
{
    struct fixture *fixture = *state;
    open_websocket(fixture);
    uint64_t before_ns = clock_monotonic_ns();
    websocket_session_close(fixture->websocket, 1001, "", CONNECTION_FINISHED);
    LOOP_WAIT(fixture->base, fixture->closed == 1);
    uint64_t took_ns = clock_monotonic_ns() - before_ns;
    assert_true(took_ns > 1900 * NS_PER_MS && took_ns < 4 * NS_PER_SECOND);
    assert_int_equal(fixture->end, CONNECTION_FINISHED);
    assert_int_equal(fixture->close_code, 1006);
}

static void test_many_messages_at_once_are_heard_in_turns(void **state)
{
    struct fixture *fixture = *state;
    open_websocket(fixture);
    floods(fixture, "\x81\x82\x01\x01\x01\x01ih", 1500, &fixture->messages);
    fd_close(&fixture->client);
    LOOP_WAIT(fixture->base, fixture->closed == 1);
}

static void test_websocket_client_gone(void **state)
{
    struct fixture *fixture = *state;
    open_websocket(fixture);
    fd_close(&fixture->client);
    LOOP_WAIT(fixture->base, fixture->closed == 1);
    assert_int_equal(fixture->end, CONNECTION_PEER_CLOSED);
    assert_int_equal(fixture->close_code, 1006);
}

/* A ping that comes while a message is in flight is answered behind it, once, and nothing is read
 * before that. */
static void test_pong_goes_between_messages(void **state)
{
    struct fixture *fixture = *state;
    open_websocket(fixture);
    struct shared_bytes *body = shared_bytes_create(8 << 20);
    memset(body->data, '.', body->size);
    websocket_session_send_frames(fixture->websocket, "", 0, body, 0);
    shared_bytes_unref(body);
    assert_false(websocket_session_idle(fixture->websocket));
    client_sends(fixture, "\x89\x81\x01\x01\x01\x01q");
    client_sends(fixture, "\x81\x82\x01\x01\x01\x01ih");
    loop_settle(fixture->base);
    assert_string_equal(fixture->message, "");
    uint64_t end_ns = clock_monotonic_ns() + LOOP_WAIT_NS;
    while (fixture->message[0] == '\0') {
        assert_true(clock_monotonic_ns() < end_ns);
        fixture->got_size = 0;
        client_turn(fixture);
    }
    assert_string_equal(fixture->message, "hi");
    client_waits(fixture, "\x8a\x01p\x81\x02hi");
}

static void test_server_ends_with_everybody(void **state)
{
    struct fixture *fixture = *state;
    open_websocket(fixture);
    int websocket_client = fixture->client;
    fixture_connect(fixture);
    client_sends(fixture, "GET /defer HTTP/1.1\r\nHost: a\r\n\r\n");
    LOOP_WAIT(fixture->base, fixture->deferred != NULL);
    assert_int_equal(http_server_connections(fixture->server), 2);
    http_server_destroy(fixture->server);
    fixture->server = NULL;
    assert_int_equal(fixture->gone, 1);
    assert_int_equal(fixture->closed, 1);
    assert_int_equal(fixture->end, CONNECTION_SHUTDOWN);
    client_waits_end(fixture);
    fixture->got_end = false;
    fd_close(&fixture->client);
    fixture->client = websocket_client;
    client_waits(fixture, "\x03\xe9"); /* 1001 */
}

/* --- an answer without an end --- */

static void open_stream(struct fixture *fixture)
{
    client_sends(fixture, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "HTTP/1.1 200 OK\r\n");
    client_waits(fixture, "Content-Type: x/y\r\nConnection: close\r\nA: b\r\n\r\nbegin");
    assert_non_null(fixture->stream);
    assert_int_equal(fixture->got_size, 0);
}

static void stream_sends(struct fixture *fixture, size_t size)
{
    struct shared_bytes *body = shared_bytes_create(size);
    memset(body->data, 's', size);
    http_stream_send(fixture->stream, body);
    shared_bytes_unref(body);
}

static void test_stream(void **state)
{
    struct fixture *fixture = *state;
    open_stream(fixture);
    assert_true(http_stream_idle(fixture->stream));
    stream_sends(fixture, 3);
    client_waits(fixture, "sss");
    client_sends(fixture, "GET /more HTTP/1.1\r\n\r\n"); /* is not heard */
    stream_sends(fixture, 16 << 20);
    assert_false(http_stream_idle(fixture->stream));
    while (fixture->writable == 0) {
        client_turn(fixture);
    }
    assert_true(http_stream_idle(fixture->stream));
    assert_int_equal(fixture->requests, 1);
    http_stream_close(fixture->stream, CONNECTION_FINISHED);
    stream_sends(fixture, 3); /* too late */
    while (!fixture->got_end) {
        client_turn(fixture);
    }
    fd_close(&fixture->client);
    LOOP_WAIT(fixture->base, fixture->closed == 1);
    assert_int_equal(fixture->end, CONNECTION_FINISHED);
    assert_int_equal(http_server_connections(fixture->server), 0);
}

static void test_stream_head(void **state)
{
    struct fixture *fixture = *state;
    client_sends(fixture, "HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "Content-Type: x/y\r\nConnection: close\r\nA: b\r\n\r\n");
    client_waits_end(fixture);
}

/* Who sends nothing more is gone, also in the middle of a piece. */
static void test_stream_client_half_closes(void **state)
{
    struct fixture *fixture = *state;
    open_stream(fixture);
    stream_sends(fixture, 16 << 20);
    assert_int_equal(shutdown(fixture->client, SHUT_WR), 0);
    LOOP_WAIT(fixture->base, fixture->closed == 1);
    assert_int_equal(fixture->end, CONNECTION_PEER_CLOSED);
}

static void test_stream_client_stalls(void **state)
{
    struct fixture *fixture = *state;
    open_stream(fixture);
    stream_sends(fixture, 16 << 20);
    LOOP_WAIT(fixture->base, fixture->closed == 1);
    assert_int_equal(fixture->end, CONNECTION_STALLED);
}

static void test_stream_client_floods(void **state)
{
    static const char much[8192];
    struct fixture *fixture = *state;
    open_stream(fixture);
    while (fixture->closed == 0) {
        ssize_t sent = send(fixture->client, much, sizeof much, MSG_NOSIGNAL);
        assert_true(sent > 0 || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
        event_base_loop(fixture->base, EVLOOP_NONBLOCK);
    }
    assert_int_equal(fixture->end, CONNECTION_PROTOCOL);
}

/* It ends with the server. */
static void test_stream_of_a_server_that_ends(void **state)
{
    struct fixture *fixture = *state;
    open_stream(fixture);
    stream_sends(fixture, 3);
    http_server_destroy(fixture->server);
    fixture->server = NULL;
    assert_int_equal(fixture->closed, 1);
    assert_int_equal(fixture->end, CONNECTION_SHUTDOWN);
}

#define SESSION_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SESSION_TEST(test_answers),
        SESSION_TEST(test_stream),
        SESSION_TEST(test_stream_head),
        SESSION_TEST(test_stream_client_half_closes),
        SESSION_TEST(test_stream_client_stalls),
        SESSION_TEST(test_stream_client_floods),
        SESSION_TEST(test_stream_of_a_server_that_ends),
        SESSION_TEST(test_a_forgotten_answer_is_500),
        SESSION_TEST(test_what_concerns_no_path),
        SESSION_TEST(test_body),
        SESSION_TEST(test_body_beyond_the_limit),
        SESSION_TEST(test_client_leaves_in_its_body),
        SESSION_TEST(test_unwanted_body),
        SESSION_TEST(test_unwanted_large_body_closes),
        SESSION_TEST(test_unwanted_expected_body_closes),
        SESSION_TEST(test_broken_unwanted_body_is_not_answered_twice),
        SESSION_TEST(test_deferred_answer),
        SESSION_TEST(test_client_leaves_before_the_deferred_answer),
        SESSION_TEST(test_deferred_answer_before_its_body),
        SESSION_TEST(test_half_closed_client_gets_the_deferred_answer),
        SESSION_TEST(test_the_next_request_waits_for_the_answer_to_be_taken),
        SESSION_TEST(test_closing_after_a_large_answer_cuts_nothing),
        SESSION_TEST(test_many_requests_at_once_are_answered_in_turns),
        SESSION_TEST(test_upgrade_with_frames_in_the_same_packet),
        SESSION_TEST(test_close_handshake_of_ours),
        SESSION_TEST(test_close_is_not_waited_for_for_ever),
        SESSION_TEST(test_many_messages_at_once_are_heard_in_turns),
        SESSION_TEST(test_websocket_client_gone),
        SESSION_TEST(test_pong_goes_between_messages),
        SESSION_TEST(test_server_ends_with_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
