#include "broadcaster/network/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "common/memory.h"
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

static size_t on_received(void *arg, const uint8_t *bytes, size_t size)
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

static void on_drained(void *arg)
{
    struct fixture *fixture = arg;
    assert_false(fixture->inside);
    assert_int_equal(connection_pending(fixture->connection), 0);
    fixture->drained_calls++;
}

static bool on_peer_closed(void *arg)
{
    struct fixture *fixture = arg;
    assert_false(fixture->inside);
    fixture->peer_closed_calls++;
    return fixture->stay;
}

static void on_ended(void *arg, enum connection_end end)
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
static void tcp_pair(int pair[2])
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

static void fixture_open(struct fixture *fixture, bool tcp)
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

static void fixture_close(struct fixture *fixture)
{
    if (fixture->connection != NULL) {
        connection_destroy(fixture->connection, CONNECTION_SHUTDOWN);
        assert_int_equal(fixture->end, CONNECTION_SHUTDOWN);
    }
    fd_close(&fixture->peer);
    event_base_free(fixture->base);
}

static void peer_writes(struct fixture *fixture, const char *text)
{
    assert_int_equal(write(fixture->peer, text, strlen(text)), strlen(text));
}

static void send_text(struct fixture *fixture, const char *text)
{
    fixture->inside = true;
    connection_send(fixture->connection, text, strlen(text), NULL, 0, 0);
    fixture->inside = false;
}

/* What the peer can read now; 0 at the end of file, -EAGAIN when there is nothing. */
static ssize_t peer_reads(struct fixture *fixture, void *out, size_t size)
{
    ssize_t got = read(fixture->peer, out, size);
    return got < 0 ? -errno : got;
}

static struct shared_bytes *pattern(size_t size)
{
    struct shared_bytes *bytes = shared_bytes_create(size);
    for (size_t i = 0; i < size; i++) {
        bytes->data[i] = (uint8_t)(i * 31 >> 3);
    }
    return bytes;
}

/* --- input --- */

static void test_receives_and_keeps_what_is_left(void **state)
{
    static struct fixture fixture;
    (void)state;
    fixture_open(&fixture, false);
    fixture.leave = 3;
    peer_writes(&fixture, "hello");
    LOOP_WAIT(fixture.base, fixture.received_size == 2);
    peer_writes(&fixture, "world");
    LOOP_WAIT(fixture.base, fixture.received_size == 7);
    fixture.leave = 0;
    peer_writes(&fixture, "!");
    LOOP_WAIT(fixture.base, fixture.received_size == 11);
    assert_memory_equal(fixture.received, "helloworld!", 11);
    fixture_close(&fixture);
}

static void test_never_offers_more_than_the_limit(void **state)
{
    static struct fixture fixture;
    static char text[5 * INPUT_LIMIT];
    (void)state;
    fixture_open(&fixture, false);
    memset(text, 'x', sizeof text - 1);
    fixture.leave = 100;
    peer_writes(&fixture, text);
    loop_settle(fixture.base);
    assert_int_equal(fixture.received_size, sizeof text - 1 - 100);
    assert_int_equal(fixture.largest_offer, INPUT_LIMIT);
    fixture_close(&fixture);
}

static void test_stops_and_resumes_reading(void **state)
{
    static struct fixture fixture;
    (void)state;
    fixture_open(&fixture, false);
    fixture.stop_after = true;
    fixture.leave = 2;
    peer_writes(&fixture, "abcd");
    LOOP_WAIT(fixture.base, fixture.received_size == 2);
    peer_writes(&fixture, "ef");
    loop_settle(fixture.base);
    assert_int_equal(fixture.received_size, 2);
    /* Both what was left and what came meanwhile, although no new byte comes. */
    fixture.stop_after = false;
    fixture.leave = 0;
    connection_set_reading(fixture.connection, true);
    LOOP_WAIT(fixture.base, fixture.received_size == 6);
    assert_memory_equal(fixture.received, "abcdef", 6);
    fixture_close(&fixture);
}

