#include "broadcaster/api/control_service.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "broadcaster/intake/intake.h"
#include "broadcaster/protocol/http_session.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/viewers/viewer_set.h"
#include "common/control.h"
#include "common/memory.h"

#define PAGE_DEFAULT       50
#define PAGE_MOST          80 /* viewers that surely fit into one packet */
#define STATS_CAMERAS_MOST 200

struct control_service {
    struct services *services;
    struct control_server *server;
};

static json_t *service_refused(const struct intake_counters *counters)
{
    json_t *refused = json_object();
    for (int fault = 0; fault < INTAKE_FAULTS; fault++) {
        json_object_set_new(refused, intake_fault_name((enum intake_fault)fault),
                            json_integer((json_int_t)counters->refused[fault]));
    }
    return refused;
}

/* The cameras that have streams, as many as fit, and over all of them the rate and the age
 * of the newest frame. */
static json_t *service_cameras(struct hub *hub, double *fps, uint64_t *newest_age_ns)
{
    json_t *cameras = json_array();
    struct hub_camera each;
    *fps = 0;
    *newest_age_ns = UINT64_MAX;
    for (size_t at = 0; hub_next_camera(hub, &at, &each);) {
        struct camera_status status;
        uint64_t age = stream_frame_age_ns(each.stream);
        stream_status(each.stream, &status);
        *fps += status.fps;
        *newest_age_ns = age < *newest_age_ns ? age : *newest_age_ns;
        if (json_array_size(cameras) < STATS_CAMERAS_MOST) {
            json_array_append_new(cameras, json_pack("{s:s,s:s,s:I,s:I,s:f}", "camera", each.id,
                                                     "state", camera_state_name(status.state),
                                                     "viewers", (json_int_t)each.viewers, "frames",
                                                     (json_int_t)stream_frame_count(each.stream),
                                                     "fps", status.fps));
        }
    }
    return cameras;
}

static json_t *service_stats(const struct services *services)
{
    const struct intake_counters *intake = intake_counters(services->intake);
    struct viewer_totals totals;
    double fps;
    uint64_t newest_age_ns, up_ms = (clock_monotonic_ns() - services->started_ns) / NS_PER_MS;
    viewer_set_totals(services->viewers, &totals);
    json_t *cameras = service_cameras(services->hub, &fps, &newest_age_ns);
    json_t *stats =
        json_pack("{s:s,s:i,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f}", "config_hash",
                  services->config->hash, "pid", (int)getpid(), "uptime_s", (double)up_ms / 1000,
                  "viewers", (json_int_t)viewer_set_count(services->viewers), "viewers_opened",
                  (json_int_t)totals.opened, "streams", (json_int_t)hub_stream_count(services->hub),
                  "connections", (json_int_t)http_server_connections(services->http), "frames_in",
                  (json_int_t)intake->frames, "metadata_only", (json_int_t)intake->metadata_only,
                  "bytes_in", (json_int_t)intake->bytes, "sent", (json_int_t)totals.sent, "dropped",
                  (json_int_t)totals.dropped, "bytes_out", (json_int_t)totals.bytes, "fps", fps);
    if (newest_age_ns != UINT64_MAX) {
        json_object_set_new(stats, "newest_age_ms",
                            json_integer((json_int_t)(newest_age_ns / NS_PER_MS)));
    }
    json_object_set_new(stats, "refused", service_refused(intake));
    json_object_set_new(stats, "cameras", cameras);
    return stats;
}

static json_t *service_viewers(const struct services *services, const json_t *question)
{
    const char *after = json_string_value(json_object_get(question, "after")), *next;
    json_int_t limit = json_integer_value(json_object_get(question, "limit"));
    if (limit <= 0) {
        limit = PAGE_DEFAULT;
    } else if (limit > PAGE_MOST) {
        limit = PAGE_MOST;
    }
    json_t *page =
        viewer_set_page(services->viewers, NULL, after != NULL ? after : "", (size_t)limit, &next);
    return json_pack("{s:o,s:s?}", "viewers", page, "next", next);
}

static void service_on_message(void *arg, struct control_peer *peer, enum message_type type,
                               json_t *body, const int *descriptors)
{
    const struct services *services = ((struct control_service *)arg)->services;
    (void)descriptors;
    switch (type) {
    case MESSAGE_STATS:
        control_send(peer, MESSAGE_STATS_ANSWER, service_stats(services), NULL);
        break;
    case MESSAGE_VIEWERS:
        control_send(peer, MESSAGE_VIEWERS_ANSWER, service_viewers(services, body), NULL);
        break;
    case MESSAGE_KICK: {
        const char *id = json_string_value(json_object_get(body, "id"));
        control_send(peer, MESSAGE_KICK_ANSWER,
                     json_pack("{s:b}", "kicked", viewer_set_kick(services->viewers, NULL, id)),
                     NULL);
        break;
    }
    default:
        break; /* the message table lets nothing else through */
    }
}

int control_service_create(struct control_service **service, struct services *services)
{
    static const struct control_handlers handlers = {.message = service_on_message};
    struct control_service *made = xcalloc(1, sizeof *made);
    made->services = services;
    int result =
        control_server_create(&made->server, services->base, services->config->run_dir,
                              "broadcaster.sock", MESSAGE_SERVICE_BROADCASTER, &handlers, made);
    if (result < 0) {
        free(made);
        return result;
    }
    *service = made;
    return 0;
}

void control_service_destroy(struct control_service *service)
{
    if (service != NULL) {
        control_server_destroy(service->server);
        free(service);
    }
}
