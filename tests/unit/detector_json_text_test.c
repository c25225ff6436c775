#include "detector/json_text.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(struct json_text *text, const char *expected)
{
    size_t size;
    char *bytes = json_text_take(text, &size);
    assert_string_equal(bytes, expected);
    assert_int_equal(size, strlen(expected));
    free(bytes);
}

static void test_commas_and_brackets(void **state)
{
    struct json_text text = {0};
    (void)state;
    json_text_open(&text, NULL, '{');
    json_text_string(&text, "bracket", "[");
    json_text_open(&text, "empty", '[');
    json_text_close(&text, ']');
    json_text_open(&text, "list", '[');
    json_text_bool(&text, NULL, true);
    json_text_bool(&text, NULL, false);
    json_text_null(&text, NULL);
    json_text_open(&text, NULL, '{');
    json_text_close(&text, '}');
    json_text_close(&text, ']');
    json_text_integer(&text, "last", 0);
    json_text_close(&text, '}');
    assert_text(&text, "{\"bracket\":\"[\",\"empty\":[],\"list\":[true,false,null,{}],\"last\":0}");
}

static void test_integers(void **state)
{
    struct json_text text = {0};
    (void)state;
    json_text_open(&text, NULL, '[');
    json_text_integer(&text, NULL, 7);
    json_text_integer(&text, NULL, 1000);
    json_text_integer(&text, NULL, UINT64_MAX);
    json_text_close(&text, ']');
    assert_text(&text, "[7,1000,18446744073709551615]");
}

static void test_reals(void **state)
{
    static const struct {
        double value;
        unsigned decimals;
        const char *text;
    } samples[] = {
        {0, 1, "0.0"},
        {-0.0, 4, "0.0"},
        {-0.04, 1, "0.0"},
        {0.05, 1, "0.1"},
        {100.04, 1, "100.0"},
        {99.96, 1, "100.0"},
        {0.87123, 4, "0.8712"},
        {0.9, 4, "0.9"},
        {0.00009, 4, "0.0001"},
        {-1.25, 5, "-1.25"},
        {-0.00001, 5, "-0.00001"},
        {0.15000000000000002, 5, "0.15"},
        {1.234567891, 9, "1.234567891"},
        {20.0, 9, "20.0"},
        {1767787800.123456, 6, "1767787800.123456"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct json_text text = {0};
        json_text_real(&text, NULL, samples[i].value, samples[i].decimals);
        assert_text(&text, samples[i].text);
    }
}

/* What is read is what was written, whatever stands in it. */
static void test_strings_come_back(void **state)
{
    static const char *const samples[] = {"",
                                          "car",
                                          "quote \" backslash \\ slash /",
                                          "\xc3\x9f \xe2\x82\xac \xf0\x9f\x9a\x97",
                                          "\x01\b\t\n\f\r\x1f\x7f",
                                          "ends with [",
                                          "{"};
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct json_text text = {0};
        json_text_open(&text, NULL, '[');
        json_text_string(&text, NULL, samples[i]);
        json_text_string(&text, NULL, samples[i]);
        json_text_close(&text, ']');
        json_t *read = json_loadb(text.bytes, text.size, 0, NULL);
        assert_int_equal(json_array_size(read), 2);
        assert_string_equal(json_string_value(json_array_get(read, 0)), samples[i]);
        assert_string_equal(json_string_value(json_array_get(read, 1)), samples[i]);
        json_decref(read);
        free(text.bytes);
    }
}

static void test_any_length(void **state)
{
    struct json_text text = {0};
    (void)state;
    json_text_open(&text, NULL, '[');
    for (int i = 0; i < 10000; i++) {
        json_text_integer(&text, NULL, 12345);
    }
    json_text_close(&text, ']');
    assert_int_equal(text.size, 10000 * 6 + 1);
    json_t *read = json_loadb(text.bytes, text.size, 0, NULL);
    assert_int_equal(json_array_size(read), 10000);
    json_decref(read);
    free(text.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas_and_brackets),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_reals),
        cmocka_unit_test(test_strings_come_back),
        cmocka_unit_test(test_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
