/*
 * What stands beside this test: the test itself. It is compared with the path that it
 * was started by, not with /proc/self/exe, which under valgrind is valgrind to stat()
 * and the test to readlink().
 */
#include "common/own_folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void assert_same_file(const char *path, const char *other)
{
    struct stat one, two;
    assert_int_equal(stat(path, &one), 0);
    assert_int_equal(stat(other, &two), 0);
    assert_int_equal(one.st_dev, two.st_dev);
    assert_int_equal(one.st_ino, two.st_ino);
}

static void test_what_stands_beside_the_program(void **state)
{
    (void)state;
    char *itself = own_folder_path(program_invocation_short_name);
    assert_non_null(itself);
    assert_int_equal(itself[0], '/');
    assert_same_file(itself, program_invocation_name);
    free(itself);
}

static void test_a_path_that_leads_away(void **state)
{
    (void)state;
    char *folder = own_folder_path("."), *above = own_folder_path("..");
    char *own = realpath(folder, NULL);
    assert_non_null(own);
    *strrchr(own, '/') = '\0';
    assert_same_file(above, own[0] != '\0' ? own : "/");
    free(own);
    free(above);
    free(folder);
}

static void test_what_is_not_there(void **state)
{
    (void)state;
    char *path = own_folder_path("nobody/is here");
    assert_non_null(path);
    assert_string_equal(path + strlen(path) - strlen("/nobody/is here"), "/nobody/is here");
    struct stat status;
    assert_int_equal(stat(path, &status), -1);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_stands_beside_the_program),
        cmocka_unit_test(test_a_path_that_leads_away),
        cmocka_unit_test(test_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
