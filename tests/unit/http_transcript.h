/* What the reader makes of requests, as text that a test can write down:
 * "GET /path ?query @host 1.1 keep |body|." for each request, "!400" for an error; neighbouring
 * pieces of a body are one. */
#ifndef TESTS_UNIT_HTTP_TRANSCRIPT_H
#define TESTS_UNIT_HTTP_TRANSCRIPT_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/protocol/http_reader.h"

#define TRANSCRIPT_SIZE 65536

#include "tests/unit/transcript.h"

static inline void say_request(struct transcript *transcript, const struct http_request *request)
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
static inline bool feed(struct http_reader *reader, struct transcript *transcript,
                        const char *bytes, size_t size)
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

/* In pieces of `step` bytes after a first one of `first`. Each piece lies in memory of its own, so
 * that a sanitizer sees every look beyond its end. */
static inline void read_pieces(struct transcript *transcript, const char *bytes, size_t size,
                               size_t first, size_t step)
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
static inline void expect(const char *bytes, size_t size, const char *expected)
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

static inline void expect_text(const char *text, const char *expected)
{
    expect(text, strlen(text), expected);
}

__attribute__((format(printf, 2, 3))) static inline void expect_format(const char *expected,
                                                                       const char *format, ...)
{
    static char text[TRANSCRIPT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    expect_text(text, expected);
}

#endif
