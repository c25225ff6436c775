#include "common/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/memory.h"

#define CAPTURE     MESSAGE_SERVICE_CAPTURE
#define DETECTOR    MESSAGE_SERVICE_DETECTOR
#define BROADCASTER MESSAGE_SERVICE_BROADCASTER

#define STATUS_REST                                                                                \
    "\"frames\":1,\"bad\":0,\"reconnects\":0,\"width\":640,\"height\":480,\"fps\":25,"             \
    "\"reason\":\"\",\"version\":1}"
#define STATUS "{\"type\":\"status\",\"state\":\"online\",\"since\":\"5\"," STATUS_REST

static void parse(const char *text, size_t size, enum message_direction direction,
                  enum message_service service, size_t descriptors, int expected)
{
    char error[MESSAGE_ERROR_SIZE] = "";
    json_t *body = NULL;
    int type = message_parse(text, size, direction, service, descriptors, &body, error);
    if (type != expected) {
        fail_msg("%.60s: %d instead of %d (%s)", text, type, expected, error);
    }
    if (expected >= 0) {
        assert_true(json_is_object(body));
        json_decref(body);
    } else {
        assert_null(body);
        assert_true(error[0] != '\0');
    }
}

static void test_accepts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum message_direction direction;
        enum message_service service;
        size_t descriptors;
        enum message_type type;
    } cases[] = {
        {STATUS, MESSAGE_TO_CLIENT, CAPTURE, 0, MESSAGE_STATUS},
        {"{\"type\":\"attach\"}", MESSAGE_TO_SERVER, CAPTURE, 0, MESSAGE_ATTACH},
        {"{\"type\":\"ring\",\"generation\":\"18446744073709551615\",\"size\":1,\"bank_size\":2,"
         "\"banks\":3,\"later\":true}",
         MESSAGE_TO_CLIENT, CAPTURE, 2, MESSAGE_RING},
        {"{\"type\":\"detach\"}", MESSAGE_TO_SERVER, CAPTURE, 0, MESSAGE_DETACH},
        {"{\"type\":\"demand\",\"cameras\":[]}", MESSAGE_TO_SERVER, DETECTOR, 0, MESSAGE_DEMAND},
        {"{\"type\":\"stats\"}", MESSAGE_TO_SERVER, CAPTURE, 0, MESSAGE_STATS},
        {"{\"type\":\"stats\"}", MESSAGE_TO_SERVER, DETECTOR, 0, MESSAGE_STATS},
        {"{\"type\":\"stats\",\"config_hash\":\"a1\",\"anything\":{}}", MESSAGE_TO_CLIENT,
         BROADCASTER, 0, MESSAGE_STATS_ANSWER},
        {"{\"type\":\"viewers\"}", MESSAGE_TO_SERVER, BROADCASTER, 0, MESSAGE_VIEWERS},
        {"{\"type\":\"viewers\",\"after\":\"0a\",\"limit\":10}", MESSAGE_TO_SERVER, BROADCASTER, 0,
         MESSAGE_VIEWERS},
        {"{\"type\":\"viewers\",\"viewers\":[],\"next\":null}", MESSAGE_TO_CLIENT, BROADCASTER, 0,
         MESSAGE_VIEWERS_ANSWER},
        {"{\"type\":\"kick\",\"id\":\"01234567\"}", MESSAGE_TO_SERVER, BROADCASTER, 0,
         MESSAGE_KICK},
        {"{\"type\":\"kick\",\"kicked\":false}", MESSAGE_TO_CLIENT, BROADCASTER, 0,
         MESSAGE_KICK_ANSWER},
        {"{\"type\":\"error\",\"message\":\"no\"}", MESSAGE_TO_CLIENT, CAPTURE, 0, MESSAGE_ERROR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        parse(cases[i].text, strlen(cases[i].text), cases[i].direction, cases[i].service,
              cases[i].descriptors, (int)cases[i].type);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum message_direction direction;
        enum message_service service;
        size_t descriptors;
    } cases[] = {
        /* Not an object of ours. */
        {"", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"{", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"\xff\xfe", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"[]", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"null", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"{}", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"{\"type\":1}", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"{\"type\":\"attach\"} ,", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"{\"type\":\"attach\",\"type\":\"detach\"}", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"{\"type\":\"a\\u0000b\"}", MESSAGE_TO_SERVER, CAPTURE, 0},
        /* Unknown here. */
        {"{\"type\":\"no\\nsuch\\u00e4\"}", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"{\"type\":\"attach\"}", MESSAGE_TO_CLIENT, CAPTURE, 0},
        {"{\"type\":\"attach\"}", MESSAGE_TO_SERVER, DETECTOR, 0},
        {STATUS, MESSAGE_TO_SERVER, CAPTURE, 0},
        {"{\"type\":\"demand\",\"cameras\":[]}", MESSAGE_TO_SERVER, BROADCASTER, 0},
        /* Descriptors. */
        {"{\"type\":\"attach\"}", MESSAGE_TO_SERVER, CAPTURE, 1},
        {"{\"type\":\"ring\",\"generation\":\"1\",\"size\":1,\"bank_size\":2,\"banks\":3}",
         MESSAGE_TO_CLIENT, CAPTURE, 1},
        /* Fields. */
        {"{\"type\":\"attach\",\"fps\":5}", MESSAGE_TO_SERVER, CAPTURE, 0},
        {"{\"type\":\"demand\"}", MESSAGE_TO_SERVER, DETECTOR, 0},
        {"{\"type\":\"demand\",\"cameras\":{}}", MESSAGE_TO_SERVER, DETECTOR, 0},
        {"{\"type\":\"demand\",\"cameras\":null}", MESSAGE_TO_SERVER, DETECTOR, 0},
        {"{\"type\":\"viewers\",\"after\":1}", MESSAGE_TO_SERVER, BROADCASTER, 0},
        {"{\"type\":\"viewers\",\"limit\":-1}", MESSAGE_TO_SERVER, BROADCASTER, 0},
        {"{\"type\":\"viewers\",\"limit\":1.5}", MESSAGE_TO_SERVER, BROADCASTER, 0},
        {"{\"type\":\"viewers\",\"viewers\":[],\"next\":7}", MESSAGE_TO_CLIENT, BROADCASTER, 0},
        {"{\"type\":\"kick\",\"kicked\":1}", MESSAGE_TO_CLIENT, BROADCASTER, 0},
        {"{\"type\":\"stats\",\"config_hash\":1}", MESSAGE_TO_CLIENT, DETECTOR, 0},
        {"{\"type\":\"status\",\"state\":\"online\",\"since\":\"5\"}", MESSAGE_TO_CLIENT, CAPTURE,
         0},
        {"{\"type\":\"status\",\"state\":\"online\",\"since\":5," STATUS_REST, MESSAGE_TO_CLIENT,
         CAPTURE, 0},
        {"{\"type\":\"status\",\"state\":\"online\",\"since\":\"\"," STATUS_REST, MESSAGE_TO_CLIENT,
         CAPTURE, 0},
        {"{\"type\":\"status\",\"state\":\"online\",\"since\":\"-1\"," STATUS_REST,
         MESSAGE_TO_CLIENT, CAPTURE, 0},
        {"{\"type\":\"status\",\"state\":\"online\",\"since\":\"18446744073709551616\"," STATUS_REST,
         MESSAGE_TO_CLIENT, CAPTURE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        parse(cases[i].text, strlen(cases[i].text), cases[i].direction, cases[i].service,
              cases[i].descriptors, -1);
    }
}

/* An error text goes into a log line and into a JSON string: it is plain ASCII whatever came. */
static void test_error_is_plain_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"type\":\"\\u00e4\\n\\u001b[31m\"}",
        "{\"type\":\"attach\",\"\xc3\xa4\\n\":1}",
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char error[MESSAGE_ERROR_SIZE];
        json_t *body;
        assert_int_equal(
            message_parse(texts[i], strlen(texts[i]), MESSAGE_TO_SERVER, CAPTURE, 0, &body, error),
            -1);
        assert_true(strlen(error) > 0);
        for (const char *c = error; *c != '\0'; c++) {
            assert_true(*c >= ' ' && *c < 0x7f);
        }
    }
}

