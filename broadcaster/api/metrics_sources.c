#include "broadcaster/api/metrics_sources.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broadcaster/intake/pushed_set.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/camera_watch.h"
#include "broadcaster/streams/detector_watch.h"
#include "common/memory.h"
#include "common/process_usage.h"

#define PROCESS_NAME_SIZE (CAMERA_ID_SIZE + 16)

/* One number of an answer to `stats`. */
struct source_metric {
    const char *key;  /* in the answer */
    const char *name; /* of the family */
    enum metric_type type;
    double scale; /* to base units */
    const char *help;
};

static void metrics_source_value(struct metrics_text *text, const struct metric_label *labels,
                                 const json_t *value, double scale)
{
    if (json_is_boolean(value)) {
        metrics_count(text, labels, json_is_true(value));
    } else if (json_is_number(value)) { /* null: not known yet */
        metrics_number(text, labels, json_number_value(value) * scale);
    }
}

/* --- captures --- */

static const struct source_metric capture_metrics[] = {
    {"frames", "ringcast_camera_frames_total", METRIC_COUNTER, 1,
     "Whole pictures read from the camera."},
    {"bytes", "ringcast_camera_bytes_total", METRIC_COUNTER, 1, "Bytes of these pictures."},
    {"reconnects", "ringcast_camera_reconnects_total", METRIC_COUNTER, 1,
     "Times the camera was connected to anew."},
    {"fps", "ringcast_camera_fps", METRIC_GAUGE, 1, "Pictures per second, over the last seconds."},
    {"newest_age_ms", "ringcast_camera_frame_age_seconds", METRIC_GAUGE, 1e-3,
     "Age of the newest picture."},
    {"connected", "ringcast_camera_connected", METRIC_GAUGE, 1,
     "1 while the capture is connected to the camera; on_demand cameras are not, while nobody "
     "watches."},
    {"readers", "ringcast_camera_readers", METRIC_GAUGE, 1,
     "Processes that read the camera's ring."},
};

/* What the camera's capture, or we ourselves for one that pushes, count of it; NULL: not known. The
 * caller's reference. */
static json_t *metrics_camera_stats(const struct services *services, const char *camera)
{
    json_t *pushed = pushed_set_stats(services->pushed, camera);
    return pushed != NULL ? pushed
                          : json_incref((json_t *)camera_watch_stats(services->cameras, camera));
}

static void metrics_write_capture_family(const struct services *services, struct metrics_text *text,
                                         const struct source_metric *metric)
{
    const struct config *config = services->config;
    metrics_family(text, metric->name, metric->type, metric->help);
    for (size_t i = 0; i < config->camera_count; i++) {
        const char *id = config->cameras[i].id;
        json_t *stats = metrics_camera_stats(services, id);
        metrics_source_value(text, LABELS({"camera", id}), json_object_get(stats, metric->key),
                             metric->scale);
        json_decref(stats);
    }
}

static void metrics_write_bad_frames(const struct services *services, struct metrics_text *text)
{
    const struct config *config = services->config;
    const char *cause;
    json_t *count;
    metrics_family(text, "ringcast_camera_bad_frames_total", METRIC_COUNTER,
                   "Pictures of the camera that were dropped because they were not whole, by "
                   "cause.");
    for (size_t i = 0; i < config->camera_count; i++) {
        const char *id = config->cameras[i].id;
        json_t *stats = metrics_camera_stats(services, id);
        json_object_foreach(json_object_get(stats, "bad"), cause, count)
        {
            metrics_source_value(text, LABELS({"camera", id}, {"cause", cause}), count, 1);
        }
        json_decref(stats);
    }
}

static void metrics_write_states(const struct services *services, struct metrics_text *text)
{
    const struct config *config = services->config;
    metrics_family(text, "ringcast_camera_state", METRIC_GAUGE,
                   "1 for the state that the camera is in, 0 for the others.");
    for (size_t i = 0; i < config->camera_count; i++) {
        struct camera_status status;
        services_camera_status(services, config->cameras[i].id, &status);
        for (enum camera_state state = 0; state < CAMERA_STATES; state++) {
            metrics_count(
                text,
                LABELS({"camera", config->cameras[i].id}, {"state", camera_state_name(state)}),
                status.state == state);
        }
    }
}

void metrics_write_captures(const struct services *services, struct metrics_text *text)
{
    metrics_write_states(services, text);
    for (size_t i = 0; i < sizeof capture_metrics / sizeof capture_metrics[0]; i++) {
        metrics_write_capture_family(services, text, &capture_metrics[i]);
    }
    metrics_write_bad_frames(services, text);
}

/* --- detectors --- */

