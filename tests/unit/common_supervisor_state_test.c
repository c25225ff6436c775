/* The supervisor's state file, as others read it. */
#include "common/supervisor_state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/supervisor_state_XXXXXX";
static char path[64];

static int create(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/supervisor.state", folder);
    return 0;
}

static int destroy(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int read_text(struct supervisor_state *state, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return supervisor_state_read(folder, state);
}

static void test_processes(void **state)
{
    struct supervisor_state read;
    char text[256];
    (void)state;
    snprintf(text, sizeof text,
             "supervisor %d 1767789045\nbroadcaster running 12 0 1767789046 0\n"
             "capture.CAM1 failed 0 3 1767789047 78\n",
             getpid());
    assert_int_equal(read_text(&read, text), 0);
    assert_int_equal(read.pid, getpid());
    assert_int_equal(read.started_s, 1767789045);
    assert_int_equal(read.count, 2);
    assert_string_equal(read.items[0].name, "broadcaster");
    assert_string_equal(read.items[0].state, "running");
    assert_int_equal(read.items[0].pid, 12);
    assert_string_equal(read.items[1].name, "capture.CAM1");
    assert_int_equal(read.items[1].restarts, 3);
    assert_int_equal(read.items[1].since_s, 1767789047);
    assert_int_equal(read.items[1].exit_code, 78);
    supervisor_state_finish(&read);
}

static void test_files_that_are_none(void **state)
{
    static const char *const texts[] = {
        "",
        "supervisor\n",
        "supervisor x 1\n",
        "broadcaster running 12 0 1767789046 0\n",
        "supervisor 1 1\nbroadcaster running 12 0\n",
        "supervisor 1 1\nbroadcaster running x 0 1 0\n",
    };
    struct supervisor_state read;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(read_text(&read, texts[i]), -EBADMSG);
        supervisor_state_finish(&read);
    }
}

static void test_no_supervisor(void **state)
{
    struct supervisor_state read;
    char text[64];
    (void)state;
    unlink(path);
    assert_int_equal(supervisor_state_read(folder, &read), -ENOENT);
    supervisor_state_finish(&read);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    snprintf(text, sizeof text, "supervisor %d 1\n", pid);
    assert_int_equal(read_text(&read, text), -ENOENT);
    supervisor_state_finish(&read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_processes),
                                       cmocka_unit_test(test_files_that_are_none),
                                       cmocka_unit_test(test_no_supervisor)};
    return cmocka_run_group_tests(tests, create, destroy);
}
