#include "broadcaster/viewers/viewer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/access/visits.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/protocol/subprotocol.h"
#include "broadcaster/services.h"
#include "broadcaster/viewers/mjpeg.h"
#include "broadcaster/viewers/viewer_parts.h"
#include "common/log.h"
#include "common/memory.h"

#define VIEWER_MESSAGE_LIMIT     65536
#define VIEWER_STALL_ROUND_TRIPS 20

/* --- what is received --- */

static void viewer_on_message(void *arg, enum websocket_opcode opcode, const uint8_t *data,
                              size_t size)
{
    struct viewer *viewer = arg;
    viewer->heard_ns = clock_monotonic_ns();
    if (viewer->closing) {
        return;
    }
    struct viewer_message message = {.type = VIEWER_WRONG, .error = "a message must be text"};
    if (opcode == WEBSOCKET_TEXT) {
        viewer_message_read(data, size, &message);
    }
    viewer_obey(viewer, &message);
}

static void viewer_on_writable(void *arg)
{
    struct viewer *viewer = arg;
    if (!viewer->closing) {
        viewer_serve(viewer);
    }
}

/* --- life --- */

static double viewer_seconds(const struct viewer *viewer)
{
    return (double)(clock_monotonic_ns() - viewer->opened_ns) / (double)NS_PER_SECOND;
}

static const char *viewer_path_name(const struct viewer *viewer)
{
    static const char *const names[] = {
        [VIEWER_DETECTION] = "detection",
        [VIEWER_STREAM_RAW] = "raw",
        [VIEWER_STREAM_DETECT] = "detect",
    };
    return names[viewer->path];
}

static const char *viewer_format_name(const struct viewer *viewer)
{
    return viewer->format == WIRE_BINARY  ? "binary"
           : viewer->format == WIRE_MJPEG ? "mjpeg"
                                          : "json";
}

static const char *viewer_peer(const struct viewer *viewer)
{
    return connection_peer_name(channel_connection(&viewer->channel));
}

/* It counts no longer, whatever is still in flight. */
static void viewer_leave(struct viewer *viewer)
{
    viewer->closing = true;
    viewer_follow_no_more(viewer);
    while (viewer->subscriptions.count > 0) {
        viewer_remove(viewer, viewer_at(viewer, viewer->subscriptions.count - 1));
    }
}

static void viewer_destroy(struct viewer *viewer)
{
    sorted_finish(&viewer->subscriptions);
    identity_unref(viewer->identity);
    free(viewer->ping_time);
    free(viewer);
}

static void viewer_on_closing(void *arg)
{
    viewer_leave(arg);
}

static size_t viewer_neighbours(const struct viewer *viewer)
{
    struct hub_camera camera;
    return hub_find_camera(viewer->services->hub, viewer->camera, &camera) ? camera.viewers : 0;
}

static void viewer_on_closed(void *arg, enum connection_end end, uint16_t close_code)
{
    struct viewer *viewer = arg;
    viewer_leave(viewer);
    log_camera(LOG_INFO, viewer->camera,
               "viewer gone id=%s reason=%s code=%u seconds=%.1f sent=%" PRIu64 " dropped=%" PRIu64
               " skipped=%" PRIu64 " left=%zu",
               viewer->id, connection_end_name(end), close_code, viewer_seconds(viewer),
               viewer->sent, viewer->dropped, viewer->skipped, viewer_neighbours(viewer));
    visit_ends(viewer->services, VISIT_VIEWER, viewer->identity, viewer->camera, end,
               viewer->kicked);
    viewer->gone(viewer->gone_arg, viewer);
    viewer_destroy(viewer);
}

static struct viewer *viewer_create(struct services *services, const char *id,
                                    const struct viewer_request *request)
{
    const char *camera = request->camera[0] != '\0' ? request->camera : "*";
    size_t camera_size = strlen(camera) + 1;
    struct viewer *viewer = xcalloc(1, sizeof *viewer + camera_size);
    viewer->services = services;
    viewer->path = request->path;
    viewer->format = request->mjpeg                      ? WIRE_MJPEG
                     : request->path == VIEWER_DETECTION ? WIRE_VIEWER_JSON
                                                         : WIRE_STREAM_JSON;
    snprintf(viewer->id, sizeof viewer->id, "%s", id);
    memcpy(viewer->camera, camera, camera_size);
    viewer->opened_ns = viewer->heard_ns = viewer->measure_ns = clock_monotonic_ns();
    return viewer;
}

/* True when the connection is a viewer's now. */
static bool viewer_upgrade(struct viewer *viewer, struct http_session *session)
{
    static const struct websocket_handlers handlers = {
        .message = viewer_on_message,
        .writable = viewer_on_writable,
        .woken = viewer_on_woken,
        .closing = viewer_on_closing,
        .closed = viewer_on_closed,
    };
    const struct config_broadcaster *config = &viewer->services->config->broadcaster;
    struct websocket_config websocket = {
        .message_limit = VIEWER_MESSAGE_LIMIT,
        .ping_interval_ns = clock_seconds_ns(config->ping_interval_s),
        .ping_timeout_ns = clock_seconds_ns(config->ping_timeout_s),
        .stall_ns = clock_seconds_ns(config->viewer_stall_s),
        .stall_round_trips = config->adaptive ? VIEWER_STALL_ROUND_TRIPS : 0,
    };
    const char *subprotocol = subprotocol_choose(http_session_request(session));
    if (subprotocol != NULL && strcmp(subprotocol, SUBPROTOCOL_BINARY) == 0) {
        viewer->format = WIRE_BINARY;
    }
    viewer->channel.websocket = http_upgrade(session, subprotocol, &websocket, &handlers, viewer);
    return viewer->channel.websocket != NULL;
}

