#include "common/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

struct loop {
    struct event_base *base;
    struct event *terminate, *hangup;
    struct event *interrupt; /* NULL: SIGINT is ignored */
    loop_reload_fn *reload;
    void *reload_arg;
    int ready_fd;
    int exit_code;
};

static void loop_stop_on_signal(evutil_socket_t signal_number, short events, void *arg)
{
    (void)signal_number;
    (void)events;
    loop_stop(arg, 0);
}

static void loop_reload_on_signal(evutil_socket_t signal_number, short events, void *arg)
{
    struct loop *loop = arg;
    (void)signal_number;
    (void)events;
    if (loop->reload != NULL) {
        loop->reload(loop->reload_arg);
    }
}

/* The supervisor may have died between its fork() and our prctl(): compare afterwards. */
static void loop_follow_supervisor(void)
{
    const char *supervisor = getenv("RINGCAST_SUPERVISOR_PID");
    if (supervisor == NULL || supervisor[0] == '\0') {
        return;
    }
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) {
        die("prctl(PR_SET_PDEATHSIG): %s", strerror(errno));
    }
    if (getppid() != (pid_t)strtol(supervisor, NULL, 10)) {
        die("the supervisor that started this process is gone pid=%s; ending", supervisor);
    }
}

/* Whoever starts us with SIGINT ignored (a shell's `&`, the supervisor) ends us in another way;
 * Ctrl-C in their terminal, which every process there gets, is for them. */
static bool loop_may_be_interrupted(void)
{
    struct sigaction action;
    return sigaction(SIGINT, NULL, &action) == 0 && action.sa_handler != SIG_IGN;
}

static struct event *loop_signal(struct loop *loop, int number, event_callback_fn callback)
{
    struct event *event = evsignal_new(loop->base, number, callback, loop);
    if (event == NULL || evsignal_add(event, NULL) < 0) {
        die("cannot watch signal %d", number);
    }
    return event;
}

struct loop *loop_create(int ready_fd)
{
    struct loop *loop = xcalloc(1, sizeof *loop);
    loop->ready_fd = ready_fd;
    loop_follow_supervisor();
    signal(SIGPIPE, SIG_IGN);
    struct event_config *config = event_config_new();
    if (config == NULL || event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) < 0) {
        die("libevent cannot be configured");
    }
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    if (loop->base == NULL) {
        die("libevent cannot make an event loop");
    }
    loop->terminate = loop_signal(loop, SIGTERM, loop_stop_on_signal);
    if (loop_may_be_interrupted()) {
        loop->interrupt = loop_signal(loop, SIGINT, loop_stop_on_signal);
    }
    loop->hangup = loop_signal(loop, SIGHUP, loop_reload_on_signal);
    return loop;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    event_free(loop->terminate);
    if (loop->interrupt != NULL) {
        event_free(loop->interrupt);
    }
    event_free(loop->hangup);
    event_base_free(loop->base);
    fd_close(&loop->ready_fd);
    free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

void loop_on_reload(struct loop *loop, loop_reload_fn *handler, void *arg)
{
    loop->reload = handler;
    loop->reload_arg = arg;
}

void loop_ready(struct loop *loop)
{
    if (loop->ready_fd >= 0) {
        ssize_t written = write(loop->ready_fd, "\n", 1);
        (void)written; /* whoever waited may have gone */
        fd_close(&loop->ready_fd);
    }
}

int loop_run(struct loop *loop)
{
    loop->exit_code = 0;
    if (event_base_dispatch(loop->base) < 0) {
        die("the event loop failed");
    }
    return loop->exit_code;
}

void loop_stop(struct loop *loop, int exit_code)
{
    loop->exit_code = exit_code;
    event_base_loopbreak(loop->base);
}