static const struct source_metric detector_metrics[] = {
    {"taken", "ringcast_detector_frames_taken_total", METRIC_COUNTER, 1,
     "Frames that a detector took from the camera's ring."},
    {"skipped", "ringcast_detector_frames_skipped_total", METRIC_COUNTER, 1,
     "Frames left out by skip_frames and fps."},
    {"inferred", "ringcast_detector_frames_inferred_total", METRIC_COUNTER, 1,
     "Frames that went through the network."},
    {"flawed", "ringcast_detector_frames_flawed_total", METRIC_COUNTER, 1,
     "Pictures that were decoded with warnings."},
    {"unreadable", "ringcast_detector_frames_unreadable_total", METRIC_COUNTER, 1,
     "Pictures that could not be decoded."},
    {"failed", "ringcast_detector_frames_failed_total", METRIC_COUNTER, 1,
     "Frames for which the network failed."},
    {"posted", "ringcast_detector_posts_total", METRIC_COUNTER, 1,
     "Results that the broadcaster took."},
    {"dropped", "ringcast_detector_posts_dropped_total", METRIC_COUNTER, 1,
     "Results that were replaced by newer ones, refused or lost."},
    {"fps", "ringcast_detector_fps", METRIC_GAUGE, 1, "Results per second."},
    {"newest_age_ms", "ringcast_detector_frame_age_seconds", METRIC_GAUGE, 1e-3,
     "Age of the newest picture with a result."},
};

static void metrics_write_detector_family(const struct services *services,
                                          struct metrics_text *text,
                                          const struct source_metric *metric)
{
    metrics_family(text, metric->name, metric->type, metric->help);
    for (size_t i = 0; i < detector_watch_count(services->detectors); i++) {
        const json_t *stats = detector_watch_stats(services->detectors, i);
        const char *id;
        json_t *camera;
        json_object_foreach(json_object_get(stats, "cameras"), id, camera)
        {
            metrics_source_value(text, LABELS({"camera", id}), json_object_get(camera, metric->key),
                                 metric->scale);
        }
    }
}

void metrics_write_detectors(const struct services *services, struct metrics_text *text)
{
    metrics_family(text, "ringcast_detector_up", METRIC_GAUGE,
                   "1 while the detector process answers.");
    for (size_t i = 0; i < detector_watch_count(services->detectors); i++) {
        char index[24];
        snprintf(index, sizeof index, "%zu", i);
        metrics_count(text, LABELS({"detector", index}),
                      detector_watch_stats(services->detectors, i) != NULL);
    }
    for (size_t i = 0; i < sizeof detector_metrics / sizeof detector_metrics[0]; i++) {
        metrics_write_detector_family(services, text, &detector_metrics[i]);
    }
}

/* --- what processes use --- */

/* One of our processes. */
struct metrics_process {
    char name[PROCESS_NAME_SIZE]; /* as the supervisor calls it: capture.CAM1 */
    struct process_usage usage;
};

static void processes_add(struct metrics_process *processes, size_t *count, const char *kind,
                          const char *id, pid_t pid)
{
    struct metrics_process *process = &processes[*count];
    snprintf(process->name, sizeof process->name, "%s%s", kind, id);
    *count += pid > 0 && process_usage_read(pid, &process->usage) == 0;
}

static pid_t stats_pid(const json_t *stats)
{
    return (pid_t)json_integer_value(json_object_get(stats, "pid"));
}

/* Those that answer; the array has room for all. */
static size_t processes_read(const struct services *services, struct metrics_process *processes)
{
    const struct config *config = services->config;
    size_t count = 0;
    char index[24];
    processes_add(processes, &count, "broadcaster", "", getpid());
    for (size_t i = 0; i < config->camera_count; i++) {
        const char *id = config->cameras[i].id;
        processes_add(processes, &count, "capture.", id,
                      stats_pid(camera_watch_stats(services->cameras, id)));
    }
    for (size_t i = 0; i < detector_watch_count(services->detectors); i++) {
        snprintf(index, sizeof index, "%zu", i);
        processes_add(processes, &count, "detector.", index,
                      stats_pid(detector_watch_stats(services->detectors, i)));
    }
    return count;
}

void metrics_write_processes(const struct services *services, struct metrics_text *text)
{
    size_t most = 1 + services->config->camera_count + detector_watch_count(services->detectors);
    struct metrics_process *processes = xcalloc(most, sizeof *processes);
    size_t count = processes_read(services, processes);
    metrics_family(text, "ringcast_process_cpu_seconds_total", METRIC_COUNTER,
                   "CPU time, user and system.");
    for (size_t i = 0; i < count; i++) {
        metrics_number(text, LABELS({"process", processes[i].name}), processes[i].usage.cpu_s);
    }
    metrics_family(text, "ringcast_process_resident_memory_bytes", METRIC_GAUGE,
                   "Resident memory; frame rings are in it for everybody who reads them.");
    for (size_t i = 0; i < count; i++) {
        metrics_count(text, LABELS({"process", processes[i].name}),
                      processes[i].usage.resident_bytes);
    }
    metrics_family(text, "ringcast_process_open_fds", METRIC_GAUGE, "Open file descriptors.");
    for (size_t i = 0; i < count; i++) {
        metrics_count(text, LABELS({"process", processes[i].name}), processes[i].usage.descriptors);
    }
    metrics_family(text, "ringcast_process_start_time_seconds", METRIC_GAUGE,
                   "When the process began, in seconds since 1970.");
    for (size_t i = 0; i < count; i++) {
        metrics_number(text, LABELS({"process", processes[i].name}), processes[i].usage.started_s);
    }
    free(processes);
}
