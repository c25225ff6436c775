/* The log: what arrives on stderr, write by write. Every test logs from places of its own, because
 * the limits are per place. */
#include "common/log.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/unit/captured_stderr.h"

#define LINE_SIZE 4096

static struct captured_stderr captured;
static char line[LINE_SIZE];

static int start(void **state)
{
    (void)state;
    log_init("capture", "CAM1");
    log_configure(LOG_INFO, LOG_TEXT);
    captured_stderr_start(&captured);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    captured_stderr_stop(&captured);
    return 0;
}

static void expect_line(const char *wanted)
{
    assert_true(captured_stderr_next(&captured, line, sizeof line));
    assert_string_equal(line, wanted);
}

static void expect_silence(void)
{
    assert_false(captured_stderr_next(&captured, line, sizeof line));
}

/* The next line as the JSON object that it must be. The caller owns the reference. */
static json_t *next_object(void)
{
    json_error_t error;
    assert_true(captured_stderr_next(&captured, line, sizeof line));
    size_t length = strlen(line);
    assert_int_equal(line[length - 1], '\n');
    assert_null(memchr(line, '\n', length - 1));
    json_t *object = json_loads(line, 0, &error);
    if (object == NULL) {
        fail_msg("%s: %s", error.text, line);
    }
    return object;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "(missing)";
}

static void test_one_line_is_one_write(void **state)
{
    (void)state;
    log_error("cannot open path=%s: %s", "/x", "no");
    expect_line("error capture[CAM1] cannot open path=/x: no\n");
    log_warn("warned");
    expect_line("warn capture[CAM1] warned\n");
    log_info("told");
    expect_line("info capture[CAM1] told\n");
    expect_silence();
}

static void test_camera_of_the_call_comes_first(void **state)
{
    (void)state;
    log_camera(LOG_INFO, "CAM2", "seen");
    expect_line("info capture[CAM2] seen\n");
    log_init("detector", NULL);
    log_info("no camera");
    expect_line("info detector no camera\n");
}

static void test_levels(void **state)
{
    static const enum log_level levels[] = {LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG};
    static char places[4][4][16]; /* the log keeps pointers to them */
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        log_configure(levels[i], LOG_TEXT);
        for (size_t j = 0; j < 4; j++) {
            snprintf(places[i][j], sizeof places[i][j], "levels:%zu%zu", i, j);
            assert_int_equal(log_enabled(levels[j]), j <= i);
            log_write(levels[j], places[i][j], NULL, "line");
            assert_int_equal(captured_stderr_next(&captured, line, sizeof line), j <= i);
        }
    }
}

static void repeat(const char *text)
{
    log_info("%s", text);
}

static void test_same_text_once_and_the_rest_counted(void **state)
{
    (void)state;
    repeat("again");
    repeat("again");
    repeat("again");
    repeat("other");
    expect_line("info capture[CAM1] again\n");
    expect_line("info capture[CAM1] other suppressed=2\n");
    expect_silence();
}

static void test_same_text_from_other_places_and_cameras(void **state)
{
    (void)state;
    log_info("twin");
    log_info("twin");
    for (int i = 0; i < 4; i++) {
        log_camera(LOG_INFO, i % 2 == 0 ? "A" : "B", "twin");
    }
    expect_line("info capture[CAM1] twin\n");
    expect_line("info capture[CAM1] twin\n");
    expect_line("info capture[A] twin\n");
    expect_line("info capture[B] twin\n");
    expect_silence();
}

static void test_one_place_writes_at_most_a_burst(void **state)
{
    int lines = 0;
    (void)state;
    for (int i = 0; i < 2 * LOG_BURST; i++) {
        log_info("text %d", i);
        lines += captured_stderr_next(&captured, line, sizeof line);
    }
    assert_int_equal(lines, LOG_BURST);
}