static void test_another_layer_gets_the_rest(void **state)
{
    static struct fixture fixture, other;
    (void)state;
    fixture_open(&fixture, false);
    memset(&other, 0, sizeof other);
    other.end = NOT_ENDED;
    other.connection = fixture.connection;
    fixture.leave = 3;
    peer_writes(&fixture, "abcdef");
    LOOP_WAIT(fixture.base, fixture.received_size == 3);
    other.inside = true;
    connection_set_handlers(fixture.connection, &handlers, &other);
    other.inside = false;
    LOOP_WAIT(fixture.base, other.received_size == 3);
    assert_memory_equal(other.received, "def", 3);
    connection_destroy(fixture.connection, CONNECTION_SHUTDOWN);
    assert_int_equal(other.end, CONNECTION_SHUTDOWN);
    fixture.connection = NULL;
    fixture_close(&fixture);
}

static void test_a_flood_does_not_starve_others(void **state)
{
    static struct fixture fixture;
    static char flood[100000];
    (void)state;
    fixture_open(&fixture, false);
    int pair[2];
    static struct fixture quiet;
    memset(&quiet, 0, sizeof quiet);
    quiet.end = NOT_ENDED;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    quiet.connection = connection_create(fixture.base, transport_create_plain(pair[0]), INPUT_LIMIT,
                                         &handlers, &quiet);
    assert_true(write(fixture.peer, flood, sizeof flood) > 50 * INPUT_LIMIT);
    assert_int_equal(write(pair[1], "x", 1), 1);
    event_base_loop(fixture.base, EVLOOP_ONCE);
    assert_int_equal(quiet.received_size, 1);
    assert_true(fixture.received_size <= 10 * INPUT_LIMIT);
    LOOP_WAIT(fixture.base, fixture.received_size == sizeof flood);
    connection_destroy(quiet.connection, CONNECTION_SHUTDOWN);
    close(pair[1]);
    fixture_close(&fixture);
}

/* --- output --- */

static void test_sends_at_once(void **state)
{
    static struct fixture fixture;
    char text[16];
    (void)state;
    fixture_open(&fixture, false);
    struct shared_bytes *body = pattern(8);
    memcpy(body->data, "abcdefgh", 8);
    connection_send(fixture.connection, "head-", 5, body, 2, 4);
    assert_int_equal(body->references, 1); /* nothing had to wait */
    assert_int_equal(connection_pending(fixture.connection), 0);
    assert_int_equal(connection_bytes_sent(fixture.connection), 9);
    assert_int_equal(peer_reads(&fixture, text, sizeof text), 9);
    assert_memory_equal(text, "head-cdef", 9);
    loop_settle(fixture.base);
    assert_int_equal(fixture.drained_calls, 0);
    shared_bytes_unref(body);
    fixture_close(&fixture);
}

/* More than the kernel takes, in several pieces, while the peer reads in steps: all of it arrives in
 * order, and the references are given back. */