static void viewer_on_stream_closed(void *arg, enum connection_end end)
{
    viewer_on_closed(arg, end, 0);
}

/* The same for one that gets an answer without an end. */
static bool viewer_begin_mjpeg(struct viewer *viewer, struct http_session *session)
{
    static const struct http_stream_handlers handlers = {
        .writable = viewer_on_writable,
        .woken = viewer_on_woken,
        .closed = viewer_on_stream_closed,
    };
    const struct config_broadcaster *config = &viewer->services->config->broadcaster;
    struct http_stream_config stream = {
        .stall_ns = clock_seconds_ns(config->viewer_stall_s),
        .stall_round_trips = config->adaptive ? VIEWER_STALL_ROUND_TRIPS : 0,
    };
    viewer->channel.stream = http_begin_stream(session, MJPEG_TYPE, MJPEG_FIELDS, MJPEG_BEGINNING,
                                               &stream, &handlers, viewer);
    return viewer->channel.stream != NULL;
}

struct viewer *viewer_open(struct services *services, struct http_session *session, const char *id,
                           const struct viewer_request *request, viewer_gone_fn *gone, void *arg)
{
    struct viewer *viewer = viewer_create(services, id, request);
    viewer->gone = gone;
    viewer->gone_arg = arg;
    viewer->identity = identity_ref(http_session_identity(session));
    if (!(request->mjpeg ? viewer_begin_mjpeg(viewer, session) : viewer_upgrade(viewer, session))) {
        viewer_destroy(viewer);
        return NULL;
    }
    visit_begins(services, VISIT_VIEWER, viewer->identity, viewer->camera);
    channel_wake(&viewer->channel, viewer_keepalive_ns(viewer));
    log_camera(LOG_INFO, viewer->camera, "viewer came id=%s peer=%s user=%s path=%s format=%s",
               viewer->id, viewer_peer(viewer), viewer->identity->user, viewer_path_name(viewer),
               viewer_format_name(viewer));
    if (request->camera[0] != '\0') {
        viewer_add(viewer, request->camera, &request->wish, false);
    } else {
        viewer->words_due |= WORDS_CONNECTED;
        if (!request->by_name) {
            viewer_follow_all(viewer);
        }
    }
    viewer_serve(viewer);
    return viewer;
}

void viewer_configure(struct viewer *viewer)
{
    if (viewer->format == WIRE_MJPEG && !viewer->services->config->broadcaster.mjpeg) {
        viewer_kick(viewer);
        return;
    }
    for (size_t i = 0; i < viewer->subscriptions.count; i++) {
        struct subscription *each = viewer_at(viewer, i);
        subscription_configure(each, viewer->services);
        subscription_set_demand(each, viewer->services, viewer_demands(viewer, each));
    }
    viewer_serve(viewer);
}

void viewer_kick(struct viewer *viewer)
{
    viewer->kicked = true;
    viewer_leave(viewer);
    channel_close(&viewer->channel, "closed by the operator");
}

/* --- for operators --- */
const char *viewer_id(const struct viewer *viewer)
{
    return viewer->id;
}

const struct subscription *viewer_subscription(const struct viewer *viewer, size_t at)
{
    return viewer_at(viewer, at);
}

size_t viewer_subscription_count(const struct viewer *viewer)
{
    return viewer->subscriptions.count;
}

static double viewer_throughput(const struct viewer *viewer, uint64_t bytes)
{
    uint64_t elapsed = clock_monotonic_ns() - viewer->measure_ns;
    return elapsed < 2 * NS_PER_SECOND || viewer->bytes_per_second == 0
               ? viewer->bytes_per_second
               : (double)(bytes - viewer->measure_bytes) * (double)NS_PER_SECOND / (double)elapsed;
}

void viewer_describe(const struct viewer *viewer, struct viewer_description *description)
{
    uint64_t bytes = connection_bytes_sent(channel_connection(&viewer->channel));
    *description = (struct viewer_description){
        .id = viewer->id,
        .peer = viewer_peer(viewer),
        .camera = viewer->camera,
        .path = viewer_path_name(viewer),
        .user = viewer->identity->user,
        .format = viewer_format_name(viewer),
        .seconds = viewer_seconds(viewer),
        .subscriptions = viewer->subscriptions.count,
        .paused = viewer->paused,
        .sent = viewer->sent,
        .dropped = viewer->dropped,
        .skipped = viewer->skipped,
        .bytes = bytes,
        .bytes_per_second = viewer_throughput(viewer, bytes),
        .age_ms = -1,
    };
    for (size_t i = 0; i < viewer->subscriptions.count; i++) {
        const struct subscription *each = viewer_at(viewer, i);
        description->sent += each->sent;
        description->dropped += each->dropped;
        description->skipped += each->skipped;
    }
    if (description->sent > 0) {
        description->age_ms = (double)viewer->age_ns / (double)NS_PER_MS;
    }
}
