/* Programs run for their answer. They are looked for beside this one, so links to the shell's tools
 * stand there while a test runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broadcaster/cameras/child_process.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/own_folder.h"

static struct event_base *base;
static char *shell; /* the link to /bin/sh beside this program */
static const char *shell_name;

/* How it ended, as far as it outlives the call. */
static struct {
    int calls;
    struct child_result result;
    char *output;
} ended;

static int create(void **state)
{
    (void)state;
    char name[32];
    snprintf(name, sizeof name, "sh.%d", (int)getpid());
    shell = own_folder_path(name);
    shell_name = strrchr(shell, '/') + 1;
    ended.calls = 0;
    base = event_base_new();
    return base != NULL && symlink("/bin/sh", shell) == 0 ? 0 : -1;
}

static int destroy(void **state)
{
    (void)state;
    unlink(shell);
    free(shell);
    event_base_free(base);
    free(ended.output);
    ended.output = NULL;
    return 0;
}

static void on_done(void *arg, const struct child_result *result)
{
    (void)arg;
    ended.calls++;
    ended.result = *result;
    ended.output = xstrdup((const char *)result->output);
    event_base_loopbreak(base);
}

static struct child_process *start(const char *script, const char *input, size_t output_limit,
                                   uint64_t limit_ns)
{
    const char *arguments[] = {"-c", script, NULL};
    const struct child_command command = {
        .program = shell_name,
        .arguments = arguments,
        .input = input,
        .input_size = strlen(input),
        .output_limit = output_limit,
        .limit_ns = limit_ns,
    };
    struct child_process *child = child_process_start(base, &command, on_done, NULL);
    assert_non_null(child);
    return child;
}

static void assert_no_child(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void run(const char *script, const char *input, size_t output_limit, uint64_t limit_ns)
{
    start(script, input, output_limit, limit_ns);
    event_base_dispatch(base);
    assert_int_equal(ended.calls, 1);
    assert_no_child();
}

static void test_answer(void **state)
{
    (void)state;
    run("tr a-z A-Z; exit 3", "hello", 100, 10 * NS_PER_SECOND);
    assert_int_equal(ended.result.exit_code, 3);
    assert_int_equal(ended.result.output_size, 5);
    assert_string_equal(ended.output, "HELLO");
}

/* More than a pipe holds, in both directions at once. */
static void test_much(void **state)
{
    size_t size = 3000000;
    char *input = xmalloc(size + 1);
    (void)state;
    memset(input, 'x', size);
    input[size] = '\0';
    run("cat", input, size, 10 * NS_PER_SECOND);
    assert_int_equal(ended.result.exit_code, 0);
    assert_string_equal(ended.output, input);
    free(input);
}

static void test_input_that_nobody_reads(void **state)
{
    size_t size = 300000;
    char *input = xcalloc(1, size + 1);
    (void)state;
    memset(input, 'x', size);
    run("exec 0<&-; echo done", input, 100, 10 * NS_PER_SECOND);
    assert_int_equal(ended.result.exit_code, 0);
    assert_string_equal(ended.output, "done\n");
    free(input);
}

static void test_its_supervisor_is_this_process(void **state)
{
    (void)state;
    setenv("RINGCAST_SUPERVISOR_PID", "1", 1);
    run("echo $RINGCAST_SUPERVISOR_PID", "", 100, 10 * NS_PER_SECOND);
    unsetenv("RINGCAST_SUPERVISOR_PID");
    assert_int_equal(strtol(ended.output, NULL, 10), getpid());
}

static void test_too_long(void **state)
{
    (void)state;
    run("echo begun; exec sleep 60", "", 100, 200 * NS_PER_MS);
    assert_true(ended.result.late);
    assert_int_equal(ended.result.exit_code, -1);
    assert_string_equal(ended.output, "begun\n");
}

static void test_too_much(void **state)
{
    (void)state;
    run("exec yes", "", 100000, 10 * NS_PER_SECOND);
    assert_true(ended.result.overflowed);
    assert_int_equal(ended.result.exit_code, -1);
}

static void test_killed_by_somebody(void **state)
{
    (void)state;
    run("kill -9 $$", "", 100, 10 * NS_PER_SECOND);
    assert_int_equal(ended.result.exit_code, -1);
    assert_false(ended.result.late);
}

static void test_destroyed(void **state)
{
    (void)state;
    child_process_destroy(start("exec sleep 60", "", 100, 10 * NS_PER_SECOND));
    assert_no_child();
    assert_int_equal(ended.calls, 0);
}

static void test_no_such_program(void **state)
{
    static const char *const arguments[] = {NULL};
    const struct child_command command = {.program = "no-such-program", .arguments = arguments};
    (void)state;
    assert_null(child_process_start(base, &command, on_done, NULL));
    assert_int_equal(errno, ENOENT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answer),
        TEST(test_much),
        TEST(test_input_that_nobody_reads),
        TEST(test_its_supervisor_is_this_process),
        TEST(test_too_long),
        TEST(test_too_much),
        TEST(test_killed_by_somebody),
        TEST(test_destroyed),
        TEST(test_no_such_program),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
