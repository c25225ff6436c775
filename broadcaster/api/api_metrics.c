#include "broadcaster/api/api_metrics.h"

#include <stdbool.h>
#include <stddef.h>

#include "broadcaster/api/metrics_sources.h"
#include "broadcaster/api/metrics_text.h"
#include "broadcaster/intake/intake.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/viewers/viewer_set.h"
#include "common/program.h"

/* --- cameras --- */

/* One of the numbers in struct camera_counters. */
struct camera_metric {
    size_t offset;
    const char *name, *help;
};

#define FIELD(name) offsetof(struct camera_counters, name)

static const struct camera_metric camera_metrics[] = {
    {FIELD(posted), "ringcast_intake_frames_total", "Frames taken in by POST."},
    {FIELD(posted_bytes), "ringcast_intake_bytes_total", "Bytes of their bodies."},
    {FIELD(read), "ringcast_ring_frames_total",
     "Raw frames that the broadcaster read from the camera's ring."},
    {FIELD(read_bytes), "ringcast_ring_bytes_total", "Bytes of these frames."},
    {FIELD(pushed), "ringcast_streamer_frames_total", "Frames taken from browsers and phones."},
    {FIELD(pushed_bytes), "ringcast_streamer_bytes_total", "Bytes of these frames."},
    {FIELD(sent), "ringcast_viewer_frames_sent_total", "Frames sent, each viewer counted."},
    {FIELD(sent_bytes), "ringcast_viewer_bytes_sent_total", "Bytes of these frames."},
    {FIELD(skipped), "ringcast_viewer_frames_skipped_total",
     "Frames not sent because a viewer wants fewer, each viewer counted."},
    {FIELD(dropped), "ringcast_viewer_frames_dropped_total",
     "Frames not sent because a viewer's connection was still busy with an older one, each viewer "
     "counted."},
};

/* All cameras that are counted; NULL behind the last. */
static const struct camera_counters *metrics_camera(const struct counters *counters, size_t number)
{
    if (number < counters->cameras.count) {
        return counters->cameras.items[number];
    }
    return number == counters->cameras.count ? counters->other_cameras : NULL;
}

static void metrics_write_cameras(const struct counters *counters, struct metrics_text *text)
{
    const struct camera_counters *camera;
    for (size_t i = 0; i < sizeof camera_metrics / sizeof camera_metrics[0]; i++) {
        const struct camera_metric *metric = &camera_metrics[i];
        metrics_family(text, metric->name, METRIC_COUNTER, metric->help);
        for (size_t at = 0; (camera = metrics_camera(counters, at)) != NULL; at++) {
            const uint64_t *value = (const uint64_t *)((const char *)camera + metric->offset);
            metrics_count(text, LABELS({"camera", camera->camera}), *value);
        }
    }
}

static void metrics_write_latencies(const struct counters *counters, struct metrics_text *text)
{
    const struct camera_counters *camera;
    metrics_family(text, "ringcast_frame_latency_seconds", METRIC_HISTOGRAM,
                   "How long frames take, by stage; total: from the camera's first byte to a "
                   "viewer's connection.");
    for (size_t at = 0; (camera = metrics_camera(counters, at)) != NULL; at++) {
        for (enum latency_stage stage = 0; stage < LATENCY_STAGES; stage++) {
            if (histogram_count(&camera->latency[stage]) > 0) {
                metrics_histogram(
                    text, LABELS({"camera", camera->camera}, {"stage", latency_stage_name(stage)}),
                    &camera->latency[stage]);
            }
        }
    }
}

/* --- connections --- */

static void metrics_write_connections(const struct services *services, struct metrics_text *text)
{
    static const char *const kinds[] = {"viewer", "streamer"};
    const struct connection_counters *both[] = {&services->counters.viewers,
                                                &services->counters.streamers};
    metrics_family(text, "ringcast_connections_opened_total", METRIC_COUNTER,
                   "Viewers and streamers that came.");
    for (size_t i = 0; i < 2; i++) {
        metrics_count(text, LABELS({"kind", kinds[i]}), both[i]->opened);
    }
    metrics_family(text, "ringcast_connections_closed_total", METRIC_COUNTER,
                   "Viewers and streamers that went, by reason.");
    for (size_t i = 0; i < 2; i++) {
        for (enum connection_end end = 0; end < CONNECTION_ENDS; end++) {
            metrics_count(text, LABELS({"kind", kinds[i]}, {"reason", connection_end_name(end)}),
                          both[i]->closed[end]);
        }
    }
    metrics_family(text, "ringcast_connections_kicked_total", METRIC_COUNTER,
                   "Viewers and streamers that the operator closed.");
    for (size_t i = 0; i < 2; i++) {
        metrics_count(text, LABELS({"kind", kinds[i]}), both[i]->kicked);
    }
    metrics_family(text, "ringcast_connections_reconnected_total", METRIC_COUNTER,
                   "Viewers and streamers that came back to the same camera within a minute.");
    for (size_t i = 0; i < 2; i++) {
        metrics_count(text, LABELS({"kind", kinds[i]}), both[i]->reconnected);
    }
}