static void check_back_pressure(bool tcp, bool in_file)
{
    static struct fixture fixture;
    fixture_open(&fixture, tcp);
    struct shared_bytes *body = pattern(8 << 20);
    if (in_file) {
        shared_bytes_open_file(body);
        assert_true(body->file >= 0);
    }
    uint64_t before_ns = clock_monotonic_ns();
    connection_send(fixture.connection, "first", 5, body, 1, body->size - 1);
    connection_send(fixture.connection, NULL, 0, body, 7, 93);
    send_text(&fixture, "last");
    size_t total = 5 + body->size - 1 + 93 + 4;
    assert_true(connection_pending(fixture.connection) > 1 << 20);
    assert_int_equal(
        connection_pending(fixture.connection) + connection_bytes_sent(fixture.connection), total);
    assert_int_equal(body->references, 3);
    assert_true(connection_progress_ns(fixture.connection) >= before_ns);
    uint8_t *got = xmalloc(total);
    size_t size = 0;
    uint64_t progress_ns = connection_progress_ns(fixture.connection);
    while (size < total) {
        ssize_t more =
            peer_reads(&fixture, got + size, total - size < 50000 ? total - size : 50000);
        assert_true(more > 0 || more == -EAGAIN);
        size += more > 0 ? (size_t)more : 0;
        event_base_loop(fixture.base, EVLOOP_NONBLOCK);
    }
    loop_settle(fixture.base);
    assert_int_equal(connection_pending(fixture.connection), 0);
    assert_int_equal(connection_bytes_sent(fixture.connection), total);
    assert_true(connection_progress_ns(fixture.connection) > progress_ns);
    assert_int_equal(fixture.drained_calls, 1);
    assert_int_equal(body->references, 1);
    assert_memory_equal(got, "first", 5);
    assert_memory_equal(got + 5, body->data + 1, body->size - 1);
    assert_memory_equal(got + 5 + body->size - 1, body->data + 7, 93);
    assert_memory_equal(got + total - 4, "last", 4);
    free(got);
    shared_bytes_unref(body);
    fixture_close(&fixture);
}

static void test_back_pressure(void **state)
{
    (void)state;
    check_back_pressure(false, false);
    check_back_pressure(true, false);
    check_back_pressure(false, true);
    check_back_pressure(true, true);
}

/* A message that is also in a file goes out whole, whenever the file is taken away. */
static void check_file(bool tcp, bool close_between)
{
    static struct fixture fixture;
    fixture_open(&fixture, tcp);
    struct shared_bytes *body = pattern(8 << 20);
    shared_bytes_open_file(body);
    shared_bytes_open_file(body); /* once more is no harm */
    assert_true(body->file >= 0);
    connection_send(fixture.connection, NULL, 0, body, 0, body->size);
    connection_send(fixture.connection, NULL, 0, body, 3, 5);
    assert_true(connection_pending(fixture.connection) > 1 << 20);
    uint8_t *got = xmalloc(body->size + 5);
    for (size_t size = 0; size < body->size + 5;) {
        ssize_t more = peer_reads(&fixture, got + size, body->size + 5 - size);
        assert_true(more > 0 || more == -EAGAIN);
        size += more > 0 ? (size_t)more : 0;
        if (close_between && size > body->size / 4) {
            shared_bytes_close_file(body);
            assert_int_equal(body->file, -1);
        }
        event_base_loop(fixture.base, EVLOOP_NONBLOCK);
    }
    LOOP_WAIT(fixture.base, connection_pending(fixture.connection) == 0);
    assert_int_equal(fixture.drained_calls, 1);
    assert_memory_equal(got, body->data, body->size);
    assert_memory_equal(got + body->size, body->data + 3, 5);
    free(got);
    shared_bytes_unref(body);
    fixture_close(&fixture);
}

static void test_sends_a_file(void **state)
{
    (void)state;
    check_file(false, false);
    check_file(true, false);
    check_file(false, true);
    check_file(true, true);
}

static void test_peer_gone_in_a_file(void **state)
{
    static struct fixture fixture;
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as loop_create() does; sendfile() knows no MSG_NOSIGNAL */
    fixture_open(&fixture, true);
    struct shared_bytes *body = pattern(8 << 20);
    shared_bytes_open_file(body);
    connection_send(fixture.connection, NULL, 0, body, 0, body->size);
    fd_close(&fixture.peer);
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_PEER_RESET);
    shared_bytes_unref(body);
    fixture_close(&fixture);
}

