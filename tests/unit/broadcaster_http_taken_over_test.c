/* Connections that go on behind an answer: a WebSocket, or a stream without an end. */
#include "broadcaster/protocol/http_stream.h"
#include "broadcaster/protocol/websocket_session.h"

#include "tests/unit/http_session_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        SESSION_TEST(test_stream),
        SESSION_TEST(test_stream_head),
        SESSION_TEST(test_stream_client_half_closes),
        SESSION_TEST(test_stream_client_stalls),
        SESSION_TEST(test_stream_client_floods),
        SESSION_TEST(test_stream_of_a_server_that_ends),
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
