/* Control sockets, part two: who starts, ends, dies and comes back, in any order. */
#include "common/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/control_fixture.h"

static void test_client_first(void **state)
{
    struct fixture *fixture = *state;
    start_client(fixture);
    run_pending(fixture);
    assert_int_equal(fixture->client.opened, 0);
    /* Nothing to be had: it waits for the name and does nothing else. */
    assert_true(count_wake_ups(fixture, 200 * NS_PER_MS) <= 1);
    start_server(fixture);
    run_until(fixture, &fixture->client.opened, 1);
    run_until(fixture, &fixture->server.opened, 1);
    assert_non_null(control_client_peer(fixture->client.client));
}

static void test_server_ends_and_is_back(void **state)
{
    struct fixture *fixture = *state;
    start_both(fixture);
    for (unsigned i = 1; i <= 5; i++) {
        control_server_destroy(fixture->server.server);
        assert_int_equal(fixture->server.closed, i); /* before destroy has returned */
        run_until(fixture, &fixture->client.closed, i);
        start_server(fixture);
        run_until(fixture, &fixture->client.opened, i + 1);
        run_until(fixture, &fixture->server.opened, i + 1);
    }
}

/* A process that serves the socket until it is killed, on a loop of its own: the fixture's is the
 * parent's. */
static pid_t fork_server(struct fixture *fixture)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct control_server *server;
        struct event_base *base = event_base_new();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (control_server_create(&server, base, fixture->run_dir, NAME, MESSAGE_SERVICE_CAPTURE,
                                  &handlers, &fixture->server) == 0) {
            event_base_dispatch(base);
        }
        _exit(1);
    }
    return child;
}

static void test_killed_server_is_replaced(void **state)
{
    struct fixture *fixture = *state;
    start_client(fixture);
    run_pending(fixture);
    for (unsigned i = 1; i <= 3; i++) {
        pid_t child = fork_server(fixture);
        run_until(fixture, &fixture->client.opened, i);
        kill(child, SIGKILL);
        run_until(fixture, &fixture->client.closed, i);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_int_equal(access(socket_address(fixture).sun_path, F_OK), 0);
    }
    /* The name that the dead left refuses us: back off, do not spin. */
    assert_true(count_wake_ups(fixture, 300 * NS_PER_MS) <= 6);
    uint64_t start = clock_monotonic_ns();
    start_server(fixture);
    run_until(fixture, &fixture->client.opened, 4);
    /* Told by inotify, not by the timer that was to wait longer. */
    assert_true(clock_monotonic_ns() - start < 200 * NS_PER_MS);
}

#define NOBODY 65534

/* Runs as another user: exits with 0 when its connection was closed without a word. */
static pid_t fork_foreign_client(const struct fixture *fixture)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sockaddr_un address = socket_address(fixture);
        char byte;
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setresuid(NOBODY, NOBODY, NOBODY) < 0 ||
            connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
            _exit(2);
        }
        _exit(recv(fd, &byte, 1, 0) == 0 ? 0 : 3);
    }
    return child;
}

/* Even where the permissions of a folder let them through, other users are nobody to talk to. */
static void test_foreign_client(void **state)
{
    struct fixture *fixture = *state;
    if (geteuid() != 0) {
        skip(); /* only root can be somebody else */
    }
    start_server(fixture);
    assert_int_equal(chmod(fixture->run_dir, 0755), 0);
    assert_int_equal(chmod(socket_address(fixture).sun_path, 0777), 0);
    pid_t child = fork_foreign_client(fixture);
    int status = -1;
    while (waitpid(child, &status, WNOHANG) == 0) {
        (void)count_wake_ups(fixture, 5 * NS_PER_MS);
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(fixture->server.opened, 0);
}

/* Somebody else's socket under the name that a client waits for. */
static void test_foreign_server(void **state)
{
    struct fixture *fixture = *state;
    if (geteuid() != 0) {
        skip();
    }
    int to_parent[2], listener = -1;
    char byte;
    assert_int_equal(pipe2(to_parent, O_CLOEXEC), 0);
    assert_int_equal(chmod(fixture->run_dir, 0777), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sockaddr_un address = socket_address(fixture);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
            (listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) >= 0 &&
            bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
            listen(listener, 8) == 0 && write(to_parent[1], "x", 1) == 1) {
            pause();
        }
        _exit(1);
    }
    fd_close(&to_parent[1]);
    assert_int_equal(read(to_parent[0], &byte, 1), 1);
    fd_close(&to_parent[0]);
    start_client(fixture);
    assert_in_range(count_wake_ups(fixture, 300 * NS_PER_MS), 1, 6);
    assert_int_equal(fixture->client.opened, 0);
    start_server(fixture); /* ours takes the name */
    run_until(fixture, &fixture->client.opened, 1);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Something that is no socket stands under the name. */
static void test_stale_file_is_replaced(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fd_write_file(socket_address(fixture).sun_path, "x", 1), 0);
    start_client(fixture);
    run_pending(fixture);
    assert_int_equal(fixture->client.opened, 0);
    start_server(fixture);
    run_until(fixture, &fixture->client.opened, 1);
}