static void test_many_small_pieces_wait(void **state)
{
    static struct fixture fixture;
    static char text[400];
    (void)state;
    fixture_open(&fixture, false);
    struct shared_bytes *body = pattern(4 << 20);
    connection_send(fixture.connection, NULL, 0, body, 0, body->size);
    for (int i = 0; i < 100; i++) {
        char piece[16];
        snprintf(piece, sizeof piece, "%03d;", i);
        send_text(&fixture, piece);
    }
    uint8_t *sink = xmalloc(body->size);
    size_t size = 0;
    while (size < body->size) {
        ssize_t more = peer_reads(&fixture, sink, body->size - size);
        size += more > 0 ? (size_t)more : 0;
        event_base_loop(fixture.base, EVLOOP_NONBLOCK);
    }
    LOOP_WAIT(fixture.base, connection_pending(fixture.connection) == 0);
    assert_int_equal(peer_reads(&fixture, text, sizeof text), 400);
    assert_memory_equal(text, "000;001;", 8);
    assert_memory_equal(text + 392, "098;099;", 8);
    free(sink);
    shared_bytes_unref(body);
    fixture_close(&fixture);
}

/* --- the end --- */

static void test_peer_closes(void **state)
{
    static struct fixture fixture;
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        for (int reading = 0; reading < 2; reading++) {
            fixture_open(&fixture, tcp);
            connection_set_reading(fixture.connection, reading);
            loop_settle(fixture.base);
            fd_close(&fixture.peer);
            LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
            assert_int_equal(fixture.end, CONNECTION_PEER_CLOSED);
            assert_int_equal(fixture.peer_closed_calls, 1);
            fixture_close(&fixture);
        }
    }
}

static void test_bytes_before_the_end_count(void **state)
{
    static struct fixture fixture;
    (void)state;
    fixture_open(&fixture, true);
    peer_writes(&fixture, "last words");
    fd_close(&fixture.peer);
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_PEER_CLOSED);
    assert_int_equal(fixture.received_size, 10);
    fixture_close(&fixture);
}

static void reset_peer(struct fixture *fixture)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fixture->peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    fd_close(&fixture->peer);
}

static void test_peer_resets(void **state)
{
    static struct fixture fixture;
    (void)state;
    for (int reading = 0; reading < 2; reading++) {
        fixture_open(&fixture, true);
        fixture.stay = true;
        connection_set_reading(fixture.connection, reading);
        loop_settle(fixture.base);
        reset_peer(&fixture);
        LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
        assert_int_equal(fixture.end, CONNECTION_PEER_RESET);
        fixture_close(&fixture);
    }
}

/* Unread bytes lie before the reset, and nobody reads. */
static void test_reset_behind_unread_bytes(void **state)
{
    static struct fixture fixture;
    (void)state;
    fixture_open(&fixture, true);
    connection_set_reading(fixture.connection, false);
    peer_writes(&fixture, "unread");
    loop_settle(fixture.base);
    assert_int_equal(fixture.end, NOT_ENDED);
    reset_peer(&fixture);
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_PEER_RESET);
    fixture_close(&fixture);
}

static void test_half_closed_peer_is_answered(void **state)
{
    static struct fixture fixture;
    char text[16];
    (void)state;
    for (int reading = 0; reading < 2; reading++) {
        fixture_open(&fixture, true);
        fixture.stay = true;
        fixture.stop_after = !reading;
        peer_writes(&fixture, "ask");
        assert_int_equal(shutdown(fixture.peer, SHUT_WR), 0);
        LOOP_WAIT(fixture.base, fixture.peer_closed_calls > 0);
        assert_int_equal(fixture.received_size, 3);
        send_text(&fixture, "answer");
        LOOP_WAIT(fixture.base, peer_reads(&fixture, text, sizeof text) == 6);
        /* Asked again when reading is resumed, and then it is over. */
        fixture.stay = false;
        fixture.stop_after = false;
        connection_set_reading(fixture.connection, false);
        connection_set_reading(fixture.connection, true);
        LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
        assert_int_equal(fixture.end, CONNECTION_PEER_CLOSED);
        fixture_close(&fixture);
    }
}

