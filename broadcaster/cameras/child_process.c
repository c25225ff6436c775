#include "broadcaster/cameras/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/own_folder.h"

#define SUPERVISOR_VARIABLE "RINGCAST_SUPERVISOR_PID="
#define READ_BYTES          65536

struct child_process {
    pid_t pid;
    int input_fd, output_fd; /* our ends; -1: closed */
    int process_fd;          /* readable when it has ended */
    struct event *writable, *readable, *ended, *limit;
    uint8_t *input;
    size_t input_size, written;
    uint8_t *output;
    size_t output_size, output_capacity, output_limit;
    bool has_ended;
    int status; /* of waitpid(), once it has */
    struct child_result result;
    child_process_done_fn *done;
    void *arg;
};

/* --- its end --- */

static void child_free_event(struct event **event)
{
    if (*event != NULL) {
        event_free(*event);
        *event = NULL;
    }
}

static void child_close_input(struct child_process *child)
{
    child_free_event(&child->writable);
    fd_close(&child->input_fd);
}

static void child_close_output(struct child_process *child)
{
    child_free_event(&child->readable);
    fd_close(&child->output_fd);
}

static void child_free(struct child_process *child)
{
    child_close_input(child);
    child_close_output(child);
    child_free_event(&child->ended);
    child_free_event(&child->limit);
    fd_close(&child->process_fd);
    free(child->input);
    free(child->output);
    free(child);
}

/* Over when it is gone and all that it wrote has been read. */
static void child_finish(struct child_process *child)
{
    if (!child->has_ended || child->output_fd >= 0) {
        return;
    }
    bool killed = child->result.late || child->result.overflowed || !WIFEXITED(child->status);
    child->result.exit_code = killed ? -1 : WEXITSTATUS(child->status);
    child->output[child->output_size] = '\0';
    child->result.output = child->output;
    child->result.output_size = child->output_size;
    child->done(child->arg, &child->result);
    child_free(child);
}

/* Whatever holds the other end of its stdout counts no longer. One that has been waited for is no
 * more, and its number may be another's. */
static void child_kill(struct child_process *child)
{
    if (!child->has_ended) {
        kill(child->pid, SIGKILL);
    }
    child_close_input(child);
    child_close_output(child);
}

static void child_on_limit(evutil_socket_t fd, short events, void *arg)
{
    struct child_process *child = arg;
    (void)fd;
    (void)events;
    child->result.late = true;
    if (child->has_ended) {
        child_close_output(child);
        child_finish(child);
    } else {
        child_kill(child); /* its end is the next event */
    }
}

static void child_on_ended(evutil_socket_t fd, short events, void *arg)
{
    struct child_process *child = arg;
    (void)fd;
    (void)events;
    if (waitpid(child->pid, &child->status, WNOHANG) != child->pid) {
        return;
    }
    child->has_ended = true;
    event_del(child->ended);
    child_close_input(child);
    child_finish(child);
}

/* --- what it reads and writes --- */

static void child_on_writable(evutil_socket_t fd, short events, void *arg)
{
    struct child_process *child = arg;
    (void)events;
    ssize_t written = write(fd, child->input + child->written, child->input_size - child->written);
    if (written < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    child->written += written > 0 ? (size_t)written : 0;
    if (written < 0 || child->written == child->input_size) {
        child_close_input(child);
    }
}

static void child_on_readable(evutil_socket_t fd, short events, void *arg)
{
    struct child_process *child = arg;
    (void)events;
    if (child->output_capacity - child->output_size < READ_BYTES + 1) {
        child->output_capacity = 2 * child->output_capacity + READ_BYTES + 1;
        child->output = xreallocarray(child->output, child->output_capacity, 1);
    }
    ssize_t got = read(fd, child->output + child->output_size, READ_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    child->output_size += got > 0 ? (size_t)got : 0;
    if (child->output_size > child->output_limit) {
        child->result.overflowed = true;
        child_kill(child);
        child_finish(child);
    } else if (got <= 0) {
        child_close_output(child);
        child_finish(child);
    }
}

/* --- its beginning --- */

/* Our environment, with us for its supervisor. The caller frees the list and its first entry. */
static char **child_environment(void)
{
    size_t count = 0, used = 1;
    while (environ[count] != NULL) {
        count++;
    }
    char **environment = xcalloc(count + 2, sizeof(char *));
    environment[0] = xasprintf(SUPERVISOR_VARIABLE "%d", (int)getpid());
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], SUPERVISOR_VARIABLE, strlen(SUPERVISOR_VARIABLE)) != 0) {
            environment[used++] = environ[i];
        }
    }
    return environment;
}

