/* How a connection ends: by its peer, by us, in the middle of anything. */
#include "broadcaster/network/connection.h"

#include <signal.h>

#include "common/memory.h"
#include "tests/unit/connection_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
