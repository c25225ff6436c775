/* What a streamer may say, and what of a data URL is a picture. */
#include "broadcaster/intake/streamer_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/page_end.h"

#define URL "data:image/jpeg;base64,"

static enum streamer_message_kind read_text(const char *text, struct streamer_message *message)
{
    return streamer_message_read((const uint8_t *)text, strlen(text), message);
}

static void test_words(void **state)
{
    static const struct {
        const char *text;
        enum streamer_message_kind kind;
        const char *said; /* the time of a ping, a part of an error, or the frame */
    } cases[] = {
        {"ping", STREAMER_PING, NULL},
        {"pong", STREAMER_IGNORED, NULL},
        {"keepalive", STREAMER_IGNORED, NULL},
        {"{\"type\":\"ping\",\"t\":-1.5e3}", STREAMER_TIMED_PING, "-1.5e3"},
        {"{\"type\":\"ping\"}", STREAMER_TIMED_PING, "null"},
        {"{\"type\":\"ping\",\"t\":\"x\"}", STREAMER_TIMED_PING, "null"},
        {"{\"type\":\"ping\",\"t\":1111111111222222222233333333334444444444}", STREAMER_TIMED_PING,
         "null"},
        {"{\"t\":7,\"type\":\"pi\\u006eg\"}", STREAMER_TIMED_PING, "7"},
        {"{\"frame\":\"abc\"}", STREAMER_FRAME, "abc"},
        {" { \"x\" : [ 1 ] , \"frame\" : \"abc\" , \"type\":\"ping\" } ", STREAMER_FRAME, "abc"},
        {"{\"frame\":\"\"}", STREAMER_FRAME, ""},
        {"{\"fr\\u0061me\":\"a\\/b\"}", STREAMER_FRAME, "a\\/b"},
        {"{\"frame\":\"a\\\"b\"}", STREAMER_FRAME, "a\\\"b"},
        {"", STREAMER_WRONG, "JSON"},
        {"pings", STREAMER_WRONG, "JSON"},
        {"[]", STREAMER_WRONG, "JSON"},
        {"{}", STREAMER_WRONG, "no frame"},
        {"{\"type\":\"frame\"}", STREAMER_WRONG, "no frame"},
        {"{\"frame\":null}", STREAMER_WRONG, "not a string"},
        {"{\"frame\":\"a\"", STREAMER_WRONG, "JSON"},
        {"{\"frame\":\"a", STREAMER_WRONG, "JSON"},
        {"{\"frame\":\"a\"}x", STREAMER_WRONG, "JSON"},
        {"{\"frame\":\"a\",}", STREAMER_WRONG, "JSON"},
        {"{\"frame\":\"a\\x\"}", STREAMER_WRONG, "JSON"},
        {"{\"frame\":\"a\",\"frame\":\"b\"}", STREAMER_WRONG, "twice"},
        {URL "abc", STREAMER_WRONG, "stands alone"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct streamer_message message;
        enum streamer_message_kind kind = read_text(cases[i].text, &message);
        assert_int_equal(kind, cases[i].kind);
        if (kind == STREAMER_TIMED_PING) {
            assert_string_equal(message.time, cases[i].said);
        } else if (kind == STREAMER_WRONG) {
            assert_non_null(strstr(message.error, cases[i].said));
        } else if (kind == STREAMER_FRAME) {
            assert_int_equal(message.frame.raw.size, strlen(cases[i].said));
            assert_memory_equal(message.frame.raw.data, cases[i].said, strlen(cases[i].said));
            assert_int_equal(message.frame.escaped, strchr(cases[i].said, '\\') != NULL);
        }
    }
}

static void test_data_urls(void **state)
{
    static const struct {
        const char *url, *base64, *error; /* error: a part of it; NULL: none */
    } cases[] = {
        {URL "abcd", "abcd", NULL},
        {"DATA:Image/JPEG;BASE64,abcd", "abcd", NULL},
        {"data:image/jpg;base64,*", "*", NULL},
        {"data:image/jpeg;charset=x;q=1;base64,ab,cd", "ab,cd", NULL},
        {"", NULL, "empty"},
        {"/9j/4AAQSkZJRg", NULL, "bare base64"},
        {"abcd", NULL, "bare base64"},
        {"abc", NULL, "not a data URL"},
        {"http://x/y.jpg", NULL, "not a data URL"},
        {"data:image/jpeg;q=\x01;base64,abcd", NULL, "not a data URL"},
        {"data:image/jpeg; base64,abcd", NULL, "not a data URL"},
        {"data:", NULL, "without data"},
        {URL, NULL, "without data"},
        {"data:image/jpeg;base64", NULL, "without data"},
        {"data:,abcd", NULL, "another type"},
        {"data:image/gif;base64,abcd", NULL, "another type"},
        {"data:image/jpegs;base64,abcd", NULL, "another type"},
        {"data:image/png;base64,abcd", NULL, "PNG"},
        {"data:image/webp;base64,abcd", NULL, "WebP"},
        {"data:image/jpeg,abcd", NULL, "not in base64"},
        {"data:image/jpeg;base6,abcd", NULL, "not in base64"},
        {"data:image/jpegbase64,abcd", NULL, "another type"},
        {"data:image/jpeg;xbase64,abcd", NULL, "not in base64"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct byte_span base64, url = {(const uint8_t *)cases[i].url, strlen(cases[i].url)};
        const char *error = streamer_frame_base64(url, &base64);
        if (cases[i].error != NULL) {
            assert_non_null(error);
            assert_non_null(strstr(error, cases[i].error));
        } else {
            assert_null(error);
            assert_int_equal(base64.size, strlen(cases[i].base64));
            assert_memory_equal(base64.data, cases[i].base64, base64.size);
        }
    }
}

/* Every beginning of a message, in memory that ends where it does. */
static void test_cut_messages_are_wrong(void **state)
{
    static const char text[] = "{\"a\":{\"b\":[1,\"\\u00e9\"]},\"frame\":\"" URL "abcd\",\"t\":1}";
    (void)state;
    for (size_t size = 0; size < sizeof text - 1; size++) {
        struct streamer_message message;
        const uint8_t *data = page_end_copy(text, size);
        assert_int_equal(streamer_message_read(data, size, &message), STREAMER_WRONG);
        assert_non_null(message.error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_data_urls),
        cmocka_unit_test(test_cut_messages_are_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
