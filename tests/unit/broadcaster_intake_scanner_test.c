/* The scanner of posted JSON: what it finds, what it refuses, and that it agrees with jansson about
 * what JSON is. Every text lies at the end of a page, so that one byte read too many is a crash. */
#include "broadcaster/intake/intake_scanner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/frame_container.h"
#include "common/memory.h"
#include "tests/unit/page_end.h"

#define ID    "\"camera_id\":\"CAM1\""
#define FRAME "\"frame_base64\":\"/9j/2Q==\""
#define BODY  ID "," FRAME

static enum intake_scan_fault scan(const char *text, size_t size, struct intake_fields *fields)
{
    const char *message = NULL;
    enum intake_scan_fault fault = intake_scan(page_end_copy(text, size), size, fields, &message);
    if (fault != INTAKE_SCAN_OK && (message == NULL || message[0] == '\0')) {
        fail_msg("refused without a reason: %.*s", (int)size, text);
    }
    return fault;
}

static void assert_span(const char *name, struct byte_span span, const char *expected)
{
    if (span.size != strlen(expected) ||
        (span.size > 0 && memcmp(span.data, expected, span.size) != 0)) {
        fail_msg("%s is %.*s, not %s", name, (int)span.size, (const char *)span.data, expected);
    }
}

/* --- what is found --- */

struct good {
    const char *text, *camera, *frame, *metadata, *timestamp;
};

static const struct good goods[] = {
    {"{" BODY "}", "CAM1", "/9j/2Q==", "", ""},
    {" \t\r\n{ " ID " , " FRAME " } \n", "CAM1", "/9j/2Q==", "", ""},
    {"{" FRAME "," ID "}", "CAM1", "/9j/2Q==", "", ""},
    {"{" BODY ",\"metadata\":{}}", "CAM1", "/9j/2Q==", "{}", ""},
    {"{\"metadata\":{ \"a\" : 1 }," BODY "}", "CAM1", "/9j/2Q==", "{ \"a\" : 1 }", ""},
    {"{" BODY ",\"metadata\":{\"timestamp\":\"2026-01-07T12:30:45.123456\"}}", "CAM1", "/9j/2Q==",
     "{\"timestamp\":\"2026-01-07T12:30:45.123456\"}", "\"2026-01-07T12:30:45.123456\""},
    {"{" BODY ",\"metadata\":{\"timestamp\" : 1.50e3 ,\"x\":{\"timestamp\":7}}}", "CAM1",
     "/9j/2Q==", "{\"timestamp\" : 1.50e3 ,\"x\":{\"timestamp\":7}}", "1.50e3"},
    {"{" BODY ",\"metadata\":{\"timestamp\":null}}", "CAM1", "/9j/2Q==", "{\"timestamp\":null}",
     "null"},
    {"{" BODY ",\"metadata\":{\"timestamp\":1,\"timestamp\":2}}", "CAM1",
     "/9j/2Q==", "{\"timestamp\":1,\"timestamp\":2}", "2"},
    {"{" BODY ",\"metadata\":{\"time\\u0073tamp\":3}}", "CAM1",
     "/9j/2Q==", "{\"time\\u0073tamp\":3}", "3"},
    {"{\"camera\\u005fid\":\"CAM1\"," FRAME "}", "CAM1", "/9j/2Q==", "", ""},
    {"{\"camera_id\":\"C\\u0041M\\u0031\"," FRAME "}", "CAM1", "/9j/2Q==", "", ""},
    {"{" ID ",\"frame_base64\":\"data:image/jpeg;base64,/9j/2Q==\"}", "CAM1", "/9j/2Q==", "", ""},
    {"{" ID ",\"frame_base64\":\"DATA:Image/JPG;Base64,/9j/2Q==\"}", "CAM1", "/9j/2Q==", "", ""},
    {"{" ID ",\"frame_base64\":\"AAAA\"}", "CAM1", "AAAA", "", ""},
    {"{" ID ",\"frame_base64\":\"AAA=\"}", "CAM1", "AAA=", "", ""},
    {"{" ID ",\"frame_base64\":\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/AA==\"}",
     "CAM1",
     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/AA==",
     "", ""},
    {"{\"camera_id\":\"0123456789012345678901234567890123456789012345678901234567890123\"," FRAME
     "}",
     "0123456789012345678901234567890123456789012345678901234567890123", "/9j/2Q==", "", ""},
    {"{\"x\":[1,{\"camera_id\":2}]," BODY ",\"y\":\"\\\"\"}", "CAM1", "/9j/2Q==", "", ""},
};

