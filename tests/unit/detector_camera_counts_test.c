#include "detector/camera_counts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/captured_stderr.h"

static void take(struct camera_counts *counts, uint64_t number, uint64_t missed)
{
    struct frame_job job = {.camera = "CAM1", .info = {.number = number}, .width = 640};
    camera_counts_taken(counts, number, missed);
    camera_counts_result(counts, &job, 2, 10);
}

static json_int_t stat(const struct camera_counts *counts, const char *name)
{
    json_t *stats = camera_counts_stats(counts);
    json_int_t value = json_integer_value(json_object_get(stats, name));
    json_decref(stats);
    return value;
}

/* 30 frames of which 15 come at the wrong time: one line for the first, one for all. */
static void test_two_lines(void **state)
{
    struct camera_counts counts = {0};
    struct captured_stderr captured;
    char line[512];
    (void)state;
    captured_stderr_start(&captured);
    camera_counts_begin(&counts);
    for (uint64_t number = 2; number <= 30; number += 2) {
        camera_counts_early(&counts, number - 1);
        take(&counts, number, 1);
    }
    assert_true(captured_stderr_next(&captured, line, sizeof line));
    assert_non_null(strstr(line, "first frame detected every=2 max_fps=10 width=640"));
    assert_false(captured_stderr_next(&captured, line, sizeof line));
    camera_counts_report(&counts, "CAM1", 3);
    assert_true(captured_stderr_next(&captured, line, sizeof line));
    assert_non_null(strstr(line, "detection frames=15 read=30 skipped_fps=15 fps="));
    assert_non_null(strstr(line, " viewers=3 bad=0"));
    camera_counts_report(&counts, "CAM1", 3); /* nothing has happened since */
    assert_false(captured_stderr_next(&captured, line, sizeof line));
    captured_stderr_stop(&captured);
}

static void test_an_early_frame_that_is_taken_after_all(void **state)
{
    struct camera_counts counts = {0};
    (void)state;
    camera_counts_early(&counts, 7);
    take(&counts, 7, 0);
    assert_int_equal(stat(&counts, "skipped_fps"), 0);
    camera_counts_early(&counts, 8);
    take(&counts, 9, 1);
    assert_int_equal(stat(&counts, "skipped_fps"), 1);
    assert_int_equal(stat(&counts, "skipped"), 1);
    assert_int_equal(stat(&counts, "inferred"), 2);
}

static void test_bad_frames(void **state)
{
    struct camera_counts counts = {0};
    struct frame_job unreadable = {.camera = "CAM1", .failed = true, .unreadable = true};
    struct frame_job failed = {.camera = "CAM1", .failed = true};
    struct captured_stderr captured;
    char line[512];
    (void)state;
    captured_stderr_start(&captured);
    camera_counts_taken(&counts, 1, 0);
    camera_counts_result(&counts, &unreadable, 1, 10);
    camera_counts_taken(&counts, 2, 0);
    camera_counts_result(&counts, &failed, 1, 10);
    assert_true(captured_stderr_next(&captured, line, sizeof line));
    assert_true(captured_stderr_next(&captured, line, sizeof line));
    camera_counts_report(&counts, "CAM1", 0);
    assert_true(captured_stderr_next(&captured, line, sizeof line));
    assert_non_null(strstr(line, "frames=0 read=2 "));
    assert_non_null(strstr(line, " bad=2"));
    captured_stderr_stop(&captured);
}

/* Said once, until a frame is accepted again. */
static void test_refusals(void **state)
{
    struct camera_counts counts = {0};
    struct post_outcome refused = {
        .camera = "CAM1", .result = POST_REFUSED, .cause = "http_status=409"};
    struct post_outcome accepted = {.camera = "CAM1", .result = POST_ACCEPTED, .cause = ""};
    struct captured_stderr captured;
    char line[512];
    (void)state;
    captured_stderr_start(&captured);
    for (int round = 0; round < 2; round++) {
        refused.camera = round == 0 ? "CAM1" : "CAM2"; /* the log tells one of one thing a second */
        camera_counts_post(&counts, &refused);
        camera_counts_post(&counts, &refused);
        assert_true(captured_stderr_next(&captured, line, sizeof line));
        assert_non_null(strstr(line, "http_status=409"));
        assert_false(captured_stderr_next(&captured, line, sizeof line));
        camera_counts_post(&counts, &accepted);
    }
    captured_stderr_stop(&captured);
    assert_int_equal(stat(&counts, "posted"), 2);
    assert_int_equal(stat(&counts, "dropped"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_lines),
        cmocka_unit_test(test_an_early_frame_that_is_taken_after_all),
        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
