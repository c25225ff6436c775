#include "broadcaster/viewer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "broadcaster/api_json.h"
#include "broadcaster/hub.h"
#include "broadcaster/services.h"
#include "broadcaster/subprotocol.h"
#include "broadcaster/viewer_message.h"
#include "broadcaster/websocket_session.h"
#include "common/log.h"
#include "common/memory.h"

#define VIEWER_MESSAGE_LIMIT 65536
#define CLOSE_POLICY         1008 /* RFC 6455, 7.4.1 */

/* Texts that wait to be said, one bit each; of each kind only the newest is of any use. */
enum viewer_text {
    TEXT_PONG = 1 << 0,
    TEXT_TIMED_PONG = 1 << 1,
    TEXT_ERROR = 1 << 2,
    TEXT_STATE = 1 << 3,
    TEXT_STREAM = 1 << 4, /* started or ended */
    TEXT_KEEPALIVE = 1 << 5,
};

struct viewer {
    struct services *services;
    viewer_gone_fn *gone;
    void *gone_arg;
    struct websocket_session *session; /* NULL: not open yet */
    struct stream_subscriber subscriber;
    struct stream_key key;
    char id[VIEWER_ID_SIZE];
    bool binary;
    bool kicked; /* by the operator */

    unsigned texts_due; /* of enum viewer_text */
    bool frame_due;     /* the newest frame waits for the one in flight */
    char ping_time[VIEWER_TIME_SIZE];
    const char *error;             /* a literal */
    enum camera_state told_state;  /* what the viewer knows */
    uint64_t told_since_ns;        /* UINT64_MAX: nothing */
    struct event *keepalive_timer; /* runs while the viewer says nothing */

    uint64_t opened_ns; /* CLOCK_MONOTONIC */
    uint64_t sent, dropped;
};

/* --- what is sent --- */

static void viewer_send_text(struct viewer *viewer, const char *text)
{
    websocket_session_send(viewer->session, WEBSOCKET_TEXT, text, strlen(text));
}

/* Takes `message`. */
static void viewer_send_json(struct viewer *viewer, json_t *message)
{
    char *text = api_json_text(message);
    viewer_send_text(viewer, text);
    free(text);
}

static void viewer_know_state(struct viewer *viewer, const struct camera_status *status)
{
    viewer->told_state = status->state;
    viewer->told_since_ns = status->since_ns;
}

static void viewer_say_state(struct viewer *viewer)
{
    struct camera_status status;
    services_camera_status(viewer->services, viewer->key.camera, &status);
    if (viewer->told_since_ns != UINT64_MAX && viewer->told_state == status.state &&
        viewer->told_since_ns == status.since_ns) {
        return;
    }
    viewer_know_state(viewer, &status);
    viewer_send_json(viewer, json_pack("{s:s,s:s,s:s,s:o}", "type", "camera_state", "camera_id",
                                       viewer->key.camera, "state", camera_state_name(status.state),
                                       "since", api_json_seconds(status.since_ns)));
}

static void viewer_say_stream(struct viewer *viewer)
{
    const struct stream *stream = viewer->subscriber.stream;
    bool running = stream_is_running(stream);
    json_t *message = json_pack("{s:s,s:s}", "type", running ? "stream_started" : "stream_ended",
                                "camera_id", viewer->key.camera);
    if (!running) {
        json_object_set_new(message, "reason", json_string(stream_end_reason(stream)));
    }
    json_object_set_new(message, "timestamp", api_json_seconds(stream_changed_ns(stream)));
    viewer_send_json(viewer, message);
}

/* The client's time goes back as it came. */
static void viewer_say_time(struct viewer *viewer)
{
    uint64_t us = clock_realtime_ns() / NS_PER_US;
    char text[VIEWER_TIME_SIZE + 96];
    snprintf(text, sizeof text, "{\"type\":\"pong\",\"t\":%s,\"server_time\":%" PRIu64 ".%06u}",
             viewer->ping_time, us / 1000000, (unsigned)(us % 1000000));
    viewer_send_text(viewer, text);
}

static void viewer_say(struct viewer *viewer, enum viewer_text kind)
{
    switch (kind) {
    case TEXT_PONG:
        viewer_send_text(viewer, "pong");
        break;
    case TEXT_KEEPALIVE:
        viewer_send_text(viewer, "keepalive");
        break;
    case TEXT_TIMED_PONG:
        viewer_say_time(viewer);
        break;
    case TEXT_ERROR:
        viewer_send_json(viewer, json_pack("{s:s,s:s}", "type", "error", "message", viewer->error));
        break;
    case TEXT_STATE:
        viewer_say_state(viewer);
        break;
    case TEXT_STREAM:
        viewer_say_stream(viewer);
        break;
    }
}

/* The newest frame as everybody gets it at this moment. */
static void viewer_send_shared(struct viewer *viewer)
{
    struct stream *stream = viewer->subscriber.stream;
    struct shared_bytes *message = viewer->binary ? stream_binary(stream) : stream_json(stream);
    websocket_session_send_frames(viewer->session, NULL, 0, message, 0);
}