/* What the peer has sent and nobody has read must not turn our last words into a reset. */
static void test_finish_lets_the_peer_read(void **state)
{
    static struct fixture fixture;
    char text[16];
    (void)state;
    fixture_open(&fixture, true);
    connection_set_reading(fixture.connection, false);
    peer_writes(&fixture, "unread");
    send_text(&fixture, "bye");
    connection_finish(fixture.connection, CONNECTION_PROTOCOL);
    send_text(&fixture, "too late");
    loop_settle(fixture.base);
    peer_writes(&fixture, "still unread");
    loop_settle(fixture.base);
    assert_int_equal(fixture.end, NOT_ENDED);
    assert_int_equal(peer_reads(&fixture, text, sizeof text), 3);
    assert_int_equal(peer_reads(&fixture, text, sizeof text), 0);
    fd_close(&fixture.peer);
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_PROTOCOL);
    assert_int_equal(fixture.received_size, 0);
    fixture_close(&fixture);
}

static void test_finish_sends_what_waits(void **state)
{
    static struct fixture fixture;
    (void)state;
    fixture_open(&fixture, true);
    struct shared_bytes *body = pattern(8 << 20);
    connection_send(fixture.connection, NULL, 0, body, 0, body->size);
    assert_true(connection_pending(fixture.connection) > 0);
    connection_finish(fixture.connection, CONNECTION_FINISHED);
    uint8_t *got = xmalloc(body->size + 1); /* for one byte too many */
    size_t size = 0;
    ssize_t more = -EAGAIN;
    while (more != 0) {
        more = peer_reads(&fixture, got + size,
                          body->size - size < 100000 ? body->size - size + 1 : 100000);
        assert_true(more >= 0 || more == -EAGAIN);
        size += more > 0 ? (size_t)more : 0;
        event_base_loop(fixture.base, EVLOOP_NONBLOCK);
    }
    assert_int_equal(size, body->size);
    assert_memory_equal(got, body->data, size);
    fd_close(&fixture.peer);
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_FINISHED);
    free(got);
    shared_bytes_unref(body);
    fixture_close(&fixture);
}

static void test_finish_has_an_end(void **state)
{
    static struct fixture fixture;
    (void)state;
    for (int takes = 0; takes < 2; takes++) {
        fixture_open(&fixture, true);
        struct shared_bytes *body = pattern(takes ? 8 : 16 << 20);
        connection_send(fixture.connection, NULL, 0, body, 0, body->size);
        uint64_t before_ns = clock_monotonic_ns();
        connection_finish(fixture.connection, CONNECTION_FINISHED);
        LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
        uint64_t took_ns = clock_monotonic_ns() - before_ns;
        assert_int_equal(fixture.end, CONNECTION_FINISHED);
        assert_true(took_ns > 1900 * NS_PER_MS && took_ns < 4 * NS_PER_SECOND);
        assert_int_equal(body->references, 1);
        shared_bytes_unref(body);
        fixture_close(&fixture);
    }
}

static void test_abort_calls_back_from_the_loop(void **state)
{
    static struct fixture fixture;
    (void)state;
    fixture_open(&fixture, false);
    fixture.inside = true;
    connection_abort(fixture.connection, CONNECTION_STALLED);
    connection_abort(fixture.connection, CONNECTION_FINISHED); /* the first one counts */
    connection_send(fixture.connection, "x", 1, NULL, 0, 0);
    connection_finish(fixture.connection, CONNECTION_FINISHED);
    connection_set_reading(fixture.connection, false);
    connection_set_reading(fixture.connection, true);
    fixture.inside = false;
    assert_int_equal(fixture.end, NOT_ENDED);
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_STALLED);
    fixture_close(&fixture);
}

