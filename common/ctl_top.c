#include "common/ctl_top.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/ctl_processes.h"
#include "common/ctl_top_view.h"
#include "common/log.h"

#define TOP_INTERVAL_NS NS_PER_SECOND
#define TOP_ANSWER_S    0.8 /* below the interval */
#define TOP_ONCE_WIDTH  160
#define TOP_ONCE_HEIGHT 10000

/* Terminal control (ECMA-48 and xterm): another screen without a cursor and without wrapping, and
 * back; to the top left; clear to the end of the line, to the end of the screen. */
#define SCREEN_ENTER    "\x1b[?1049h\x1b[?25l\x1b[?7l"
#define SCREEN_LEAVE    "\x1b[?7h\x1b[?25h\x1b[?1049l"
#define SCREEN_HOME     "\x1b[H"
#define SCREEN_CUT_LINE "\x1b[K"
#define SCREEN_CUT_REST "\x1b[J"

struct top {
    struct event_base *base;
    const char *run_dir;
    struct ctl_inquiry *inquiry; /* NULL: nobody is being asked */
    struct top_look now, before;
    struct event *tick;
    int fault; /* why the state could not be read; 0: it could */
    bool once;
    struct termios terminal; /* as it was */
    bool raw;                /* it is not so now */
};

/* --- the terminal --- */

static void top_write(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDOUT_FILENO, text, size);
        if (written <= 0) {
            return; /* the terminal is gone: its SIGHUP is on the way */
        }
        text += written;
        size -= (size_t)written;
    }
}

static void top_enter_screen(struct top *top)
{
    top->raw = tcgetattr(STDIN_FILENO, &top->terminal) == 0;
    if (top->raw) {
        struct termios keys = top->terminal;
        keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    }
    top_write(SCREEN_ENTER, strlen(SCREEN_ENTER));
}

static void top_leave_screen(struct top *top)
{
    top_write(SCREEN_LEAVE, strlen(SCREEN_LEAVE));
    if (top->raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &top->terminal);
        top->raw = false;
    }
}

static void top_screen_size(size_t *width, size_t *height)
{
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *width = known ? size.ws_col : 80;
    *height = known ? size.ws_row : 24;
}

/* The whole screen in one piece, each line over the one before: nothing flickers. */
static void top_show(const char *text, size_t height)
{
    char *screen;
    size_t size;
    FILE *out = open_memstream(&screen, &size);
    if (out == NULL) {
        die("out of memory");
    }
    fputs(SCREEN_HOME, out);
    size_t line = 0;
    for (; line < height && *text != '\0'; line++) {
        size_t length = strcspn(text, "\n");
        fprintf(out, "%s" SCREEN_CUT_LINE "%.*s", line > 0 ? "\r\n" : "", (int)length, text);
        text += length + (text[length] == '\n');
    }
    if (line < height) {
        fputs("\r\n" SCREEN_CUT_REST, out);
    }
    fclose(out);
    top_write(screen, size);
    free(screen);
}

/* --- looking --- */

static void top_draw(struct top *top)
{
    char *text;
    size_t size, width = TOP_ONCE_WIDTH, height = TOP_ONCE_HEIGHT;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        die("out of memory");
    }
    if (!top->once) {
        top_screen_size(&width, &height);
    }
    if (top->fault < 0) {
        ctl_processes_explain(top->fault, top->run_dir, out);
    } else {
        top_view_print(&top->now, &top->before, top->run_dir, width, height, out);
    }
    fclose(out);
    if (top->once) {
        fputs(text, stdout);
    } else {
        top_show(text, height);
    }
    free(text);
}

static void top_on_answers(void *arg)
{
    struct top *top = arg;
    ctl_inquiry_destroy(top->inquiry);
    top->inquiry = NULL;
    top_look_take_usage(&top->now);
    if (!top->once) {
        top_draw(top);
    } else if (top->before.taken_ns != 0) {
        top_draw(top);
        event_base_loopbreak(top->base);
    }
}

