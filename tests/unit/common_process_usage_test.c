/* What a process uses: of this one, and of one that is not there. */
#include "common/process_usage.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/memory.h"

static void test_self(void **state)
{
    struct process_usage before, after;
    (void)state;
    assert_int_equal(process_usage_read(getpid(), &before), 0);
    assert_true(before.descriptors >= 1);
    assert_true(before.threads >= 1);
    double now_s = (double)clock_realtime_ns() / (double)NS_PER_SECOND;
    assert_true(before.started_s <= now_s + 1 && before.started_s > now_s - 3600);

    int fds[2];
    assert_int_equal(pipe(fds), 0);
    size_t size = 64 << 20;
    char *memory = xmalloc(size);
    memset(memory, 1, size);
    assert_int_equal(process_usage_read(getpid(), &after), 0);
    assert_int_equal(after.descriptors, before.descriptors + 2);
    assert_true(after.resident_bytes >= before.resident_bytes + size / 2);
    assert_true(after.cpu_s >= before.cpu_s);
    assert_true(fabs(after.started_s - before.started_s) < 0.1);
    assert_int_equal(memory[size / 2], 1);
    free(memory);
    close(fds[0]);
    close(fds[1]);
}

/* The name stands in the middle of the line that is read, and may hold what stands around it. */
static void test_odd_name(void **state)
{
    struct process_usage usage;
    int ready[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_NAME, ") R 1 (2 3");
        if (write(ready[1], "", 1) == 1) {
            pause();
        }
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(process_usage_read(child, &usage), 0);
    assert_int_equal(usage.threads, 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(process_usage_read(child, &usage), -ENOENT);
    close(ready[0]);
    close(ready[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_self),
        cmocka_unit_test(test_odd_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
