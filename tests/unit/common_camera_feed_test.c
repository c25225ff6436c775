/* A camera feed against a real publisher through a real run directory, and against a server that
 * sends what no publisher would. */
#include "common/camera_feed.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/control.h"
#include "common/fd.h"
#include "common/frame_publisher.h"
#include "common/memory.h"
#include "tests/unit/forged_ring.h"
#include "tests/unit/loop_wait.h"

#define MAX_FRAME ((size_t)1 << 20)
#define SMALL     1000
#define LARGE     ((uint32_t)600000)

struct fixture {
    struct event_base *base;
    char run_dir[64];
    struct frame_publisher *publisher;
    size_t demand;
    struct camera_feed *feed;
    int statuses, frames;
    uint64_t told; /* the newest frame when one was announced last */
    struct frame_buffer buffer;
    struct frame_info info; /* of the last frame read */
    uint64_t missed;
};

static void on_status(void *arg, const struct camera_status *status)
{
    struct fixture *fixture = arg;
    assert_ptr_equal(status, camera_feed_status(fixture->feed));
    fixture->statuses++;
}

static void on_frame(void *arg)
{
    struct fixture *fixture = arg;
    fixture->frames++;
    fixture->told = camera_feed_newest(fixture->feed);
}

static void on_demand(void *arg, size_t readers)
{
    struct fixture *fixture = arg;
    fixture->demand = readers;
}

