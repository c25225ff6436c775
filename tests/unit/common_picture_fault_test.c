#include "common/picture_fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_other_pictures_are_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *kind; /* NULL: none is known */
    } cases[] = {
        {"\x89PNG\r\n\x1a\n", 8, "a PNG"},
        {"\x89PNG\r\n\x1a", 7, NULL},
        {"RIFF\1\2\3\4WEBPVP8 ", 16, "a WebP"},
        {"RIFF\1\2\3\4WAVE", 12, NULL},
        {"GIF89a", 6, "a GIF"},
        {"\0\0\0\x18"
         "ftypheic",
         12, "an HEIC"},
        {"\0\0\0\x18"
         "ftypavif",
         12, "an AVIF"},
        {"\0\0\0\x18"
         "ftypmp42",
         12, "a film"},
        {"\x1a\x45\xdf\xa3", 4, "a WebM film"},
        {"\xff\xd8\xff\xe0", 4, NULL},
        {"", 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *kind = picture_other_kind((const uint8_t *)cases[i].bytes, cases[i].size);
        if (cases[i].kind == NULL) {
            assert_null(kind);
        } else {
            assert_non_null(kind);
            assert_string_equal(kind, cases[i].kind);
        }
    }
}

static void test_every_fault_has_words(void **state)
{
    (void)state;
    for (int fault = JPEG_WHOLE; fault < JPEG_FAULTS; fault++) {
        assert_non_null(picture_fault_text((enum jpeg_fault)fault));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_pictures_are_named),
        cmocka_unit_test(test_every_fault_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