/* The newest frame with a head of this viewer's own: its first one, which tells the camera's state, or
 * one that is late, whose time of sending is now. */
static void viewer_send_private(struct viewer *viewer)
{
    struct stream *stream = viewer->subscriber.stream;
    uint8_t head[FRAME_MESSAGE_HEAD_MAX];
    size_t head_size, offset;
    struct shared_bytes *body;
    if (viewer->binary) {
        struct frame_message message;
        stream_message(stream, &message);
        body = stream_binary(stream);
        head_size = frame_message_binary_head(&message, clock_realtime_ns(), head, &offset);
    } else {
        struct camera_status status;
        services_camera_status(viewer->services, viewer->key.camera, &status);
        viewer_know_state(viewer, &status);
        body = stream_json(stream);
        head_size = frame_message_json_head(
            body, camera_state_name(status.state),
            status.state != CAMERA_ONLINE || stream_is_stale(stream), head, &offset);
    }
    websocket_session_send_frames(viewer->session, head, head_size, body, offset);
}

static void viewer_send_frame(struct viewer *viewer, bool late)
{
    if (viewer->binary ? late : viewer->sent == 0) {
        viewer_send_private(viewer);
    } else {
        viewer_send_shared(viewer);
    }
    viewer->frame_due = false;
    viewer->sent++;
}

/* Says what waits, for as long as the connection takes it at once; then the newest frame. */
static void viewer_flush(struct viewer *viewer)
{
    while (viewer->texts_due != 0 && websocket_session_idle(viewer->session)) {
        unsigned lowest = viewer->texts_due & ~(viewer->texts_due - 1);
        viewer->texts_due &= ~lowest;
        viewer_say(viewer, (enum viewer_text)lowest);
    }
    if (viewer->frame_due && websocket_session_idle(viewer->session)) {
        viewer_send_frame(viewer, true);
    }
}

static void viewer_owe(struct viewer *viewer, enum viewer_text text)
{
    viewer->texts_due |= text;
    viewer_flush(viewer);
}

static void viewer_on_notice(struct stream_subscriber *subscriber, enum stream_notice notice)
{
    struct viewer *viewer = subscriber->owner;
    switch (notice) {
    case STREAM_FRAME:
        if (websocket_session_idle(viewer->session)) {
            viewer_send_frame(viewer, false);
        } else {
            viewer->dropped += viewer->frame_due; /* the pending one has become old */
            viewer->frame_due = true;
        }
        break;
    case STREAM_STARTED:
    case STREAM_ENDED:
        viewer_owe(viewer, TEXT_STREAM);
        break;
    case STREAM_STATE:
        viewer_owe(viewer, TEXT_STATE);
        break;
    }
}

/* --- what is received --- */

static void viewer_hear(struct viewer *viewer)
{
    double seconds = viewer->services->config->broadcaster.keepalive_s;
    struct timeval silence = clock_timeval((uint64_t)(seconds * (double)NS_PER_SECOND));
    event_add(viewer->keepalive_timer, &silence);
}

static void viewer_on_silence(evutil_socket_t fd, short what, void *arg)
{
    struct viewer *viewer = arg;
    (void)fd;
    (void)what;
    if (viewer->subscriber.stream != NULL) {
        viewer_owe(viewer, TEXT_KEEPALIVE);
        viewer_hear(viewer);
    }
}

static void viewer_on_message(void *arg, enum websocket_opcode opcode, const uint8_t *data,
                              size_t size)
{
    struct viewer *viewer = arg;
    viewer_hear(viewer);
    if (viewer->subscriber.stream == NULL) {
        return; /* being closed */
    }
    if (opcode != WEBSOCKET_TEXT) {
        viewer->error = "a message must be text";
        viewer_owe(viewer, TEXT_ERROR);
        return;
    }
    switch (viewer_message_read(data, size, viewer->ping_time, &viewer->error)) {
    case VIEWER_IGNORED:
        break;
    case VIEWER_PING:
        viewer_owe(viewer, TEXT_PONG);
        break;
    case VIEWER_TIMED_PING:
        viewer_owe(viewer, TEXT_TIMED_PONG);
        break;
    case VIEWER_WRONG:
        viewer_owe(viewer, TEXT_ERROR);
        break;
    }
}

static void viewer_on_writable(void *arg)
{
    struct viewer *viewer = arg;
    if (viewer->subscriber.stream != NULL) {
        viewer_flush(viewer);
    }
}

/* --- life --- */

static void viewer_destroy(struct viewer *viewer)
{
    event_free(viewer->keepalive_timer);
    free(viewer);
}

static double viewer_seconds(const struct viewer *viewer)
{
    return (double)(clock_monotonic_ns() - viewer->opened_ns) / (double)NS_PER_SECOND;
}

static const char *viewer_peer(const struct viewer *viewer)
{
    return connection_peer_name(websocket_session_connection(viewer->session));
}

static size_t viewer_neighbours(const struct viewer *viewer)
{
    struct stream *stream = hub_find(viewer->services->hub, &viewer->key);
    return stream != NULL ? stream_viewers(stream) : 0;
}

