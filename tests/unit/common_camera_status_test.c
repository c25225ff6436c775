/* The status of a camera on its way through JSON. */
#include "common/camera_status.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/messages.h"

static const struct camera_status example = {
    .state = CAMERA_STALE,
    .since_ns = UINT64_MAX,
    .frames = 1234,
    .bad = 5,
    .reconnects = 6,
    .width = 1920,
    .height = 1080,
    .fps = 29.5,
    .reason = "no frame for 3 s",
};

static void test_it_comes_back_as_it_went(void **state)
{
    char error[MESSAGE_ERROR_SIZE] = "";
    struct camera_status back;
    (void)state;
    for (int camera_state = 0; camera_state < CAMERA_STATES; camera_state++) {
        struct camera_status in = example;
        in.state = (enum camera_state)camera_state;
        json_t *body = camera_status_to_json(&in);
        assert_true(message_check(MESSAGE_STATUS, body, error));
        camera_status_from_json(body, &back);
        json_decref(body);
        assert_int_equal(back.state, in.state);
        assert_true(back.since_ns == in.since_ns);
        assert_int_equal(back.frames, in.frames);
        assert_int_equal(back.bad, in.bad);
        assert_int_equal(back.reconnects, in.reconnects);
        assert_int_equal(back.width, in.width);
        assert_int_equal(back.height, in.height);
        assert_true(fabs(back.fps - in.fps) < 1e-9);
        assert_string_equal(back.reason, in.reason);
    }
}

static void test_names_are_the_documented_ones(void **state)
{
    (void)state;
    assert_string_equal(camera_state_name(CAMERA_CONNECTING), "connecting");
    assert_string_equal(camera_state_name(CAMERA_ONLINE), "online");
    assert_string_equal(camera_state_name(CAMERA_STALE), "stale");
    assert_string_equal(camera_state_name(CAMERA_OFFLINE), "offline");
    assert_string_equal(camera_state_name(CAMERA_FROZEN), "frozen");
}

/* What the message table lets through and we cannot make anything of. */
static void test_strange_values_do_no_harm(void **state)
{
    struct camera_status back;
    (void)state;
    json_t *body =
        json_pack("{s:s, s:s, s:I, s:i, s:i, s:I, s:i, s:f, s:s}", "state", "exploded", "since",
                  "18446744073709551615", "frames", (json_int_t)INT64_MAX, "bad", 0, "reconnects",
                  0, "width", (json_int_t)1 << 32, "height", 0, "fps", 1e300, "reason", "");
    assert_non_null(body);
    camera_status_from_json(body, &back);
    json_decref(body);
    assert_int_equal(back.state, CAMERA_OFFLINE);
    assert_true(back.frames == INT64_MAX);
    assert_int_equal(back.width, 0);
}

/* Whatever a camera's server said, the status must remain a message that can be sent. */
static void test_any_status_can_be_said(void **state)
{
    char error[MESSAGE_ERROR_SIZE] = "";
    struct camera_status in = example, back;
    (void)state;
    in.fps = (double)NAN;
    snprintf(in.reason, sizeof in.reason, "%s", "HTTP/1.1 500 \xff\xfe");
    json_t *body = camera_status_to_json(&in);
    assert_true(message_check(MESSAGE_STATUS, body, error));
    camera_status_from_json(body, &back);
    json_decref(body);
    assert_true(back.fps < 1e-9);
    assert_true(back.reason[0] != '\0');
}

static void test_a_long_reason_is_cut_between_characters(void **state)
{
    char reason[200] = "";
    struct camera_status back;
    (void)state;
    for (size_t start = 0; start < 3; start++) {
        reason[start] = '\0';
        while (strlen(reason) < 150) {
            strcat(reason, "\xe2\x82\xac"); /* three bytes */
        }
        json_t *body = json_pack("{s:s}", "reason", reason);
        camera_status_from_json(body, &back);
        json_decref(body);
        assert_in_range(strlen(back.reason), sizeof back.reason - 3, sizeof back.reason - 1);
        assert_memory_equal(back.reason, reason, strlen(back.reason));
        json_t *again = json_string(back.reason); /* NULL if it were not UTF-8 */
        assert_non_null(again);
        json_decref(again);
        memset(reason, 'x', start + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_comes_back_as_it_went),
        cmocka_unit_test(test_names_are_the_documented_ones),
        cmocka_unit_test(test_strange_values_do_no_harm),
        cmocka_unit_test(test_any_status_can_be_said),
        cmocka_unit_test(test_a_long_reason_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
