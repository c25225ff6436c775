#include "broadcaster/protocol/http_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TRANSCRIPT_SIZE 65536
#define COUNT(array)    (sizeof(array) / sizeof(array)[0])

/* What the reader said, as text: "GET /path ?query @host 1.1 keep |body|." for each request, "!400" for
 * an error; neighbouring pieces of a body are one. */
struct transcript {
    char text[TRANSCRIPT_SIZE];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void say(struct transcript *transcript,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(transcript->text + transcript->size, TRANSCRIPT_SIZE - transcript->size,
                           format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < TRANSCRIPT_SIZE - transcript->size);
    transcript->size += (size_t)length;
}

static void say_request(struct transcript *transcript, const struct http_request *request)
{
    say(transcript, "%.*s %s", (int)request->method_name.size, request->method_name.data,
        request->path);
    if (request->query.size > 0) {
        say(transcript, " ?%.*s", (int)request->query.size, request->query.data);
    }
    if (request->host.size > 0) {
        say(transcript, " @%.*s", (int)request->host.size, request->host.data);
    }
    say(transcript, " 1.%d%s%s%s |", request->minor_version, request->keep_alive ? " keep" : "",
        request->expect_continue ? " expect" : "",
        request->framing == HTTP_BODY_CHUNKED ? " chunked" : "");
}

/* Feeds one piece; false after an error. */
static bool feed(struct http_reader *reader, struct transcript *transcript, const char *bytes,
                 size_t size)
{
    enum http_event event;
    do {
        struct http_text body;
        size_t consumed;
        const char *message = NULL;
        event = http_reader_feed(reader, (const uint8_t *)bytes, size, &consumed, &body);
        assert_true(consumed <= size);
        if (event == HTTP_REQUEST) {
            assert_false(http_reader_in_head(reader));
            say_request(transcript, http_reader_request(reader));
        } else if (event == HTTP_BODY) {
            assert_true(body.size > 0 && body.data >= bytes &&
                        body.data + body.size <= bytes + size);
            say(transcript, "%.*s", (int)body.size, body.data);
        } else if (event == HTTP_END) {
            say(transcript, "|.");
        } else if (event == HTTP_ERROR) {
            say(transcript, "!%d", http_reader_error(reader, &message));
            assert_non_null(message);
            return false;
        } else {
            assert_int_equal(consumed, size);
        }
        bytes += consumed;
        size -= consumed;
    } while (event != HTTP_NEED_MORE);
    return true;
}

/* In pieces of `step` bytes after a first one of `first`. Each piece lies in memory of its own, so that
 * a sanitizer sees every look beyond its end. */
static void read_pieces(struct transcript *transcript, const char *bytes, size_t size, size_t first,
                        size_t step)
{
    struct http_reader *reader = http_reader_create();
    transcript->size = 0;
    transcript->text[0] = '\0';
    for (size_t at = 0, length = first; at < size; at += length, length = step) {
        length = length < size - at ? length : size - at;
        char *piece = malloc(length > 0 ? length : 1);
        assert_non_null(piece);
        memcpy(piece, bytes + at, length);
        bool good = feed(reader, transcript, piece, length);
        free(piece);
        if (!good) {
            break;
        }
    }
    http_reader_destroy(reader);
}

/* Whole, cut in two at every byte, and byte by byte: always the same. */
static void expect(const char *bytes, size_t size, const char *expected)
{
    static struct transcript transcript;
    read_pieces(&transcript, bytes, size, size, size);
    if (strcmp(transcript.text, expected) != 0) {
        print_error("for:\n%.*s\n", (int)size, bytes);
    }
    assert_string_equal(transcript.text, expected);
    for (size_t cut = 0; cut < size && size < 2000; cut++) {
        read_pieces(&transcript, bytes, size, cut, size);
        assert_string_equal(transcript.text, expected);
    }
    read_pieces(&transcript, bytes, size, 1, 1);
    assert_string_equal(transcript.text, expected);
}

static void expect_text(const char *text, const char *expected)
{
    expect(text, strlen(text), expected);
}

__attribute__((format(printf, 2, 3))) static void expect_format(const char *expected,
                                                                const char *format, ...)
{
    static char text[TRANSCRIPT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    expect_text(text, expected);
}

/* --- whole requests --- */

static const struct {
    const char *bytes, *expected;
} requests[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @a 1.1 keep ||."},
    {"GET /x?y=z HTTP/1.1\r\nHost: a:80\r\n\r\n", "GET /x ?y=z @a:80 1.1 keep ||."},
    {"GET / HTTP/1.1\r\nhOsT:a\r\n\r\n", "GET / @a 1.1 keep ||."},
    {"GET / HTTP/1.1\r\nHost: \t a \t \r\n\r\n", "GET / @a 1.1 keep ||."},
    {"GET / HTTP/1.0\r\n\r\n", "GET / 1.0 ||."},
    {"GET / HTTP/1.0\r\nHost:\r\n\r\n", "GET / 1.0 ||."},
    {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / @a 1.1 keep ||."},
    {"GET / HTTP/1.9\r\nHost: a\r\n\r\n", "GET / @a 1.1 keep ||."},
    {"GET / HTTP/1.2\r\n\r\n", "!400"},
    {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / @a 1.0 ||."},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / 1.0 keep ||."},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n\r\n", "GET / 1.0 ||."},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / @a 1.1 ||."},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x , CLOSE\r\n\r\n", "GET / @a 1.1 ||."},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", "GET / @a 1.1 ||."},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", "GET / @a 1.1 keep ||."},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: ,,\r\n\r\n", "GET / @a 1.1 keep ||."},
    {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @a 1.1 keep ||."},
    {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @a 1.1 keep ||."},
    {"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "!400"},
    {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / @a 1.1 keep ||."},
    {"PUT / HTTP/1.1\r\nHost: a\r\n\r\n", "PUT / @a 1.1 keep ||."},
    {"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE / @a 1.1 keep ||."},
    {"OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS / @a 1.1 keep ||."},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * @a 1.1 keep ||."},
    {"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", "PATCH / @a 1.1 keep ||."},
    {"get / HTTP/1.1\r\nHost: a\r\n\r\n", "get / @a 1.1 keep ||."},
    {"A!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: a\r\n\r\n", "A!#$%&'*+-.^_`|~9 / @a 1.1 keep ||."},
    {"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "!501"},
    {"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "!501"},
    /* Bodies. */
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "POST / @a 1.1 keep |hello|."},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\n\r\nhello",
     "POST / @a 1.1 keep |hello|."},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST / @a 1.1 keep ||."},
    {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / @a 1.1 keep ||."},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello", "POST / @a 1.1 keep |hello"},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxyGET /2 HTTP/1.0\r\n\r\n",
     "GET / @a 1.1 keep |xy|.GET /2 1.0 ||."},
    {"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nxy", "POST / 1.0 |xy|."},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
     "POST / @a 1.1 keep chunked |hello|."},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
     "2\r\nhe\r\n003\r\nllo\r\n00\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
     "POST / @a 1.1 keep chunked |hello|.GET /2 1.0 ||."},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "POST / @a 1.1 keep chunked ||."},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
     "POST / @a 1.1 keep chunked |0123456789|."},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n",
     "POST / @a 1.1 keep chunked |x|."},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhellox\r\n0\r\n\r\n",
     "POST / @a 1.1 keep chunked |hello!400"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n",
     "POST / @a 1.1 keep chunked |hello!400"},
    /* Nobody waits for the end of a line that is wrong from its beginning. */
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhellox",
     "POST / @a 1.1 keep chunked |hello!400"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n",
     "POST / @a 1.1 keep chunked |hello!400"},
    {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     "POST / @a 1.1 keep expect |x|."},
    {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
     "POST / @a 1.1 keep expect |x|."},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "GET / @a 1.1 keep ||."},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: something\r\n\r\n", "!417"},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect:\r\n\r\n", "!417"},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\n", "!417"},
    {"GET / HTTP/1.0\r\nExpect: something\r\n\r\n", "GET / 1.0 ||."},
    /* One behind the other. */
    {"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n\r\nGET /3 HTTP/1.0\r\n\r\n",
     "GET /1 @a 1.1 keep ||.GET /2 @b 1.1 keep ||.GET /3 1.0 ||."},
    {"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nrubbish\r\n", "GET /1 @a 1.1 keep ||.!400"},
    /* Framing, in every bad pairing. */
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "!400"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "!400"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     "!400"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
     "!400"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     "!400"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
     "!400"},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "!400"},
    /* Hosts. */
    {"GET / HTTP/1.1\r\n\r\n", "!400"},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "!400"},
    {"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", "!400"},
    {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "!400"},
    {"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", "!400"},
    {"GET http://b/ HTTP/1.1\r\n\r\n", "!400"},
    {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @b 1.1 keep ||."},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        expect_text(requests[i].bytes, requests[i].expected);
    }
}

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

