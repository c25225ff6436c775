/* The links of the page that is shown where nothing is. */
#include "broadcaster/protocol/missing_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *fill(const char *page, const char *path, const char *root)
{
    size_t size = 0;
    char *filled = missing_page_fill((struct byte_span){(const uint8_t *)page, strlen(page)}, path,
                                     root, &size);
    if (filled != NULL) {
        assert_int_equal(size, strlen(filled));
    }
    return filled;
}

static void test_way_to_root(void **state)
{
    static const struct {
        const char *path, *way;
    } samples[] = {
        {"/", "./"},           {"/a", "./"},           {"/a/", "./../"}, {"/a/b", "./../"},
        {"/a/b/", "./../../"}, {"/a/b/c", "./../../"}, {"//", "./../"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char *filled = fill("{root}", samples[i].path, NULL);
        assert_string_equal(filled, samples[i].way);
        free(filled);
    }
}

static void test_marks(void **state)
{
    static const struct {
        const char *page, *filled;
    } samples[] = {
        {"", ""},
        {"no mark", "no mark"},
        {"{root}", "/x/"},
        {"a{root}b{root}", "a/x/b/x/"},
        {"{root}{root}c", "/x//x/c"},
        {"{roo{root}t}", "{roo/x/t}"},
        {"{root", "{root"},
        {"root} {ROOT}", "root} {ROOT}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char *filled = fill(samples[i].page, "/a/b/c", "/x/");
        assert_string_equal(filled, samples[i].filled);
        free(filled);
    }
}

/* What is put in is not looked at again. */
static void test_root_with_mark(void **state)
{
    (void)state;
    char *filled = fill("{root}.", "/", "{root}");
    assert_string_equal(filled, "{root}.");
    free(filled);
}

static void test_too_deep(void **state)
{
    char path[4096] = "", deepest[128] = "./";
    size_t levels = 0;
    (void)state;
    for (;; levels++) {
        strcat(path, "/a");
        char *filled = fill("{root}", path, NULL);
        if (filled == NULL) {
            break;
        }
        assert_string_equal(filled, deepest);
        free(filled);
        strcat(deepest, "../");
        assert_true(levels < 100);
    }
    assert_true(levels > 10);
    /* The way is asked for only where it is used. */
    char *filled = fill("{root}", path, "/x/");
    assert_string_equal(filled, "/x/");
    free(filled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_way_to_root),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_root_with_mark),
        cmocka_unit_test(test_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
