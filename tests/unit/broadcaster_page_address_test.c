/* Which file shows which address. */
#include "broadcaster/protocol/page_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_addresses(void **state)
{
    static const struct {
        const char *path, *file;
    } samples[] = {
        {"/cameras", "/cameras.html"},
        {"/health", "/health.html"},
        {"/publish", "/publish.html"},
        {"/camera/CAM1", "/camera.html"},
        {"/camera/a.b_c-D", "/camera.html"},
        {"/camera/CAM1/spaces", "/spaces.html"},
        {"/camera/spaces", "/camera.html"},
        {"/camera/spaces/spaces", "/spaces.html"},
        {"/", NULL},
        {"", NULL},
        {"/index.html", NULL},
        {"/camera", NULL},
        {"/camera/", NULL},
        {"/camera//", NULL},
        {"/camera//spaces", NULL},
        {"/camera/-x", NULL},
        {"/camera/a b", NULL},
        {"/camera/a/b", NULL},
        {"/camera/a/Spaces", NULL},
        {"/camera/a/spaces/b", NULL},
        {"/camera/..", NULL},
        {"/Cameras", NULL},
        {"/camerasX", NULL},
        {"/healthz", NULL},
        {"/publish.html", NULL},
        {"/a/publish", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char with_slash[64];
        bool slash = true;
        const char *file = page_address_file(samples[i].path, &slash);
        if (samples[i].file == NULL) {
            assert_null(file);
            continue;
        }
        assert_string_equal(file, samples[i].file);
        assert_false(slash);
        snprintf(with_slash, sizeof with_slash, "%s/", samples[i].path);
        assert_string_equal(page_address_file(with_slash, &slash), samples[i].file);
        assert_true(slash);
        snprintf(with_slash, sizeof with_slash, "%s//", samples[i].path);
        assert_null(page_address_file(with_slash, &slash));
    }
}

static void test_the_longest_id(void **state)
{
    char path[128];
    bool slash;
    (void)state;
    memset(path, 'x', sizeof path);
    memcpy(path, "/camera/", 8);
    path[8 + 64] = '\0';
    assert_non_null(page_address_file(path, &slash));
    path[8 + 64] = 'x';
    path[8 + 65] = '\0';
    assert_null(page_address_file(path, &slash));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_addresses),
                                       cmocka_unit_test(test_the_longest_id)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