/* Input that was kept is still there while it is being read, although the connection is over. */
static void test_abort_while_receiving(void **state)
{
    static struct fixture fixture;
    (void)state;
    fixture_open(&fixture, false);
    fixture.leave = 3;
    peer_writes(&fixture, "hello");
    LOOP_WAIT(fixture.base, fixture.received_size == 2);
    fixture.abort_first = true;
    fixture.leave = 1;
    peer_writes(&fixture, " world");
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_FINISHED);
    assert_int_equal(fixture.received_size, 10);
    assert_memory_equal(fixture.received, "hello worl", 10);
    fixture_close(&fixture);
}

static void test_a_failing_send_calls_back_from_the_loop(void **state)
{
    static struct fixture fixture;
    (void)state;
    signal(SIGPIPE, SIG_DFL); /* it must not come */
    fixture_open(&fixture, false);
    fd_close(&fixture.peer);
    send_text(&fixture, "nobody there");
    assert_int_equal(fixture.end, NOT_ENDED);
    assert_int_equal(connection_pending(fixture.connection), 0);
    LOOP_WAIT(fixture.base, fixture.end != NOT_ENDED);
    assert_int_equal(fixture.end, CONNECTION_PEER_RESET);
    fixture_close(&fixture);
}

static void test_destroy_says_the_last_words(void **state)
{
    static struct fixture fixture;
    char text[16];
    (void)state;
    fixture_open(&fixture, true);
    peer_writes(&fixture, "unread");
    send_text(&fixture, "bye");
    connection_destroy(fixture.connection, CONNECTION_SHUTDOWN);
    assert_int_equal(fixture.end, CONNECTION_SHUTDOWN);
    assert_int_equal(peer_reads(&fixture, text, sizeof text), 3);
    assert_int_equal(peer_reads(&fixture, text, sizeof text), 0);
    fixture_close(&fixture);
}

static void test_names(void **state)
{
    static struct fixture fixture;
    char expected[64];
    (void)state;
    fixture_open(&fixture, false);
    snprintf(expected, sizeof expected, "unix:pid=%d", (int)getpid());
    assert_string_equal(connection_peer_name(fixture.connection), expected);
    assert_true(connection_is_local(fixture.connection));
    fixture_close(&fixture);
    fixture_open(&fixture, true);
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    assert_int_equal(getsockname(fixture.peer, (struct sockaddr *)&address, &size), 0);
    snprintf(expected, sizeof expected, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    assert_string_equal(connection_peer_name(fixture.connection), expected);
    assert_false(connection_is_local(fixture.connection));
    fixture_close(&fixture);
    for (int end = 0; end < CONNECTION_ENDS; end++) {
        assert_non_null(connection_end_name((enum connection_end)end));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receives_and_keeps_what_is_left),
        cmocka_unit_test(test_never_offers_more_than_the_limit),
        cmocka_unit_test(test_stops_and_resumes_reading),
        cmocka_unit_test(test_another_layer_gets_the_rest),
        cmocka_unit_test(test_a_flood_does_not_starve_others),
        cmocka_unit_test(test_sends_at_once),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_sends_a_file),
        cmocka_unit_test(test_peer_gone_in_a_file),
        cmocka_unit_test(test_many_small_pieces_wait),
        cmocka_unit_test(test_peer_closes),
        cmocka_unit_test(test_bytes_before_the_end_count),
        cmocka_unit_test(test_peer_resets),
        cmocka_unit_test(test_reset_behind_unread_bytes),
        cmocka_unit_test(test_half_closed_peer_is_answered),
        cmocka_unit_test(test_finish_lets_the_peer_read),
        cmocka_unit_test(test_finish_sends_what_waits),
        cmocka_unit_test(test_finish_has_an_end),
        cmocka_unit_test(test_abort_calls_back_from_the_loop),
        cmocka_unit_test(test_abort_while_receiving),
        cmocka_unit_test(test_a_failing_send_calls_back_from_the_loop),
        cmocka_unit_test(test_destroy_says_the_last_words),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