/* Tens of thousands of brackets must neither overflow the stack nor be taken. */
static void test_deep_and_large(void **state)
{
    (void)state;
    size_t size = MESSAGE_BYTES_MAX + 1;
    char *text = xmalloc(size);
    memset(text, '[', size);
    parse(text, MESSAGE_BYTES_MAX, MESSAGE_TO_SERVER, CAPTURE, 0, -1);

    memset(text, ' ', size);
    memcpy(text, "{\"type\":\"attach\"}", strlen("{\"type\":\"attach\"}"));
    parse(text, MESSAGE_BYTES_MAX, MESSAGE_TO_SERVER, CAPTURE, 0, MESSAGE_ATTACH);
    parse(text, size, MESSAGE_TO_SERVER, CAPTURE, 0, -1);
    free(text);
}

static void test_checks_our_own(void **state)
{
    (void)state;
    char error[MESSAGE_ERROR_SIZE] = "";
    json_t *body = json_pack("{s:s,s:i}", "type", "kick", "kicked", 1);
    assert_false(message_check(MESSAGE_KICK_ANSWER, body, error));
    assert_non_null(strstr(error, "kicked"));
    json_object_set_new(body, "kicked", json_true());
    assert_true(message_check(MESSAGE_KICK_ANSWER, body, error));
    /* What a stranger may add, we must not: it would be a slip of the pen. */
    json_object_set_new(body, "kcked", json_true());
    assert_false(message_check(MESSAGE_KICK_ANSWER, body, error));
    /* A reload is waited for by the hash in `stats`; what else is in there is the process's own. */
    assert_false(message_check(MESSAGE_STATS_ANSWER, body, error));
    json_object_set_new(body, "config_hash", json_string("a1"));
    assert_true(message_check(MESSAGE_STATS_ANSWER, body, error));
    json_decref(body);
    assert_false(message_check(MESSAGE_STATS, NULL, error));
}

static void test_descriptors_and_slots(void **state)
{
    (void)state;
    for (int type = 0; type < MESSAGE_TYPES; type++) {
        assert_non_null(message_name((enum message_type)type));
        assert_true(message_descriptors((enum message_type)type) <= MESSAGE_DESCRIPTORS_MAX);
        if (message_newest_only((enum message_type)type)) {
            /* A message that is replaced in its slot cannot own anything. */
            assert_int_equal(message_descriptors((enum message_type)type), 0);
        }
    }
    assert_string_equal(message_name(MESSAGE_STATS), message_name(MESSAGE_STATS_ANSWER));
    assert_int_equal(message_descriptors(MESSAGE_RING), 2);
    assert_true(message_newest_only(MESSAGE_STATUS));
    assert_true(message_newest_only(MESSAGE_DEMAND));
    assert_false(message_newest_only(MESSAGE_RING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_error_is_plain_text),
        cmocka_unit_test(test_deep_and_large),
        cmocka_unit_test(test_checks_our_own),
        cmocka_unit_test(test_descriptors_and_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
