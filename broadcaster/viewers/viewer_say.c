#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "broadcaster/protocol/api_json.h"
#include "broadcaster/services.h"
#include "broadcaster/viewers/viewer_parts.h"
#include "broadcaster/viewers/viewer_text.h"

#define VIEWER_STATS_FRAMES 50
#define VIEWER_MEASURE_NS   (2 * NS_PER_SECOND)

/* --- words --- */

/* Takes `message`. */
static void viewer_say(struct viewer *viewer, json_t *message)
{
    char *text = api_json_text(message);
    channel_send_text(&viewer->channel, text);
    free(text);
}

static void viewer_say_time(struct viewer *viewer)
{
    char text[TIMED_PONG_SIZE];
    timed_pong_write(viewer->ping_time, text);
    free(viewer->ping_time);
    viewer->ping_time = NULL;
    channel_send_text(&viewer->channel, text);
}

void viewer_say_words(struct viewer *viewer, enum viewer_words words)
{
    switch (words) {
    case WORDS_CONNECTED:
        viewer_say(viewer, viewer_text_connected(viewer->services, viewer->identity));
        break;
    case WORDS_PONG:
        channel_send_text(&viewer->channel, "pong");
        break;
    case WORDS_KEEPALIVE:
        channel_send_text(&viewer->channel, "keepalive");
        break;
    case WORDS_TIMED_PONG:
        viewer_say_time(viewer);
        break;
    case WORDS_ERROR:
        viewer_say(viewer, viewer_text_error(viewer->error));
        break;
    }
}

static void viewer_know_state(struct subscription *subscription, const struct camera_status *status)
{
    subscription->told_state = status->state;
    subscription->told_since_ns = status->since_ns;
    if (status->state == CAMERA_OFFLINE) {
        subscription->texts_due |= SUBSCRIPTION_OFFLINE;
    }
}

static void viewer_say_state(struct viewer *viewer, struct subscription *subscription)
{
    struct camera_status status;
    services_camera_status(viewer->services, subscription->camera, &status);
    if (subscription->told_since_ns != status.since_ns ||
        subscription->told_state != status.state) {
        viewer_know_state(subscription, &status);
        viewer_say(viewer, viewer_text_state(subscription->camera, &status));
    }
}

static void viewer_say_stats(struct viewer *viewer, struct subscription *subscription)
{
    uint64_t now = clock_monotonic_ns();
    uint64_t frames = subscription->sent - subscription->stats_sent;
    double seconds = (double)(now - subscription->stats_ns) / (double)NS_PER_SECOND;
    struct viewer_stats stats = {
        .processed = subscription->sent,
        .total = subscription_total(subscription),
        .skipped_fps = subscription->skipped_fps,
        .fps = seconds > 0 ? (double)frames / seconds : 0,
    };
    json_t *message = viewer_text_stats(&stats);
    if (viewer->subscriptions.count > 1) {
        json_object_set_new(message, "camera_id", json_string(subscription->camera));
    }
    subscription->stats_ns = now;
    subscription->stats_sent = subscription->sent;
    viewer_say(viewer, message);
}

/* Another rendering of a camera whose frames came anyhow is no beginning. */
static void viewer_say_stream(struct viewer *viewer, struct subscription *subscription)
{
    const struct stream *stream = subscription->pictures.stream;
    if (stream != NULL && stream_is_running(stream) != subscription->told_running) {
        subscription->told_running = stream_is_running(stream);
        viewer_say(viewer, viewer_text_stream(stream));
    }
}

/* Its pictures are drawn by whoever posts it, or by nobody: `detect: off`, or no network. */
static void viewer_say_not_drawn(struct viewer *viewer, const struct subscription *subscription)
{
    const struct stream *stream = subscription->pictures.stream;
    bool posted = stream != NULL && stream_is_running(stream);
    bool captured = services_has_raw(viewer->services, subscription->camera);
    viewer_say(viewer, captured && !posted ? viewer_text_not_detected(subscription->camera)
                                           : viewer_text_not_drawn(subscription->camera));
}

static void viewer_say_detections(struct viewer *viewer, const struct subscription *subscription)
{
    struct stream *stream = subscription->detections->stream;
    if (stream != NULL && stream_metadata(stream).size > 0) {
        channel_send_frame(&viewer->channel, NULL, 0, stream_wire(stream, WIRE_DETECTIONS), 0);
    }
}

