#include "broadcaster/api/api_processes.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broadcaster/network/memory_budget.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/camera_watch.h"
#include "broadcaster/streams/detector_watch.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/viewers/viewer_set.h"
#include "common/process_usage.h"
#include "common/supervisor_state.h"

/* --- what a process says of itself --- */

/* The last answer of "capture.ID" or "detector.N"; NULL: it does not answer, or is another one. The
 * reference stays where it is. */
static const json_t *process_stats(const struct services *services, const char *name)
{
    static const char capture[] = "capture.", detector[] = "detector.";
    if (strncmp(name, capture, sizeof capture - 1) == 0) {
        return camera_watch_stats(services->cameras, name + sizeof capture - 1);
    }
    if (strncmp(name, detector, sizeof detector - 1) == 0) {
        size_t index = strtoul(name + sizeof detector - 1, NULL, 10);
        return index < detector_watch_count(services->detectors)
                   ? detector_watch_stats(services->detectors, index)
                   : NULL;
    }
    return NULL;
}

static json_t *process_to_json(const struct services *services,
                               const struct supervisor_process *process, bool supervised)
{
    struct process_usage usage;
    bool known = process->pid > 0 && process_usage_read(process->pid, &usage) == 0;
    json_t *json = json_pack("{s:s, s:s, s:o, s:o}", "name", process->name, "state", process->state,
                             "pid", process->pid > 0 ? json_integer(process->pid) : json_null(),
                             "stats", json_null());
    const json_t *stats = process_stats(services, process->name);
    if (stats != NULL) {
        json_object_set(json, "stats", (json_t *)stats);
    }
    if (supervised) {
        json_object_set_new(json, "since", json_integer(process->since_s));
        json_object_set_new(json, "restarts", json_integer(process->restarts));
        json_object_set_new(json, "exit_code", json_integer(process->exit_code));
    }
    json_object_set_new(
        json, "uptime_s",
        known ? json_real((double)clock_realtime_ns() / (double)NS_PER_SECOND - usage.started_s)
              : json_null());
    json_object_set_new(json, "cpu_seconds", known ? json_real(usage.cpu_s) : json_null());
    json_object_set_new(json, "resident_bytes",
                        known ? json_integer((json_int_t)usage.resident_bytes) : json_null());
    return json;
}

/* --- which processes there are --- */

static json_t *processes_supervised(const struct services *services,
                                    const struct supervisor_state *state)
{
    json_t *processes = json_array();
    for (size_t i = 0; i < state->count; i++) {
        json_array_append_new(processes, process_to_json(services, &state->items[i], true));
    }
    return processes;
}

static void processes_add(const struct services *services, json_t *processes, const char *name)
{
    const json_t *stats = process_stats(services, name);
    struct supervisor_process process = {0};
    snprintf(process.name, sizeof process.name, "%s", name);
    snprintf(process.state, sizeof process.state, "%s", stats != NULL ? "running" : "unknown");
    process.pid = (int)json_integer_value(json_object_get(stats, "pid"));
    json_array_append_new(processes, process_to_json(services, &process, false));
}

/* Without a supervisor: ourselves, and those that should be there. */
static json_t *processes_expected(const struct services *services)
{
    const struct config *config = services->config;
    struct supervisor_process own = {.name = "broadcaster", .state = "running", .pid = getpid()};
    char name[sizeof own.name];
    json_t *processes = json_array();
    json_array_append_new(processes, process_to_json(services, &own, false));
    for (size_t i = 0; i < config->camera_count; i++) {
        if (config_camera_has_capture(&config->cameras[i])) {
            snprintf(name, sizeof name, "capture.%s", config->cameras[i].id);
            processes_add(services, processes, name);
        }
    }
    for (size_t i = 0; i < detector_watch_count(services->detectors); i++) {
        snprintf(name, sizeof name, "detector.%zu", i);
        processes_add(services, processes, name);
    }
    return processes;
}

/* --- limits --- */

/* `most` 0: there is no limit. */
static void limit_add(json_t *limits, const char *name, uint64_t used, int64_t most)
{
    json_object_set_new(limits, name,
                        json_pack("{s:I, s:o}", "used", (json_int_t)used, "most",
                                  most > 0 ? json_integer(most) : json_null()));
}

static json_t *limits_to_json(const struct services *services)
{
    const struct config_broadcaster *config = &services->config->broadcaster;
    const struct memory_budget *bodies = http_server_bodies(services->http);
    json_t *limits = json_object();
    limit_add(limits, "viewers", viewer_set_count(services->viewers), config->max_viewers);
    limit_add(limits, "streams", hub_stream_count(services->hub), config->max_streams);
    limit_add(limits, "intake_memory", bodies->used, config->intake_memory);
    limit_add(limits, "connections", http_server_connections(services->http), 0);
    return limits;
}

void api_processes_handle(struct services *services, struct http_session *session,
                          const struct http_request *request, const char *camera)
{
    struct supervisor_state state;
    (void)request;
    (void)camera;
    bool supervised = supervisor_state_read(services->config->run_dir, &state) == 0;
    json_t *processes =
        supervised ? processes_supervised(services, &state) : processes_expected(services);
    supervisor_state_finish(&state);
    api_json_respond(session, 200, API_NOT_STORED,
                     json_pack("{s:b, s:o, s:o}", "supervised", supervised, "processes", processes,
                               "limits", limits_to_json(services)));
}