static void top_on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct top *top = arg;
    struct timeval interval = clock_timeval(TOP_INTERVAL_NS);
    (void)fd;
    (void)what;
    event_add(top->tick, &interval);
    if (top->inquiry != NULL) {
        return; /* a second that was no second: the machine stood still */
    }
    top_look_finish(&top->before);
    top->before = top->now;
    top->now = (struct top_look){0};
    top->fault = ctl_processes_read(top->run_dir, &top->now.processes);
    if (top->fault == 0) {
        top->inquiry = ctl_inquiry_create(top->base, top->run_dir, &top->now.processes, true,
                                          TOP_ANSWER_S, top_on_answers, top);
    } else if (top->once) {
        event_base_loopbreak(top->base);
    } else {
        top_draw(top); /* it may come back */
    }
}

/* --- keys and signals --- */

static void top_on_key(evutil_socket_t fd, short what, void *arg)
{
    struct top *top = arg;
    char keys[16];
    (void)what;
    ssize_t size = read(fd, keys, sizeof keys);
    if (size <= 0 || memchr(keys, 'q', (size_t)size) != NULL ||
        memchr(keys, 'Q', (size_t)size) != NULL) {
        event_base_loopbreak(top->base);
    }
}

static void top_on_end(evutil_socket_t number, short what, void *arg)
{
    struct top *top = arg;
    (void)number;
    (void)what;
    event_base_loopbreak(top->base);
}

static void top_on_resize(evutil_socket_t number, short what, void *arg)
{
    struct top *top = arg;
    (void)number;
    (void)what;
    if (top->inquiry == NULL && top->now.taken_ns != 0) {
        top_draw(top); /* else it is drawn in a moment */
    }
}

/* Ctrl-Z: the terminal is given back as it was, and taken again when the shell says so. */
static void top_on_suspend(evutil_socket_t number, short what, void *arg)
{
    struct top *top = arg;
    (void)number;
    (void)what;
    top_leave_screen(top);
    raise(SIGSTOP);
    top_enter_screen(top);
    top_on_resize(number, what, top);
}

static struct event *top_watch(struct top *top, int number, short what, event_callback_fn handler)
{
    struct event *event = event_new(top->base, number, (short)(what | EV_PERSIST), handler, top);
    if (event == NULL || event_add(event, NULL) < 0) {
        die("cannot make an event");
    }
    return event;
}

static void top_run_on_screen(struct top *top)
{
    struct event *events[] = {
        top_watch(top, SIGINT, EV_SIGNAL, top_on_end),
        top_watch(top, SIGTERM, EV_SIGNAL, top_on_end),
        top_watch(top, SIGHUP, EV_SIGNAL, top_on_end),
        top_watch(top, SIGWINCH, EV_SIGNAL, top_on_resize),
        top_watch(top, SIGTSTP, EV_SIGNAL, top_on_suspend),
        /* Without a terminal to read from only signals end it. */
        isatty(STDIN_FILENO) ? top_watch(top, STDIN_FILENO, EV_READ, top_on_key) : NULL,
    };
    top_enter_screen(top);
    event_base_dispatch(top->base);
    top_leave_screen(top);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
}

int ctl_top(const struct config *config, bool once)
{
    struct top top = {
        .base = event_base_new(),
        .run_dir = config->run_dir,
        .once = once || !isatty(STDOUT_FILENO),
    };
    if (top.base == NULL || (top.tick = evtimer_new(top.base, top_on_tick, &top)) == NULL) {
        die("libevent cannot make an event loop");
    }
    event_active(top.tick, EV_TIMEOUT, 0);
    if (top.once) {
        event_base_dispatch(top.base);
    } else {
        top_run_on_screen(&top);
    }
    if (top.once && top.fault < 0) {
        ctl_processes_explain(top.fault, top.run_dir, stderr);
    }
    ctl_inquiry_destroy(top.inquiry);
    top_look_finish(&top.now);
    top_look_finish(&top.before);
    event_free(top.tick);
    event_base_free(top.base);
    return top.once && top.fault < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
