/* Control sockets, part one: what is said, what is refused, who is slow. */
#include "common/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include "tests/unit/control_fixture.h"

#define DESCRIPTORS 200 /* more than any message has; the kernel allows 253 */
#define RING_TEXT   "{\"type\":\"ring\",\"generation\":\"1\",\"size\":1,\"bank_size\":2,\"banks\":3}"

static void raw_send(int fd, const char *bytes, size_t size, size_t descriptor_count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
    } space;
    int descriptors[DESCRIPTORS];
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count > 0) {
        memset(&space, 0, sizeof space);
        for (size_t i = 0; i < descriptor_count; i++) {
            descriptors[i] = STDERR_FILENO;
        }
        header.msg_control = space.bytes;
        header.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptor_count * sizeof(int));
        memcpy(CMSG_DATA(rights), descriptors, descriptor_count * sizeof(int));
    }
    assert_int_equal(sendmsg(fd, &header, MSG_NOSIGNAL), (ssize_t)size);
}

static json_t *ring_body(void)
{
    return json_pack("{s:s,s:i,s:i,s:i}", "generation", "1", "size", 1, "bank_size", 2, "banks", 3);
}

/* --- talking --- */

static void test_request_and_descriptors(void **state)
{
    struct fixture *fixture = *state;
    start_both(fixture);
    control_send(control_client_peer(fixture->client.client), MESSAGE_ATTACH, NULL, NULL);
    run_until(fixture, &fixture->server.messages, 1);
    assert_int_equal(fixture->server.type, MESSAGE_ATTACH);

    int ends[2] = {eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC)};
    control_send(fixture->server.peer, MESSAGE_RING, ring_body(), ends);
    run_until(fixture, &fixture->client.messages, 1);
    assert_int_equal(fixture->client.type, MESSAGE_RING);
    assert_int_equal(json_integer_value(json_object_get(fixture->client.body, "banks")), 3);
    for (size_t i = 0; i < 2; i++) {
        int *received = &fixture->client.descriptors[i];
        uint64_t value = 40 + i;
        assert_int_not_equal(*received, ends[i]);
        assert_int_equal(fcntl(*received, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(write(ends[i], &value, sizeof value), sizeof value);
        assert_int_equal(read(*received, &value, sizeof value), sizeof value);
        assert_int_equal(value, 40 + i);
        fd_close(received);
        fd_close(&ends[i]);
    }
}

/* A body that several peers get is sent by reference. */
static void test_one_body_for_many(void **state)
{
    struct fixture *fixture = *state;
    start_both(fixture);
    int raw = raw_connect(fixture);
    run_until(fixture, &fixture->server.opened, 2);
    json_t *body = status_body(7, "");
    unsigned count = 0;
    struct control_peer *peer = NULL;
    while ((peer = control_server_next(fixture->server.server, peer)) != NULL) {
        control_send(peer, MESSAGE_STATUS, json_incref(body), NULL);
        count++;
    }
    json_decref(body);
    assert_int_equal(count, 2);
    run_until(fixture, &fixture->client.messages, 1);
    char bytes[4096];
    assert_true(recv(raw, bytes, sizeof bytes, 0) > 0);
    fd_close(&raw);
    run_until(fixture, &fixture->server.closed, 1);
}

static void test_own_mistake_closes(void **state)
{
    struct fixture *fixture = *state;
    start_both(fixture);
    control_send(fixture->server.peer, MESSAGE_KICK_ANSWER, NULL, NULL);
    assert_int_equal(fixture->server.closed, 0); /* only from the loop */
    run_until(fixture, &fixture->server.closed, 1);
    run_until(fixture, &fixture->client.closed, 1);

    run_until(fixture, &fixture->server.opened, 2);
    char *long_text = xcalloc(1, MESSAGE_BYTES_MAX + 1);
    memset(long_text, 'x', MESSAGE_BYTES_MAX);
    control_send(fixture->server.peer, MESSAGE_ERROR, json_pack("{s:s}", "message", long_text),
                 NULL);
    free(long_text);
    run_until(fixture, &fixture->server.closed, 2);
}

/* --- forged packets --- */

static const struct {
    const char *text;
    size_t size;        /* 0: that of the text; more: padded with blanks */
    size_t descriptors; /* really sent */
} forged_requests[] = {
    {"", 0, 0},
    {"", 0, 1},
    {"", 0, 3},
    {"not JSON", 0, 0},
    {"\x00\x01\x02", 3, 0},
    {"[1]", 0, 0},
    {"{\"type\":\"attach\",\"x\":1}", 0, 0},
    {"{\"type\":7}", 0, 0},
    {"{\"type\":\"status\"}", 0, 0},
    {RING_TEXT, 0, 2},
    {"{\"type\":\"demand\",\"cameras\":[]}", 0, 0},
    {"{\"type\":\"attach\"}", 0, 1},
    {"{\"type\":\"attach\"}", 0, 3},
    {"{\"type\":\"attach\"}", 0, DESCRIPTORS},
    {"{\"type\":\"attach\"}", MESSAGE_BYTES_MAX + 1, 0},
    {"{\"type\":\"attach\"}", MESSAGE_BYTES_MAX + 1, 2},
};

/* Sends case i; the copy is padded with blanks to its size. */
static void send_forged(int fd, const char *text, size_t size, size_t descriptors)
{
    size_t length = strlen(text);
    size_t whole = size > 0 ? size : length;
    char *bytes = xmalloc(whole);
    memset(bytes, ' ', whole);
    memcpy(bytes, text, length);
    raw_send(fd, bytes, whole, descriptors);
    free(bytes);
}

static void test_forged_requests(void **state)
{
    struct fixture *fixture = *state;
    start_both(fixture);
    struct control_peer *honest = fixture->server.peer;
    int before = count_descriptors();
    for (unsigned i = 0; i < COUNT_OF(forged_requests); i++) {
        int raw = raw_connect(fixture);
        run_until(fixture, &fixture->server.opened, i + 2);
        send_forged(raw, forged_requests[i].text, forged_requests[i].size,
                    forged_requests[i].descriptors);
        run_until(fixture, &fixture->server.closed, i + 1);
        /* A reason, unless the packet was empty, then the end. */
        char bytes[4096];
        ssize_t got = recv(raw, bytes, sizeof bytes - 1, 0);
        if (got > 0) {
            bytes[got] = '\0';
            assert_non_null(strstr(bytes, "\"error\""));
            got = recv(raw, bytes, sizeof bytes, 0);
        }
        assert_int_equal(got, 0);
        fd_close(&raw);
        assert_int_equal(count_descriptors(), before);
    }
    assert_int_equal(fixture->server.messages, 0);
    /* The honest one has not noticed anything. */
    assert_int_equal(fixture->client.closed, 0);
    control_send(honest, MESSAGE_STATUS, status_body(1, ""), NULL);
    run_until(fixture, &fixture->client.messages, 1);
}

static void test_deep_request(void **state)
{
    struct fixture *fixture = *state;
    start_server(fixture);
    char *deep = xmalloc(MESSAGE_BYTES_MAX);
    for (unsigned i = 0; i < 2; i++) {
        int raw = raw_connect(fixture);
        memset(deep, i == 0 ? '[' : '{', MESSAGE_BYTES_MAX);
        raw_send(raw, deep, MESSAGE_BYTES_MAX, 0);
        run_until(fixture, &fixture->server.closed, i + 1);
        fd_close(&raw);
    }
    free(deep);
}

static void test_forged_answers(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        size_t size;
        size_t descriptors;
    } cases[] = {
        {RING_TEXT, 0, 0},
        {RING_TEXT, 0, 1},
        {RING_TEXT, 0, 3},
        {RING_TEXT, 0, DESCRIPTORS},
        {RING_TEXT, MESSAGE_BYTES_MAX + 1, 2},
        {"{\"type\":\"ring\",\"generation\":1}", 0, 2},
        {"{\"type\":\"attach\"}", 0, 0},
        {"{\"type\":\"status\",\"state\":\"online\"}", 0, 0},
        {"}", 0, 2},
        {"", 0, 2},
    };
    int listener = raw_listen(fixture);
    start_client(fixture);
    int before = 0;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        run_until(fixture, &fixture->client.opened, i + 1);
        int raw = accept(listener, NULL, NULL);
        assert_true(raw >= 0);
        send_forged(raw, cases[i].text, cases[i].size, cases[i].descriptors);
        run_until(fixture, &fixture->client.closed, i + 1);
        assert_null(control_client_peer(fixture->client.client));
        char byte;
        assert_int_equal(recv(raw, &byte, 1, 0), 0);
        fd_close(&raw);
        before = i == 0 ? count_descriptors() : before;
        assert_int_equal(count_descriptors(), before);
        /* The next connection need not wait for the back-off of a server that throws us out. */
        recorder_destroy_owner(&fixture->client);
        start_client(fixture);
    }
    assert_int_equal(fixture->client.messages, 0);
    recorder_destroy_owner(&fixture->client);
    fd_close(&listener);
    unlink(socket_address(fixture).sun_path);
}