/* Runs it with these ends of the pipes for its stdin and stdout. 0 or -errno. */
static int child_spawn(pid_t *pid, const struct child_command *command, int input, int output)
{
    size_t count = 0;
    char *path = own_folder_path(command->program);
    if (path == NULL) {
        return -errno;
    }
    while (command->arguments[count] != NULL) {
        count++;
    }
    char **arguments = xcalloc(count + 2, sizeof(char *));
    arguments[0] = path;
    memcpy(&arguments[1], command->arguments, count * sizeof(char *));
    char **environment = child_environment();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    int result = -posix_spawn(pid, path, &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    free(environment[0]);
    free(environment);
    free(arguments);
    free(path);
    return result;
}

static struct event *child_event(struct event_base *base, int fd, short what,
                                 event_callback_fn callback, struct child_process *child)
{
    struct event *event = event_new(base, fd, what, callback, child);
    if (event == NULL) {
        die("out of memory for an event");
    }
    return event;
}

static void child_watch(struct child_process *child, struct event_base *base, uint64_t limit_ns)
{
    struct timeval limit = clock_timeval(limit_ns);
    child->writable =
        child_event(base, child->input_fd, EV_WRITE | EV_PERSIST, child_on_writable, child);
    child->readable =
        child_event(base, child->output_fd, EV_READ | EV_PERSIST, child_on_readable, child);
    child->ended =
        child_event(base, child->process_fd, EV_READ | EV_PERSIST, child_on_ended, child);
    child->limit = child_event(base, -1, 0, child_on_limit, child);
    event_add(child->writable, NULL);
    event_add(child->readable, NULL);
    event_add(child->ended, NULL);
    event_add(child->limit, &limit);
}

static int child_run(struct child_process *child, const struct child_command *command)
{
    int input[2] = {-1, -1}, output[2] = {-1, -1};
    int result = 0;
    if (pipe2(input, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0) {
        result = -errno;
        goto close_pipes;
    }
    result = child_spawn(&child->pid, command, input[0], output[1]);
    if (result < 0) {
        goto close_pipes;
    }
    child->process_fd = pidfd_open(child->pid, 0);
    if (child->process_fd < 0) {
        result = -errno;
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
        goto close_pipes;
    }
    fd_set_nonblocking(input[1]);
    fd_set_nonblocking(output[0]);
    child->input_fd = input[1];
    child->output_fd = output[0];
    input[1] = output[0] = -1;
close_pipes:
    fd_close(&input[0]);
    fd_close(&input[1]);
    fd_close(&output[0]);
    fd_close(&output[1]);
    return result;
}

struct child_process *child_process_start(struct event_base *base,
                                          const struct child_command *command,
                                          child_process_done_fn *done, void *arg)
{
    struct child_process *child = xcalloc(1, sizeof *child);
    child->input_fd = child->output_fd = child->process_fd = -1;
    int result = child_run(child, command);
    if (result < 0) {
        child_free(child);
        errno = -result;
        return NULL;
    }
    child->input = xmalloc(command->input_size + 1);
    memcpy(child->input, command->input, command->input_size);
    child->input_size = command->input_size;
    child->output_capacity = 2 * READ_BYTES + 1;
    child->output = xmalloc(child->output_capacity);
    child->output_limit = command->output_limit;
    child->done = done;
    child->arg = arg;
    child_watch(child, base, command->limit_ns);
    return child;
}

void child_process_destroy(struct child_process *child)
{
    if (child == NULL) {
        return;
    }
    if (!child->has_ended) {
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0); /* at once: nothing holds up a process that is killed */
    }
    child_free(child);
}
