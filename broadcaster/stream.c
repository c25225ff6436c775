#include "broadcaster/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define STREAM_STALE_NS     NS_PER_SECOND
#define STREAM_STALE_TIMES  3
#define STREAM_OFFLINE_NS   (10 * NS_PER_SECOND)
#define STREAM_OFFLINE_TIME 5
/* From so many viewers on, putting a message into a file costs less than copying it for each. */
#define STREAM_FILE_VIEWERS 64
#define STREAM_PERIOD_SHARE 8 /* the measured period is a running mean over about so many frames */

struct stream {
    struct stream_key key;
    struct stream_subscriber *subscribers;
    size_t subscriber_count, viewer_count;

    struct posted_frame frame; /* the newest with a picture; body NULL: none yet */
    uint64_t frame_count;
    struct shared_bytes *json, *binary; /* made of it; NULL: nobody has asked */

    uint64_t last_update_ns;                /* CLOCK_REALTIME */
    uint64_t last_post_ns, last_picture_ns; /* CLOCK_MONOTONIC; 0: none yet */
    uint64_t period_ns;                     /* between frames, measured; 0: not known */

    enum camera_state state, told_state;
    uint64_t state_since_ns; /* CLOCK_REALTIME */
    bool running;            /* has begun and has not ended */
    uint64_t changed_ns;     /* CLOCK_REALTIME */
    char end_reason[96];
};

int stream_key_compare(const struct stream_key *a, const struct stream_key *b)
{
    int order = strcmp(a->camera, b->camera);
    return order != 0 ? order : (a->rendering > b->rendering) - (a->rendering < b->rendering);
}

struct stream *stream_create(const struct stream_key *key)
{
    struct stream *stream = xcalloc(1, sizeof *stream);
    stream->key = *key;
    stream->last_update_ns = stream->state_since_ns = clock_realtime_ns();
    stream->state = stream->told_state = CAMERA_CONNECTING;
    return stream;
}

/* Slow viewers go on sending it, without a descriptor: one for each of them would be too many. */
static void stream_drop_message(struct shared_bytes **message)
{
    if (*message != NULL) {
        shared_bytes_close_file(*message);
        shared_bytes_unref(*message);
        *message = NULL;
    }
}

static void stream_drop_messages(struct stream *stream)
{
    stream_drop_message(&stream->json);
    stream_drop_message(&stream->binary);
}

void stream_destroy(struct stream *stream)
{
    if (stream != NULL) {
        stream_drop_messages(stream);
        shared_bytes_unref(stream->frame.body);
        free(stream);
    }
}

/* --- subscribers --- */

void stream_attach(struct stream *stream, struct stream_subscriber *subscriber)
{
    subscriber->stream = stream;
    subscriber->next = stream->subscribers;
    subscriber->previous = &stream->subscribers;
    if (stream->subscribers != NULL) {
        stream->subscribers->previous = &subscriber->next;
    }
    stream->subscribers = subscriber;
    stream->subscriber_count++;
    stream->viewer_count += subscriber->is_viewer;
}

void stream_detach(struct stream_subscriber *subscriber)
{
    struct stream *stream = subscriber->stream;
    *subscriber->previous = subscriber->next;
    if (subscriber->next != NULL) {
        subscriber->next->previous = subscriber->previous;
    }
    stream->subscriber_count--;
    stream->viewer_count -= subscriber->is_viewer;
    subscriber->stream = NULL;
}

void stream_notify(struct stream *stream, enum stream_notice notice)
{
    struct stream_subscriber *next;
    for (struct stream_subscriber *each = stream->subscribers; each != NULL; each = next) {
        next = each->next; /* `each` may leave */
        each->notify(each, notice);
    }
}

/* --- frames and state --- */

static uint64_t stream_limit(const struct stream *stream, uint64_t least_ns, uint64_t periods)
{
    uint64_t limit = periods * stream->period_ns;
    return limit > least_ns ? limit : least_ns;
}

static uint64_t stream_age_ns(uint64_t since_ns)
{
    return since_ns == 0 ? UINT64_MAX : clock_elapsed_ns(since_ns, clock_monotonic_ns());
}

bool stream_is_stale(const struct stream *stream)
{
    return stream_frame_age_ns(stream) > stream_limit(stream, STREAM_STALE_NS, STREAM_STALE_TIMES);
}

static void stream_judge(struct stream *stream)
{
    uint64_t age = stream_age_ns(stream->last_post_ns);
    enum camera_state state = CAMERA_ONLINE;
    if (stream->last_post_ns == 0) {
        state = CAMERA_CONNECTING;
    } else if (age > stream_limit(stream, STREAM_OFFLINE_NS, STREAM_OFFLINE_TIME)) {
        state = CAMERA_OFFLINE;
    } else if (age > stream_limit(stream, STREAM_STALE_NS, STREAM_STALE_TIMES)) {
        state = CAMERA_STALE;
    }
    if (state != stream->state) {
        stream->state = state;
        stream->state_since_ns = clock_realtime_ns();
    }
}