/* --- framing --- */

static void test_content_lengths(void **state)
{
    static const struct {
        const char *value;
        int status;
    } bad[] = {
        {"", 400},
        {" ", 400},
        {"-1", 400},
        {"+1", 400},
        {"+296", 400},
        {"1.0", 400},
        {"0x10", 400},
        {"1 2", 400},
        {"1,1", 400},
        {"1, 2", 400},
        {",1", 400},
        {"1,", 400},
        {"1e3", 400},
        {"a", 400},
        {"1a", 400},
        {"\"1\"", 400},
        {"1;", 400},
        {"1_0", 400},
        {"\xd9\xa1", 400},
        {"99999999999999999999", 413},
        {"9223372036854775808", 413},
        {"18446744073709551616", 413},
        {"18446744073709551621", 413},
        {"00000000000000000000000000000000000018446744073709551616", 413},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char expected[8];
        snprintf(expected, sizeof expected, "!%d", bad[i].status);
        expect_format(expected, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n\r\nx",
                      bad[i].value);
    }
    expect_text("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\nx",
                "POST / @a 1.1 keep |x");
}

static void test_transfer_encodings(void **state)
{
    static const struct {
        const char *value;
        int status;
    } bad[] = {
        {"", 400},
        {" ", 400},
        {",", 400},
        {"chunked,", 400},
        {",chunked", 400},
        {"chunked,chunked", 400},
        {"chunked, gzip", 400},
        {"chunked;q=1", 400},
        {"chunked x", 400},
        {"\"chunked\"", 400},
        {"chunked, identity", 400},
        {"gzip", 400},
        {"identity", 400},
        {"gzip, chunked", 501},
        {"x, chunked", 501},
        {"xchunked", 400},
        {"chunkedx", 400},
        {"chunke", 400},
        {"x chunked", 400},
        {"deflate", 400},
        {"trailers", 400},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char expected[8];
        snprintf(expected, sizeof expected, "!%d", bad[i].status);
        expect_format(expected,
                      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: %s\r\n\r\n0\r\n\r\n",
                      bad[i].value);
    }
    expect_text("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\t chunked \t\r\n\r\n0\r\n\r\n",
                "POST / @a 1.1 keep chunked ||.");
}

