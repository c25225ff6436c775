/* What a test's code writes to stderr, write by write: meanwhile stderr is one end of a packet
 * socket, so that every write() is one packet. */
#ifndef TESTS_UNIT_CAPTURED_STDERR_H
#define TESTS_UNIT_CAPTURED_STDERR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"

struct captured_stderr {
    int kept; /* the true stderr */
    int reader;
};

static inline void captured_stderr_start(struct captured_stderr *captured)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        die("socketpair");
    }
    captured->kept = dup(STDERR_FILENO);
    captured->reader = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
}

/* The next write, with a NUL behind it; false: there was no other. */
static inline bool captured_stderr_next(struct captured_stderr *captured, char *out, size_t size)
{
    ssize_t got = recv(captured->reader, out, size - 1, MSG_DONTWAIT);
    out[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static inline void captured_stderr_stop(struct captured_stderr *captured)
{
    dup2(captured->kept, STDERR_FILENO);
    fd_close(&captured->kept);
    fd_close(&captured->reader);
}

#endif