static void stream_tell_state(struct stream *stream)
{
    stream_judge(stream);
    if (stream->state != stream->told_state) {
        stream->told_state = stream->state;
        stream_notify(stream, STREAM_STATE);
    }
}

/* A pause (nobody watched an on-demand camera) is not a period. */
static void stream_measure(struct stream *stream, uint64_t now)
{
    uint64_t gap = now - stream->last_post_ns;
    if (stream->last_post_ns == 0 || gap > STREAM_END_NS) {
        stream->period_ns = 0;
    } else if (stream->period_ns == 0) {
        stream->period_ns = gap;
    } else {
        stream->period_ns += gap / STREAM_PERIOD_SHARE - stream->period_ns / STREAM_PERIOD_SHARE;
    }
    stream->last_post_ns = now;
}

void stream_post(struct stream *stream, const struct posted_frame *frame)
{
    uint64_t now = clock_monotonic_ns();
    bool begins = !stream->running;
    stream_measure(stream, now);
    stream->last_update_ns = frame->taken_ns;
    if (begins) {
        stream->running = true;
        stream->changed_ns = frame->taken_ns;
    }
    if (frame->jpeg_size > 0) {
        stream_drop_messages(stream);
        shared_bytes_unref(stream->frame.body);
        stream->frame = *frame;
        stream->frame_count++;
        stream->last_picture_ns = now;
        stream_notify(stream, STREAM_FRAME);
    } else {
        shared_bytes_unref(frame->body);
    }
    if (begins) {
        stream_notify(stream, STREAM_STARTED);
    }
    stream_tell_state(stream);
}

void stream_end(struct stream *stream, const char *reason)
{
    if (stream->running) {
        stream->running = false;
        stream->changed_ns = clock_realtime_ns();
        snprintf(stream->end_reason, sizeof stream->end_reason, "%s", reason);
        stream_notify(stream, STREAM_ENDED);
    }
}

void stream_watch(struct stream *stream, bool may_end)
{
    stream_tell_state(stream);
    if (may_end && stream_age_ns(stream->last_post_ns) > STREAM_END_NS) {
        stream_end(stream, "no frame has come for 15 s");
    }
}

/* --- what is known --- */

const struct stream_key *stream_key(const struct stream *stream)
{
    return &stream->key;
}

size_t stream_viewers(const struct stream *stream)
{
    return stream->viewer_count;
}

size_t stream_subscribers(const struct stream *stream)
{
    return stream->subscriber_count;
}

uint64_t stream_frame_count(const struct stream *stream)
{
    return stream->frame_count;
}

uint64_t stream_last_update_ns(const struct stream *stream)
{
    return stream->last_update_ns;
}

uint64_t stream_idle_ns(const struct stream *stream)
{
    return stream_age_ns(stream->last_post_ns);
}

void stream_status(struct stream *stream, struct camera_status *status)
{
    stream_judge(stream);
    bool alive = stream->state == CAMERA_ONLINE && stream->period_ns > 0;
    *status = (struct camera_status){
        .state = stream->state,
        .since_ns = stream->state_since_ns,
        .frames = stream->frame_count,
        .width = stream->frame.width,
        .height = stream->frame.height,
        .fps = alive ? (double)NS_PER_SECOND / (double)stream->period_ns : 0,
    };
}

const struct posted_frame *stream_frame(const struct stream *stream)
{
    return stream->frame.body != NULL ? &stream->frame : NULL;
}

uint64_t stream_frame_age_ns(const struct stream *stream)
{
    return stream_age_ns(stream->last_picture_ns);
}

void stream_message(const struct stream *stream, struct frame_message *message)
{
    *message = (struct frame_message){
        .camera = stream->key.camera,
        .frame = &stream->frame,
        .count = stream->frame_count,
        .rendering = stream->key.rendering,
    };
}

static struct shared_bytes *stream_prepare(const struct stream *stream,
                                           struct shared_bytes *message)
{
    if (stream->viewer_count >= STREAM_FILE_VIEWERS) {
        shared_bytes_open_file(message);
    }
    return message;
}

struct shared_bytes *stream_json(struct stream *stream)
{
    if (stream->json == NULL) {
        struct frame_message message;
        stream_message(stream, &message);
        stream->json = stream_prepare(stream, frame_message_json(&message));
    }
    return stream->json;
}

struct shared_bytes *stream_binary(struct stream *stream)
{
    if (stream->binary == NULL) {
        struct frame_message message;
        stream_message(stream, &message);
        stream->binary =
            stream_prepare(stream, frame_message_binary(&message, clock_realtime_ns()));
    }
    return stream->binary;
}

const char *stream_end_reason(const struct stream *stream)
{
    return stream->end_reason;
}

bool stream_is_running(const struct stream *stream)
{
    return stream->running;
}

uint64_t stream_changed_ns(const struct stream *stream)
{
    return stream->changed_ns;
}
