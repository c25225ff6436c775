#include "common/ctl_status.h"

#include <errno.h>
#include <event2/event.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/ctl_question.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

#define STATE_FILE_MAX   (1024 * 1024) /* bytes */
#define STATE_NAME_SIZE  80
#define STATE_WORD_SIZE  16
#define ANSWER_TIMEOUT_S 1.0

/* How a shell tells that a process was killed: 128 and the signal. */
#define SHELL_SIGNAL_BASE 128

/* One line of the state file, and what the process itself says. */
struct status_process {
    char name[STATE_NAME_SIZE]; /* capture.CAM1, detector.0, broadcaster */
    char state[STATE_WORD_SIZE];
    int pid;
    long restarts;
    long long since_s; /* seconds since 1970 */
    int exit_code;
    json_t *stats;  /* or NULL */
    json_t *status; /* of a capture, or NULL */
};

struct status_table {
    struct event_base *base;
    int supervisor_pid;
    long long started_s; /* seconds since 1970 */
    struct status_process *processes;
    size_t count;
    size_t waiting; /* questions without an answer */
};

/* A question and where its answer goes. */
struct status_slot {
    struct status_table *table;
    struct ctl_question *question;
    json_t **answer;
};

/* --- the state file --- */

/* "NAME STATE PID RESTARTS SINCE EXIT_CODE" */
static bool parse_process(const char *line, struct status_process *process)
{
    *process = (struct status_process){0};
    return sscanf(line, "%79s %15s %9d %18ld %18lld %9d", process->name, process->state,
                  &process->pid, &process->restarts, &process->since_s, &process->exit_code) == 6;
}

static int parse_state(char *text, struct status_table *table)
{
    char *rest = NULL;
    char *line = strtok_r(text, "\n", &rest);
    if (line == NULL ||
        sscanf(line, "supervisor %9d %18lld", &table->supervisor_pid, &table->started_s) != 2) {
        return -EBADMSG;
    }
    while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
        table->processes =
            xreallocarray(table->processes, table->count + 1, sizeof *table->processes);
        if (!parse_process(line, &table->processes[table->count++])) {
            return -EBADMSG;
        }
    }
    return 0;
}

static int read_state(const char *run_dir, struct status_table *table)
{
    uint8_t *text = NULL;
    size_t size;
    char *path = xasprintf("%s/supervisor.state", run_dir);
    int result = fd_read_file(path, STATE_FILE_MAX, &text, &size);
    if (result == 0) {
        result = parse_state((char *)text, table);
        free(text);
    }
    /* A supervisor that was killed leaves its file behind. */
    if (result == 0 && kill(table->supervisor_pid, 0) < 0 && errno == ESRCH) {
        result = -ENOENT;
    }
    if (result == -ENOENT) {
        fprintf(stderr, "ringcast is not running run_dir=%s\n", run_dir);
    } else if (result < 0) {
        fprintf(stderr, "the supervisor's state cannot be read path=%s: %s\n", path,
                strerror(-result));
    }
    free(path);
    return result;
}

/* --- the processes' own answers --- */

static void status_answered(void *arg, json_t *answer, const char *mistake)
{
    struct status_slot *slot = arg;
    (void)mistake; /* a process that does not answer shows as such in the table */
    *slot->answer = json_incref(answer);
    ctl_question_destroy(slot->question);
    slot->question = NULL;
    if (--slot->table->waiting == 0) {
        event_base_loopbreak(slot->table->base);
    }
}

static void status_ask(struct status_slot *slot, struct status_table *table, const char *run_dir,
                       const char *process, const char *message, json_t **answer)
{
    char *mistake = NULL;
    char *name = xasprintf("%s.sock", process);
    *slot = (struct status_slot){.table = table, .answer = answer};
    slot->question =
        ctl_question_create(table->base, run_dir, name, json_pack("{s:s}", "type", message),
                            ANSWER_TIMEOUT_S, status_answered, slot, &mistake);
    table->waiting += slot->question != NULL;
    free(mistake);
    free(name);
}

