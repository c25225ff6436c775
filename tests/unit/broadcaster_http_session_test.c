/* Requests and answers. What a connection becomes else: broadcaster_http_taken_over_test.c. */
#include "broadcaster/protocol/http_session.h"

#include "tests/unit/http_session_fixture.h"

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

/* Its body is not wanted and still to come when the answer is made: what
 * follows it is a request. */
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

static void test_many_requests_at_once_are_answered_in_turns(void **state)
{
    struct fixture *fixture = *state;
    floods(fixture, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", 300, &fixture->requests);
    fixture->got_size = 0;
    client_sends(fixture, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    client_waits(fixture, "\r\n\r\n/hello");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SESSION_TEST(test_answers),
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