static int setup(void **state)
{
    static const struct camera_feed_handlers handlers = {.status = on_status, .frame = on_frame};
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    fixture->base = event_base_new();
    run_dir_make(fixture->run_dir);
    fixture->feed =
        camera_feed_create(fixture->base, fixture->run_dir, "CAM1", NULL, &handlers, fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    camera_feed_destroy(fixture->feed);
    frame_publisher_destroy(fixture->publisher);
    event_base_free(fixture->base);
    run_dir_remove(fixture->run_dir);
    free(fixture->buffer.bytes);
    free(fixture);
    return 0;
}

static void publisher_start(struct fixture *fixture, struct event_base *base)
{
    static const struct frame_publisher_handlers handlers = {.demand = on_demand};
    static const struct camera_status online = {
        .state = CAMERA_ONLINE, .width = 640, .height = 480, .frames = 7};
    assert_int_equal(frame_publisher_create(&fixture->publisher, base, fixture->run_dir, "CAM1",
                                            MAX_FRAME, &handlers, fixture),
                     0);
    frame_publisher_set_status(fixture->publisher, &online);
}

static void publisher_stop(struct fixture *fixture)
{
    frame_publisher_destroy(fixture->publisher);
    fixture->publisher = NULL;
}

/* A frame of `size` bytes of the value `size` modulo 251. */
static void publish(struct fixture *fixture, uint32_t size)
{
    struct frame_info info = {.size = size, .captured_realtime_ns = clock_realtime_ns()};
    uint8_t *jpeg = xmalloc(size);
    memset(jpeg, (int)(size % 251), size);
    assert_int_equal(frame_publisher_publish(fixture->publisher, &info, jpeg), 0);
    free(jpeg);
}

static int read_frame(struct fixture *fixture)
{
    int result =
        camera_feed_read(fixture->feed, &fixture->info, &fixture->buffer, &fixture->missed);
    for (uint32_t i = 0; result == 0 && i < fixture->info.size; i++) {
        assert_int_equal(fixture->buffer.bytes[i], fixture->info.size % 251);
    }
    return result;
}

static enum camera_state feed_state(const struct fixture *fixture)
{
    return camera_feed_status(fixture->feed)->state;
}

/* Attaches to a publisher that is there and waits until it has heard of it. */
static void attach(struct fixture *fixture)
{
    camera_feed_set_attached(fixture->feed, true);
    LOOP_WAIT(fixture->base, fixture->demand == 1);
}

static void test_the_feed_may_be_there_first(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(feed_state(fixture), CAMERA_OFFLINE);
    assert_string_not_equal(camera_feed_status(fixture->feed)->reason, "");
    loop_settle(fixture->base);
    assert_int_equal(fixture->statuses, 0);
    publisher_start(fixture, fixture->base);
    LOOP_WAIT(fixture->base, feed_state(fixture) == CAMERA_ONLINE);
    assert_int_equal(camera_feed_status(fixture->feed)->width, 640);
    assert_int_equal(camera_feed_status(fixture->feed)->frames, 7);
    loop_settle(fixture->base);
    assert_int_equal(fixture->demand, 0); /* to look is not to want */
    assert_int_equal(read_frame(fixture), -ENOTCONN);
    assert_int_equal(camera_feed_newest(fixture->feed), 0);
}

static void test_frames_come_while_attached(void **state)
{
    struct fixture *fixture = *state;
    publisher_start(fixture, fixture->base);
    attach(fixture);
    for (uint32_t i = 1; i <= 5; i++) {
        publish(fixture, SMALL + i);
        LOOP_WAIT(fixture->base, fixture->frames == (int)i);
        assert_int_equal(camera_feed_newest(fixture->feed), i);
        assert_int_equal(read_frame(fixture), 0);
        assert_int_equal(fixture->info.size, SMALL + i);
        assert_int_equal(fixture->missed, 0);
        assert_int_equal(read_frame(fixture), -EAGAIN);
    }
    publish(fixture, SMALL);
    publish(fixture, SMALL);
    publish(fixture, SMALL);
    LOOP_WAIT(fixture->base, fixture->frames == 6); /* three rings are one */
    assert_int_equal(read_frame(fixture), 0);
    assert_int_equal(fixture->info.number, 8);
    assert_int_equal(fixture->missed, 2);

    camera_feed_set_attached(fixture->feed, false);
    assert_int_equal(read_frame(fixture), -ENOTCONN);
    LOOP_WAIT(fixture->base, fixture->demand == 0);
    publish(fixture, SMALL);
    loop_settle(fixture->base);
    assert_int_equal(fixture->frames, 6);
}

static void test_the_frame_that_lies_ready_comes_at_once(void **state)
{
    struct fixture *fixture = *state;
    publisher_start(fixture, fixture->base);
    publish(fixture, SMALL);
    publish(fixture, SMALL + 1);
    attach(fixture);
    LOOP_WAIT(fixture->base, fixture->frames == 1);
    assert_int_equal(read_frame(fixture), 0);
    assert_int_equal(fixture->info.size, SMALL + 1);
    assert_int_equal(fixture->missed, 0);
}

static void test_a_larger_frame_comes_through_a_new_ring(void **state)
{
    struct fixture *fixture = *state;
    publisher_start(fixture, fixture->base);
    attach(fixture);
    publish(fixture, SMALL);
    LOOP_WAIT(fixture->base, fixture->frames == 1);
    assert_int_equal(read_frame(fixture), 0);
    uint64_t generation = fixture->info.generation;

    for (int i = 0; i < 3; i++) {
        publish(fixture, SMALL); /* nobody reads these, nor the first large one */
    }
    publish(fixture, LARGE);
    publish(fixture, LARGE + 1);
    LOOP_WAIT(fixture->base, fixture->told == 2); /* in the old ring it would be 4 */
    assert_int_equal(read_frame(fixture), 0);
    assert_int_equal(fixture->info.size, LARGE + 1);
    assert_true(fixture->info.generation > generation);
    assert_int_equal(fixture->missed, 4);
    assert_true(fixture->buffer.capacity >= LARGE + 1);
    publish(fixture, SMALL);
    LOOP_WAIT(fixture->base, read_frame(fixture) == 0);
    assert_int_equal(fixture->info.number, 3);
}

static void test_the_end_of_the_capture_loses_no_whole_frame(void **state)
{
    struct fixture *fixture = *state;
    publisher_start(fixture, fixture->base);
    attach(fixture);
    publish(fixture, SMALL);
    LOOP_WAIT(fixture->base, fixture->frames == 1);
    assert_int_equal(read_frame(fixture), 0);

    publish(fixture, SMALL + 1); /* and dies before anybody hears the bell */
    publisher_stop(fixture);
    LOOP_WAIT(fixture->base, feed_state(fixture) == CAMERA_OFFLINE && fixture->frames >= 2);
    assert_string_equal(camera_feed_status(fixture->feed)->reason, "its capture is gone");
    assert_int_equal(camera_feed_status(fixture->feed)->width, 640);
    assert_int_equal(read_frame(fixture), 0);
    assert_int_equal(fixture->info.size, SMALL + 1);
    assert_int_equal(read_frame(fixture), -EAGAIN); /* the old ring, with nothing new in it */
}

static void test_the_wish_survives_the_capture(void **state)
{
    struct fixture *fixture = *state;
    uint64_t generation = 0;
    camera_feed_set_attached(fixture->feed, true);
    for (int i = 0; i < 3; i++) {
        fixture->demand = 0;
        publisher_start(fixture, fixture->base);
        LOOP_WAIT(fixture->base, fixture->demand == 1 && feed_state(fixture) == CAMERA_ONLINE);
        publish(fixture, SMALL);
        LOOP_WAIT(fixture->base, read_frame(fixture) == 0);
        assert_true(fixture->info.generation > generation);
        assert_int_equal(fixture->info.number, 1);
        generation = fixture->info.generation;
        publisher_stop(fixture);
        LOOP_WAIT(fixture->base, feed_state(fixture) == CAMERA_OFFLINE);
    }
    camera_feed_set_attached(fixture->feed, false);
    publisher_start(fixture, fixture->base);
    LOOP_WAIT(fixture->base, feed_state(fixture) == CAMERA_ONLINE);
    fixture->demand = 0;
    loop_settle(fixture->base);
    assert_int_equal(fixture->demand, 0);
}

/* A capture of its own process, publishing without a pause. */
_Noreturn static void capture_run(struct fixture *fixture)
{
    alarm(20);
    struct event_base *base = event_base_new();
    publisher_start(fixture, base);
    for (;;) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        publish(fixture, LARGE);
    }
}

