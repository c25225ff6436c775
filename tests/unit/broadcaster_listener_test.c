#include "broadcaster/protocol/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/unit/loop_wait.h"

#define NAME "broadcaster.http.sock"

struct fixture {
    struct event_base *base;
    struct http_server *server;
    bool local;
    int requests;
};

static void on_request(void *arg, struct http_session *session, const struct http_request *request)
{
    struct fixture *fixture = arg;
    (void)request;
    fixture->requests++;
    fixture->local = connection_is_local(http_session_connection(session));
    http_respond_text(session, 200, "text/plain", NULL, "fine", 4);
}

static void fixture_open(struct fixture *fixture)
{
    const struct http_server_config config = {
        .head_timeout_ns = 10 * NS_PER_SECOND,
        .body_timeout_ns = 10 * NS_PER_SECOND,
        .idle_timeout_ns = 10 * NS_PER_SECOND,
        .body_memory = 1 << 20,
    };
    const struct http_server_handlers handlers = {.request = on_request};
    memset(fixture, 0, sizeof *fixture);
    fixture->base = event_base_new();
    fixture->server = http_server_create(fixture->base, &config, &handlers, fixture);
}

static void fixture_close(struct fixture *fixture)
{
    http_server_destroy(fixture->server);
    event_base_free(fixture->base);
}

static void ask(int fd)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
}

static int connect_tcp(const char *address, unsigned port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    assert_int_equal(inet_pton(AF_INET, address, &in.sin_addr), 1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    return fd;
}

static void test_tcp(void **state)
{
    struct fixture fixture;
    struct listener *listener, *second;
    char address[32];
    (void)state;
    fixture_open(&fixture);
    assert_int_equal(listener_create_tcp(&listener, fixture.base, "127.0.0.1:0", fixture.server),
                     0);
    unsigned port = listener_port(listener);
    assert_true(port > 0 && port < 65536);
    int fd = connect_tcp("127.0.0.1", port);
    ask(fd);
    LOOP_WAIT(fixture.base, fixture.requests == 1);
    assert_false(fixture.local);
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    assert_int_equal(listener_create_tcp(&second, fixture.base, address, fixture.server),
                     -EADDRINUSE);
    /* Taken again at once, although a connection of the old one is still there. */
    listener_destroy(listener);
    assert_int_equal(listener_create_tcp(&listener, fixture.base, address, fixture.server), 0);
    listener_destroy(listener);
    close(fd);
    fixture_close(&fixture);
}

static void test_ipv6_takes_ipv4_too(void **state)
{
    struct fixture fixture;
    struct listener *listener;
    (void)state;
    fixture_open(&fixture);
    int result = listener_create_tcp(&listener, fixture.base, "[::]:0", fixture.server);
    if (result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL) {
        fixture_close(&fixture);
        skip();
    }
    assert_int_equal(result, 0);
    int fd = connect_tcp("127.0.0.1", listener_port(listener));
    ask(fd);
    LOOP_WAIT(fixture.base, fixture.requests == 1);
    close(fd);
    listener_destroy(listener);
    fixture_close(&fixture);
}

static void test_addresses_that_are_none(void **state)
{
    static const char *const bad[] = {
        "",
        ":",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        ":80",
        "localhost",
        "localhost:1",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "::1:80",
        "[::1]",
        "[::1:80",
        "[]:80",
        "1.2.3:80",
        "127.0.0.1: 1",
        "127.0.0.1:1x",
        "127.0.0.1:99999999999999999999",
        "[127.0.0.1]:80",
        "1111111111111111111111111111111111111111111111111111:1",
    };
    struct fixture fixture;
    (void)state;
    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct listener *listener;
        assert_int_equal(listener_create_tcp(&listener, fixture.base, bad[i], fixture.server),
                         -EINVAL);
    }
    fixture_close(&fixture);
}

static int connect_unix(const char *run_dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", run_dir, NAME);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* As a server leaves it that was killed. */
static void leave_dead_socket(const char *run_dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", run_dir, NAME);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    close(fd);
}

static void test_unix(void **state)
{
    struct fixture fixture;
    struct listener *first, *second;
    char run_dir[64], path[128];
    struct stat status;
    (void)state;
    run_dir_make(run_dir);
    snprintf(path, sizeof path, "%s/%s", run_dir, NAME);
    fixture_open(&fixture);
    assert_int_equal(listener_create_unix(&first, fixture.base, run_dir, NAME, fixture.server), 0);
    int fd = connect_unix(run_dir);
    ask(fd);
    LOOP_WAIT(fixture.base, fixture.requests == 1);
    assert_true(fixture.local);
    close(fd);
    /* Who serves is not replaced. */
    assert_int_equal(listener_create_unix(&second, fixture.base, run_dir, NAME, fixture.server),
                     -EADDRINUSE);
    /* Another one has the name; the end of the first must not remove it. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(listener_create_unix(&second, fixture.base, run_dir, NAME, fixture.server), 0);
    listener_destroy(first);
    fd = connect_unix(run_dir);
    ask(fd);
    LOOP_WAIT(fixture.base, fixture.requests == 2);
    close(fd);
    listener_destroy(second);
    assert_int_equal(stat(path, &status), -1);
    leave_dead_socket(run_dir);
    assert_int_equal(listener_create_unix(&first, fixture.base, run_dir, NAME, fixture.server), 0);
    fd = connect_unix(run_dir);
    close(fd);
    listener_destroy(first);
    assert_int_equal(
        listener_create_unix(&first, fixture.base, "/nonexistent/folder", NAME, fixture.server),
        -ENOENT);
    fixture_close(&fixture);
    run_dir_remove(run_dir); /* nothing is left in it */
}

/* Out of descriptors: it waits instead of spinning, and whoever waits is served afterwards. */
static void test_out_of_descriptors(void **state)
{
    struct fixture fixture;
    struct listener *listener;
    struct rlimit before, low;
    (void)state;
    fixture_open(&fixture);
    assert_int_equal(listener_create_tcp(&listener, fixture.base, "127.0.0.1:0", fixture.server),
                     0);
    int client = connect_tcp("127.0.0.1", listener_port(listener));
    ask(client);
    int next = dup(client);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    event_base_loop(fixture.base, EVLOOP_NONBLOCK); /* fails and pauses */
    uint64_t end_ns = clock_monotonic_ns() + 300 * NS_PER_MS;
    int turns = 0;
    while (clock_monotonic_ns() < end_ns) {
        event_base_loop(fixture.base, EVLOOP_ONCE);
        turns++;
    }
    assert_true(turns < 20);
    assert_int_equal(fixture.requests, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    LOOP_WAIT(fixture.base, fixture.requests == 1);
    close(client);
    listener_destroy(listener);
    listener_destroy(NULL);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_ipv6_takes_ipv4_too),
        cmocka_unit_test(test_addresses_that_are_none),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_out_of_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