static void test_chunk_lines(void **state)
{
    static const char *const good[] = {
        "5",
        "05",
        "00000000000000000000000000000005",
        "5;a",
        "5;a=b",
        "5 ;a=b",
        "5; a=b",
        "5 ; a = b",
        "5;a;b;c",
        "5;a=b;c=d",
        "5;a=\"b\"",
        "5;a=\"\"",
        "5;a=\"b;c\"",
        "5;a=\"b\\\"c\"",
        "5;a=\"b\\\\\"",
        "5\t;\ta\t=\tb",
    };
    static const char *const bad[] = {
        "",
        " ",
        " 5",
        "5 ",
        "5\t",
        "x",
        "g",
        "-5",
        "+5",
        "0x5",
        "5h",
        "5 5",
        "5,5",
        "5.",
        "5;",
        "5;;a",
        "5; ",
        "5;a=",
        "5;=b",
        "5;a=b c",
        "5;a b",
        "5;a=\"b",
        "5;a=\"b\\\"",
        "5;a=b;",
        "5;a=\"b\"c",
        "\"5\"",
        "5\n",
        "5;\ra",
        "10000000000000005",
        "0010000000000000005",
        "ffffffffffffffff",
        "fffffffffffffffff",
        "5;a=\"\x01\"",
        "5;\x7f",
        "\xc3\xa9",
        "5;(",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        expect_format("POST / @a 1.1 keep chunked |hello|.",
                      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "%s\r\nhello\r\n0\r\n\r\n",
                      good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        expect_format("POST / @a 1.1 keep chunked |!400",
                      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "%s\r\nhello\r\n0\r\n\r\n",
                      bad[i]);
    }
    /* A NUL in a chunk's size, which a C string would end at. */
    static const char nul[] =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\0\r\nhello\r\n0\r\n\r\n";
    expect(nul, sizeof nul - 1, "POST / @a 1.1 keep chunked |!400");
}

/* --- limits --- */

static char *repeat(char c, size_t count)
{
    char *text = malloc(count + 1);
    assert_non_null(text);
    memset(text, c, count);
    text[count] = '\0';
    return text;
}

/* Why the text is refused, when it comes in pieces of `step` bytes. */
static const char *refusal(const char *text, size_t step)
{
    struct http_reader *reader = http_reader_create();
    const char *message = NULL;
    struct transcript transcript = {.size = 0};
    size_t size = strlen(text), at = 0;
    while (at < size && feed(reader, &transcript, text + at, step < size - at ? step : size - at)) {
        at += step;
    }
    http_reader_error(reader, &message);
    http_reader_destroy(reader);
    return message;
}

/* Two things are wrong behind the chunk; which of them is told may not depend on how it is cut. */
static void test_refusal_behind_a_chunk(void **state)
{
    static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "2\r\nabc\n\r\n";
    (void)state;
    for (size_t step = 1; step < sizeof text; step++) {
        assert_string_equal(refusal(text, step), "a chunk is longer than its size says");
    }
}

static void test_limits(void **state)
{
    (void)state;
    char *longest = repeat('a', HTTP_TARGET_MAX - 1), *too_long = repeat('a', HTTP_TARGET_MAX);
    static char expected[HTTP_TARGET_MAX + 64];
    snprintf(expected, sizeof expected, "GET /%s @a 1.1 keep ||.", longest);
    expect_format(expected, "GET /%s HTTP/1.1\r\nHost: a\r\n\r\n", longest);
    expect_format("!414", "GET /%s HTTP/1.1\r\nHost: a\r\n\r\n", too_long);
    expect_format("!414", "GET /%s%s", too_long, too_long); /* said before the line ends */
    expect_format("!501", "%s%s", too_long, too_long);
    free(longest);
    free(too_long);
    /* The head in all, to the byte. */
    static const char before[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ", after[] = "\r\n\r\n";
    char *value = repeat('v', HTTP_HEAD_MAX - strlen(before) - strlen(after));
    expect_format("GET / @a 1.1 keep ||.", "%s%s%s", before, value, after);
    expect_format("!431", "%s%sv%s", before, value, after);
    free(value);
    char *endless = repeat('v', 2 * HTTP_HEAD_MAX);
    expect_format("!431", "%s%s", before, endless);
    expect_format("!431", "GET / HTTP/1.1\r\n%s", endless);
    expect_format("POST / @a 1.1 keep chunked |!431",
                  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: %s",
                  endless);
    expect_format("POST / @a 1.1 keep chunked |!400",
                  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;%s", endless);
    free(endless);
}

static void test_number_of_fields(void **state)
{
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        char text[4096] = "GET / HTTP/1.1\r\nHost: a\r\n";
        for (int i = 1; i < HTTP_FIELDS_MAX + extra; i++) {
            strcat(text, "X: y\r\n");
        }
        strcat(text, "\r\n");
        expect_text(text, extra == 0 ? "GET / @a 1.1 keep ||." : "!431");
        char trailers[4096] =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
        for (int i = 0; i < HTTP_FIELDS_MAX + extra; i++) {
            strcat(trailers, "X: y\r\n");
        }
        strcat(trailers, "\r\n");
        expect_text(trailers, extra == 0 ? "POST / @a 1.1 keep chunked ||."
                                         : "POST / @a 1.1 keep chunked |!431");
    }
}

/* One byte a chunk, each with a long extension: refused before it becomes a way to make us work. */
static void test_extensions_in_all(void **state)
{
    static struct transcript transcript;
    (void)state;
    static char text[HTTP_EXTENSIONS_MAX * 2];
    char *extension = repeat('e', 200);
    size_t size = (size_t)snprintf(
        text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (size < sizeof text - 256) {
        size += (size_t)snprintf(text + size, sizeof text - size, "1;%s\r\nx\r\n", extension);
    }
    free(extension);
    read_pieces(&transcript, text, size, size, size);
    assert_non_null(strstr(transcript.text, "x!400"));
}

/* --- what the request can be asked --- */

static struct http_reader *read_head(const char *text)
{
    struct http_reader *reader = http_reader_create();
    struct http_text body;
    size_t consumed;
    assert_int_equal(
        http_reader_feed(reader, (const uint8_t *)text, strlen(text), &consumed, &body),
        HTTP_REQUEST);
    return reader;
}

static void test_fields_are_found(void **state)
{
    (void)state;
    struct http_reader *reader =
        read_head("GET / HTTP/1.1\r\nHost: a\r\nX-One: 1 \r\nTwice: a, b\r\ntwice: C ,d\r\n\r\n");
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
        struct http_reader *reader = read_head(text);
        assert_int_equal(http_request_wants_page(http_reader_request(reader)), samples[i].page);
        http_reader_destroy(reader);
    }
}

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
        struct http_reader *reader = read_head(text);
        assert_int_equal(
            http_request_parameter(http_reader_request(reader), cases[i].name, value, sizeof value),
            cases[i].result);
        if (cases[i].result == 0) {
            assert_string_equal(value, cases[i].value);
        }
        http_reader_destroy(reader);
    }
}