static void test_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        struct intake_fields fields;
        const struct good *good = &goods[i];
        if (scan(good->text, strlen(good->text), &fields) != INTAKE_SCAN_OK) {
            fail_msg("refused: %s", good->text);
        }
        assert_string_equal(fields.camera, good->camera);
        assert_false(fields.frame.escaped);
        assert_span("frame", fields.frame.raw, good->frame);
        assert_span("metadata", fields.metadata, good->metadata);
        assert_span("timestamp", fields.timestamp, good->timestamp);
    }
}

/* --- what is refused --- */

struct bad {
    const char *text;
    enum intake_scan_fault fault;
};

static const struct bad bads[] = {
    {"", INTAKE_SCAN_JSON},
    {"   ", INTAKE_SCAN_JSON},
    {"null", INTAKE_SCAN_JSON},
    {"[]", INTAKE_SCAN_JSON},
    {"\"x\"", INTAKE_SCAN_JSON},
    {"\xef\xbb\xbf{" BODY "}", INTAKE_SCAN_JSON},
    {"{" BODY "} x", INTAKE_SCAN_JSON},
    {"{" BODY "}{}", INTAKE_SCAN_JSON},
    {"{" BODY ",}", INTAKE_SCAN_JSON},
    {"{," BODY "}", INTAKE_SCAN_JSON},
    {"{" ID " " FRAME "}", INTAKE_SCAN_JSON},
    {"{" BODY ",\"x\"}", INTAKE_SCAN_JSON},
    {"{" BODY ",\"x\":}", INTAKE_SCAN_JSON},
    {"{" BODY ",x:1}", INTAKE_SCAN_JSON},
    {"{" BODY "," ID "}", INTAKE_SCAN_JSON},
    {"{" BODY "," FRAME "}", INTAKE_SCAN_JSON},
    {"{" BODY ",\"camera\\u005fid\":\"CAM1\"}", INTAKE_SCAN_JSON},
    {"{" BODY ",\"metadata\":{},\"metadata\":{}}", INTAKE_SCAN_JSON},
    {"{" BODY ",\"metadata\":{\"a\":tru}}", INTAKE_SCAN_JSON},
    {"{}", INTAKE_SCAN_CAMERA_ID},
    {"{" FRAME "}", INTAKE_SCAN_CAMERA_ID},
    {"{\"camera_id\":1," FRAME "}", INTAKE_SCAN_CAMERA_ID},
    {"{\"camera_id\":null," FRAME "}", INTAKE_SCAN_CAMERA_ID},
    {"{\"camera_id\":\"\"," FRAME "}", INTAKE_SCAN_CAMERA_ID},
    {"{\"camera_id\":\"..\"," FRAME "}", INTAKE_SCAN_CAMERA_ID},
    {"{\"camera_id\":\"a/b\"," FRAME "}", INTAKE_SCAN_CAMERA_ID},
    {"{\"camera_id\":\"a b\"," FRAME "}", INTAKE_SCAN_CAMERA_ID},
    {"{\"camera_id\":\"CAM1\\u0000\"," FRAME "}", INTAKE_SCAN_CAMERA_ID},
    {"{\"camera_id\":\"\xc3\xa4\"," FRAME "}", INTAKE_SCAN_CAMERA_ID},
    {"{\"camera_id\":\"01234567890123456789012345678901234567890123456789012345678901234\"," FRAME
     "}",
     INTAKE_SCAN_CAMERA_ID},
    {"{" ID "}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":null}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":[]}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"data:image/jpeg;base64,\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"data:image/png;base64,AAAA\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"A\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AA\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AAA\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"=\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"====\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"A===\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AAAA====\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AA==AAAA\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AB==\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AAB=\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AAA-\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AAA_\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AA A\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AAA\xc3\xa4\"}", INTAKE_SCAN_BASE64},
    {"{" ID ",\"frame_base64\":\"AAAA", INTAKE_SCAN_JSON},
    {"{" ID ",\"frame_base64\":\"AAA\nA\"}", INTAKE_SCAN_JSON},
    {"{" ID ",\"frame_base64\":\"AAA\xff\"}", INTAKE_SCAN_JSON},
    {"{" BODY ",\"metadata\":null}", INTAKE_SCAN_METADATA},
    {"{" BODY ",\"metadata\":[]}", INTAKE_SCAN_METADATA},
    {"{" BODY ",\"metadata\":\"{}\"}", INTAKE_SCAN_METADATA},
    {"{" BODY ",\"metadata\":7}", INTAKE_SCAN_METADATA},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        struct intake_fields fields;
        enum intake_scan_fault fault = scan(bads[i].text, strlen(bads[i].text), &fields);
        if (fault != bads[i].fault) {
            fail_msg("fault %d, not %d: %s", fault, bads[i].fault, bads[i].text);
        }
    }
}

