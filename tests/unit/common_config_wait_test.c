/* Waiting for processes, which here are control servers of this very process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/config_wait.h"
#include "common/control.h"
#include "tests/unit/config_file.h"

#define CAMERAS "{'detector':{'model':'m.onnx'},'cameras':{'A':{'url':'http://a/'},'PHONE':{}}}"

/* A process that works with `hash`, from its answer number `late` on. */
struct process {
    struct control_server *server;
    const char *hash;
    int late, asked;
    const int *ring; /* two descriptors that it sends as a ring, unasked; NULL: it does not */
};

static struct event_base *base;
static json_t *missed; /* what the wait came to */

static void process_on_message(void *arg, struct control_peer *peer, enum message_type type,
                               json_t *body, const int *descriptors)
{
    struct process *process = arg;
    const char *hash = process->asked++ < process->late ? "0123456789abcdef" : process->hash;
    (void)body;
    (void)descriptors;
    if (process->ring != NULL) {
        control_send(peer, MESSAGE_RING,
                     json_pack("{s:s,s:i,s:i,s:i}", "generation", "1", "size", 131072, "bank_size",
                               65536, "banks", 1),
                     process->ring);
    }
    if (type == MESSAGE_STATS) {
        control_send(peer, MESSAGE_STATS_ANSWER, json_pack("{s:s}", "config_hash", hash), NULL);
    }
}

static void process_start(struct process *process, const char *run_dir, const char *name,
                          enum message_service service)
{
    static const struct control_handlers handlers = {.message = process_on_message};
    assert_int_equal(
        control_server_create(&process->server, base, run_dir, name, service, &handlers, process),
        0);
}

static void on_waited(void *arg, const json_t *missing)
{
    (void)arg;
    assert_null(missed);
    missed = json_incref((json_t *)missing);
    event_base_loopbreak(base);
}

/* Waits, and compares the names of those that are missing. */
static void expect_missing(const struct config *config, bool broadcaster, uint64_t limit_ns,
                           const char *names)
{
    struct config_wait *wait =
        config_wait_create(base, config, broadcaster, limit_ns, on_waited, NULL);
    event_base_dispatch(base);
    char *text = json_dumps(missed, JSON_COMPACT);
    assert_string_equal(text, names);
    free(text);
    json_decref(missed);
    missed = NULL;
    config_wait_destroy(wait);
}

static int create(void **state)
{
    base = event_base_new();
    return base == NULL ? -1 : config_file_create(state);
}

static int destroy(void **state)
{
    event_base_free(base);
    return config_file_destroy(state);
}

static void load(struct config_file *file)
{
    setenv("RINGCAST_RUN_DIR", file->folder, 1);
    config_file_load(file, CAMERAS);
    assert_int_equal(file->result, 0);
}

static void test_all_follow_in_the_end(void **state)
{
    struct config_file *file = *state;
    load(file);
    struct process capture = {.hash = file->config->hash, .late = 3};
    struct process detector = {.hash = file->config->hash};
    process_start(&capture, file->folder, "capture.A.sock", MESSAGE_SERVICE_CAPTURE);
    process_start(&detector, file->folder, "detector.0.sock", MESSAGE_SERVICE_DETECTOR);
    expect_missing(file->config, false, 10 * NS_PER_SECOND, "[]");
    assert_int_equal(capture.asked, 4);
    assert_int_equal(detector.asked, 1);
    control_server_destroy(capture.server);
    control_server_destroy(detector.server);
}

static void test_who_does_not_is_named(void **state)
{
    struct config_file *file = *state;
    load(file);
    struct process capture = {.hash = "fedcba9876543210"};
    struct process detector = {.hash = file->config->hash};
    process_start(&capture, file->folder, "capture.A.sock", MESSAGE_SERVICE_CAPTURE);
    process_start(&detector, file->folder, "detector.0.sock", MESSAGE_SERVICE_DETECTOR);
    expect_missing(file->config, true, 100 * NS_PER_MS, "[\"capture.A\",\"broadcaster\"]");
    assert_true(capture.asked > 1);
    expect_missing(file->config, false, 0, "[\"capture.A\",\"detector.0\"]");
    control_server_destroy(capture.server);
    control_server_destroy(detector.server);
}

/* What rides with a message that nobody asked for is closed: a pipe ends when no
 * copy of it is left. */
static void test_unasked_ring(void **state)
{
    struct config_file *file = *state;
    int ends[2];
    char byte;
    load(file);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    const int ring[2] = {ends[1], ends[1]};
    struct process capture = {.hash = file->config->hash, .late = 1, .ring = ring};
    struct process detector = {.hash = file->config->hash};
    process_start(&capture, file->folder, "capture.A.sock", MESSAGE_SERVICE_CAPTURE);
    process_start(&detector, file->folder, "detector.0.sock", MESSAGE_SERVICE_DETECTOR);
    expect_missing(file->config, false, 10 * NS_PER_SECOND, "[]");
    assert_int_equal(capture.asked, 2);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    control_server_destroy(capture.server);
    control_server_destroy(detector.server);
}

static void test_nobody_to_wait_for(void **state)
{
    struct config_file *file = *state;
    config_file_load(file, "{'cameras':{'PHONE':{}}}");
    expect_missing(file->config, false, 10 * NS_PER_SECOND, "[]");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_follow_in_the_end),
        TEST(test_who_does_not_is_named),
        TEST(test_unasked_ring),
        TEST(test_nobody_to_wait_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
