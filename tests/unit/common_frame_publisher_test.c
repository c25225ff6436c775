/* The publisher as a bare client of its socket sees it: which packets come when,
 * and what they carry. */
#include "common/frame_publisher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "common/control.h"
#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/loop_wait.h"

#define MAX_FRAME ((size_t)1 << 20)

struct client { /* what one connection has received */
    struct control_client *control;
    int opened, closed;
    int statuses, rings, stats;
    char state[16], config_hash[16];
    uint64_t generation;
    int ring_fd, bell_fd; /* of the newest `ring` */
};

struct fixture {
    struct event_base *base;
    char run_dir[64];
    struct frame_publisher *publisher;
    int demand_calls;
    size_t demand;
    struct client clients[2];
};

static void on_opened(void *arg, struct control_peer *peer)
{
    struct client *client = arg;
    (void)peer;
    client->opened++;
}

static void on_closed(void *arg, struct control_peer *peer)
{
    struct client *client = arg;
    (void)peer;
    client->closed++;
}

static void on_message(void *arg, struct control_peer *peer, enum message_type type, json_t *body,
                       const int *descriptors)
{
    struct client *client = arg;
    (void)peer;
    if (type == MESSAGE_STATUS) {
        client->statuses++;
        snprintf(client->state, sizeof client->state, "%s",
                 json_string_value(json_object_get(body, "state")));
    } else if (type == MESSAGE_STATS_ANSWER) {
        client->stats++;
        snprintf(client->config_hash, sizeof client->config_hash, "%s",
                 json_string_value(json_object_get(body, "config_hash")));
    } else if (type == MESSAGE_RING) {
        client->rings++;
        client->generation =
            strtoull(json_string_value(json_object_get(body, "generation")), NULL, 10);
        fd_close(&client->ring_fd);
        fd_close(&client->bell_fd);
        client->ring_fd = descriptors[0];
        client->bell_fd = descriptors[1];
    }
}

static void on_demand(void *arg, size_t readers)
{
    struct fixture *fixture = arg;
    fixture->demand_calls++;
    fixture->demand = readers;
}

static json_t *on_stats(void *arg)
{
    (void)arg;
    return json_pack("{s:s}", "config_hash", "abc");
}

static void client_connect(struct fixture *fixture, struct client *client)
{
    static const struct control_handlers handlers = {
        .opened = on_opened, .message = on_message, .closed = on_closed};
    client->ring_fd = client->bell_fd = -1;
    client->control = control_client_create(fixture->base, fixture->run_dir, "capture.CAM1.sock",
                                            MESSAGE_SERVICE_CAPTURE, &handlers, client);
    LOOP_WAIT(fixture->base, client->statuses > 0);
}

static void client_disconnect(struct client *client)
{
    control_client_destroy(client->control);
    client->control = NULL;
    fd_close(&client->ring_fd);
    fd_close(&client->bell_fd);
}

static void client_say(struct client *client, enum message_type type)
{
    control_send(control_client_peer(client->control), type, NULL, NULL);
}

static int setup(void **state)
{
    static const struct frame_publisher_handlers handlers = {.demand = on_demand,
                                                             .stats = on_stats};
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    fixture->base = event_base_new();
    run_dir_make(fixture->run_dir);
    assert_int_equal(frame_publisher_create(&fixture->publisher, fixture->base, fixture->run_dir,
                                            "CAM1", MAX_FRAME, &handlers, fixture),
                     0);
    client_connect(fixture, &fixture->clients[0]);
    client_connect(fixture, &fixture->clients[1]);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    client_disconnect(&fixture->clients[0]);
    client_disconnect(&fixture->clients[1]);
    frame_publisher_destroy(fixture->publisher);
    event_base_free(fixture->base);
    run_dir_remove(fixture->run_dir);
    free(fixture);
    return 0;
}

static int publish(struct fixture *fixture, uint32_t size, uint64_t captured_realtime_ns)
{
    struct frame_info info = {.size = size, .captured_realtime_ns = captured_realtime_ns};
    uint8_t *jpeg = xcalloc(1, size + 1);
    int result = frame_publisher_publish(fixture->publisher, &info, jpeg);
    free(jpeg);
    return result;
}

static bool is_readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 1;
}

