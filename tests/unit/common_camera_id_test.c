#include "common/camera_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_examples(void **state)
{
    static const struct {
        const char *id;
        bool valid;
    } samples[] = {
        {"CAM1", true},  {"0", true},    {"a.b-c_d", true},      {"A.", true},
        {"", false},     {".a", false},  {"-a", false},          {"_a", false},
        {"..", false},   {"a/b", false}, {"a b", false},         {"a\n", false},
        {"a%2f", false}, {"a:b", false}, {"caf\xc3\xa9", false}, {"../x", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        if (camera_id_valid(samples[i].id, strlen(samples[i].id)) != samples[i].valid) {
            fail_msg("\"%s\" must be %s", samples[i].id, samples[i].valid ? "valid" : "refused");
        }
    }
}

static bool listed(const char *list, int c)
{
    return c != '\0' && strchr(list, c) != NULL;
}

static void test_every_character(void **state)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char further[] = "_.-";
    (void)state;
    for (int c = 0; c < 256; c++) {
        char id[2] = {(char)c, 'x'};
        char second[2] = {'x', (char)c};
        assert_int_equal(camera_id_valid(id, 2), listed(first, c));
        assert_int_equal(camera_id_valid(second, 2), listed(first, c) || listed(further, c));
    }
}

static void test_length_is_what_is_given(void **state)
{
    char id[CAMERA_ID_MAX + 1];
    (void)state;
    memset(id, 'x', sizeof id);
    assert_true(camera_id_valid(id, 1));
    assert_true(camera_id_valid(id, CAMERA_ID_MAX));
    assert_false(camera_id_valid(id, CAMERA_ID_MAX + 1));
    assert_true(camera_id_valid("CAM1/x", 4));
    assert_false(camera_id_valid("CAM1\0x", 6));
    assert_false(camera_id_valid(id, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_length_is_what_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