/* It counts no longer, whatever is still in flight. */
static void viewer_on_closing(void *arg)
{
    struct viewer *viewer = arg;
    hub_unsubscribe(viewer->services->hub, &viewer->subscriber);
}

static void viewer_on_closed(void *arg, enum connection_end end, uint16_t close_code)
{
    struct viewer *viewer = arg;
    hub_unsubscribe(viewer->services->hub, &viewer->subscriber);
    log_camera(LOG_INFO, viewer->key.camera,
               "viewer gone id=%s reason=%s code=%u seconds=%.1f sent=%" PRIu64 " dropped=%" PRIu64
               " left=%zu",
               viewer->id, connection_end_name(end), close_code, viewer_seconds(viewer),
               viewer->sent, viewer->dropped, viewer_neighbours(viewer));
    counters_closed(&viewer->services->counters.viewers, end, viewer->kicked);
    viewer->gone(viewer->gone_arg, viewer);
    viewer_destroy(viewer);
}

/* What is known at once: the camera's state and the newest frame. */
static void viewer_greet(struct viewer *viewer)
{
    bool has_frame = stream_frame(viewer->subscriber.stream) != NULL;
    bool configured = config_find_camera(viewer->services->config, viewer->key.camera) != NULL;
    if (has_frame ? viewer->binary : configured) {
        viewer->texts_due |= TEXT_STATE;
    }
    viewer->frame_due = has_frame;
    viewer_flush(viewer);
}

static struct viewer *viewer_create(struct services *services, const char *id, const char *camera)
{
    struct viewer *viewer = xcalloc(1, sizeof *viewer);
    viewer->services = services;
    snprintf(viewer->id, sizeof viewer->id, "%s", id);
    viewer->told_since_ns = UINT64_MAX;
    viewer->opened_ns = clock_monotonic_ns();
    viewer->subscriber.notify = viewer_on_notice;
    viewer->subscriber.owner = viewer;
    viewer->subscriber.is_viewer = true;
    snprintf(viewer->key.camera, sizeof viewer->key.camera, "%s", camera);
    viewer->keepalive_timer = evtimer_new(services->base, viewer_on_silence, viewer);
    if (viewer->keepalive_timer == NULL) {
        die("out of memory for an event");
    }
    return viewer;
}

struct viewer *viewer_open(struct services *services, struct http_session *session, const char *id,
                           const char *camera, viewer_gone_fn *gone, void *arg)
{
    static const struct websocket_handlers handlers = {
        .message = viewer_on_message,
        .writable = viewer_on_writable,
        .closing = viewer_on_closing,
        .closed = viewer_on_closed,
    };
    const struct config_broadcaster *config = &services->config->broadcaster;
    struct websocket_config websocket = {
        .message_limit = VIEWER_MESSAGE_LIMIT,
        .ping_interval_ns = (uint64_t)(config->ping_interval_s * (double)NS_PER_SECOND),
        .ping_timeout_ns = (uint64_t)(config->ping_timeout_s * (double)NS_PER_SECOND),
        .stall_ns = (uint64_t)(config->viewer_stall_s * (double)NS_PER_SECOND),
    };
    const char *subprotocol = subprotocol_choose(http_session_request(session));
    struct viewer *viewer = viewer_create(services, id, camera);
    viewer->gone = gone;
    viewer->gone_arg = arg;
    viewer->binary = subprotocol != NULL && strcmp(subprotocol, SUBPROTOCOL_BINARY) == 0;
    viewer->session = http_upgrade(session, subprotocol, &websocket, &handlers, viewer);
    if (viewer->session == NULL) {
        viewer_destroy(viewer);
        return NULL;
    }
    services->counters.viewers.opened++;
    hub_subscribe(services->hub, &viewer->key, &viewer->subscriber);
    viewer_hear(viewer);
    log_camera(LOG_INFO, camera, "viewer came id=%s peer=%s format=%s viewers=%zu", viewer->id,
               viewer_peer(viewer), viewer->binary ? "binary" : "json",
               stream_viewers(viewer->subscriber.stream));
    viewer_greet(viewer);
    return viewer;
}

void viewer_kick(struct viewer *viewer)
{
    viewer->kicked = true;
    hub_unsubscribe(viewer->services->hub, &viewer->subscriber);
    websocket_session_close(viewer->session, CLOSE_POLICY, "closed by the operator",
                            CONNECTION_FINISHED);
}

const char *viewer_id(const struct viewer *viewer)
{
    return viewer->id;
}

void viewer_describe(const struct viewer *viewer, struct viewer_description *description)
{
    *description = (struct viewer_description){
        .id = viewer->id,
        .camera = viewer->key.camera,
        .peer = viewer_peer(viewer),
        .format = viewer->binary ? "binary" : "json",
        .seconds = viewer_seconds(viewer),
        .sent = viewer->sent,
        .dropped = viewer->dropped,
        .bytes = connection_bytes_sent(websocket_session_connection(viewer->session)),
    };
}