static void test_a_killed_capture_is_noticed_and_found_again(void **state)
{
    struct fixture *fixture = *state;
    camera_feed_set_attached(fixture->feed, true);
    for (int i = 0; i < 5; i++) {
        int frames = fixture->frames, status;
        pid_t capture = fork();
        assert_true(capture >= 0);
        if (capture == 0) {
            capture_run(fixture);
        }
        LOOP_WAIT(fixture->base, fixture->frames > frames + 3);
        assert_int_equal(feed_state(fixture), CAMERA_ONLINE);
        assert_int_equal(kill(capture, SIGKILL), 0);
        assert_int_equal(waitpid(capture, &status, 0), capture);
        LOOP_WAIT(fixture->base, feed_state(fixture) == CAMERA_OFFLINE);
        assert_int_equal(read_frame(fixture), 0);
    }
}

/* --- what no publisher would send --- */

struct forger { /* a capture's server that answers `attach` with these */
    struct control_server *server;
    int ring_fd, bell_fd;
    const char *generation;
    uint64_t bank_size;
    int attached;
};

static void forger_on_message(void *arg, struct control_peer *peer, enum message_type type,
                              json_t *body, const int *descriptors)
{
    struct forger *forger = arg;
    const int own[2] = {forger->ring_fd, forger->bell_fd};
    (void)body;
    (void)descriptors;
    if (type == MESSAGE_ATTACH) {
        forger->attached++;
        control_send(peer, MESSAGE_RING,
                     json_pack("{s:s, s:I, s:I, s:i}", "generation", forger->generation, "size",
                               2 * (json_int_t)FORGED_BANK, "bank_size",
                               (json_int_t)forger->bank_size, "banks", 1),
                     own);
    }
}

static void forger_start(struct fixture *fixture, struct forger *forger)
{
    static const struct control_handlers handlers = {.message = forger_on_message};
    assert_int_equal(control_server_create(&forger->server, fixture->base, fixture->run_dir,
                                           "capture.CAM1.sock", MESSAGE_SERVICE_CAPTURE, &handlers,
                                           forger),
                     0);
}

/* Descriptors that are not what they should be; each is made anew and closed by the test. */

static int make_honest_ring(void)
{
    int writable, readable;
    forged_ring(&writable, &readable);
    fd_close(&writable);
    return readable;
}

static int make_writable_ring(void)
{
    int writable, readable;
    forged_ring(&writable, &readable);
    fd_close(&readable);
    return writable;
}

static int make_short_memfd(void)
{
    int fd = memfd_create("short", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, 4096), 0);
    return fd;
}

