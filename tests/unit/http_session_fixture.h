/* A server whose handler does what the path says, and one client over TCP. */
#ifndef TESTS_UNIT_HTTP_SESSION_FIXTURE_H
#define TESTS_UNIT_HTTP_SESSION_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "broadcaster/protocol/http_session.h"
#include "broadcaster/protocol/http_stream.h"
#include "broadcaster/protocol/websocket_session.h"
#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/loop_wait.h"

#define HANDSHAKE                                                                                  \
    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                 \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

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

static inline void on_gone(void *arg)
{
    struct fixture *fixture = arg;
    fixture->gone++;
    fixture->deferred = NULL;
}

static inline void on_body(void *arg, struct http_session *session, struct shared_bytes *body)
{
    struct fixture *fixture = arg;
    fixture->bodies++;
    shared_bytes_unref(fixture->body);
    fixture->body = body;
    http_respond_text(session, 200, "text/plain", NULL, "taken", 5);
}

static inline void on_message(void *arg, enum websocket_opcode opcode, const uint8_t *data,
                              size_t size)
{
    struct fixture *fixture = arg;
    assert_int_equal(opcode, WEBSOCKET_TEXT);
    fixture->messages++;
    snprintf(fixture->message, sizeof fixture->message, "%.*s", (int)size, (const char *)data);
    websocket_session_send(fixture->websocket, opcode, data, size);
}

static inline void on_closed(void *arg, enum connection_end end, uint16_t close_code)
{
    struct fixture *fixture = arg;
    fixture->closed++;
    fixture->end = end;
    fixture->close_code = close_code;
    fixture->websocket = NULL;
}

static inline void on_writable(void *arg)
{
    struct fixture *fixture = arg;
    fixture->writable++;
}

static inline void on_stream_closed(void *arg, enum connection_end end)
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

static inline void on_request(void *arg, struct http_session *session,
                              const struct http_request *request)
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
static inline void fixture_connect(struct fixture *fixture)
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

static inline int fixture_open(void **state)
{
    const struct http_server_handlers handlers = {.request = on_request};
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    fixture->base = event_base_new();
    fixture->server = http_server_create(fixture->base, &server_config, &handlers, fixture);
    fixture_connect(fixture);
    *state = fixture;
    return 0;
}

static inline int fixture_close(void **state)
{
    struct fixture *fixture = *state;
    http_server_destroy(fixture->server);
    fd_close(&fixture->client);
    shared_bytes_unref(fixture->body);
    event_base_free(fixture->base);
    free(fixture);
    return 0;
}

static inline void client_sends(struct fixture *fixture, const char *text)
{
    assert_int_equal(write(fixture->client, text, strlen(text)), strlen(text));
}

/* Reads what is there. Of very much only the end is kept. */
static inline void client_reads(struct fixture *fixture)
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

static inline void client_turn(struct fixture *fixture)
{
    client_reads(fixture);
    event_base_loop(fixture->base, EVLOOP_NONBLOCK);
}

/* Until `text` has come; then everything up to its end is forgotten. */
static inline void client_waits(struct fixture *fixture, const char *text)
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

static inline void client_waits_end(struct fixture *fixture)
{
    uint64_t end_ns = clock_monotonic_ns() + LOOP_WAIT_NS;
    while (!fixture->got_end) {
        assert_true(clock_monotonic_ns() < end_ns);
        client_turn(fixture);
    }
    assert_int_equal(fixture->got_size, 0);
}

/* Sends `text` so many times at once and runs the loop until `count` has come to that: never many
 * in one turn, or whoever says much would keep the loop from all others. */
static inline void floods(struct fixture *fixture, const char *text, int times, const int *count)
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

#define SESSION_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

#endif