/* Each byte of the alphabet's complement, at each place of a base64 long
 * enough for whole blocks. */
static void test_alphabet(void **state)
{
    char base64[140], text[256];
    (void)state;
    memset(base64, 'A', sizeof base64);
    for (int byte = 0x20; byte < 0x7f; byte++) {
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                      (byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
        for (size_t at = 0; at < sizeof base64; at++) {
            struct intake_fields fields;
            base64[at] = (char)byte;
            int size = snprintf(text, sizeof text, "{" ID ",\"frame_base64\":\"%.*s\"}",
                                (int)sizeof base64, base64);
            bool padding = byte == '=' && at == sizeof base64 - 1;
            enum intake_scan_fault fault = scan(text, (size_t)size, &fields);
            if ((fault == INTAKE_SCAN_OK) != (letter || padding)) {
                fail_msg("fault %d for %c at %zu", fault, byte, at);
            }
            base64[at] = 'A';
        }
    }
}

/* --- JSON values of every kind, as a member, in metadata and in an array --- */

/* clang-format off */
static const char *const values[] = {
    "0", "-0", "1", "-1", "10", "1.0", "1.5e10", "1E+2", "1e-2", "0.0001", "0e0",
    "123456789012345678", "true", "false", "null", "\"\"", "\"a\"", "\" \"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e4\\u20AC\"", "\"\\ud83d\\ude00\"", "\"\xc2\x80\"",
    "\"\xdf\xbf\"", "\"\xe0\xa0\x80\"", "\"\xed\x9f\xbf\"", "\"\xee\x80\x80\"", "\"\xef\xbf\xbf\"",
    "\"\xf0\x90\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"", "\"\x7f\"", "[]", "[ ]", "[1]", "[1,2]",
    "[ 1 , [ ] ]", "{}", "{ }", "{\"a\":1}", "{ \"a\" : { \"a\" : [ ] } }", "{\"\":0}",
    "{\"a\":1,\"a\":2}",
};
/* clang-format on */

/* clang-format off */
static const char *const not_values[] = {
    "", "-", "+1", "01", "-01", "1.", ".5", "1.e1", "1e", "1e+", "0x1", "1a", "1 2", "--1",
    "Infinity", "NaN", "tru", "truE", "True", "nul", "nulll", "'a'", "a", "\"", "\"\\\"", "\"\\x\"",
    "\"\\u12\"", "\"\\u123g\"", "\"\\U0041\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"",
    "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\x01\"", "\"\x1f\"", "\"\n\"", "\"\t\"", "\"\x80\"",
    "\"\xbf\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xc2\"", "\"\xc2 \"", "\"\xe0\x9f\xbf\"",
    "\"\xe2\x82\"", "\"\xed\xa0\x80\"", "\"\xf0\x8f\xbf\xbf\"", "\"\xf4\x90\x80\x80\"",
    "\"\xf5\x80\x80\x80\"", "\"\xff\"", "[", "]", "[1", "[1,", "[,1]", "[1,]", "[1 2]", "[1}", "{",
    "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\" 1}",
    "{\"a\":1]", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}", "/**/1", "1//", "\v1", "\xc2\xa0[]",
};
/* clang-format on */

