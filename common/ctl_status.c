#include "common/ctl_status.h"

#include <event2/event.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/ctl_format.h"
#include "common/ctl_processes.h"
#include "common/log.h"

#define ANSWER_TIMEOUT_S 1.0

/* How a shell tells that a process was killed: 128 and the signal. */
#define SHELL_SIGNAL_BASE 128

static void status_on_done(void *arg)
{
    event_base_loopbreak(arg);
}

static void status_ask_all(struct ctl_processes *processes, const char *run_dir)
{
    struct event_base *base = event_base_new();
    if (base == NULL) {
        die("libevent cannot make an event loop");
    }
    struct ctl_inquiry *inquiry =
        ctl_inquiry_create(base, run_dir, processes, false, ANSWER_TIMEOUT_S, status_on_done, base);
    event_base_dispatch(base);
    ctl_inquiry_destroy(inquiry);
    event_base_free(base);
}

/* What the process moves: frames per second, and the age of the newest. A detector
 * says it per camera. */
static void read_rate(const json_t *stats, double *fps, double *age_ms)
{
    const json_t *age = json_object_get(stats, "newest_age_ms");
    const char *id;
    json_t *camera;
    *fps += json_number_value(json_object_get(stats, "fps"));
    if (json_is_number(age)) {
        *age_ms = fmin(*age_ms, json_number_value(age));
    }
    json_object_foreach(json_object_get(stats, "cameras"), id, camera)
    {
        read_rate(camera, fps, age_ms);
    }
}

/* The reason may quote what a camera said: it must not steer the terminal. */
static void print_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
    }
}

static void print_end(int exit_code)
{
    if (exit_code == EXIT_CONFIG) {
        printf("  ended with %d: must be mended, then: ringcast reload (the log says why)",
               exit_code);
    } else if (exit_code > SHELL_SIGNAL_BASE) {
        printf("  killed by signal %d", exit_code - SHELL_SIGNAL_BASE);
    } else if (exit_code != 0) {
        printf("  ended with %d", exit_code);
    }
}

static void print_note(const struct ctl_process *process)
{
    const char *state = json_string_value(json_object_get(process->status, "state"));
    const char *reason = json_string_value(json_object_get(process->status, "reason"));
    const json_t *viewers = json_object_get(process->stats, "viewers");
    if (strcmp(process->entry.state, "running") != 0) {
        print_end(process->entry.exit_code);
    } else if (process->stats == NULL) {
        printf("  does not answer");
    } else if (state != NULL) {
        printf("  ");
        print_plain(state);
        if (reason != NULL && reason[0] != '\0') {
            printf(": ");
            print_plain(reason);
        }
    } else if (json_is_integer(viewers)) {
        json_int_t count = json_integer_value(viewers);
        printf("  %" JSON_INTEGER_FORMAT " viewer%s", count, count == 1 ? "" : "s");
    }
}

static void print_process(const struct ctl_process *process, int name_width, double now_s)
{
    char up[CTL_FORMAT_SIZE], fps[32] = "-", age[CTL_FORMAT_SIZE] = "-";
    double frames = 0, age_ms = INFINITY;
    read_rate(process->stats, &frames, &age_ms);
    ctl_format_duration(now_s - (double)process->entry.since_s, up);
    if (process->stats != NULL) {
        snprintf(fps, sizeof fps, "%.1f", frames);
    }
    if (isfinite(age_ms)) {
        ctl_format_duration(age_ms / 1000, age);
    }
    printf("%-*s  %-8s %8d %8s %8ld %6s %8s", name_width, process->entry.name, process->entry.state,
           process->entry.pid, up, process->entry.restarts, fps, age);
    print_note(process);
    printf("\n");
}

static void print_table(const struct ctl_processes *table, const char *run_dir)
{
    char up[CTL_FORMAT_SIZE];
    int name_width = (int)strlen("PROCESS");
    double now_s = (double)clock_realtime_ns() / (double)NS_PER_SECOND;
    for (size_t i = 0; i < table->count; i++) {
        int width = (int)strlen(table->items[i].entry.name);
        name_width = width > name_width ? width : name_width;
    }
    ctl_format_duration(now_s - (double)table->started_s, up);
    printf("supervisor pid=%d up=\"%s\" run_dir=%s\n\n", table->supervisor_pid, up, run_dir);
    printf("%-*s  %-8s %8s %8s %8s %6s %8s  NOTE\n", name_width, "PROCESS", "STATE", "PID", "SINCE",
           "RESTARTS", "FPS", "AGE");
    for (size_t i = 0; i < table->count; i++) {
        print_process(&table->items[i], name_width, now_s);
    }
}

int ctl_status_print(const struct config *config)
{
    struct ctl_processes processes;
    int result = ctl_processes_read(config->run_dir, &processes);
    if (result == 0) {
        status_ask_all(&processes, config->run_dir);
        print_table(&processes, config->run_dir);
    } else {
        ctl_processes_explain(result, config->run_dir, stderr);
    }
    ctl_processes_finish(&processes);
    return result < 0 ? 1 : 0;
}