void viewer_say_text(struct viewer *viewer, struct subscription *subscription,
                     enum subscription_text text)
{
    switch (text) {
    case SUBSCRIPTION_STATE:
        viewer_say_state(viewer, subscription);
        break;
    case SUBSCRIPTION_STREAM:
        viewer_say_stream(viewer, subscription);
        break;
    case SUBSCRIPTION_OFFLINE:
        viewer_say(viewer, viewer_text_offline(subscription->camera, subscription->told_since_ns));
        break;
    case SUBSCRIPTION_NOT_DRAWN:
        viewer_say_not_drawn(viewer, subscription);
        break;
    case SUBSCRIPTION_NO_RAW:
        viewer_say(viewer, viewer_text_no_raw(subscription->camera));
        break;
    case SUBSCRIPTION_DETECTIONS:
        viewer_say_detections(viewer, subscription);
        break;
    case SUBSCRIPTION_STATS:
        viewer_say_stats(viewer, subscription);
        break;
    case SUBSCRIPTION_TOO_MANY:
        viewer_say(viewer, viewer_text_too_many(subscription->camera));
        break;
    }
}

/* --- frames --- */

/* A head of this subscription's own: its first frame tells the camera's state, one that is late its
 * own time of sending. Returns its size; *offset: what of the shared message it stands for. */
static size_t viewer_private_head(struct viewer *viewer, struct subscription *subscription,
                                  uint8_t head[FRAME_MESSAGE_HEAD_MAX], size_t *offset)
{
    struct stream *stream = subscription->pictures.stream;
    if (viewer->format == WIRE_BINARY) {
        struct frame_message message;
        stream_message(stream, &message);
        return frame_message_binary_head(&message, clock_realtime_ns(), head, offset);
    }
    struct camera_status status;
    services_camera_status(viewer->services, subscription->camera, &status);
    viewer_know_state(subscription, &status);
    return frame_message_json_head(
        stream_wire(stream, WIRE_VIEWER_JSON), camera_state_name(status.state),
        status.state != CAMERA_ONLINE || stream_is_stale(stream), head, offset);
}

static void viewer_measure(struct viewer *viewer, uint64_t now)
{
    uint64_t bytes = connection_bytes_sent(channel_connection(&viewer->channel));
    viewer->bytes_per_second = (double)(bytes - viewer->measure_bytes) * (double)NS_PER_SECOND /
                               (double)(now - viewer->measure_ns);
    viewer->measure_ns = now;
    viewer->measure_bytes = bytes;
}

/* Returns the bytes that go out. */
static size_t viewer_send_private(struct viewer *viewer, struct subscription *subscription,
                                  struct shared_bytes *body)
{
    uint8_t head[FRAME_MESSAGE_HEAD_MAX];
    size_t offset;
    size_t size = viewer_private_head(viewer, subscription, head, &offset);
    channel_send_frame(&viewer->channel, head, size, body, offset);
    return size + body->size - offset;
}

/* How long the frame took. A viewer's first one is whatever was there when he came. */
static void viewer_observe(struct viewer *viewer, struct subscription *subscription, uint64_t now)
{
    const struct stream *stream = subscription->pictures.stream;
    struct histogram *latency = subscription_counters(subscription)->latency;
    uint64_t here_ns = now - stream_frame_ns(stream);
    viewer->age_ns = stream_frame_age_at(stream, now);
    if (subscription->sent > 0) {
        histogram_observe(&latency[LATENCY_SENT], here_ns);
        if (stream_frame(stream)->timed_here) {
            histogram_observe(&latency[LATENCY_TOTAL], viewer->age_ns);
        }
    }
}

void viewer_send_frame(struct viewer *viewer, struct subscription *subscription, bool late)
{
    struct stream *stream = subscription->pictures.stream;
    struct shared_bytes *body = stream_wire(stream, viewer->format);
    size_t size = body->size;
    if (viewer->format == WIRE_BINARY
            ? late
            : subscription->sent == 0 && viewer->format == WIRE_VIEWER_JSON) {
        size = viewer_send_private(viewer, subscription, body);
    } else {
        channel_send_frame(&viewer->channel, NULL, 0, body, 0);
    }
    uint64_t now = clock_monotonic_ns();
    viewer_observe(viewer, subscription, now);
    if (now - viewer->measure_ns >= VIEWER_MEASURE_NS) {
        viewer_measure(viewer, now);
    }
    subscription_sent(subscription, size, now);
    if (viewer->path != VIEWER_DETECTION && subscription->sent % VIEWER_STATS_FRAMES == 0) {
        subscription->texts_due |= SUBSCRIPTION_STATS;
    }
}