static void test_two_servers_on_one_name(void **state)
{
    struct fixture *fixture = *state;
    struct recorder second = {0};
    start_both(fixture);
    assert_int_equal(control_server_create(&second.server, fixture->base, fixture->run_dir, NAME,
                                           MESSAGE_SERVICE_CAPTURE, &handlers, &second),
                     0);
    run_pending(fixture);
    /* Who is connected stays; the name is the newer one's, also after the older one's end. */
    assert_int_equal(fixture->client.closed, 0);
    control_server_destroy(fixture->server.server);
    fixture->server.server = NULL;
    run_until(fixture, &second.opened, 1);
    run_until(fixture, &fixture->client.opened, 2);
    recorder_destroy_owner(&second);
    run_until(fixture, &fixture->client.closed, 2);
    assert_int_equal(access(socket_address(fixture).sun_path, F_OK), -1);
}

static void test_run_directory_removed(void **state)
{
    struct fixture *fixture = *state;
    start_client(fixture);
    run_pending(fixture);
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(rmdir(fixture->run_dir), 0);
        run_pending(fixture);
        assert_true(count_wake_ups(fixture, 200 * NS_PER_MS) <= 6);
        assert_int_equal(mkdir(fixture->run_dir, 0700), 0);
        start_server(fixture);
        run_until(fixture, &fixture->client.opened, i);
        recorder_destroy_owner(&fixture->server);
        run_until(fixture, &fixture->client.closed, i);
    }
    /* Moved away: what happens in it is no business of ours any more. */
    char *elsewhere = xasprintf("%s.moved", fixture->run_dir);
    assert_int_equal(rename(fixture->run_dir, elsewhere), 0);
    run_pending(fixture);
    assert_int_equal(mkdir(fixture->run_dir, 0700), 0);
    start_server(fixture);
    run_until(fixture, &fixture->client.opened, 3);
    assert_int_equal(rmdir(elsewhere), 0);
    free(elsewhere);
}

static void test_server_without_directory(void **state)
{
    struct fixture *fixture = *state;
    struct control_server *server = NULL;
    char name[128];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(control_server_create(&server, fixture->base, "/nonexistent/run", NAME,
                                           MESSAGE_SERVICE_CAPTURE, &handlers, NULL),
                     -ENOENT);
    assert_int_equal(control_server_create(&server, fixture->base, fixture->run_dir, name,
                                           MESSAGE_SERVICE_CAPTURE, &handlers, NULL),
                     -ENAMETOOLONG);
    /* A folder under the name is nobody's leftover: refuse, and leave no temporary name. */
    assert_int_equal(mkdir(socket_address(fixture).sun_path, 0700), 0);
    assert_int_equal(control_server_create(&server, fixture->base, fixture->run_dir, NAME,
                                           MESSAGE_SERVICE_CAPTURE, &handlers, NULL),
                     -EISDIR);
    assert_int_equal(rmdir(socket_address(fixture).sun_path), 0);
    assert_null(server);
}

/* sun_path has 108 bytes; a run directory and a camera id of 64 characters may need more. */
static void test_long_run_directory(void **state)
{
    struct fixture *fixture = *state;
    static const char name[] =
        "capture.0123456789012345678901234567890123456789012345678901234567890123.sock";
    char folder[201], *run_dir;
    memset(folder, 'f', sizeof folder - 1);
    folder[sizeof folder - 1] = '\0';
    run_dir = xasprintf("%s/%s", fixture->run_dir, folder);
    assert_int_equal(mkdir(run_dir, 0700), 0);
    struct recorder client = {0};
    client.client = control_client_create(fixture->base, run_dir, name, MESSAGE_SERVICE_CAPTURE,
                                          &handlers, &client);
    run_pending(fixture);
    assert_int_equal(control_server_create(&fixture->server.server, fixture->base, run_dir, name,
                                           MESSAGE_SERVICE_CAPTURE, &handlers, &fixture->server),
                     0);
    run_until(fixture, &client.opened, 1);
    run_until(fixture, &fixture->server.opened, 1);
    recorder_destroy_owner(&client);
    recorder_destroy_owner(&fixture->server);
    assert_int_equal(rmdir(run_dir), 0);
    free(run_dir);
}