/* A client that gets more than its handlers want keeps nothing of it. */
static void test_descriptors_without_handler(void **state)
{
    struct fixture *fixture = *state;
    static const struct control_handlers none = {0};
    start_server(fixture);
    struct control_client *client = control_client_create(fixture->base, fixture->run_dir, NAME,
                                                          MESSAGE_SERVICE_CAPTURE, &none, NULL);
    run_until(fixture, &fixture->server.opened, 1);
    int before = count_descriptors();
    int ends[2] = {STDOUT_FILENO, STDERR_FILENO};
    control_send(fixture->server.peer, MESSAGE_RING, ring_body(), ends);
    run_pending(fixture);
    assert_int_equal(count_descriptors(), before);
    control_client_destroy(client);
    run_until(fixture, &fixture->server.closed, 1);
}

/* --- slow and stopped peers --- */

static void test_newest_only(void **state)
{
    struct fixture *fixture = *state;
    const unsigned sent = 5000;
    char reason[512] = "";
    memset(reason, 'r', sizeof reason - 1);
    start_server(fixture);
    int raw = raw_connect(fixture); /* does not read */
    run_until(fixture, &fixture->server.opened, 1);
    for (unsigned i = 1; i <= sent; i++) {
        control_send(fixture->server.peer, MESSAGE_STATUS, status_body(i, reason), NULL);
    }
    run_pending(fixture);
    assert_int_equal(fixture->server.closed, 0);
    assert_true(control_waiting(fixture->server.peer));
    assert_int_equal(fixture->server.drained, 0);

    unsigned received = 0;
    json_int_t last = 0;
    while (last < sent) {
        char bytes[4096];
        ssize_t got = recv(raw, bytes, sizeof bytes, 0);
        if (got < 0) {
            assert_int_equal(errno, EAGAIN);
            assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
            continue;
        }
        json_t *body = json_loadb(bytes, (size_t)got, 0, NULL);
        json_int_t frames = json_integer_value(json_object_get(body, "frames"));
        json_decref(body);
        assert_true(frames > last);
        last = frames;
        received++;
    }
    assert_true(received < sent / 2);
    assert_false(control_waiting(fixture->server.peer));
    assert_int_equal(fixture->server.drained, 1);
    /* The slot is empty: the loop does not wake up for it any more. */
    assert_true(count_wake_ups(fixture, 50 * NS_PER_MS) <= 2);
    fd_close(&raw);
    run_until(fixture, &fixture->server.closed, 1);
}

