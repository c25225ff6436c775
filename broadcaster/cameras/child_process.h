/* A program that is run for its answer, on the loop: bytes go to its stdin, what it writes to
 * stdout is collected, and it has so long and not longer. Its stderr is ours. This process is
 * the supervisor in its environment, so that a program of ours which runs a loop ends when this
 * one does. One thread. */
#ifndef BROADCASTER_CHILD_PROCESS_H
#define BROADCASTER_CHILD_PROCESS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct child_process;

struct child_result {
    const uint8_t *output; /* valid during the call; output_size does not count the NUL behind it */
    size_t output_size;
    int exit_code;   /* -1: it did not end by itself with one */
    bool late;       /* it was ended for having taken too long */
    bool overflowed; /* it was ended for having written more than `output_limit` */
};

/* Called once, from the loop, when it has ended; the child_process is gone after the call. */
typedef void child_process_done_fn(void *arg, const struct child_result *result);

/* What to run; copied as far as it is needed longer. */
struct child_command {
    const char *program;          /* its name; it stands in the folder of this program */
    const char *const *arguments; /* behind the name, NULL-terminated */
    const void *input;
    size_t input_size;
    size_t output_limit; /* bytes */
    uint64_t limit_ns;
};

/* NULL, with errno, when it cannot be run. */
struct child_process *child_process_start(struct event_base *base,
                                          const struct child_command *command,
                                          child_process_done_fn *done, void *arg);

/* Kills it: `done` is not called. NULL is allowed. */
void child_process_destroy(struct child_process *child);

#endif
