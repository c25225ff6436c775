/* What viewers say, and which subprotocol they get. */
#include "broadcaster/viewers/viewer_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "broadcaster/protocol/subprotocol.h"
#include "tests/unit/page_end.h"

static void test_messages(void **state)
{
    static const struct {
        const char *text;
        enum viewer_message_type type;
        const char *time; /* of a timed ping */
    } cases[] = {
        {"ping", VIEWER_PING, NULL},
        {"pong", VIEWER_IGNORED, NULL},
        {"keepalive", VIEWER_IGNORED, NULL},
        {"{\"type\":\"ping\",\"t\":123}", VIEWER_TIMED_PING, "123"},
        {"{\"t\":1.50e3,\"type\":\"ping\"}", VIEWER_TIMED_PING, "1.50e3"},
        {" { \"type\" : \"p\\u0069ng\" , \"t\" : -0.5 } ", VIEWER_TIMED_PING, "-0.5"},
        {"{\"type\":\"ping\"}", VIEWER_TIMED_PING, "null"},
        {"{\"type\":\"ping\",\"t\":\"\\\"}\"}", VIEWER_TIMED_PING, "null"},
        {"{\"type\":\"ping\",\"t\":[1]}", VIEWER_TIMED_PING, "null"},
        {"{\"type\":\"ping\",\"t\":123456789012345678901234567890123456789}", VIEWER_TIMED_PING,
         "123456789012345678901234567890123456789"},
        {"{\"type\":\"ping\",\"t\":1234567890123456789012345678901234567890}", VIEWER_TIMED_PING,
         "null"},
        {"{\"type\":\"subscribed\"}", VIEWER_WRONG, NULL},
        {"{\"type\":1}", VIEWER_WRONG, NULL},
        {"{}", VIEWER_WRONG, NULL},
        {"", VIEWER_WRONG, NULL},
        {"pin", VIEWER_WRONG, NULL},
        {"pings", VIEWER_WRONG, NULL},
        {"PING", VIEWER_WRONG, NULL},
        {"[\"ping\"]", VIEWER_WRONG, NULL},
        {"{\"type\":\"ping\"", VIEWER_WRONG, NULL},
        {"{\"type\":\"ping\"}}", VIEWER_WRONG, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct viewer_message message;
        size_t size = strlen(cases[i].text);
        viewer_message_read(page_end_copy(cases[i].text, size), size, &message);
        if (message.type != cases[i].type) {
            fail_msg("%s: %d, not %d", cases[i].text, message.type, cases[i].type);
        }
        if (cases[i].time != NULL) {
            assert_string_equal(message.time, cases[i].time);
        }
        if (message.type == VIEWER_WRONG) {
            assert_non_null(message.error);
        }
    }
}

static void test_requests(void **state)
{
    static const struct {
        const char *text;
        enum viewer_message_type type;
        const char *camera;
        int kind; /* -1: none was named */
        unsigned given;
    } cases[] = {
        {"{\"type\":\"subscribe\",\"camera_id\":\"CAM1\"}", VIEWER_SUBSCRIBE, "CAM1", -1, 0},
        {"{\"kind\":\"raw\",\"camera_id\":\"a.b-c_d\",\"type\":\"subscribe\",\"fps\":5,"
         "\"metadata\":true}",
         VIEWER_SUBSCRIBE, "a.b-c_d", STREAM_RAW, 1U << WISH_FPS | 1U << WISH_METADATA},
        {"{\"type\":\"subscribe\",\"camera_id\":\"C\",\"kind\":\"detect\",\"conf\":0.5,"
         "\"show_labels\":false,\"skip_frames\":3,\"more\":[{}]}",
         VIEWER_SUBSCRIBE, "C", STREAM_DETECT,
         1U << WISH_CONF | 1U << WISH_LABELS | 1U << WISH_SKIP_FRAMES},
        {"{\"type\":\"unsubscribe\",\"camera_id\":\"C\"}", VIEWER_UNSUBSCRIBE, "C", -1, 0},
        {"{\"type\":\"set\",\"fps\":0.1}", VIEWER_SET, "", -1, 1U << WISH_FPS},
        {"{\"type\":\"pause\"}", VIEWER_PAUSE, "", -1, 0},
        {"{\"type\":\"resume\",\"camera_id\":\"C\"}", VIEWER_RESUME, "C", -1, 0},
        {"{\"type\":\"subscribe\"}", VIEWER_WRONG, NULL, -1, 0},
        {"{\"type\":\"subscribe\",\"camera_id\":\"\"}", VIEWER_WRONG, NULL, -1, 0},
        {"{\"type\":\"subscribe\",\"camera_id\":\"C\\u0000\"}", VIEWER_WRONG, NULL, -1, 0},
        {"{\"type\":\"subscribe\",\"camera_id\":5}", VIEWER_WRONG, NULL, -1, 0},
        {"{\"type\":\"subscribe\",\"camera_id\":\"C\",\"kind\":\"\"}", VIEWER_WRONG, NULL, -1, 0},
        {"{\"type\":\"subscribe\",\"camera_id\":\"C\",\"kind\":null}", VIEWER_WRONG, NULL, -1, 0},
        {"{\"type\":\"unsubscribe\"}", VIEWER_WRONG, NULL, -1, 0},
        {"{\"type\":\"set\",\"fps\":\"5\"}", VIEWER_WRONG, NULL, -1, 0},
        {"{\"type\":\"set\",\"fps\":[5]}", VIEWER_WRONG, NULL, -1, 0},
        {"{\"type\":\"set\",\"conf\":0.5,\"fps\":1e3}", VIEWER_WRONG, NULL, -1, 0},
        {"{\"type\":\"set\",\"skip_frames\":0.0000000000000000000000000000000001}", VIEWER_WRONG,
         NULL, -1, 0},
        {"{\"type\":\"subscribesubscribe\",\"camera_id\":\"C\"}", VIEWER_WRONG, NULL, -1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct viewer_message message;
        size_t size = strlen(cases[i].text);
        viewer_message_read(page_end_copy(cases[i].text, size), size, &message);
        if (message.type != cases[i].type) {
            fail_msg("%s: %d, not %d", cases[i].text, message.type, cases[i].type);
        }
        if (message.type == VIEWER_WRONG) {
            assert_non_null(message.error);
            continue;
        }
        assert_string_equal(message.camera, cases[i].camera);
        assert_int_equal(message.has_kind ? (int)message.kind : -1, cases[i].kind);
        assert_int_equal(message.changes.given, cases[i].given);
    }
}

static void test_subprotocols(void **state)
{
    static const struct {
        const char *first, *second; /* the values of one or two fields; NULL: none */
        const char *chosen;
    } cases[] = {
        {NULL, NULL, NULL},
        {"ringcast.binary.v1", NULL, "ringcast.binary.v1"},
        {"ringcast.json.v1", NULL, "ringcast.json.v1"},
        {"ringcast.json.v1, ringcast.binary.v1", NULL, "ringcast.json.v1"},
        {"secret-token,ringcast.binary.v1", NULL, "ringcast.binary.v1"},
        {" mqtt ,\tringcast.binary.v1\t, x", NULL, "ringcast.binary.v1"},
        {"mqtt", "ringcast.binary.v1", "ringcast.binary.v1"},
        {"mqtt", NULL, NULL},
        {"ringcast.binary.v", NULL, NULL},
        {"ringcast.binary.v11", NULL, NULL},
        {"Ringcast.Binary.V1", NULL, NULL},
        {",,", NULL, NULL},
        {"", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_field fields[3] = {{.name = {"Host", 4}, .value = {"ringcast.json.v1", 16}}};
        struct http_request request = {.fields = fields, .field_count = 1};
        const char *values[] = {cases[i].first, cases[i].second};
        for (size_t k = 0; k < 2; k++) {
            if (values[k] != NULL) {
                fields[request.field_count++] = (struct http_field){
                    .name = {"sec-websocket-protocol", 22},
                    .value = {values[k], strlen(values[k])},
                };
            }
        }
        const char *chosen = subprotocol_choose(&request);
        if (cases[i].chosen == NULL) {
            assert_null(chosen);
        } else {
            assert_non_null(chosen);
            assert_string_equal(chosen, cases[i].chosen);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_subprotocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
