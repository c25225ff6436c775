/* The newest warnings, as they are told. Every test logs from places of its own, because the limits
 * of the log are per place. */
#include "common/log_tail.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/captured_stderr.h"

static struct captured_stderr captured;

static int start(void **state)
{
    (void)state;
    log_init("broadcaster", NULL);
    captured_stderr_start(&captured);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    captured_stderr_stop(&captured);
    return 0;
}

static const char *field(const json_t *lines, size_t at, const char *name)
{
    return json_string_value(json_object_get(json_array_get(lines, at), name));
}

static void test_warnings_and_errors_are_kept(void **state)
{
    (void)state;
    log_info("nothing to worry about");
    log_warn("something odd");
    log_camera(LOG_ERROR, "CAM1", "something broke");
    json_t *lines = log_tail_json(2);
    assert_int_equal(json_array_size(lines), 2);
    assert_string_equal(field(lines, 0, "message"), "something odd");
    assert_string_equal(field(lines, 0, "level"), "warn");
    assert_true(json_is_null(json_object_get(json_array_get(lines, 0), "camera")));
    assert_string_equal(field(lines, 1, "message"), "something broke");
    assert_string_equal(field(lines, 1, "level"), "error");
    assert_string_equal(field(lines, 1, "camera"), "CAM1");
    assert_true(json_real_value(json_object_get(json_array_get(lines, 0), "time")) > 1.6e9);
    json_decref(lines);
}

static void test_the_oldest_go(void **state)
{
    char text[32];
    (void)state;
    for (int i = 0; i < LOG_TAIL_LINES + 7; i++) {
        snprintf(text, sizeof text, "line %d", i);
        log_tail_add(LOG_WARN, "", text);
    }
    json_t *lines = log_tail_json(1000);
    assert_int_equal(json_array_size(lines), LOG_TAIL_LINES);
    assert_string_equal(field(lines, 0, "message"), "line 7");
    assert_string_equal(field(lines, LOG_TAIL_LINES - 1, "message"), text);
    json_decref(lines);
    lines = log_tail_json(1);
    assert_int_equal(json_array_size(lines), 1);
    assert_string_equal(field(lines, 0, "message"), text);
    json_decref(lines);
}

static void test_what_is_no_text(void **state)
{
    char longer[LOG_TAIL_TEXT * 2];
    (void)state;
    log_tail_add(LOG_WARN, "", "a\nb\x1b[2J\x7f");
    log_tail_add(LOG_WARN, "", "caf\xe9 caf\xc3\xa9");
    memset(longer, 'x', sizeof longer);
    longer[LOG_TAIL_TEXT - 2] = '\xc3'; /* the first half of a character is the last to fit */
    longer[LOG_TAIL_TEXT - 1] = '\xa9';
    longer[sizeof longer - 1] = '\0';
    log_tail_add(LOG_WARN, "", longer);
    json_t *lines = log_tail_json(3);
    assert_string_equal(field(lines, 0, "message"), "a?b?[2J?");
    assert_string_equal(field(lines, 1, "message"), "caf? caf??");
    assert_int_equal(strlen(field(lines, 2, "message")), LOG_TAIL_TEXT - 1);
    json_decref(lines);
}

static void *add_many(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        log_tail_add(LOG_WARN, arg, arg);
    }
    return NULL;
}

static void test_threads(void **state)
{
    static char names[2][8] = {"one", "two"};
    pthread_t threads[2];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, names[i]), 0);
    }
    json_t *lines = log_tail_json(LOG_TAIL_LINES);
    json_decref(lines);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    lines = log_tail_json(LOG_TAIL_LINES);
    for (size_t i = 0; i < LOG_TAIL_LINES; i++) {
        assert_string_equal(field(lines, i, "message"), field(lines, i, "camera"));
    }
    json_decref(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_warnings_and_errors_are_kept, start, stop),
        cmocka_unit_test(test_the_oldest_go),
        cmocka_unit_test(test_what_is_no_text),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