static void test_destroyed_when_the_last_has_gone(void **state)
{
    struct fixture *fixture = *state;
    char reason[512] = "", bytes[4096];
    memset(reason, 'r', sizeof reason - 1);
    fixture->server.destroy_on_drained = true;
    start_server(fixture);
    int raw = raw_connect(fixture);
    run_until(fixture, &fixture->server.opened, 1);
    while (!control_waiting(fixture->server.peer)) {
        control_send(fixture->server.peer, MESSAGE_STATUS, status_body(1, reason), NULL);
    }
    while (recv(raw, bytes, sizeof bytes, 0) > 0) {
    }
    run_until(fixture, &fixture->server.closed, 1);
    assert_int_equal(fixture->server.drained, 1);
    fd_close(&raw);
}

static void test_answer_that_cannot_go_closes(void **state)
{
    struct fixture *fixture = *state;
    start_server(fixture);
    int raw = raw_connect(fixture);
    run_until(fixture, &fixture->server.opened, 1);
    struct control_peer *peer = fixture->server.peer;
    char *text = xcalloc(1, 60001);
    memset(text, 't', 60000);
    for (int i = 0; i < 100; i++) {
        control_send(peer, MESSAGE_STATS_ANSWER, json_pack("{s:s}", "config_hash", text), NULL);
        assert_int_equal(fixture->server.closed, 0); /* never from inside control_send() */
    }
    free(text);
    run_until(fixture, &fixture->server.closed, 1);
    fd_close(&raw);
}

/* Whoever floods gets its turn, not the loop. */
static void test_read_budget(void **state)
{
    struct fixture *fixture = *state;
    start_both(fixture);
    struct recorder *server = &fixture->server;
    int flood = raw_connect(fixture);
    int quiet = raw_connect(fixture);
    run_until(fixture, &server->opened, 3);
    unsigned packets = 0;
    while (send(flood, "{\"type\":\"attach\"}", 17, MSG_NOSIGNAL) > 0) {
        packets++;
    }
    raw_say(quiet, "{\"type\":\"detach\"}");
    while (server->type != MESSAGE_DETACH) {
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
        if (server->messages == packets + 1) {
            break;
        }
    }
    assert_true(packets > 50);
    assert_true(server->messages <= packets / 2);
    run_until(fixture, &server->messages, packets + 1);
    fd_close(&flood);
    fd_close(&quiet);
    run_until(fixture, &server->closed, 2);
}

/* What the other end said before it was gone is still heard, even if we were just talking to it. */
static void test_last_words(void **state)
{
    struct fixture *fixture = *state;
    int listener = raw_listen(fixture);
    start_client(fixture);
    run_until(fixture, &fixture->client.opened, 1);
    int raw = accept(listener, NULL, NULL);
    raw_say(raw, "{\"type\":\"error\",\"message\":\"good-bye\"}");
    fd_close(&raw);
    control_send(control_client_peer(fixture->client.client), MESSAGE_ATTACH, NULL, NULL);
    run_until(fixture, &fixture->client.closed, 1);
    assert_int_equal(fixture->client.messages, 1);
    recorder_destroy_owner(&fixture->client);
    fd_close(&listener);
    unlink(socket_address(fixture).sun_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request_and_descriptors),
        TEST(test_one_body_for_many),
        TEST(test_own_mistake_closes),
        TEST(test_forged_requests),
        TEST(test_deep_request),
        TEST(test_forged_answers),
        TEST(test_descriptors_without_handler),
        TEST(test_newest_only),
        TEST(test_destroyed_when_the_last_has_gone),
        TEST(test_answer_that_cannot_go_closes),
        TEST(test_read_budget),
        TEST(test_last_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