/* Many clients of one folder need one inotify instance: a user has 128 of them. */
static void test_many_clients(void **state)
{
    struct fixture *fixture = *state;
    struct control_client *clients[300];
    struct recorder together = {0};
    int before = count_descriptors();
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        clients[i] = control_client_create(fixture->base, fixture->run_dir, NAME,
                                           MESSAGE_SERVICE_CAPTURE, &handlers, &together);
    }
    run_pending(fixture);
    assert_int_equal(count_descriptors(), before + 1);
    start_server(fixture);
    run_until(fixture, &together.opened, COUNT_OF(clients));
    run_until(fixture, &fixture->server.opened, COUNT_OF(clients));
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        control_client_destroy(clients[i]);
    }
    run_until(fixture, &fixture->server.closed, COUNT_OF(clients));
}

/* Out of descriptors: the connection waits in the backlog, and the loop sleeps. */
static void test_accept_without_descriptors(void **state)
{
    struct fixture *fixture = *state;
    int raw[3], filler[1024];
    size_t fillers = 0;
    struct rlimit old, low;
    start_server(fixture);
    for (size_t i = 0; i < COUNT_OF(raw); i++) {
        raw[i] = raw_connect(fixture);
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = (struct rlimit){.rlim_cur = 200, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    while (fillers < COUNT_OF(filler) && (filler[fillers] = dup(STDERR_FILENO)) >= 0) {
        fillers++;
    }
    unsigned wake_ups = count_wake_ups(fixture, 350 * NS_PER_MS);
    unsigned opened = fixture->server.opened;
    while (fillers > 0) {
        fd_close(&filler[--fillers]);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(opened, 0);
    assert_in_range(wake_ups, 1, 12);
    run_until(fixture, &fixture->server.opened, COUNT_OF(raw));
    for (size_t i = 0; i < COUNT_OF(raw); i++) {
        fd_close(&raw[i]);
    }
    run_until(fixture, &fixture->server.closed, COUNT_OF(raw));
}

/* --- closing from inside --- */

static void test_close_in_opened(void **state)
{
    struct fixture *fixture = *state;
    fixture->server.close_on_open = true;
    start_server(fixture);
    start_client(fixture);
    run_until(fixture, &fixture->server.closed, 1);
    run_until(fixture, &fixture->client.closed, 1);
    /* A server that throws everybody out is not stormed: 50, 100, 200 ms. */
    (void)count_wake_ups(fixture, 300 * NS_PER_MS);
    assert_in_range(fixture->client.opened, 2, 4);
}

static void test_close_in_message(void **state)
{
    struct fixture *fixture = *state;
    fixture->server.close_on_message = true;
    start_server(fixture);
    int raw = raw_connect(fixture);
    raw_say(raw, "{\"type\":\"attach\"}");
    raw_say(raw, "{\"type\":\"detach\"}");
    run_until(fixture, &fixture->server.closed, 1);
    assert_int_equal(fixture->server.messages, 1);
    assert_null(control_server_next(fixture->server.server, NULL));
    fd_close(&raw);
}

static void test_destroy_in_handlers(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 6; i++) {
        struct recorder *one = i < 3 ? &fixture->server : &fixture->client;
        fixture->server = (struct recorder){0};
        fixture->client = (struct recorder){0};
        one->destroy_on_open = i % 3 == 0;
        one->destroy_on_message = i % 3 == 1;
        one->destroy_on_close = i % 3 == 2;
        start_server(fixture);
        start_client(fixture);
        run_until(fixture, &fixture->client.opened, 1);
        run_until(fixture, &fixture->server.opened, 1);
        if (one->destroy_on_message) {
            struct control_peer *client = control_client_peer(fixture->client.client);
            control_send(client, MESSAGE_ATTACH, NULL, NULL);
            control_send(fixture->server.peer, MESSAGE_STATUS, status_body(1, ""), NULL);
            run_until(fixture, &one->messages, 1);
        } else if (one->destroy_on_close) {
            control_close(one->peer);
            run_until(fixture, &one->closed, 1);
        }
        assert_null(one->server);
        assert_true(one != &fixture->client || one->client == NULL);
        run_pending(fixture);
        recorder_destroy_owner(&fixture->server);
        recorder_destroy_owner(&fixture->client);
        json_decref(fixture->server.body);
        json_decref(fixture->client.body);
        fixture->server.body = fixture->client.body = NULL;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_client_first),
        TEST(test_server_ends_and_is_back),
        TEST(test_killed_server_is_replaced),
        TEST(test_foreign_client),
        TEST(test_foreign_server),
        TEST(test_stale_file_is_replaced),
        TEST(test_two_servers_on_one_name),
        TEST(test_run_directory_removed),
        TEST(test_server_without_directory),
        TEST(test_long_run_directory),
        TEST(test_many_clients),
        TEST(test_accept_without_descriptors),
        TEST(test_close_in_opened),
        TEST(test_close_in_message),
        TEST(test_destroy_in_handlers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
