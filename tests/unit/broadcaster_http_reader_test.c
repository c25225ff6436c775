#include "broadcaster/protocol/http_reader.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/http_transcript.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

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

/* --- states --- */

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

/* Seeded rubbish made from good pieces: whatever comes out, it comes out the
 * same however it is cut. */
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
        cmocka_unit_test(test_content_lengths),
        cmocka_unit_test(test_transfer_encodings),
        cmocka_unit_test(test_chunk_lines),
        cmocka_unit_test(test_refusal_behind_a_chunk),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_number_of_fields),
        cmocka_unit_test(test_extensions_in_all),
        cmocka_unit_test(test_in_head),
        cmocka_unit_test(test_random_mixtures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
