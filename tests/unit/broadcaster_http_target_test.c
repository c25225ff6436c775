/* Paths, queries and absolute targets, as the reader hands them over. */
#include "broadcaster/protocol/http_target.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/http_request_text.h"
#include "tests/unit/http_transcript.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* --- targets --- */

static const struct {
    const char *target, *expected; /* NULL: 400 */
} targets[] = {
    {"/", "/"},
    {"/a/b", "/a/b"},
    {"//a", "//a"},
    {"/a//b/", "/a//b/"},
    {"/a%20b", "/a b"},
    {"/%61%62", "/ab"},
    {"/%C3%A9", "/\xc3\xa9"},
    {"/%c3%a9", "/\xc3\xa9"},
    {"/%F0%9F%9A%97", "/\xf0\x9f\x9a\x97"},
    {"/a%3Fb", "/a?b"},
    {"/a%23b", "/a#b"},
    {"/100%25", "/100%"},
    {"/a;b=c", "/a;b=c"},
    {"/a:b@c!$&'()*+,;=-._~", "/a:b@c!$&'()*+,;=-._~"},
    {"/a|b[c]", "/a|b[c]"},
    {"/...", "/..."},
    {"/.a/..b/c.", "/.a/..b/c."},
    {"/a..b", "/a..b"},
    {"/?", "/"},
    {"/?a", "/ ?a"},
    {"/?a=%00", "/ ?a=%00"},
    {"/?a=../..", "/ ?a=../.."},
    {"/?a=b?c/d", "/ ?a=b?c/d"},
    {"/?a={b}|\\^`", "/ ?a={b}|\\^`"},
    {"http://h", "/ @h"},
    {"http://h/", "/ @h"},
    {"http://h?x", "/ ?x @h"},
    {"http://h/a?x", "/a ?x @h"},
    {"HTTP://h:8069/a", "/a @h:8069"},
    {"https://h/a", "/a @h"},
    {"http://[::1]:80/a", "/a @[::1]:80"},
    {"http://127.0.0.1/", "/ @127.0.0.1"},
    {"http://h//a", "//a @h"},
    {"*", NULL},
    {"a", NULL},
    {"a/b", NULL},
    {"?x", NULL},
    {"*x", NULL},
    {"h:80", NULL},
    {"http:", NULL},
    {"http:/", NULL},
    {"http://", NULL},
    {"http:///a", NULL},
    {"http://?x", NULL},
    {"http://:80/", NULL},
    {"http://h:x/", NULL},
    {"http://h:65536/", NULL},
    {"http://u@h/", NULL},
    {"http://u:p@h/", NULL},
    {"http://[::1/", NULL},
    {"http://[::g]/", NULL},
    {"http://h\\/", NULL},
    {"ftp://h/", NULL},
    {"file:///etc/passwd", NULL},
    {"ws://h/", NULL},
    {"javascript:x", NULL},
    {"http://h/..", NULL},
    {"http://h/%2e", NULL},
    {"/a#b", NULL},
    {"/#", NULL},
    {"/a?b#c", NULL},
    {"/a\\b", NULL},
    {"/\\..\\a", NULL},
    {"/a\"b", NULL},
    {"/a<b", NULL},
    {"/a>b", NULL},
    {"/a^b", NULL},
    {"/a`b", NULL},
    {"/a{b", NULL},
    {"/a}b", NULL},
    {"/a?b=\"", NULL},
    {"/a?b=<", NULL},
    {"/a?b=>", NULL},
    {"/\xc3\xa9", NULL},
    {"/\x80", NULL},
    {"/?\xc3\xa9", NULL},
    {"/%", NULL},
    {"/%4", NULL},
    {"/%4g", NULL},
    {"/%g4", NULL},
    {"/%%41", NULL},
    {"/%u0041", NULL},
    {"/% 1", NULL},
    {"/%-1", NULL},
    {"/%+1", NULL},
    {"/%0x", NULL},
    {"/%?41", NULL},
    {"/%00", NULL},
    {"/a%00b", NULL},
    {"/%01", NULL},
    {"/%09", NULL},
    {"/%0a", NULL},
    {"/%0d%0aX:y", NULL},
    {"/%1f", NULL},
    {"/%7f", NULL},
    {"/%2f", NULL},
    {"/a%2Fb", NULL},
    {"/%5c", NULL},
    {"/a%5Cb", NULL},
    {"/.", NULL},
    {"/..", NULL},
    {"/./a", NULL},
    {"/../a", NULL},
    {"/a/.", NULL},
    {"/a/..", NULL},
    {"/a/./b", NULL},
    {"/a/../b", NULL},
    {"/%2e", NULL},
    {"/%2E", NULL},
    {"/%2e%2e", NULL},
    {"/%2E%2e/", NULL},
    {"/.%2e", NULL},
    {"/%2e.", NULL},
    {"/a/%2e%2e/b", NULL},
    {"/%252e%252e/", NULL},
    {"/%252f", NULL},
    {"/%2541", NULL},
    {"/..;/a", NULL},
    {"/..;x=y/a", NULL},
    {"/.;/a", NULL},
    {"/%2e%2e;/a", NULL},
    {"/%c0%ae%c0%ae/", NULL}, /* overlong */
    {"/%c0%af", NULL},
    {"/%e0%80%af", NULL},
    {"/%ed%a0%80", NULL}, /* a surrogate */
    {"/%f4%90%80%80", NULL},
    {"/%ff", NULL},
    {"/%c3", NULL},
    {"/%80", NULL},
};