static int make_foreign_file(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int make_null_device(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int make_pipe(void)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fd_close(&ends[1]);
    return ends[0];
}

static int make_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* No file type, like an eventfd, and always ready to be read; but reading it fails. */
static int make_ready_epoll(void)
{
    int ready = doorbell_create();
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLOUT};
    assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ready, &event), 0);
    return epoll_fd; /* `ready` stays open until the test ends: closing it would empty the set */
}

static void test_forged_rings_are_refused_without_harm(void **state)
{
    static const struct {
        const char *name;
        int (*ring)(void);
        int (*bell)(void);
        const char *generation;
        uint64_t bank_size;
    } forgeries[] = {
        {"pipe", make_pipe, doorbell_create, "4711", FORGED_BANK},
        {"socket", make_socket, doorbell_create, "4711", FORGED_BANK},
        {"doorbell", doorbell_create, doorbell_create, "4711", FORGED_BANK},
        {"device", make_null_device, doorbell_create, "4711", FORGED_BANK},
        {"short memfd", make_short_memfd, doorbell_create, "4711", FORGED_BANK},
        {"writable", make_writable_ring, doorbell_create, "4711", FORGED_BANK},
        {"foreign file", make_foreign_file, doorbell_create, "4711", FORGED_BANK},
        {"generation", make_honest_ring, doorbell_create, "4712", FORGED_BANK},
        {"bank size", make_honest_ring, doorbell_create, "4711", 2 * FORGED_BANK},
        {"bell: pipe", make_honest_ring, make_pipe, "4711", FORGED_BANK},
        {"bell: socket", make_honest_ring, make_socket, "4711", FORGED_BANK},
        {"bell: file", make_honest_ring, make_foreign_file, "4711", FORGED_BANK},
        {"bell: ring", make_honest_ring, make_honest_ring, "4711", FORGED_BANK},
        {"bell: epoll", make_honest_ring, make_ready_epoll, "4711", FORGED_BANK},
    };
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        assert_int_equal(setup(state), 0);
        struct fixture *fixture = *state;
        struct forger forger = {.ring_fd = forgeries[i].ring(),
                                .bell_fd = forgeries[i].bell(),
                                .generation = forgeries[i].generation,
                                .bank_size = forgeries[i].bank_size};
        forger_start(fixture, &forger);
        int before = descriptors_open();
        camera_feed_set_attached(fixture->feed, true);
        LOOP_WAIT(fixture->base, fixture->statuses > 0);
        print_message("%s: %s\n", forgeries[i].name, camera_feed_status(fixture->feed)->reason);
        assert_int_equal(feed_state(fixture), CAMERA_OFFLINE);
        assert_int_equal(forger.attached, 1);
        assert_int_equal(read_frame(fixture), -ENOTCONN);
        assert_int_equal(fixture->frames, 0);
        loop_settle(fixture->base);
        assert_in_range(descriptors_open(), before - 2, before); /* the connection at most */

        /* An honest capture in its place is taken at once. */
        control_server_destroy(forger.server);
        publisher_start(fixture, fixture->base);
        publish(fixture, SMALL);
        LOOP_WAIT(fixture->base, read_frame(fixture) == 0);
        fd_close(&forger.ring_fd);
        fd_close(&forger.bell_fd);
        assert_int_equal(teardown(state), 0);
    }
}

static void test_a_ring_that_contradicts_itself_is_given_up(void **state)
{
    struct fixture *fixture = *state;
    struct forger forger = {
        .bell_fd = doorbell_create(), .generation = "4711", .bank_size = FORGED_BANK};
    int writable;
    forged_ring(&writable, &forger.ring_fd);
    forged_store(writable, FORGED_HEAD, 3);
    forged_store(writable, FORGED_SLOTS, 3);
    forged_store(writable, FORGED_SLOTS + 56, FORGED_BANK + 1);
    doorbell_ring(forger.bell_fd);
    forger_start(fixture, &forger);
    camera_feed_set_attached(fixture->feed, true);
    LOOP_WAIT(fixture->base, fixture->frames == 1);
    assert_int_equal(read_frame(fixture), -EBADMSG);
    assert_int_equal(read_frame(fixture), -ENOTCONN);
    LOOP_WAIT(fixture->base, fixture->statuses == 1);
    assert_int_equal(feed_state(fixture), CAMERA_OFFLINE);
    assert_string_equal(camera_feed_status(fixture->feed)->reason,
                        "its frame ring contradicts itself");
    control_server_destroy(forger.server);
    fd_close(&writable);
    fd_close(&forger.ring_fd);
    fd_close(&forger.bell_fd);
}

