/* Request lines, hosts and fields, as the reader hands them over. */
#include "broadcaster/protocol/http_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/http_request_text.h"
#include "tests/unit/http_transcript.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* --- request lines --- */

static const struct {
    const char *line;
    int status;
} bad_lines[] = {
    {"", 400},
    {"GET", 400},
    {"GET ", 400},
    {"GET /", 400},
    {"GET / ", 400},
    {" GET / HTTP/1.1", 400},
    {"GET  / HTTP/1.1", 400},
    {"GET /  HTTP/1.1", 400},
    {"GET / HTTP/1.1 ", 400},
    {"GET / HTTP/1.1 x", 400},
    {"GET\t/ HTTP/1.1", 400},
    {"GET /\tHTTP/1.1", 400},
    {"GET HTTP/1.1", 400},
    {"GET / HTTP/1.10", 400},
    {"GET / HTTP/1.", 400},
    {"GET / HTTP/1", 400},
    {"GET / HTTP/11", 400},
    {"GET / HTTP/.1", 400},
    {"GET / HTTP/1.1.", 400},
    {"GET / HTTP/1,1", 400},
    {"GET / HTTP/-1.1", 400},
    {"GET / HTTP/+1.1", 400},
    {"GET / HTTP/x.1", 400},
    {"GET / HTTP/1.x", 400},
    {"GET / http/1.1", 400},
    {"GET / Http/1.1", 400},
    {"GET / HTTPS/1.1", 400},
    {"GET / HTTP 1.1", 400},
    {"GET / HTTP//1.1", 400},
    {"GET / FTP/1.1", 400},
    {"GET / HTTP/0.9", 505},
    {"GET / HTTP/2.0", 505},
    {"GET / HTTP/3.0", 505},
    {"GET / HTTP/9.9", 505},
    {"PRI * HTTP/2.0", 505},
    {"G(T / HTTP/1.1", 400},
    {"G@T / HTTP/1.1", 400},
    {"G\"T / HTTP/1.1", 400},
    {"G/T / HTTP/1.1", 400},
    {"G:T / HTTP/1.1", 400},
    {"G[T / HTTP/1.1", 400},
    {"G{T / HTTP/1.1", 400},
    {"G,T / HTTP/1.1", 400},
    {"G\xc3\xa9T / HTTP/1.1", 400},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1", 501},
};

static void test_request_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_lines); i++) {
        char expected[8];
        snprintf(expected, sizeof expected, "!%d", bad_lines[i].status);
        if (bad_lines[i].line[0] == '\0') {
            expect_text("\r\n\r\n\r\n", expected);
        } else {
            /* The line alone is enough: nobody waits for the rest of such a request. */
            expect_format(expected, "%s\r\n", bad_lines[i].line);
        }
    }
}

/* --- hosts --- */

