#include "common/ctl_top_view.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/ctl_format.h"
#include "common/memory.h"
#include "common/text_table.h"

#define VIEWER_SHARE 3 /* of the rows on a small screen viewers keep one of so many */

/* --- looks --- */

void top_look_take_usage(struct top_look *look)
{
    look->taken_ns = clock_monotonic_ns();
    look->usages = xcalloc(look->processes.count + 1, sizeof *look->usages);
    process_usage_read(look->processes.supervisor_pid, &look->supervisor);
    for (size_t i = 0; i < look->processes.count; i++) {
        int pid = look->processes.items[i].entry.pid;
        if (pid > 0 && process_usage_read(pid, &look->usages[i]) < 0) {
            look->usages[i] = (struct process_usage){0};
        }
    }
}

void top_look_finish(struct top_look *look)
{
    ctl_processes_finish(&look->processes);
    free(look->usages);
    *look = (struct top_look){0};
}

/* What a view is made of. */
struct top_view {
    const struct top_look *now, *before;
    double seconds; /* between the looks; 0: there was only one */
    double wall_s;  /* since 1970 */
    size_t width;
    FILE *out;
};

/* The same process in the look before; NULL: it was not there, or is another one now. */
static const struct ctl_process *view_before(const struct top_view *view,
                                             const struct ctl_process *process, size_t *at)
{
    const struct ctl_processes *processes = &view->before->processes;
    for (size_t i = 0; i < processes->count; i++) {
        if (processes->items[i].entry.pid == process->entry.pid &&
            strcmp(processes->items[i].entry.name, process->entry.name) == 0) {
            *at = i;
            return &processes->items[i];
        }
    }
    return NULL;
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* How fast a counter of the process's answer grows, per second; NAN: not known. */
static double view_rate(const struct top_view *view, const struct ctl_process *process,
                        const char *key)
{
    size_t at;
    const struct ctl_process *before = view_before(view, process, &at);
    if (before == NULL || before->stats == NULL || process->stats == NULL || view->seconds <= 0) {
        return NAN;
    }
    return (number_of(process->stats, key) - number_of(before->stats, key)) / view->seconds;
}

/* --- cells --- */

static void set_number(struct text_table *table, size_t column, double value, int decimals)
{
    if (isfinite(value)) {
        text_table_set(table, column, "%.*f", decimals, value);
    } else {
        text_table_set(table, column, "-");
    }
}

static void set_text(struct text_table *table, size_t column, const json_t *text)
{
    text_table_set(table, column, "%s", json_is_string(text) ? json_string_value(text) : "-");
}

static void set_bytes(struct text_table *table, size_t column, double bytes)
{
    char text[CTL_FORMAT_SIZE];
    text_table_set(table, column, "%s", isfinite(bytes) ? ctl_format_bytes(bytes, text) : "-");
}

static void set_duration(struct text_table *table, size_t column, const json_t *value, double unit)
{
    char text[CTL_FORMAT_SIZE];
    text_table_set(
        table, column, "%s",
        json_is_number(value) ? ctl_format_duration(json_number_value(value) * unit, text) : "-");
}

static void set_size(struct text_table *table, size_t column, double width, double height)
{
    if (width > 0) {
        text_table_set(table, column, "%.0fx%.0f", width, height);
    } else {
        text_table_set(table, column, "-");
    }
}

/* CPU in per cent of a core, memory, descriptors, time since the last start, restarts: five columns
 * from `column` on, in every table of processes. */
static void set_usage(struct text_table *table, size_t column, const struct top_view *view,
                      const struct ctl_process *process)
{
    size_t index = (size_t)(process - view->now->processes.items), at;
    const struct process_usage *usage = &view->now->usages[index];
    char up[CTL_FORMAT_SIZE];
    double cpu = NAN;
    if (view_before(view, process, &at) != NULL && view->seconds > 0) {
        cpu = (usage->cpu_s - view->before->usages[at].cpu_s) / view->seconds * 100;
    }
    ctl_format_duration(view->wall_s - (double)process->entry.since_s, up);
    set_number(table, column, usage->started_s > 0 ? cpu : NAN, 1);
    set_bytes(table, column + 1, usage->started_s > 0 ? (double)usage->resident_bytes : NAN);
    set_number(table, column + 2, usage->started_s > 0 ? (double)usage->descriptors : NAN, 0);
    text_table_set(table, column + 3, "%s", up);
    text_table_set(table, column + 4, "%ld", process->entry.restarts);
}

#define USAGE_COLUMNS                                                                              \
    {"CPU%", 70, false}, {"MEM", 60, false}, {"FDS", 40, false}, {"SINCE", 20, false},             \
    {                                                                                              \
        "RESTARTS", 30, false                                                                      \
    }

/* How the process is, before what it says of its work. */
static const char *process_state(const struct ctl_process *process)
{
    bool runs = strcmp(process->entry.state, "running") == 0;
    return runs && process->stats == NULL ? "hangs" : process->entry.state;
}

/* --- the tables --- */

static const struct text_column camera_columns[] = {
    {"CAMERA", 100, true},  {"STATE", 90, true}, {"FPS", 85, false}, {"AGE", 80, false},
    {"PICTURE", 15, false}, {"KB/S", 35, false}, {"BAD", 50, false}, {"RECONNECTS", 25, false},
    {"READERS", 10, false}, USAGE_COLUMNS,       {"NOTE", 45, true},
};
#define CAMERA_COLUMNS (sizeof camera_columns / sizeof camera_columns[0])

static double sum_of(const json_t *object)
{
    const char *key;
    json_t *value;
    double sum = 0;
    json_object_foreach((json_t *)object, key, value)
    {
        sum += json_number_value(value);
    }
    return sum;
}

static void view_add_camera(const struct top_view *view, struct text_table *table,
                            const struct ctl_process *process, const char *id)
{
    const json_t *stats = process->stats;
    const json_t *reason = json_object_get(process->status, "reason");
    size_t column = 0;
    text_table_row(table);
    text_table_set(table, column++, "%s", id);
    if (stats != NULL) {
        set_text(table, column++, json_object_get(stats, "state"));
        set_number(table, column++, number_of(stats, "fps"), 1);
        set_duration(table, column++, json_object_get(stats, "newest_age_ms"), 1e-3);
        set_size(table, column++, number_of(stats, "width"), number_of(stats, "height"));
        set_number(table, column++, view_rate(view, process, "bytes") / 1000, 0);
        set_number(table, column++, sum_of(json_object_get(stats, "bad")), 0);
        set_number(table, column++, number_of(stats, "reconnects"), 0);
        set_number(table, column++, number_of(stats, "readers"), 0);
    } else {
        text_table_set(table, column, "%s", process_state(process));
        column = CAMERA_COLUMNS - 6;
    }
    set_usage(table, column, view, process);
    text_table_set(table, CAMERA_COLUMNS - 1, "%s",
                   json_is_string(reason) ? json_string_value(reason) : "");
}

static const struct text_column detector_columns[] = {
    {"DETECTOR", 100, true}, {"STATE", 90, true},    {"FPS", 85, false}, {"AGE", 45, false},
    {"INFER", 80, false},    {"CAMERAS", 50, false}, USAGE_COLUMNS,
};
#define DETECTOR_COLUMNS (sizeof detector_columns / sizeof detector_columns[0])

static void view_add_detector(const struct top_view *view, struct text_table *table,
                              const struct ctl_process *process, const char *index)
{
    double fps = 0, age_ms = INFINITY, infer_us = 0;
    size_t busy = 0;
    const char *id;
    json_t *camera, *cameras = json_object_get(process->stats, "cameras");
    json_object_foreach(cameras, id, camera)
    {
        const json_t *age = json_object_get(camera, "newest_age_ms");
        double stage_us = number_of(json_object_get(camera, "stage_us"), "infer");
        fps += number_of(camera, "fps");
        age_ms = json_is_number(age) ? fmin(age_ms, json_number_value(age)) : age_ms;
        infer_us += stage_us;
        busy += stage_us > 0;
    }
    char age[CTL_FORMAT_SIZE];
    text_table_row(table);
    text_table_set(table, 0, "%s", index);
    text_table_set(table, 1, "%s", process_state(process));
    if (process->stats != NULL) {
        set_number(table, 2, fps, 1);
        text_table_set(table, 3, "%s",
                       isfinite(age_ms) ? ctl_format_duration(age_ms / 1e3, age) : "-");
        if (busy > 0) {
            text_table_set(table, 4, "%.1f ms", infer_us / (double)busy / 1e3);
        }
        text_table_set(table, 5, "%zu", json_object_size(cameras));
    }
    set_usage(table, DETECTOR_COLUMNS - 5, view, process);
}

static const struct text_column broadcaster_columns[] = {
    {"BROADCASTER", 100, true}, {"VIEWERS", 95, false}, {"STREAMS", 25, false},
    {"IN/S", 85, false},        {"OUT/S", 80, false},   {"KB/S", 75, false},
    {"DROPPED/S", 50, false},   USAGE_COLUMNS,
};
#define BROADCASTER_COLUMNS (sizeof broadcaster_columns / sizeof broadcaster_columns[0])

static void view_add_broadcaster(const struct top_view *view, struct text_table *table,
                                 const struct ctl_process *process)
{
    text_table_row(table);
    text_table_set(table, 0, "%s", process_state(process));
    if (process->stats != NULL) {
        set_number(table, 1, number_of(process->stats, "viewers"), 0);
        set_number(table, 2, number_of(process->stats, "streams"), 0);
        set_number(table, 3, view_rate(view, process, "frames_in"), 1);
        set_number(table, 4, view_rate(view, process, "sent"), 1);
        set_number(table, 5, view_rate(view, process, "bytes_out") / 1000, 0);
        set_number(table, 6, view_rate(view, process, "dropped"), 1);
    }
    set_usage(table, BROADCASTER_COLUMNS - 5, view, process);
}

/* --- viewers --- */

static const struct text_column viewer_columns[] = {
    {"VIEWER", 100, true}, {"USER", 70, true},  {"CAMERA", 90, true},   {"FPS", 85, false},
    {"KB/S", 80, false},   {"SENT", 50, false}, {"DROPPED", 60, false}, {"FOR", 40, false},
    {"FORMAT", 20, true},  {"PEER", 45, true},
};

struct view_viewer {
    const json_t *now, *before; /* `before` NULL: it was not there */
    double bytes;               /* since the look before */
};

static int viewer_compare_ids(const void *a, const void *b)
{
    const struct view_viewer *one = a, *other = b;
    return strcmp(json_string_value(json_object_get(one->now, "id")),
                  json_string_value(json_object_get(other->now, "id")));
}

/* Who takes most comes first. */
static int viewer_compare_bytes(const void *a, const void *b)
{
    const struct view_viewer *one = a, *other = b;
    int order = (one->bytes < other->bytes) - (one->bytes > other->bytes);
    return order != 0 ? order : viewer_compare_ids(a, b);
}

/* The broadcaster lists them in the order of their ids. */
static const json_t *viewer_find(const json_t *list, const char *id)
{
    size_t low = 0, high = json_array_size(list);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const json_t *one = json_array_get(list, middle);
        int order = strcmp(json_string_value(json_object_get(one, "id")), id);
        if (order == 0) {
            return one;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static void view_add_viewer(const struct top_view *view, struct text_table *table,
                            const struct view_viewer *viewer)
{
    bool known = viewer->before != NULL && view->seconds > 0;
    double frames = number_of(viewer->now, "sent") - number_of(viewer->before, "sent");
    text_table_row(table);
    set_text(table, 0, json_object_get(viewer->now, "id"));
    set_text(table, 1, json_object_get(viewer->now, "user"));
    set_text(table, 2, json_object_get(viewer->now, "camera"));
    set_number(table, 3, known ? frames / view->seconds : NAN, 1);
    set_number(table, 4, known ? viewer->bytes / view->seconds / 1000 : NAN, 0);
    set_number(table, 5, number_of(viewer->now, "sent"), 0);
    set_number(table, 6, number_of(viewer->now, "dropped"), 0);
    set_duration(table, 7, json_object_get(viewer->now, "seconds"), 1);
    set_text(table, 8, json_object_get(viewer->now, "format"));
    set_text(table, 9, json_object_get(viewer->now, "peer"));
}

static void view_add_viewers(const struct top_view *view, struct text_table *table,
                             const struct ctl_process *process)
{
    size_t at;
    const struct ctl_process *before = view_before(view, process, &at);
    const json_t *list = json_object_get(process->viewers, "viewers");
    const json_t *old = before != NULL ? json_object_get(before->viewers, "viewers") : NULL;
    size_t count = json_array_size(list);
    struct view_viewer *viewers = xcalloc(count + 1, sizeof *viewers);
    for (size_t i = 0; i < count; i++) {
        viewers[i].now = json_array_get(list, i);
        viewers[i].before =
            viewer_find(old, json_string_value(json_object_get(viewers[i].now, "id")));
        viewers[i].bytes =
            number_of(viewers[i].now, "bytes") - number_of(viewers[i].before, "bytes");
    }
    qsort(viewers, count, sizeof *viewers, viewer_compare_bytes);
    for (size_t i = 0; i < count; i++) {
        view_add_viewer(view, table, &viewers[i]);
    }
    double all = number_of(process->stats, "viewers");
    if (all > (double)count) {
        text_table_row(table);
        text_table_set(table, 0, "… %.0f more", all - (double)count);
    }
    free(viewers);
}

/* --- the whole --- */

struct view_tables {
    struct text_table *cameras, *detectors, *broadcaster, *viewers;
};

static struct view_tables view_tables_create(const struct top_view *view)
{
    struct view_tables tables = {
        .cameras = text_table_create(camera_columns, CAMERA_COLUMNS),
        .detectors = text_table_create(detector_columns, DETECTOR_COLUMNS),
        .broadcaster = text_table_create(broadcaster_columns, BROADCASTER_COLUMNS),
        .viewers =
            text_table_create(viewer_columns, sizeof viewer_columns / sizeof viewer_columns[0]),
    };
    for (size_t i = 0; i < view->now->processes.count; i++) {
        const struct ctl_process *process = &view->now->processes.items[i];
        const char *id;
        if ((id = ctl_process_id(process, "capture.")) != NULL) {
            view_add_camera(view, tables.cameras, process, id);
        } else if ((id = ctl_process_id(process, "detector.")) != NULL) {
            view_add_detector(view, tables.detectors, process, id);
        } else {
            view_add_broadcaster(view, tables.broadcaster, process);
            view_add_viewers(view, tables.viewers, process);
        }
    }
    return tables;
}

static void view_print_head(const struct top_view *view, const char *run_dir)
{
    const struct process_usage *usage = &view->now->supervisor;
    char up[CTL_FORMAT_SIZE], memory[CTL_FORMAT_SIZE], line[512];
    double cores =
        view->seconds > 0 ? (usage->cpu_s - view->before->supervisor.cpu_s) / view->seconds : 0;
    ctl_format_duration(view->wall_s - (double)view->now->processes.started_s, up);
    ctl_format_bytes((double)usage->resident_bytes, memory);
    int size = snprintf(
        line, sizeof line, "ringcast up %s  supervisor %d: CPU %.1f %%, %s, %" PRIu64 " fds  %s",
        up, view->now->processes.supervisor_pid, cores * 100, memory, usage->descriptors, run_dir);
    size_t length = (size_t)size < sizeof line ? (size_t)size : sizeof line - 1;
    fprintf(view->out, "%.*s\n", (int)(length < view->width ? length : view->width), line);
}

static void view_print_table(const struct top_view *view, const struct text_table *table,
                             size_t rows)
{
    if (text_table_rows(table) > 0 && rows > 0) {
        fputc('\n', view->out);
        text_table_print(table, view->width, rows, view->out);
    }
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Lines that a table takes beside its rows: an empty one and its titles. */
static size_t view_overhead(const struct text_table *table)
{
    return text_table_rows(table) > 0 ? 2 : 0;
}

void top_view_print(const struct top_look *now, const struct top_look *before, const char *run_dir,
                    size_t width, size_t height, FILE *out)
{
    struct top_view view = {
        .now = now,
        .before = before,
        .wall_s = (double)clock_realtime_ns() / (double)NS_PER_SECOND,
        .width = width,
        .out = out,
    };
    if (before->taken_ns != 0) {
        view.seconds = (double)(now->taken_ns - before->taken_ns) / (double)NS_PER_SECOND;
    }
    struct view_tables tables = view_tables_create(&view);
    size_t cameras = text_table_rows(tables.cameras), viewers = text_table_rows(tables.viewers);
    size_t fixed = 1 + view_overhead(tables.cameras) + view_overhead(tables.detectors) +
                   view_overhead(tables.broadcaster) + view_overhead(tables.viewers) +
                   text_table_rows(tables.detectors) + text_table_rows(tables.broadcaster);
    size_t room = height > fixed ? height - fixed : 0;
    size_t camera_rows = least_of(cameras, room - least_of(viewers, room / VIEWER_SHARE));
    view_print_head(&view, run_dir);
    view_print_table(&view, tables.broadcaster, height);
    view_print_table(&view, tables.cameras, camera_rows);
    view_print_table(&view, tables.detectors, height);
    view_print_table(&view, tables.viewers, room - camera_rows);
    text_table_destroy(tables.cameras);
    text_table_destroy(tables.detectors);
    text_table_destroy(tables.broadcaster);
    text_table_destroy(tables.viewers);
}
