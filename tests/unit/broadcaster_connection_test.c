/* What goes in and out of a connection. How it ends: broadcaster_connection_end_test.c. */
#include "broadcaster/network/connection.h"

#include <signal.h>

#include "common/memory.h"
#include "tests/unit/connection_fixture.h"

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

/* More than the kernel takes, in several pieces, while the peer reads in steps: all of it arrives
 * in order, and the references are given back. */
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
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