static void test_hosts(void **state)
{
    static const char *const good[] = {
        "a",      "example.org", "EXAMPLE.org:80", "127.0.0.1",     "127.0.0.1:8069",
        "a:",     "a:0",         "a:65535",        "[::1]",         "[::1]:80",
        "[::1]:", "[fe80::1]",   "a-b_c.d~e",      "[::127.0.0.1]", "a.",
    };
    static const char *const bad[] = {
        "",         ":",         ":80",      "a:x",     "a:-1",    "a:+1",
        "a:65536",  "a:99999",   "a:080000", "a b",     "a,b",     "a/b",
        "u@a",      "a@",        "[",        "[]",      "[::1",    "::1",
        "[::g]",    "[1.2.3.4]", "[::1]x",   "[::1]80", "[::1]:x", "a\\b",
        "a\"b",     "a?b",       "a#b",      "a%20b",   "a:80:80", "a:8 0",
        "\xc3\xa9", "<a>",       "a;b",      "{a}",     "a|b",     "[fe80::1%eth0]",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        char expected[128];
        snprintf(expected, sizeof expected, "GET / @%s 1.1 keep ||.", good[i]);
        expect_format(expected, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        expect_format("!400", "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
    }
}

/* --- fields --- */

static void test_field_lines(void **state)
{
    static const char *const bad[] = {
        ":",     ": x",    ":x",    "x",      "x y: z", "x : z",        "x\t: z",
        " x: z", "\tx: z", " ",     "\t",     "x(: z",  "x@: z",        "x[: z",
        "x]: z", "x{: z",  "x}: z", "x/: z",  "x?: z",  "x=: z",        "x,: z",
        "x;: z", "x<: z",  "x>: z", "x\\: z", "x\": z", "x\xc3\xa9: z", "\xef\xbb\xbfx: z",
        "=x",
    };
    static const char *const good[] = {
        "X:",
        "X: ",
        "X:y",
        "X: y z",
        "X: \t y\tz \t",
        "!#$%&'*+-.^_`|~: x",
        "X: \xc3\xa9\x80\xff",
        "X: a: b:c",
        "X: \"quoted\\\"\"",
        "X: ;,=()<>@[]{}?/\\",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        expect_format("!400", "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", bad[i]);
        expect_format("!400", "GET / HTTP/1.1\r\n%s\r\nHost: a\r\n\r\n", bad[i]);
        expect_format("POST / @a 1.1 keep chunked |!400",
                      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "0\r\n%s\r\n\r\n",
                      bad[i]);
    }
    for (size_t i = 0; i < COUNT(good); i++) {
        expect_format("GET / @a 1.1 keep ||.", "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", good[i]);
        expect_format("POST / @a 1.1 keep chunked ||.",
                      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "0\r\n%s\r\n\r\n",
                      good[i]);
    }
}

/* Each control character, and NUL, at each place of a head. */
static void test_control_characters(void **state)
{
    static const char head[] = "GET /p HTTP/1.1\r\nHost: a\r\nX-Y: value\r\n\r\n";
    (void)state;
    for (int c = 0; c < 256; c++) {
        if ((c >= ' ' && c < 0x7f) || c >= 0x80) {
            continue;
        }
        for (size_t at = 0; at < sizeof head - 1; at++) {
            char bytes[sizeof head];
            memcpy(bytes, head, at);
            bytes[at] = (char)c;
            memcpy(bytes + at + 1, head + at, sizeof head - 1 - at);
            const char *expected = "!400";
            bool in_value = (at >= 22 && at <= 24) || (at >= 30 && at <= 36);
            if (c == '\t' && in_value) {
                expected = "GET /p @a 1.1 keep ||.";
            } else if (c == '\n' && at == sizeof head - 2) {
                expected = "GET /p @a 1.1 keep ||.!400"; /* the head ends a byte earlier */
            }
            static struct transcript transcript;
            read_pieces(&transcript, bytes, sizeof bytes, sizeof bytes, 1);
            assert_string_equal(transcript.text, expected);
            read_pieces(&transcript, bytes, sizeof bytes, 1, 1);
            assert_string_equal(transcript.text, expected);
        }
    }
}

static void test_line_ends(void **state)
{
    (void)state;
    expect_text("GET / HTTP/1.1\nHost: a\n\n", "!400");
    expect_text("GET / HTTP/1.1\r\nHost: a\n\r\n", "!400");
    expect_text("GET / HTTP/1.1\r\nHost: a\r\n\n", "!400");
    expect_text("GET / HTTP/1.1\r\rHost: a\r\n\r\n", "!400");
    expect_text("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "!400");
    expect_text("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", "!400");
    expect_text("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n", "!400");
    expect_text("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "!400");
    expect_text("\r\rGET / HTTP/1.1\r\n", "!400");
    expect_text("\x16\x03\x01\x02", "!400"); /* TLS where none is spoken: said at once */
}

/* --- what the request can be asked --- */

static void test_fields_are_found(void **state)
{
    (void)state;
    struct http_reader *reader = http_request_read(
        "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1 \r\nTwice: a, b\r\ntwice: C ,d\r\n\r\n");
    const struct http_request *request = http_reader_request(reader);
    const struct http_text *one = http_request_field(request, "x-ONE");
    assert_non_null(one);
    assert_int_equal(one->size, 1);
    assert_memory_equal(one->data, "1", 1);
    assert_null(http_request_field(request, "Twice"));
    assert_null(http_request_field(request, "X-On"));
    assert_null(http_request_field(request, "X-One1"));
    assert_int_equal(http_request_field_count(request, "TWICE"), 2);
    assert_int_equal(http_request_field_count(request, "None"), 0);
    assert_true(http_request_has_token(request, "Twice", "b"));
    assert_true(http_request_has_token(request, "Twice", "c"));
    assert_true(http_request_has_token(request, "Twice", "D"));
    assert_false(http_request_has_token(request, "Twice", "a, b"));
    assert_false(http_request_has_token(request, "Twice", ""));
    assert_false(http_request_has_token(request, "None", "a"));
    http_reader_destroy(reader);
}

static void test_who_is_about_to_show_a_page(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        bool page;
    } samples[] = {
        {"", false},
        {"Accept: */*\r\n", false},
        {"Accept: image/avif,image/webp,*/*;q=0.8\r\n", false},
        {"X-Accept: text/html\r\n", false},
        {"Accept: text/html\r\n", true},
        {"accept: application/xml;q=0.9, text/html;q=0.8\r\n", true},
        {"Accept: image/webp\r\nAccept: text/html\r\n", true},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", samples[i].fields);
        struct http_reader *reader = http_request_read(text);
        assert_int_equal(http_request_wants_page(http_reader_request(reader)), samples[i].page);
        http_reader_destroy(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_lines),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_field_lines),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_fields_are_found),
        cmocka_unit_test(test_who_is_about_to_show_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