static void test_in_head(void **state)
{
    (void)state;
    struct http_reader *reader = http_reader_create();
    static struct transcript transcript;
    transcript.size = 0;
    assert_true(http_reader_is_idle(reader));
    feed(reader, &transcript, "\r", 1);
    assert_false(http_reader_in_head(reader));
    assert_false(http_reader_is_idle(reader));
    feed(reader, &transcript, "\n", 1);
    assert_false(http_reader_in_head(reader));
    feed(reader, &transcript, "G", 1);
    assert_true(http_reader_in_head(reader));
    feed(reader, &transcript, "ET / HTTP/1.0\r\n\r\n", 17);
    assert_false(http_reader_in_head(reader));
    assert_true(http_reader_is_idle(reader));
    http_reader_destroy(reader);
}

/* Seeded rubbish made from good pieces: whatever comes out, it comes out the same however it is cut. */
static void test_random_mixtures(void **state)
{
    static const char *const pieces[] = {
        "GET ",
        "POST ",
        "/ ",
        "/%2e ",
        "HTTP/1.1",
        "HTTP/1.0",
        "\r\n",
        "\r\n",
        "\n",
        "\r",
        "Host: a",
        "Content-Length: 3",
        "Transfer-Encoding: chunked",
        ": ",
        "0\r\n\r\n",
        "3\r\nabc\r\n",
        "abc",
        "\r\n\r\n",
        "X: y",
        "\0",
        " ",
        "Expect: 100-continue",
        ",",
        "5;a=\"b\"\r\n",
    };
    uint32_t seed = 1;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[512];
        size_t size = 0;
        for (int i = 0; i < 16; i++) {
            seed = seed * 1664525 + 1013904223;
            const char *piece = pieces[(seed >> 16) % COUNT(pieces)];
            size_t length = piece[0] == '\0' ? 1 : strlen(piece);
            memcpy(text + size, piece, length);
            size += length;
        }
        static struct transcript whole, bytes;
        read_pieces(&whole, text, size, size, size);
        read_pieces(&bytes, text, size, 1 + (seed >> 8) % 5, 1 + (seed >> 20) % 3);
        assert_string_equal(whole.text, bytes.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_request_lines),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_every_byte_of_a_path),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_field_lines),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_content_lengths),
        cmocka_unit_test(test_transfer_encodings),
        cmocka_unit_test(test_chunk_lines),
        cmocka_unit_test(test_refusal_behind_a_chunk),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_number_of_fields),
        cmocka_unit_test(test_extensions_in_all),
        cmocka_unit_test(test_fields_are_found),
        cmocka_unit_test(test_who_is_about_to_show_a_page),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_in_head),
        cmocka_unit_test(test_random_mixtures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