static void metrics_write_http(const struct services *services, struct metrics_text *text)
{
    const struct http_server_counters *http = http_server_counters(services->http);
    metrics_family(text, "ringcast_http_connections", METRIC_GAUGE,
                   "Open connections, viewers and streamers among them.");
    metrics_count(text, NULL, http_server_connections(services->http));
    metrics_family(text, "ringcast_http_accepted_total", METRIC_COUNTER, "Connections accepted.");
    metrics_count(text, NULL, http->accepted);
    metrics_family(text, "ringcast_http_requests_total", METRIC_COUNTER, "Requests read.");
    metrics_count(text, NULL, http->requests);
    metrics_family(text, "ringcast_http_errors_total", METRIC_COUNTER,
                   "Requests refused, by the code of the error.");
    for (size_t i = 0; i < HTTP_ERROR_CODES_MOST && http->errors[i].code != NULL; i++) {
        metrics_count(text, LABELS({"code", http->errors[i].code}), http->errors[i].count);
    }
    metrics_family(text, "ringcast_http_timeouts_total", METRIC_COUNTER,
                   "Connections that were too slow, by what they were slow with.");
    for (enum http_timeout timeout = 0; timeout < HTTP_TIMEOUTS; timeout++) {
        metrics_count(text, LABELS({"what", http_timeout_name(timeout)}), http->timeouts[timeout]);
    }
}

/* --- the broadcaster itself --- */

static void metrics_write_streams(const struct services *services, struct metrics_text *text)
{
    struct hub *hub = services->hub;
    metrics_family(text, "ringcast_viewers", METRIC_GAUGE, "Viewers connected.");
    metrics_count(text, NULL, viewer_set_count(services->viewers));
    metrics_family(text, "ringcast_camera_viewers", METRIC_GAUGE,
                   "Viewers of the camera, all its streams together.");
    const struct sorted *cameras = &services->counters.cameras;
    for (size_t i = 0; i < cameras->count; i++) {
        const char *id = ((const struct camera_counters *)cameras->items[i])->camera;
        struct hub_camera camera;
        bool exists = hub_find_camera(hub, id, &camera);
        metrics_count(text, LABELS({"camera", id}), exists ? camera.viewers : 0);
    }
    metrics_family(text, "ringcast_streams", METRIC_GAUGE, "Streams that exist.");
    metrics_count(text, NULL, hub_stream_count(hub));
}

static void metrics_write_intake(const struct services *services, struct metrics_text *text)
{
    const struct intake_counters *intake = intake_counters(services->intake);
    metrics_family(text, "ringcast_intake_refused_total", METRIC_COUNTER,
                   "POSTed frames that were refused, by cause.");
    for (enum intake_fault fault = 0; fault < INTAKE_FAULTS; fault++) {
        metrics_count(text, LABELS({"cause", intake_fault_name(fault)}), intake->refused[fault]);
    }
}

void api_metrics_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera)
{
    struct metrics_text text = {0};
    (void)request;
    (void)camera;
    metrics_family(&text, "ringcast_build_info", METRIC_GAUGE, "Always 1.");
    metrics_count(&text, LABELS({"version", RINGCAST_VERSION}), 1);
    metrics_write_captures(services, &text);
    metrics_write_detectors(services, &text);
    metrics_write_streams(services, &text);
    metrics_write_intake(services, &text);
    metrics_write_connections(services, &text);
    metrics_write_http(services, &text);
    metrics_write_cameras(&services->counters, &text);
    metrics_write_latencies(&services->counters, &text);
    metrics_write_processes(services, &text);
    http_respond_text(session, 200, METRICS_CONTENT_TYPE, API_NOT_STORED, text.bytes, text.size);
    metrics_finish(&text);
}
