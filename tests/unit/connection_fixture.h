/* A connection whose other end is the test's own descriptor, and what was told of it. */
#ifndef TESTS_UNIT_CONNECTION_FIXTURE_H
#define TESTS_UNIT_CONNECTION_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "broadcaster/network/connection.h"
#include "common/fd.h"
#include "tests/unit/loop_wait.h"

#define INPUT_LIMIT 1024
#define NOT_ENDED   CONNECTION_ENDS

/* One end is a connection, the other the test's own descriptor. */
struct fixture {
    struct event_base *base;
    struct connection *connection;
    int peer;
    char received[1 << 20]; /* what was consumed */
    size_t received_size;
    size_t largest_offer;
    size_t leave;     /* consumes all but so many bytes */
    bool inside;      /* a call into the module is going on */
    bool stay;        /* the answer to peer_closed */
    bool abort_first; /* ends the connection before it looks at the bytes */
    bool stop_after;  /* stops reading when something has come */
    int peer_closed_calls;
    int drained_calls;
    enum connection_end end;
};

static inline size_t on_received(void *arg, const uint8_t *bytes, size_t size)
{
    struct fixture *fixture = arg;
    assert_false(fixture->inside);
    if (fixture->abort_first) {
        connection_abort(fixture->connection, CONNECTION_FINISHED);
    }
    fixture->largest_offer = size > fixture->largest_offer ? size : fixture->largest_offer;
    size_t consumed = size > fixture->leave ? size - fixture->leave : 0;
    assert_true(fixture->received_size + consumed <= sizeof fixture->received);
    memcpy(fixture->received + fixture->received_size, bytes, consumed);
    fixture->received_size += consumed;
    if (fixture->stop_after) {
        connection_set_reading(fixture->connection, false);
    }
    return consumed;
}

static inline void on_drained(void *arg)
{
    struct fixture *fixture = arg;
    assert_false(fixture->inside);
    assert_int_equal(connection_pending(fixture->connection), 0);
    fixture->drained_calls++;
}

static inline bool on_peer_closed(void *arg)
{
    struct fixture *fixture = arg;
    assert_false(fixture->inside);
    fixture->peer_closed_calls++;
    return fixture->stay;
}

static inline void on_ended(void *arg, enum connection_end end)
{
    struct fixture *fixture = arg;
    assert_false(fixture->inside);
    assert_int_equal(fixture->end, NOT_ENDED); /* once */
    fixture->end = end;
    fixture->connection = NULL;
}

static const struct connection_handlers handlers = {
    .received = on_received,
    .drained = on_drained,
    .peer_closed = on_peer_closed,
    .ended = on_ended,
};

/* Two ends of a TCP connection over the loopback. */
static inline void tcp_pair(int pair[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listening >= 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
    pair[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(pair[1], (struct sockaddr *)&address, sizeof address), 0);
    pair[0] = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    assert_true(pair[0] >= 0);
    close(listening);
}

static inline void fixture_open(struct fixture *fixture, bool tcp)
{
    int pair[2];
    memset(fixture, 0, sizeof *fixture);
    if (tcp) {
        tcp_pair(pair);
    } else {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    }
    assert_int_equal(fd_set_nonblocking(pair[0]), 0);
    assert_int_equal(fd_set_nonblocking(pair[1]), 0);
    fixture->end = NOT_ENDED;
    fixture->peer = pair[1];
    fixture->base = event_base_new();
    fixture->connection = connection_create(fixture->base, transport_create_plain(pair[0]),
                                            INPUT_LIMIT, &handlers, fixture);
}

static inline void fixture_close(struct fixture *fixture)
{
    if (fixture->connection != NULL) {
        connection_destroy(fixture->connection, CONNECTION_SHUTDOWN);
        assert_int_equal(fixture->end, CONNECTION_SHUTDOWN);
    }
    fd_close(&fixture->peer);
    event_base_free(fixture->base);
}

static inline void peer_writes(struct fixture *fixture, const char *text)
{
    assert_int_equal(write(fixture->peer, text, strlen(text)), strlen(text));
}

static inline void send_text(struct fixture *fixture, const char *text)
{
    fixture->inside = true;
    connection_send(fixture->connection, text, strlen(text), NULL, 0, 0);
    fixture->inside = false;
}

/* What the peer can read now; 0 at the end of file, -EAGAIN when there is nothing. */
static inline ssize_t peer_reads(struct fixture *fixture, void *out, size_t size)
{
    ssize_t got = read(fixture->peer, out, size);
    return got < 0 ? -errno : got;
}

static inline struct shared_bytes *pattern(size_t size)
{
    struct shared_bytes *bytes = shared_bytes_create(size);
    for (size_t i = 0; i < size; i++) {
        bytes->data[i] = (uint8_t)(i * 31 >> 3);
    }
    return bytes;
}

#endif
