/* Waiting in tests that run an event loop: on a condition, with a deadline that only a failing test
 * meets. And a run directory of its own for each. */
#ifndef TESTS_UNIT_LOOP_WAIT_H
#define TESTS_UNIT_LOOP_WAIT_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/clock.h"

#define LOOP_WAIT_NS (10 * NS_PER_SECOND)

/* Runs the loop until `condition` holds. */
#define LOOP_WAIT(base, condition)                                                                 \
    do {                                                                                           \
        uint64_t loop_wait_end_ns = clock_monotonic_ns() + LOOP_WAIT_NS;                           \
        while (!(condition)) {                                                                     \
            assert_true(clock_monotonic_ns() < loop_wait_end_ns);                                  \
            loop_turn(base);                                                                       \
        }                                                                                          \
    } while (0)

static inline void loop_turn_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* One turn of the loop; a second without any event ends it too. */
static inline void loop_turn(struct event_base *base)
{
    struct timeval second = clock_timeval(NS_PER_SECOND);
    event_base_once(base, -1, EV_TIMEOUT, loop_turn_over, NULL, &second);
    event_base_loop(base, EVLOOP_ONCE);
}

/* Runs what is ready now, and what that makes ready, without waiting. */
static inline void loop_settle(struct event_base *base)
{
    for (int i = 0; i < 20; i++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static inline void run_dir_make(char path[64])
{
    snprintf(path, 64, "/tmp/ringcast-test-XXXXXX");
    assert_non_null(mkdtemp(path));
}

/* Removes the folder with the sockets that a killed server may have left in it. */
static inline void run_dir_remove(const char *path)
{
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
    assert_int_equal(rmdir(path), 0);
}

/* How many descriptors this process has open. */
static inline int descriptors_open(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}

#endif
