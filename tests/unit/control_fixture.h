/* What the tests of control sockets share: both ends with a recorder each, raw sockets, a loop that
 * runs until something has happened, and the proof that nothing was left open. */
#ifndef TESTS_UNIT_CONTROL_FIXTURE_H
#define TESTS_UNIT_CONTROL_FIXTURE_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/fd.h"
#include "common/memory.h"

#define NAME           "capture.CAM1.sock"
#define WATCHDOG_S     20
#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

/* What one side of a control socket has lived to see. */
struct recorder {
    unsigned opened, messages, drained, closed;
    enum message_type type; /* of the last message */
    json_t *body;           /* of the last message */
    int descriptors[MESSAGE_DESCRIPTORS_MAX];
    struct control_peer *peer;
    /* What a handler shall do. */
    bool close_on_open, close_on_message, destroy_on_open, destroy_on_message, destroy_on_drained,
        destroy_on_close;
    struct control_server *server;
    struct control_client *client;
};

struct fixture {
    char run_dir[64];
    struct event_base *base;
    struct event *watchdog;
    struct recorder server, client;
    int descriptors; /* open when the test began */
};

static inline int count_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static inline void recorder_destroy_owner(struct recorder *recorder)
{
    control_server_destroy(recorder->server);
    control_client_destroy(recorder->client);
    recorder->server = NULL;
    recorder->client = NULL;
}

static inline void on_opened(void *arg, struct control_peer *peer)
{
    struct recorder *recorder = arg;
    recorder->opened++;
    recorder->peer = peer;
    control_set_context(peer, recorder);
    if (recorder->close_on_open) {
        control_close(peer);
    }
    if (recorder->destroy_on_open) {
        recorder_destroy_owner(recorder);
    }
}

static inline void on_message(void *arg, struct control_peer *peer, enum message_type type,
                              json_t *body, const int *descriptors)
{
    struct recorder *recorder = arg;
    assert_ptr_equal(control_context(peer), recorder);
    recorder->messages++;
    recorder->type = type;
    json_decref(recorder->body);
    recorder->body = json_incref(body);
    for (size_t i = 0; i < message_descriptors(type); i++) {
        recorder->descriptors[i] = descriptors[i];
    }
    if (recorder->close_on_message) {
        control_close(peer);
        control_close(peer);
        control_send(peer, MESSAGE_STATS_ANSWER, NULL, NULL);
        assert_int_equal(recorder->closed, 0);
    }
    if (recorder->destroy_on_message) {
        recorder_destroy_owner(recorder);
    }
}

static inline void on_drained(void *arg, struct control_peer *peer)
{
    struct recorder *recorder = arg;
    assert_false(control_waiting(peer));
    recorder->drained++;
    if (recorder->destroy_on_drained) {
        recorder_destroy_owner(recorder);
    }
}

static inline void on_closed(void *arg, struct control_peer *peer)
{
    struct recorder *recorder = arg;
    assert_ptr_equal(control_context(peer), recorder);
    recorder->closed++;
    recorder->peer = NULL;
    if (recorder->destroy_on_close) {
        recorder_destroy_owner(recorder);
    }
}

static const struct control_handlers handlers = {
    .opened = on_opened, .message = on_message, .drained = on_drained, .closed = on_closed};

static inline void on_watchdog(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    (void)arg;
    fail_msg("nothing happened for %d s", WATCHDOG_S);
}

static inline int setup(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    snprintf(fixture->run_dir, sizeof fixture->run_dir, "/tmp/ringcast-control-XXXXXX");
    assert_non_null(mkdtemp(fixture->run_dir));
    fixture->descriptors = count_descriptors();
    fixture->base = event_base_new();
    fixture->watchdog = evtimer_new(fixture->base, on_watchdog, NULL);
    struct timeval limit = {.tv_sec = WATCHDOG_S};
    evtimer_add(fixture->watchdog, &limit);
    *state = fixture;
    return 0;
}

/* Every test also proves that no descriptor and no name is left over. */
static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    recorder_destroy_owner(&fixture->server);
    recorder_destroy_owner(&fixture->client);
    json_decref(fixture->server.body);
    json_decref(fixture->client.body);
    event_free(fixture->watchdog);
    event_base_free(fixture->base);
    assert_int_equal(count_descriptors(), fixture->descriptors);
    assert_int_equal(rmdir(fixture->run_dir), 0);
    free(fixture);
    return 0;
}

/* Runs the loop until *counter has reached `value`; the watchdog ends what never comes. */
static inline void run_until(struct fixture *fixture, const unsigned *counter, unsigned value)
{
    while (*counter < value) {
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    }
}

static inline void run_pending(struct fixture *fixture)
{
    for (int i = 0; i < 50; i++) {
        event_base_loop(fixture->base, EVLOOP_NONBLOCK);
    }
}

/* How often the loop wakes up within `duration_ns`. */
static inline unsigned count_wake_ups(struct fixture *fixture, uint64_t duration_ns)
{
    unsigned count = 0;
    uint64_t end = clock_monotonic_ns() + duration_ns;
    for (uint64_t now; (now = clock_monotonic_ns()) < end; count++) {
        struct timeval rest = clock_timeval(end - now);
        event_base_loopexit(fixture->base, &rest);
        event_base_loop(fixture->base, EVLOOP_ONCE);
    }
    return count;
}

static inline void start_server(struct fixture *fixture)
{
    assert_int_equal(control_server_create(&fixture->server.server, fixture->base, fixture->run_dir,
                                           NAME, MESSAGE_SERVICE_CAPTURE, &handlers,
                                           &fixture->server),
                     0);
}

static inline void start_client(struct fixture *fixture)
{
    fixture->client.client =
        control_client_create(fixture->base, fixture->run_dir, NAME, MESSAGE_SERVICE_CAPTURE,
                              &handlers, &fixture->client);
}

static inline void start_both(struct fixture *fixture)
{
    start_server(fixture);
    start_client(fixture);
    run_until(fixture, &fixture->client.opened, 1);
    run_until(fixture, &fixture->server.opened, 1);
}

static inline struct sockaddr_un socket_address(const struct fixture *fixture)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", fixture->run_dir, NAME);
    return address;
}

static inline int raw_connect(const struct fixture *fixture)
{
    struct sockaddr_un address = socket_address(fixture);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fd_set_nonblocking(fd), 0);
    return fd;
}

/* A server without manners. */
static inline int raw_listen(const struct fixture *fixture)
{
    struct sockaddr_un address = socket_address(fixture);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static inline json_t *status_body(unsigned frames, const char *reason)
{
    return json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:f,s:s,s:i}", "state", "online", "since", "5",
                     "frames", (int)frames, "bad", 0, "reconnects", 0, "width", 640, "height", 480,
                     "fps", 25.0, "reason", reason, "version", MESSAGE_VERSION);
}

static inline void raw_say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
