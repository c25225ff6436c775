/* Tables fitted to a width, and numbers as people read them. */
#include "common/text_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/ctl_format.h"

static const struct text_column columns[] = {
    {"NAME", 9, true},
    {"FPS", 8, false},
    {"BAD", 1, false},
    {"NOTE", 5, true},
};

static struct text_table *make_table(void)
{
    struct text_table *table = text_table_create(columns, 4);
    text_table_row(table);
    text_table_set(table, 0, "CAM1");
    text_table_set(table, 1, "%.1f", 9.97);
    text_table_set(table, 2, "%d", 12345);
    text_table_set(table, 3, "connection refused");
    text_table_row(table);
    text_table_set(table, 0, "Tür");
    text_table_set(table, 1, "replaced");
    text_table_set(table, 1, "-");
    return table;
}

static void check_print(size_t width, size_t rows, const char *expected)
{
    struct text_table *table = make_table();
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    text_table_print(table, width, rows, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    text_table_destroy(table);
}

static void test_wide(void **state)
{
    (void)state;
    check_print(100, 10,
                "NAME   FPS    BAD  NOTE\n"
                "CAM1  10.0  12345  connection refused\n"
                "Tür      -\n");
}

/* The last column is cut, down to its title; then the least important one goes, and so on. */
static void test_narrow(void **state)
{
    (void)state;
    check_print(24, 10,
                "NAME   FPS    BAD  NOTE\n"
                "CAM1  10.0  12345  conne\n"
                "Tür      -\n");
    check_print(22, 10,
                "NAME   FPS  NOTE\n"
                "CAM1  10.0  connection\n"
                "Tür      -\n");
    check_print(15, 10,
                "NAME   FPS\n"
                "CAM1  10.0\n"
                "Tür      -\n");
    check_print(9, 10,
                "NAME\n"
                "CAM1\n"
                "Tür\n");
    check_print(2, 10,
                "NA\n"
                "CA\n"
                "Tü\n");
    check_print(0, 10, "\n\n\n");
}

static void test_few_rows(void **state)
{
    (void)state;
    check_print(10, 2,
                "NAME   FPS\n"
                "CAM1  10.0\n"
                "Tür      -\n");
    check_print(10, 1,
                "NAME   FPS\n"
                "… 2 more\n");
    check_print(10, 0, "NAME   FPS\n");
}

/* What a stranger says must not steer a terminal. */
static void test_control_characters(void **state)
{
    struct text_table *table = text_table_create(columns, 4);
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    (void)state;
    text_table_row(table);
    text_table_set(table, 0, "a\x1b[2J\n\x7f");
    text_table_print(table, 4, 1, out);
    fclose(out);
    assert_string_equal(text, "NAME\na?[2\n");
    free(text);
    text_table_destroy(table);
    text_table_destroy(NULL);
}

static void test_formats(void **state)
{
    static const struct {
        double value;
        const char *duration, *bytes;
    } cases[] = {
        {-5, "0.00 s", "-5"},
        {0.351, "0.35 s", "0"},
        {11.7, "12 s", "12"},
        {119.4, "119 s", "119"},
        {600, "10 min", "600"},
        {1023, "17 min", "1023"},
        {1024, "17 min", "1.0k"},
        {10137, "3 h", "9.9k"},
        {10240, "3 h", "10k"},
        {1e6, "12 d", "977k"},
        {1.1e6, "13 d", "1.0M"},
        {5e12, "57870370 d", "4.5T"},
        {5e15, "57870370370 d", "4547T"},
    };
    char text[CTL_FORMAT_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(ctl_format_duration(cases[i].value, text), cases[i].duration);
        assert_string_equal(ctl_format_bytes(cases[i].value, text), cases[i].bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wide),     cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_few_rows), cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