static void test_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++) {
        char expected[256] = "!400";
        if (targets[i].expected != NULL) {
            bool absolute = strstr(targets[i].expected, " @") != NULL;
            snprintf(expected, sizeof expected, "GET %s%s 1.1 keep ||.", targets[i].expected,
                     absolute ? "" : " @a");
        }
        expect_format(expected, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i].target);
    }
}

static void test_every_byte_of_a_path(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char text[64], escaped[64], expected[64] = "!400";
        bool plain = c > ' ' && c < 0x7f && strchr("\"#<>\\^`{}%?", c) == NULL;
        snprintf(text, sizeof text, "GET /a%cb HTTP/1.1\r\nHost: a\r\n\r\n", c);
        if (plain) {
            snprintf(expected, sizeof expected, "GET /a%cb @a 1.1 keep ||.", c);
        } else if (c == '?') {
            snprintf(expected, sizeof expected, "GET /a ?b @a 1.1 keep ||.");
        }
        expect_text(text, expected);
        snprintf(escaped, sizeof escaped, "GET /a%%%02Xb HTTP/1.1\r\nHost: a\r\n\r\n", (unsigned)c);
        snprintf(expected, sizeof expected, "!400");
        if (c >= ' ' && c < 0x7f && c != '/' && c != '\\') {
            snprintf(expected, sizeof expected, "GET /a%cb @a 1.1 keep ||.", c);
        }
        expect_text(escaped, expected);
    }
}

/* --- parameters --- */

static void test_parameters(void **state)
{
    static const struct {
        const char *query, *name;
        int result;
        const char *value;
    } cases[] = {
        {"a=1", "a", 0, "1"},
        {"a=1&b=2", "b", 0, "2"},
        {"a=1&b=2", "c", -ENOENT, NULL},
        {"a=1&a=2", "a", -EINVAL, NULL},
        {"a=1&%61=2", "a", -EINVAL, NULL},
        {"%61=1", "a", 0, "1"},
        {"a", "a", 0, ""},
        {"a=", "a", 0, ""},
        {"a=b=c", "a", 0, "b=c"},
        {"a=x+y%20z", "a", 0, "x y z"},
        {"a=%2b", "a", 0, "+"},
        {"a=%c3%a9", "a", 0, "\xc3\xa9"},
        {"&&a=1&&", "a", 0, "1"},
        {"aa=1&a=2", "a", 0, "2"},
        {"A=1", "a", -ENOENT, NULL},
        {"a=%", "a", -EINVAL, NULL},
        {"a=%4", "a", -EINVAL, NULL},
        {"a=%zz", "a", -EINVAL, NULL},
        {"a=%00", "a", -EINVAL, NULL},
        {"a=x%00y", "a", -EINVAL, NULL},
        {"a=1&b=%zz", "a", 0, "1"},
        {"a=12345678901", "a", -EINVAL, NULL}, /* does not fit */
        {"a=1234567", "a", 0, "1234567"},
        {"a=12345678", "a", -EINVAL, NULL},
        {"", "a", -ENOENT, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[128], value[8];
        snprintf(text, sizeof text, "GET /?%s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].query);
        struct http_reader *reader = http_request_read(text);
        assert_int_equal(
            http_request_parameter(http_reader_request(reader), cases[i].name, value, sizeof value),
            cases[i].result);
        if (cases[i].result == 0) {
            assert_string_equal(value, cases[i].value);
        }
        http_reader_destroy(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_every_byte_of_a_path),
        cmocka_unit_test(test_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
