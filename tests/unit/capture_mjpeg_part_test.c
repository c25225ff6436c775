/* Boundaries and part headers, line by line. */
#include "capture/mjpeg_part.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct boundary_case {
    const char *content_type;
    struct {
        const char *line;
        bool matches;
    } lines[6];
};

static const struct boundary_case boundary_cases[] = {
    {"multipart/x-mixed-replace;boundary=abc",
     {{"--abc", true}, {"--abc--", true}, {"--abd", false}, {"--abcd", false}, {"--", false}}},
    {"multipart/x-mixed-replace; charset=x; BOUNDARY=\"a b;c\" ; x=y",
     {{"--a b;c", true}, {"--a b", false}}},
    {"multipart/x-mixed-replace;boundary=--abc",
     {{"--abc", true}, {"----abc", true}, {"--abc  ", true}, {"abc", true}}},
    {"multipart/x-mixed-replace;boundary=abc; x=y", {{"abc", true}, {"--x=y", false}}},
    {"multipart/x-mixed-replace",
     {{"Content-Type: image/jpeg", false}, {"--learned", true}, {"--other", false}}},
    {"multipart/x-mixed-replace;boundary=", {{"-----", false}, {"--\x80", false}, {"--x", true}}},
    {"multipart/x-mixed-replace;boundary=\"unclosed", {{"--unclosed", true}}},
    {NULL, {{"-x", false}, {"--x", true}, {"--x--", true}}},
    /* Not the declared one; but that one counts when it comes. */
    {"multipart/x-mixed-replace;boundary=abc",
     {{"--other", true}, {"--another", false}, {"--abc", true}, {"--other", false}}},
};

static void boundaries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof boundary_cases / sizeof *boundary_cases; i++) {
        struct mjpeg_boundary boundary;
        mjpeg_boundary_init(&boundary, boundary_cases[i].content_type);
        for (size_t n = 0; n < 6 && boundary_cases[i].lines[n].line != NULL; n++) {
            const char *line = boundary_cases[i].lines[n].line;
            if (mjpeg_boundary_matches(&boundary, line, strlen(line)) !=
                boundary_cases[i].lines[n].matches) {
                fail_msg("\"%s\": \"%s\"", boundary_cases[i].content_type, line);
            }
        }
    }
}

static void a_boundary_beyond_the_limit_is_none(void **state)
{
    (void)state;
    char type[600] = "multipart/x-mixed-replace;boundary=", line[400] = "--";
    memset(type + strlen(type), 'b', 300);
    memset(line + 2, 'b', 300);
    struct mjpeg_boundary boundary;
    mjpeg_boundary_init(&boundary, type);
    assert_int_equal(boundary.declared_size, 0);
    assert_false(mjpeg_boundary_matches(&boundary, line, strlen(line)));
    assert_true(mjpeg_boundary_matches(&boundary, line, MJPEG_BOUNDARY_MAX));
}

struct header_case {
    const char *line;
    struct mjpeg_part part;
};

static const struct header_case header_cases[] = {
    {"Content-Length: 12", {.content_length = 12}},
    {"content-length:12", {.content_length = 12}},
    {"CONTENT-LENGTH \t:\t 12 \r", {.content_length = 12}},
    {"Content-Length: +12", {0}},
    {"Content-Length: 12 bytes", {0}},
    {"Content-Length:", {0}},
    {"Content-Length: 18446744073709551615", {.content_length = SIZE_MAX}},
    {"Content-Length: 18446744073709551616", {0}},
    {"Content-Lengths: 12", {0}},
    {"X-Frame-Number: 7", {.source_number = 7}},
    {"X-Timestamp: 12.345678", {.source_time_ns = 12345678000}},
    {"X-Timestamp: 12", {.source_time_ns = 12000000000}},
    {"X-Timestamp: 0.000000001", {.source_time_ns = 1}},
    {"X-Timestamp: 0.0000000019", {.source_time_ns = 1}},
    {"X-Timestamp: 12.", {.source_time_ns = 12000000000}},
    {"X-Timestamp: .5", {0}},
    {"X-Timestamp: 1e3", {0}},
    {"X-Timestamp: 18446744073.709551615", {.source_time_ns = UINT64_MAX}},
    {"X-Timestamp: 18446744073.709551616", {0}},
    {"X-Timestamp: 18446744074", {0}},
    {"no colon", {0}},
    {":", {0}},
    {"", {0}},
};

static void headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof header_cases / sizeof *header_cases; i++) {
        struct mjpeg_part part = {0};
        const struct mjpeg_part *expected = &header_cases[i].part;
        mjpeg_part_take_line(&part, header_cases[i].line, strlen(header_cases[i].line));
        if (part.content_length != expected->content_length ||
            part.source_number != expected->source_number ||
            part.source_time_ns != expected->source_time_ns) {
            fail_msg("\"%s\"", header_cases[i].line);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boundaries),
        cmocka_unit_test(a_boundary_beyond_the_limit_is_none),
        cmocka_unit_test(headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