static const char *const places[] = {
    "{" BODY ",\"x\":%s}",
    "{\"x\": %s ," BODY "}",
    "{" BODY ",\"metadata\":{\"x\":%s}}",
    "{" BODY ",\"metadata\":{\"x\":[0, %s ,{\"timestamp\":1}]}}",
};

static bool place_scans(const char *place, const char *value)
{
    char text[256];
    struct intake_fields fields;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int size = snprintf(text, sizeof text, place, value);
#pragma GCC diagnostic pop
    assert_true(size > 0 && (size_t)size < sizeof text);
    return scan(text, (size_t)size, &fields) == INTAKE_SCAN_OK;
}

static void test_values(void **state)
{
    (void)state;
    for (size_t place = 0; place < sizeof places / sizeof places[0]; place++) {
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            if (!place_scans(places[place], values[i])) {
                fail_msg("refused in %s: %s", places[place], values[i]);
            }
        }
        for (size_t i = 0; i < sizeof not_values / sizeof not_values[0]; i++) {
            if (place_scans(places[place], not_values[i])) {
                fail_msg("taken in %s: %s", places[place], not_values[i]);
            }
        }
    }
}

/* --- limits --- */

static bool nested_scans(const char *before, unsigned levels, const char *open, const char *close)
{
    char text[1024];
    struct intake_fields fields;
    size_t size = (size_t)snprintf(text, sizeof text, "{" BODY ",%s", before);
    for (unsigned i = 0; i < levels; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%s", open);
    }
    size += (size_t)snprintf(text + size, sizeof text - size, "1");
    for (unsigned i = 0; i < levels; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%s", close);
    }
    size += (size_t)snprintf(text + size, sizeof text - size, "}");
    return scan(text, size, &fields) == INTAKE_SCAN_OK;
}

static void test_levels(void **state)
{
    (void)state;
    assert_true(nested_scans("\"x\":", JSON_LEVELS_MAX, "[", "]"));
    assert_false(nested_scans("\"x\":", JSON_LEVELS_MAX + 1, "[", "]"));
    assert_true(nested_scans("\"metadata\":", JSON_LEVELS_MAX, "{\"a\":", "}"));
    assert_false(nested_scans("\"metadata\":", JSON_LEVELS_MAX + 1, "{\"a\":", "}"));
    assert_true(nested_scans("\"metadata\":{\"a\":0},\"x\":", 5, "{\"a\":", "}"));
}

static void test_metadata_size(void **state)
{
    static const char before[] = "{" BODY ",\"metadata\":";
    size_t room = FRAME_METADATA_MAX + 256;
    char *text = xmalloc(room);
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct intake_fields fields;
        const char *message;
        size_t filler = FRAME_METADATA_MAX + extra - strlen("{\"a\":\"\"}");
        int size = snprintf(text, room, "%s{\"a\":\"%0*d\"}}", before, (int)filler, 0);
        enum intake_scan_fault fault =
            intake_scan((const uint8_t *)text, (size_t)size, &fields, &message);
        assert_int_equal(fault, extra == 0 ? INTAKE_SCAN_OK : INTAKE_SCAN_METADATA);
    }
    free(text);
}

/* --- cut and changed --- */

static const char sample[] =
    "{" BODY ",\"metadata\":{\"timestamp\":\"\xc3\xa4\\n\",\"n\":[-1.5e3,true,"
    "null,{\"\\u00e4\":\"\"}]},\"more\":false} ";

static void test_cut(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof sample - 2; size++) {
        struct intake_fields fields;
        if (scan(sample, size, &fields) == INTAKE_SCAN_OK) {
            fail_msg("taken without its end: %.*s", (int)size, sample);
        }
    }
}