static void test_a_connection_gets_the_status_and_wakes_nothing(void **state)
{
    struct fixture *fixture = *state;
    loop_settle(fixture->base);
    assert_int_equal(fixture->clients[0].statuses, 1);
    assert_string_equal(fixture->clients[0].state, "connecting");
    assert_int_equal(fixture->demand_calls, 0);
    assert_int_equal(frame_publisher_readers(fixture->publisher), 0);
}

static void test_status_goes_out_on_change_only(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = &fixture->clients[0];
    static const struct camera_status statuses[] = {
        {.state = CAMERA_ONLINE, .width = 640, .height = 480},
        {.state = CAMERA_ONLINE, .width = 640, .height = 480, .frames = 10, .fps = 9.9},
        {.state = CAMERA_ONLINE, .width = 800, .height = 480},
        {.state = CAMERA_ONLINE, .width = 800, .height = 600},
        {.state = CAMERA_OFFLINE, .width = 800, .height = 600, .reason = "connection refused"},
        {.state = CAMERA_OFFLINE, .width = 800, .height = 600, .reason = "connection refused"},
        {.state = CAMERA_OFFLINE, .width = 800, .height = 600, .reason = "timed out"},
    };
    static const int expected[] = {2, 2, 3, 4, 5, 5, 6};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        frame_publisher_set_status(fixture->publisher, &statuses[i]);
        loop_settle(fixture->base);
        assert_int_equal(client->statuses, expected[i]);
    }
    assert_string_equal(client->state, "offline");
}

static void test_demand_is_told_at_the_edges(void **state)
{
    struct fixture *fixture = *state;
    struct client *first = &fixture->clients[0], *second = &fixture->clients[1];
    client_say(first, MESSAGE_ATTACH);
    LOOP_WAIT(fixture->base, fixture->demand_calls == 1);
    assert_int_equal(fixture->demand, 1);
    client_say(first, MESSAGE_ATTACH); /* said twice, meant once */
    client_say(second, MESSAGE_ATTACH);
    LOOP_WAIT(fixture->base, frame_publisher_readers(fixture->publisher) == 2);
    client_say(first, MESSAGE_DETACH);
    client_say(first, MESSAGE_DETACH);
    LOOP_WAIT(fixture->base, frame_publisher_readers(fixture->publisher) == 1);
    assert_int_equal(fixture->demand_calls, 1);
    client_disconnect(second); /* the end of a connection is a detach */
    LOOP_WAIT(fixture->base, fixture->demand_calls == 2);
    assert_int_equal(fixture->demand, 0);
    assert_int_equal(frame_publisher_readers(fixture->publisher), 0);
}

static void test_the_ring_comes_with_the_first_frame(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = &fixture->clients[0];
    client_say(client, MESSAGE_ATTACH);
    LOOP_WAIT(fixture->base, fixture->demand == 1);
    loop_settle(fixture->base);
    assert_int_equal(client->rings, 0);
    assert_int_equal(publish(fixture, 1000, 1767789045123456789), 0);
    LOOP_WAIT(fixture->base, client->rings == 1);
    assert_true(client->generation == 1767789045123456789);
    assert_true(is_readable(client->bell_fd));
    assert_int_equal(fcntl(client->ring_fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_equal(fixture->clients[1].rings, 0); /* it has not attached */
}

static void test_whoever_attaches_late_is_rung_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = &fixture->clients[0];
    assert_int_equal(publish(fixture, 1000, 5), 0);
    client_say(client, MESSAGE_ATTACH);
    LOOP_WAIT(fixture->base, client->rings == 1);
    assert_true(is_readable(client->bell_fd));
}

static void test_each_reader_has_a_bell_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct client *first = &fixture->clients[0], *second = &fixture->clients[1];
    client_say(first, MESSAGE_ATTACH);
    client_say(second, MESSAGE_ATTACH);
    LOOP_WAIT(fixture->base, frame_publisher_readers(fixture->publisher) == 2);
    assert_int_equal(publish(fixture, 1000, 5), 0);
    LOOP_WAIT(fixture->base, first->rings == 1 && second->rings == 1);
    assert_int_equal(doorbell_drain(first->bell_fd), 0);
    assert_false(is_readable(first->bell_fd));
    assert_true(is_readable(second->bell_fd));
    assert_int_equal(publish(fixture, 1000, 5), 0);
    assert_true(is_readable(first->bell_fd));

    /* After a detach nobody rings any more. */
    client_say(first, MESSAGE_DETACH);
    LOOP_WAIT(fixture->base, frame_publisher_readers(fixture->publisher) == 1);
    assert_int_equal(doorbell_drain(first->bell_fd), 0);
    assert_int_equal(publish(fixture, 1000, 5), 0);
    assert_false(is_readable(first->bell_fd));
}