static void test_a_ring_that_was_not_asked_for_is_closed(void **state)
{
    struct fixture *fixture = *state;
    struct forger forger = {.ring_fd = make_honest_ring(),
                            .bell_fd = doorbell_create(),
                            .generation = "4711",
                            .bank_size = FORGED_BANK};
    forger_start(fixture, &forger);
    /* The wish ends while the answer to it is on its way. */
    camera_feed_set_attached(fixture->feed, true);
    LOOP_WAIT(fixture->base, forger.attached == 1);
    int before = descriptors_open();
    camera_feed_set_attached(fixture->feed, false);
    loop_settle(fixture->base);
    assert_int_equal(read_frame(fixture), -ENOTCONN);
    assert_in_range(descriptors_open(), before - 2, before);
    assert_int_equal(fixture->statuses, 0); /* and the connection goes on */
    control_server_destroy(forger.server);
    fd_close(&forger.ring_fd);
    fd_close(&forger.bell_fd);
}

/* A capture that says "online" and then hangs: what it is asked stays unanswered. */
struct hanging {
    struct control_server *server;
    struct control_peer *peer;
    int asked;
};

static void hanging_on_opened(void *arg, struct control_peer *peer)
{
    static const struct camera_status online = {.state = CAMERA_ONLINE, .frames = 7};
    struct hanging *hanging = arg;
    hanging->peer = peer;
    control_send(peer, MESSAGE_STATUS, camera_status_to_json(&online), NULL);
}

static void hanging_on_message(void *arg, struct control_peer *peer, enum message_type type,
                               json_t *body, const int *descriptors)
{
    struct hanging *hanging = arg;
    (void)peer;
    (void)body;
    (void)descriptors;
    hanging->asked += type == MESSAGE_STATS;
}

static void test_a_capture_that_hangs_is_noticed(void **state)
{
    static const struct control_handlers handlers = {.opened = hanging_on_opened,
                                                     .message = hanging_on_message};
    struct fixture *fixture = *state;
    struct hanging hanging = {.asked = 0};
    assert_int_equal(control_server_create(&hanging.server, fixture->base, fixture->run_dir,
                                           "capture.CAM1.sock", MESSAGE_SERVICE_CAPTURE, &handlers,
                                           &hanging),
                     0);
    LOOP_WAIT(fixture->base, feed_state(fixture) == CAMERA_ONLINE);
    int statuses = fixture->statuses;
    LOOP_WAIT(fixture->base, feed_state(fixture) == CAMERA_STALE);
    assert_true(camera_feed_connected(fixture->feed));
    assert_int_equal(fixture->statuses, statuses + 1);
    assert_int_equal(hanging.asked, 1);

    control_send(hanging.peer, MESSAGE_STATS_ANSWER,
                 json_pack("{s:s, s:i, s:f}", "config_hash", "x", "frames", 9, "fps", 12.5), NULL);
    LOOP_WAIT(fixture->base, feed_state(fixture) == CAMERA_ONLINE);
    assert_int_equal(fixture->statuses, statuses + 2);
    LOOP_WAIT(fixture->base, camera_feed_status(fixture->feed)->frames == 9);
    assert_true(camera_feed_status(fixture->feed)->fps == 12.5);
    control_server_destroy(hanging.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_feed_may_be_there_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frames_come_while_attached, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_frame_that_lies_ready_comes_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_larger_frame_comes_through_a_new_ring, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_end_of_the_capture_loses_no_whole_frame, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_wish_survives_the_capture, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_killed_capture_is_noticed_and_found_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_capture_that_hangs_is_noticed, setup, teardown),
        cmocka_unit_test(test_forged_rings_are_refused_without_harm),
        cmocka_unit_test_setup_teardown(test_a_ring_that_contradicts_itself_is_given_up, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_ring_that_was_not_asked_for_is_closed, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