static void test_text_cannot_forge_lines(void **state)
{
    static const struct {
        const char *text, *shown;
    } samples[] = {
        {"a\nerror capture[CAM1] b", "a?error capture[CAM1] b"},
        {"\r\t\x1b[2J\x7f", "???[2J?"},
        {"Gr\xc3\xbc\xc3\x9f"
         "e \xe2\x82\xac \xf0\x9f\x9a\x97",
         "Gr\xc3\xbc\xc3\x9f"
         "e \xe2\x82\xac \xf0\x9f\x9a\x97"},
        {"\xc2\x9b"
         "2J",
         "??2J"},                                      /* C1: CSI in eight bits */
        {"\xff\xc3+\xe2\x82+\xc0\xaf", "??+??+??"},    /* not UTF-8, overlong */
        {"\xed\xa0\x80|\xf4\x90\x80\x80", "???|????"}, /* a surrogate, beyond U+10FFFF */
        {"cut \xf0\x9f\x9a", "cut ???"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char wanted[LINE_SIZE];
        snprintf(wanted, sizeof wanted, "info capture[CAM1] %s\n", samples[i].shown);
        log_info("%s", samples[i].text);
        expect_line(wanted);
    }
}

static void test_names_cannot_forge_lines(void **state)
{
    (void)state;
    log_init("capture", "x\ny");
    log_info("hm");
    expect_line("info capture[x?y] hm\n");
}

static void test_json(void **state)
{
    (void)state;
    log_configure(LOG_INFO, LOG_JSON);
    log_warn("a \"b\" \\ \n\x01 \xff \xc3\xbc");
    json_t *object = next_object();
    assert_string_equal(text_of(object, "level"), "warn");
    assert_string_equal(text_of(object, "process"), "capture");
    assert_string_equal(text_of(object, "camera"), "CAM1");
    assert_string_equal(text_of(object, "message"), "a \"b\" \\ \n\x01 \xef\xbf\xbd \xc3\xbc");
    assert_int_equal(strlen(text_of(object, "time")), strlen("2026-01-07T12:30:45.123456Z"));
    json_decref(object);
}

static void test_json_counts_what_it_left_out(void **state)
{
    (void)state;
    log_configure(LOG_INFO, LOG_JSON);
    for (int i = 0; i < 4; i++) {
        log_info("%s", i < 3 ? "same" : "new");
    }
    json_decref(next_object());
    json_t *object = next_object();
    assert_int_equal(json_integer_value(json_object_get(object, "suppressed")), 2);
    json_decref(object);
}

static void test_long_lines_stay_whole(void **state)
{
    static const char fillings[] = {'a', '"', '\x01', '\xff'};
    char text[3000];
    (void)state;
    for (size_t i = 0; i < sizeof fillings; i++) {
        memset(text, fillings[i], sizeof text);
        text[sizeof text - 1] = '\0';
        log_configure(LOG_INFO, LOG_JSON);
        log_info("%s", text);
        json_t *object = next_object();
        assert_true(strlen(text_of(object, "message")) > 300);
        json_decref(object);
        log_configure(LOG_INFO, LOG_TEXT);
        log_warn("%s", text);
        assert_true(captured_stderr_next(&captured, line, sizeof line));
        assert_int_equal(line[strlen(line) - 1], '\n');
    }
}

static void test_errno_is_left_alone(void **state)
{
    (void)state;
    captured_stderr_stop(&captured);
    int kept = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    errno = ENOSPC;
    log_error("nobody can read this");
    int left = errno;
    dup2(kept, STDERR_FILENO);
    close(kept);
    captured_stderr_start(&captured);
    assert_int_equal(left, ENOSPC);
}

/* All lines of a round fit into the socket, which drops what does not: a unix socket counts as full
 * from a quarter of its buffer on, and that is some 70 short packets. */
enum { THREADS = 4, ROUNDS = 4, LINES_PER_ROUND = 10 };

struct writer {
    pthread_t thread;
    const char *place;
    size_t number;
    int written; /* lines, in all rounds */
};

static void *write_lines(void *arg)
{
    struct writer *writer = arg;
    for (int i = 0; i < LINES_PER_ROUND; i++) {
        log_write(LOG_INFO, writer->place, NULL, "thread %zu line %d", writer->number,
                  writer->written++);
    }
    return NULL;
}

/* Lines of different threads do not mix, and those of one thread keep their order. */
static void test_threads(void **state)
{
    struct writer writers[THREADS] = {
        {.place = "thread:0"}, {.place = "thread:1"}, {.place = "thread:2"}, {.place = "thread:3"}};
    int next[THREADS] = {0};
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < THREADS; i++) {
            writers[i].number = i;
            assert_int_equal(pthread_create(&writers[i].thread, NULL, write_lines, &writers[i]), 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
            pthread_join(writers[i].thread, NULL);
        }
        for (int i = 0; i < THREADS * LINES_PER_ROUND; i++) {
            size_t number;
            int line_number, length = 0;
            assert_true(captured_stderr_next(&captured, line, sizeof line));
            assert_int_equal(sscanf(line, "info capture[CAM1] thread %zu line %d\n%n", &number,
                                    &line_number, &length),
                             2);
            assert_int_equal(length, strlen(line));
            assert_true(number < THREADS);
            assert_int_equal(line_number, next[number]++);
        }
        expect_silence();
    }
}

/* Runs one of the two ways to die in a child; its exit code. */
static int exit_code_of(bool configuration)
{
    pid_t child = fork();
    if (child == 0) {
        if (configuration) {
            die_config("mend me port=%d", 80);
        }
        die("broken");
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A pager that shows its first page, a log collector that was stopped. */
static void test_a_reader_that_stands_still_stops_nobody(void **state)
{
    char packet[LINE_SIZE];
    (void)state;
    int sent = 0;
    memset(packet, 'x', sizeof packet);
    while (send(STDERR_FILENO, packet, sizeof packet, MSG_DONTWAIT) > 0) {
        sent++;
    }
    log_info("lost");
    log_info("lost as well");
    while (sent-- > 0) {
        assert_true(captured_stderr_next(&captured, line, sizeof line));
    }
    expect_silence();
    log_info("taken");
    expect_line("info capture[CAM1] taken suppressed=2\n");
    log_info("taken again");
    expect_line("info capture[CAM1] taken again\n");
}

static void test_last_words(void **state)
{
    (void)state;
    log_configure(LOG_ERROR, LOG_TEXT);
    assert_int_equal(exit_code_of(true), EXIT_CONFIG);
    expect_line("error capture[CAM1] mend me port=80\n");
    assert_int_equal(exit_code_of(false), EXIT_FAULT);
    expect_line("error capture[CAM1] broken\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_line_is_one_write),
        TEST(test_camera_of_the_call_comes_first),
        TEST(test_levels),
        TEST(test_same_text_once_and_the_rest_counted),
        TEST(test_same_text_from_other_places_and_cameras),
        TEST(test_one_place_writes_at_most_a_burst),
        TEST(test_text_cannot_forge_lines),
        TEST(test_names_cannot_forge_lines),
        TEST(test_json),
        TEST(test_json_counts_what_it_left_out),
        TEST(test_long_lines_stay_whole),
        TEST(test_errno_is_left_alone),
        TEST(test_threads),
        TEST(test_a_reader_that_stands_still_stops_nobody),
        TEST(test_last_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
