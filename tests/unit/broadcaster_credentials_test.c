/* Where a token is looked for. */
#include "broadcaster/access/credentials.h"

#include "tests/unit/http_request_text.h"

#define PROTOCOLS "Sec-WebSocket-Protocol: "

static void test_places(void **state)
{
    static const struct {
        const char *target, *fields;
        enum credentials place;
        const char *token;
    } cases[] = {
        {"/", "", CREDENTIALS_NONE, NULL},
        {"/", "Authorization: Bearer abc\r\n", CREDENTIALS_FIELD, "abc"},
        {"/", "authorization: bearer   abc  \r\n", CREDENTIALS_FIELD, "abc"},
        {"/", "Authorization: Bearer\r\n", CREDENTIALS_NONE, NULL},
        {"/", "Authorization: Basic YTpi\r\n", CREDENTIALS_NONE, NULL},
        {"/", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", CREDENTIALS_MALFORMED,
         NULL},
        {"/", "Authorization: Bearer 12345678901234567890\r\n", CREDENTIALS_MALFORMED, NULL},
        {"/", PROTOCOLS "abc\r\n", CREDENTIALS_NONE, NULL},
        {"/", PROTOCOLS "ringcast.json.v1, abc\r\n", CREDENTIALS_PROTOCOL, "abc"},
        {"/", PROTOCOLS "ringcast.json.v1\r\n" PROTOCOLS "abc\r\n", CREDENTIALS_PROTOCOL, "abc"},
        {"/", PROTOCOLS "ringcast.binary.v1,ringcast.json.v1,abc\r\n", CREDENTIALS_PROTOCOL, "abc"},
        {"/", PROTOCOLS "ringcast.binary.v1, ringcast.json.v1\r\n", CREDENTIALS_NONE, NULL},
        {"/", PROTOCOLS "soap, abc\r\n", CREDENTIALS_PROTOCOL, "abc"},
        {"/", PROTOCOLS "a, 12345678901234567890\r\n", CREDENTIALS_MALFORMED, NULL},
        {"/?token=abc", "", CREDENTIALS_ADDRESS, "abc"},
        {"/?a=1&token=a%2Bc", "", CREDENTIALS_ADDRESS, "a+c"},
        {"/?token=a&token=b", "", CREDENTIALS_MALFORMED, NULL},
        {"/?token=12345678901234567890", "", CREDENTIALS_MALFORMED, NULL},
        {"/?token=a", "Authorization: Bearer b\r\n", CREDENTIALS_FIELD, "b"},
        {"/?token=a", "Authorization: Basic b\r\n", CREDENTIALS_ADDRESS, "a"},
        {"/?token=a", PROTOCOLS "x, b\r\n", CREDENTIALS_PROTOCOL, "b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char token[16] = "";
        struct http_reader *reader = http_request_text(cases[i].target, cases[i].fields);
        enum credentials place = credentials_find(http_reader_request(reader), token, sizeof token);
        if (place != cases[i].place ||
            (cases[i].token != NULL && strcmp(token, cases[i].token) != 0)) {
            fail_msg("%s %s: %d \"%s\"", cases[i].target, cases[i].fields, (int)place, token);
        }
        http_reader_destroy(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