static void status_ask_all(struct status_table *table, const char *run_dir)
{
    struct status_slot *slots = xcalloc(table->count, 2 * sizeof *slots);
    size_t used = 0;
    table->base = event_base_new();
    if (table->base == NULL) {
        die("libevent cannot make an event loop");
    }
    for (size_t i = 0; i < table->count; i++) {
        struct status_process *process = &table->processes[i];
        if (strcmp(process->state, "running") != 0) {
            continue;
        }
        status_ask(&slots[used++], table, run_dir, process->name, "stats", &process->stats);
        if (strncmp(process->name, "capture.", 8) == 0) {
            status_ask(&slots[used++], table, run_dir, process->name, "status", &process->status);
        }
    }
    if (table->waiting > 0) {
        event_base_dispatch(table->base);
    }
    event_base_free(table->base);
    free(slots);
}

/* --- the table --- */

/* "3 s", "12 min", "5 h", "2 d" */
static void format_duration(double seconds, char *out, size_t size)
{
    static const struct {
        double from, unit;
        const char *name;
    } units[] = {
        {172800, 86400, "d"}, {7200, 3600, "h"}, {120, 60, "min"}, {10, 1, "s"}, {0, 1, NULL}};
    size_t i = 0;
    seconds = fmax(seconds, 0); /* the clock may have been set back since */
    while (seconds < units[i].from) {
        i++;
    }
    if (units[i].name == NULL) {
        snprintf(out, size, "%.2f s", seconds);
    } else {
        snprintf(out, size, "%.0f %s", seconds / units[i].unit, units[i].name);
    }
}

/* What the process moves: frames per second, and the age of the newest. A detector says it per camera. */
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

static void print_note(const struct status_process *process)
{
    const char *state = json_string_value(json_object_get(process->status, "state"));
    const char *reason = json_string_value(json_object_get(process->status, "reason"));
    const json_t *viewers = json_object_get(process->stats, "viewers");
    if (strcmp(process->state, "running") != 0) {
        print_end(process->exit_code);
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

static void print_process(const struct status_process *process, int name_width, double now_s)
{
    char up[32], fps[32] = "-", age[32] = "-";
    double frames = 0, age_ms = INFINITY;
    read_rate(process->stats, &frames, &age_ms);
    format_duration(now_s - (double)process->since_s, up, sizeof up);
    if (process->stats != NULL) {
        snprintf(fps, sizeof fps, "%.1f", frames);
    }
    if (isfinite(age_ms)) {
        format_duration(age_ms / 1000, age, sizeof age);
    }
    printf("%-*s  %-8s %8d %8s %8ld %6s %8s", name_width, process->name, process->state,
           process->pid, up, process->restarts, fps, age);
    print_note(process);
    printf("\n");
}

static void print_table(const struct status_table *table, const char *run_dir)
{
    char up[32];
    int name_width = (int)strlen("PROCESS");
    double now_s = (double)clock_realtime_ns() / (double)NS_PER_SECOND;
    for (size_t i = 0; i < table->count; i++) {
        int width = (int)strlen(table->processes[i].name);
        name_width = width > name_width ? width : name_width;
    }
    format_duration(now_s - (double)table->started_s, up, sizeof up);
    printf("supervisor pid=%d up=\"%s\" run_dir=%s\n\n", table->supervisor_pid, up, run_dir);
    printf("%-*s  %-8s %8s %8s %8s %6s %8s  NOTE\n", name_width, "PROCESS", "STATE", "PID", "SINCE",
           "RESTARTS", "FPS", "AGE");
    for (size_t i = 0; i < table->count; i++) {
        print_process(&table->processes[i], name_width, now_s);
    }
}

int ctl_status_print(const struct config *config)
{
    struct status_table table = {0};
    int result = read_state(config->run_dir, &table);
    if (result == 0) {
        status_ask_all(&table, config->run_dir);
        print_table(&table, config->run_dir);
    }
    for (size_t i = 0; i < table.count; i++) {
        json_decref(table.processes[i].stats);
        json_decref(table.processes[i].status);
    }
    free(table.processes);
    return result < 0 ? 1 : 0;
}