static void test_a_larger_frame_makes_a_new_ring(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = &fixture->clients[0];
    client_say(client, MESSAGE_ATTACH);
    LOOP_WAIT(fixture->base, fixture->demand == 1);
    assert_int_equal(publish(fixture, 1000, 500), 0);
    assert_int_equal(publish(fixture, 256 * 1024, 501), 0);
    LOOP_WAIT(fixture->base, client->rings == 1);
    loop_settle(fixture->base);
    assert_int_equal(client->rings, 1);
    /* The clock was set back: the generation grows all the same. */
    assert_int_equal(publish(fixture, 256 * 1024 + 1, 7), 0);
    LOOP_WAIT(fixture->base, client->rings == 2);
    assert_true(client->generation == 501);
    assert_int_equal(publish(fixture, (uint32_t)MAX_FRAME, 600), 0);
    LOOP_WAIT(fixture->base, client->rings == 3);
    assert_true(client->generation == 600);
}

static void test_frames_of_impossible_size_are_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(publish(fixture, (uint32_t)MAX_FRAME + 1, 5), -EMSGSIZE);
    assert_int_equal(publish(fixture, 0, 5), -EMSGSIZE);
    assert_int_equal(publish(fixture, (uint32_t)MAX_FRAME, 5), 0);
}

static void test_stats_are_answered(void **state)
{
    struct fixture *fixture = *state;
    client_say(&fixture->clients[0], MESSAGE_STATS);
    LOOP_WAIT(fixture->base, fixture->clients[0].stats == 1);
    assert_string_equal(fixture->clients[0].config_hash, "abc");
}

static void test_the_end_of_the_publisher_is_seen_and_tells_no_demand(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = &fixture->clients[0];
    client_say(client, MESSAGE_ATTACH);
    LOOP_WAIT(fixture->base, fixture->demand == 1);
    frame_publisher_destroy(fixture->publisher);
    fixture->publisher = NULL;
    LOOP_WAIT(fixture->base, client->closed == 1);
    assert_int_equal(fixture->demand_calls, 1);
}

static void test_comings_and_goings_leave_no_descriptor(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = &fixture->clients[0];
    assert_int_equal(publish(fixture, 1000, 5), 0);
    client_disconnect(client);
    loop_settle(fixture->base);
    int before = descriptors_open();
    for (int i = 0; i < 20; i++) {
        *client = (struct client){0};
        client_connect(fixture, client);
        client_say(client, MESSAGE_ATTACH);
        LOOP_WAIT(fixture->base, client->rings == 1);
        client_disconnect(client);
        LOOP_WAIT(fixture->base, frame_publisher_readers(fixture->publisher) == 0);
    }
    assert_int_equal(descriptors_open(), before);
}

/* Without a doorbell a reader would hear of no frame, and never ask again. */
static void test_a_reader_without_a_doorbell_is_sent_away(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = &fixture->clients[0];
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    client_say(client, MESSAGE_ATTACH);
    LOOP_WAIT(fixture->base, client->closed == 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(frame_publisher_readers(fixture->publisher), 0);
    LOOP_WAIT(fixture->base, client->opened == 2);
    client_say(client, MESSAGE_ATTACH);
    LOOP_WAIT(fixture->base, frame_publisher_readers(fixture->publisher) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_connection_gets_the_status_and_wakes_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_status_goes_out_on_change_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_demand_is_told_at_the_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_ring_comes_with_the_first_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(test_whoever_attaches_late_is_rung_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_each_reader_has_a_bell_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_larger_frame_makes_a_new_ring, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frames_of_impossible_size_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_stats_are_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_reader_without_a_doorbell_is_sent_away, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_end_of_the_publisher_is_seen_and_tells_no_demand,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_comings_and_goings_leave_no_descriptor, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
