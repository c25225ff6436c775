#include "broadcaster/api/api_operations.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "broadcaster/history/history.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/detector_watch.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/viewers/viewer_set.h"
#include "common/clock.h"
#include "common/program.h"

/* --- ready --- */

/* The cameras that should be sending whether or not somebody watches. */
struct camera_tally {
    size_t wanted, up, frozen;
};

static struct camera_tally ready_count_cameras(const struct services *services)
{
    const struct config *config = services->config;
    struct camera_tally tally = {0};
    for (size_t i = 0; i < config->camera_count; i++) {
        const struct config_camera *camera = &config->cameras[i];
        if (config_camera_has_capture(camera) && camera->capture == CAPTURE_ALWAYS) {
            struct camera_status status;
            services_camera_status(services, camera->id, &status);
            tally.wanted++;
            /* `stale` has been online until a moment ago. */
            tally.up += status.state == CAMERA_ONLINE || status.state == CAMERA_STALE ||
                        status.state == CAMERA_FROZEN;
            tally.frozen += status.state == CAMERA_FROZEN;
        }
    }
    return tally;
}

__attribute__((format(printf, 2, 3))) static void ready_say(json_t *list, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    json_array_append_new(list, json_vsprintf(format, arguments));
    va_end(arguments);
}

static void ready_judge_cameras(const struct services *services, json_t *reasons, json_t *warnings)
{
    struct camera_tally tally = ready_count_cameras(services);
    if (tally.wanted > 0 && tally.up == 0) {
        ready_say(reasons, "none of the captured cameras is online: %zu of %zu", tally.up,
                  tally.wanted);
    } else if (tally.up < tally.wanted) {
        ready_say(warnings, "%zu of %zu cameras are not online", tally.wanted - tally.up,
                  tally.wanted);
    }
    if (tally.frozen > 0) {
        ready_say(warnings, "%zu of %zu cameras send the same picture again and again",
                  tally.frozen, tally.wanted);
    }
}

static void ready_judge_detectors(const struct services *services, json_t *reasons,
                                  json_t *warnings)
{
    size_t wanted = detector_watch_count(services->detectors);
    size_t answering = detector_watch_answering(services->detectors);
    if (wanted > 0 && answering == 0) {
        ready_say(reasons, "no detector answers: %zu of %zu", answering, wanted);
    } else if (answering < wanted) {
        ready_say(warnings, "%zu of %zu detectors do not answer", wanted - answering, wanted);
    }
}

static void ready_judge_viewers(const struct services *services, json_t *reasons)
{
    size_t viewers = viewer_set_count(services->viewers);
    size_t most = (size_t)services->config->broadcaster.max_viewers;
    if (most > 0 && viewers >= most) {
        ready_say(reasons, "no further viewer is let in: %zu of max_viewers=%zu", viewers, most);
    }
}

/* Who watches gets pictures all the same. */
static void ready_judge_history(const struct services *services, json_t *warnings)
{
    const char *mistake = history_mistake(services->history);
    if (mistake != NULL) {
        ready_say(warnings, "the record is not being kept: %s", mistake);
    }
    const char *set_aside = history_set_aside(services->history);
    if (set_aside != NULL) {
        ready_say(warnings, "the record was damaged and begun anew; what it was is in %s",
                  strrchr(set_aside, '/') + 1);
    }
}

void api_ready_handle(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *camera)
{
    json_t *reasons = json_array(), *warnings = json_array();
    (void)request;
    (void)camera;
    ready_judge_cameras(services, reasons, warnings);
    ready_judge_detectors(services, reasons, warnings);
    ready_judge_viewers(services, reasons);
    ready_judge_history(services, warnings);
    bool ready = json_array_size(reasons) == 0;
    api_json_respond(
        session, ready ? 200 : 503, API_NOT_STORED,
        json_pack("{s:b,s:o,s:o}", "ready", ready, "reasons", reasons, "warnings", warnings));
}

/* --- the others --- */

void api_health_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera)
{
    static const char text[] = "{\"status\":\"ok\"}";
    (void)services;
    (void)request;
    (void)camera;
    http_respond_text(session, 200, "application/json", API_NOT_STORED, text, sizeof text - 1);
}

void api_websocket_health_handle(struct services *services, struct http_session *session,
                                 const struct http_request *request, const char *camera)
{
    const struct counters *counters = &services->counters;
    uint64_t open = connections_open(&counters->viewers) + connections_open(&counters->streamers);
    (void)request;
    (void)camera;
    api_json_respond(
        session, 200, API_NOT_STORED,
        json_pack("{s:I,s:b}", "active_connections", (json_int_t)open, "websocket_enabled", 1));
}

void api_version_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera)
{
    uint64_t up_ns = clock_elapsed_ns(services->started_ns, clock_monotonic_ns());
    (void)request;
    (void)camera;
    api_json_respond(session, 200, API_NOT_STORED,
                     json_pack("{s:s,s:s,s:I}", "name", "ringcast", "version", RINGCAST_VERSION,
                               "uptime_s", (json_int_t)(up_ns / NS_PER_SECOND)));
}
