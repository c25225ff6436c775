#include "detector/onnx_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void on_name(void *arg, size_t class_id, const char *text)
{
    char *seen = arg;
    size_t used = strlen(seen);
    snprintf(seen + used, 400 - used, "%zu=%s;", class_id, text);
}

static void test_names(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        const char *seen; /* of those that are right */
    } samples[] = {
        {"{0: 'car', 1: 'two words'}", 2, "0=car;1=two words;"},
        {"{0:\"it's\",1:'a \\'b\\\\'}", 2, "0=it's;1=a 'b\\;"},
        {" { 0 : '' , 1 : '{,}' } ", 2, "0=;1={,};"},
        {"{0: 'car'", 0, ""},
        {"{0: 'car", 0, ""},
        {"{0: 'car\\", 0, ""},
        {"{0: 'car' 1: 'bus'}", 0, ""},
        {"{1: 'car'}", 0, ""},
        {"{0: 'car', 2: 'bus'}", 0, ""},
        {"{0: car}", 0, ""},
        {"['car']", 0, ""},
        {"{}", 0, ""},
        {"", 0, ""},
        {"{99999999999999999999: 'car'}", 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char seen[400] = "";
        size_t count = onnx_file_names((const uint8_t *)samples[i].text, strlen(samples[i].text),
                                       on_name, seen);
        assert_int_equal(count, samples[i].count);
        if (count > 0) {
            assert_string_equal(seen, samples[i].seen);
        }
    }
}

static void test_long_name_is_cut(void **state)
{
    char text[300], seen[400] = "";
    (void)state;
    snprintf(text, sizeof text, "{0: '%0200d'}", 0);
    assert_int_equal(onnx_file_names((const uint8_t *)text, strlen(text), on_name, seen), 1);
    assert_int_equal(strlen(seen), strlen("0=;") + 127);
}

static void test_forms(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        enum onnx_form form;
    } samples[] = {
        {"", 0, ONNX_EMPTY},
        {"PK\3\4 and more", 13, ONNX_PYTORCH},
        {"hello, world", 12, ONNX_OTHER},
        {"\x08\x08\x3a\x00", 4, ONNX_WHOLE},
        {"\x08\x08\x3a\x02\x12\x00", 6, ONNX_WHOLE},
        {"\x08\x08\x3a\x20\x12\x00", 6, ONNX_TRUNCATED}, /* the graph is longer than that */
        {"\x08\x08\x3a", 3, ONNX_TRUNCATED},
        {"\x08\x08", 2, ONNX_TRUNCATED},
        {"\x08\x08\x3a\x00\x42\x05", 6, ONNX_TRUNCATED}, /* what stands behind the graph */
        {"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, ONNX_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct onnx_facts facts;
        onnx_file_read((const uint8_t *)samples[i].bytes, samples[i].size, &facts);
        if (facts.form != samples[i].form) {
            fail_msg("sample %zu: %d is not %d", i, facts.form, samples[i].form);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_long_name_is_cut),
        cmocka_unit_test(test_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