/* What another reader makes of the same bytes: "not JSON" must mean the same to both. */
static void compare_with_jansson(const char *text, size_t size)
{
    struct intake_fields fields;
    enum intake_scan_fault fault = scan(text, size, &fields);
    json_t *document = json_loadb(text, size, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    if (fault == INTAKE_SCAN_OK) {
        const char *camera = json_string_value(json_object_get(document, "camera_id"));
        if (camera == NULL || strcmp(camera, fields.camera) != 0) {
            fail_msg("taken, but not by jansson: %.*s", (int)size, text);
        }
    } else if (fault == INTAKE_SCAN_JSON && json_is_object(document)) {
        fail_msg("refused as no JSON, but jansson takes it: %.*s", (int)size, text);
    }
    json_decref(document);
}

static void test_changed(void **state)
{
    static const char bytes[] = "\"\\{}[]:,0-+.eEtfnu /=\x01\n\x80\xc3\xff_A";
    char text[sizeof sample];
    (void)state;
    for (size_t at = 0; at < sizeof sample - 1; at++) {
        for (size_t i = 0; i < sizeof bytes - 1; i++) {
            memcpy(text, sample, sizeof sample - 1);
            text[at] = bytes[i];
            compare_with_jansson(text, sizeof sample - 1);
        }
        memcpy(text, sample, at);
        memcpy(text + at, sample + at + 1, sizeof sample - at - 2);
        compare_with_jansson(text, sizeof sample - 2);
    }
}

/* --- the slow way --- */

static void test_escaped(void **state)
{
    static const struct {
        const char *text, *base64; /* NULL: refused */
    } cases[] = {
        {"\\/9j\\/2Q==", "/9j/2Q=="},
        {"data:image\\/jpeg;base64,\\/9j\\/2Q==", "/9j/2Q=="},
        {"\\u002f9j/2Q=\\u003d", "/9j/2Q=="},
        {"\\/9j\\/2Q=", NULL},
        {"AAA\\n", NULL},
        {"AAAA\\n", NULL},
        {"\\u0000AAA", NULL},
        {"data:image\\/png;base64,AAAA", NULL},
        {"data:image\\/jpeg;base64,", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        uint8_t out[128];
        struct intake_fields fields;
        struct byte_span base64;
        const char *message;
        int size = snprintf(text, sizeof text, "{" ID ",\"frame_base64\":\"%s\"}", cases[i].text);
        assert_int_equal(scan(text, (size_t)size, &fields), INTAKE_SCAN_OK);
        assert_true(fields.frame.escaped);
        enum intake_scan_fault fault = intake_unescape_frame(&fields.frame, out, &base64, &message);
        if (cases[i].base64 == NULL) {
            assert_int_equal(fault, INTAKE_SCAN_BASE64);
        } else {
            assert_int_equal(fault, INTAKE_SCAN_OK);
            assert_span("base64", base64, cases[i].base64);
        }
    }
}

static void test_bare_metadata(void **state)
{
    static const struct {
        const char *text, *timestamp; /* NULL: refused */
    } cases[] = {
        {"{}", ""},
        {" {\"timestamp\":\"x\"} ", "\"x\""},
        {"{\"timestamp\":[1]}", "[1]"},
        {"", NULL},
        {"[]", NULL},
        {"{}x", NULL},
        {"{", NULL},
        {"{\"a\":\"\xff\"}", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct byte_span timestamp;
        const char *message = NULL;
        size_t size = strlen(cases[i].text);
        enum intake_scan_fault fault =
            intake_scan_metadata(page_end_copy(cases[i].text, size), size, &timestamp, &message);
        if (cases[i].timestamp == NULL) {
            assert_int_equal(fault, INTAKE_SCAN_METADATA);
            assert_non_null(message);
        } else {
            assert_int_equal(fault, INTAKE_SCAN_OK);
            assert_span("timestamp", timestamp, cases[i].timestamp);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_alphabet), cmocka_unit_test(test_values),
        cmocka_unit_test(test_levels),   cmocka_unit_test(test_metadata_size),
        cmocka_unit_test(test_cut),      cmocka_unit_test(test_changed),
        cmocka_unit_test(test_escaped),  cmocka_unit_test(test_bare_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
