#include "broadcaster/streams/stream.h"

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
#define STREAM_GAP_MOST     1000 /* camera frames between two that came here */
#define STREAM_PERIOD_SHARE 8 /* the measured period is a running mean over about so many frames */

struct stream {
    struct stream_key key;
    struct stream_subscriber *pictures, *metadata; /* who wants which */
    size_t viewer_count, demand_count, holder_count;

    struct posted_frame frame; /* the newest with a picture; body NULL: none yet */
    uint64_t frame_count;
    uint64_t camera_frames;
    bool unwatched;           /* nobody asked for the frames between the newest and the next one */
    struct posted_frame told; /* the newest metadata; body NULL: none yet */
    struct shared_bytes *messages[WIRE_FORMATS]; /* made of these; NULL: nobody has asked */

    uint64_t last_update_ns;                /* CLOCK_REALTIME */
    uint64_t last_post_ns, last_picture_ns; /* CLOCK_MONOTONIC; 0: none yet */
    uint64_t frame_delay_ns;                /* from the newest picture's capture to its POST */
    uint64_t period_ns;                     /* between frames, measured; 0: not known */

    enum camera_state state, told_state;
    uint64_t state_since_ns; /* CLOCK_REALTIME */
    bool running;            /* has begun and has not ended */
    uint64_t changed_ns;     /* CLOCK_REALTIME */
    char end_reason[96];
};

const char *stream_kind_name(enum stream_kind kind)
{
    return kind == STREAM_RAW ? "raw" : "detect";
}

struct stream_key stream_key_of(const char *camera, enum stream_kind kind, uint32_t rendering)
{
    struct stream_key key = {.kind = kind, .rendering = rendering};
    memccpy(key.camera, camera, '\0', sizeof key.camera - 1);
    return key;
}

int stream_key_compare(const struct stream_key *a, const struct stream_key *b)
{
    int order = strcmp(a->camera, b->camera);
    if (order == 0) {
        order = (a->kind > b->kind) - (a->kind < b->kind);
    }
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

/* Everything made of the newest picture. */
static void stream_drop_messages(struct stream *stream)
{
    for (size_t format = 0; format < WIRE_FORMATS; format++) {
        if (format != WIRE_DETECTIONS) {
            stream_drop_message(&stream->messages[format]);
        }
    }
}

static void stream_drop_metadata(struct stream *stream)
{
    stream_drop_message(&stream->messages[WIRE_DETECTIONS]);
    shared_bytes_unref(stream->told.body);
    stream->told = (struct posted_frame){0};
}

void stream_destroy(struct stream *stream)
{
    if (stream != NULL) {
        stream_forget(stream);
        free(stream);
    }
}

/* --- subscribers --- */

static void stream_count(struct stream *stream, const struct stream_subscriber *subscriber,
                         size_t one)
{
    stream->viewer_count += subscriber->is_viewer ? one : 0;
    stream->demand_count += subscriber->demands ? one : 0;
    stream->holder_count += subscriber->holds ? one : 0;
}

void stream_attach(struct stream *stream, struct stream_subscriber *subscriber)
{
    struct stream_subscriber **first =
        subscriber->metadata_only ? &stream->metadata : &stream->pictures;
    if (stream->pictures == NULL && stream_is_stale(stream)) {
        stream->unwatched = true;
    }
    subscriber->stream = stream;
    subscriber->next = *first;
    subscriber->previous = first;
    if (*first != NULL) {
        (*first)->previous = &subscriber->next;
    }
    *first = subscriber;
    stream_count(stream, subscriber, 1);
}

void stream_detach(struct stream_subscriber *subscriber)
{
    struct stream *stream = subscriber->stream;
    *subscriber->previous = subscriber->next;
    if (subscriber->next != NULL) {
        subscriber->next->previous = subscriber->previous;
    }
    stream_count(stream, subscriber, (size_t)-1);
    subscriber->stream = NULL;
}

void stream_set_demand(struct stream_subscriber *subscriber, bool demands)
{
    struct stream *stream = subscriber->stream;
    stream->demand_count -= subscriber->demands;
    subscriber->demands = demands;
    stream->demand_count += subscriber->demands;
}

const struct stream_subscriber *stream_subscribers(const struct stream *stream, bool metadata_only)
{
    return metadata_only ? stream->metadata : stream->pictures;
}

static void stream_tell(struct stream_subscriber *first, enum stream_notice notice)
{
    struct stream_subscriber *next;
    for (struct stream_subscriber *each = first; each != NULL; each = next) {
        next = each->next; /* `each` may leave */
        each->notify(each, notice);
    }
}

void stream_notify(struct stream *stream, enum stream_notice notice)
{
    stream_tell(stream->pictures, notice);
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
    } else if (!stream->running ||
               age > stream_limit(stream, STREAM_OFFLINE_NS, STREAM_OFFLINE_TIME)) {
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

/* A number that jumps far says nothing of how many frames there were, and those of before anybody
 * watched are nobody's. */
static uint64_t stream_gap(const struct stream *stream, const struct posted_frame *frame)
{
    const struct posted_frame *last = &stream->frame;
    bool counts = !stream->unwatched && last->body != NULL &&
                  frame->generation == last->generation && frame->number > last->number &&
                  frame->number - last->number <= STREAM_GAP_MOST;
    return counts ? frame->number - last->number : 1;
}

static void stream_take_picture(struct stream *stream, const struct posted_frame *frame)
{
    stream_drop_messages(stream);
    stream->camera_frames += stream_gap(stream, frame);
    stream->unwatched = false;
    shared_bytes_unref(stream->frame.body);
    stream->frame = *frame;
    shared_bytes_ref(frame->body);
    stream->frame_count++;
    stream->last_picture_ns = stream->last_post_ns;
    stream->frame_delay_ns = clock_elapsed_ns(frame->captured_ns, frame->taken_ns);
}

static void stream_take_metadata(struct stream *stream, const struct posted_frame *frame)
{
    stream_drop_metadata(stream);
    stream->told = *frame;
    shared_bytes_ref(frame->body);
}

void stream_post(struct stream *stream, const struct posted_frame *frame)
{
    bool begins = !stream->running;
    stream_measure(stream, clock_monotonic_ns());
    stream->last_update_ns = frame->taken_ns;
    if (begins) {
        stream->running = true;
        stream->changed_ns = frame->taken_ns;
    }
    if (frame->metadata.size > 0) {
        stream_take_metadata(stream, frame);
    }
    if (frame->jpeg_size > 0) {
        stream_take_picture(stream, frame);
        stream_notify(stream, STREAM_FRAME);
    }
    if (frame->metadata.size > 0) {
        stream_tell(stream->metadata, STREAM_METADATA);
    }
    shared_bytes_unref(frame->body);
    if (begins) {
        stream_notify(stream, STREAM_STARTED);
    }
    stream_tell_state(stream);
}

void stream_forget(struct stream *stream)
{
    stream_drop_messages(stream);
    stream_drop_metadata(stream);
    shared_bytes_unref(stream->frame.body);
    stream->frame =
        (struct posted_frame){.width = stream->frame.width, .height = stream->frame.height};
    stream->last_picture_ns = 0;
}

void stream_end(struct stream *stream, const char *reason)
{
    if (stream->running) {
        stream->running = false;
        stream->changed_ns = clock_realtime_ns();
        snprintf(stream->end_reason, sizeof stream->end_reason, "%s", reason);
        stream_notify(stream, STREAM_ENDED);
        stream_tell_state(stream);
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

size_t stream_demand(const struct stream *stream)
{
    return stream->demand_count;
}

size_t stream_holders(const struct stream *stream)
{
    return stream->holder_count;
}

uint64_t stream_frame_count(const struct stream *stream)
{
    return stream->frame_count;
}

uint64_t stream_camera_frames(const struct stream *stream)
{
    return stream->camera_frames;
}

uint64_t stream_last_update_ns(const struct stream *stream)
{
    return stream->last_update_ns;
}

bool stream_has_begun(const struct stream *stream)
{
    return stream->last_post_ns != 0;
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

uint64_t stream_frame_number(const struct stream *stream)
{
    return stream->frame.number != 0 ? stream->frame.number : stream->frame_count;
}

uint64_t stream_frame_ns(const struct stream *stream)
{
    return stream->last_picture_ns;
}

uint64_t stream_frame_age_at(const struct stream *stream, uint64_t now_ns)
{
    return stream->frame_delay_ns + (now_ns - stream->last_picture_ns);
}

uint64_t stream_frame_age_ns(const struct stream *stream)
{
    return stream_age_ns(stream->last_picture_ns);
}

struct byte_span stream_metadata(const struct stream *stream)
{
    return stream->told.metadata;
}

void stream_message(const struct stream *stream, struct frame_message *message)
{
    *message = (struct frame_message){
        .camera = stream->key.camera,
        .frame = &stream->frame,
        .count = stream->frame_count,
        .rendering = stream->key.rendering,
        .raw = stream->key.kind == STREAM_RAW,
    };
}

static struct shared_bytes *stream_build(const struct stream *stream, enum wire_format format)
{
    struct frame_message message;
    stream_message(stream, &message);
    if (format == WIRE_DETECTIONS) {
        message.frame = &stream->told;
    }
    struct shared_bytes *bytes = frame_message_build(&message, format, clock_realtime_ns());
    if (format != WIRE_DETECTIONS && stream->viewer_count >= STREAM_FILE_VIEWERS) {
        shared_bytes_open_file(bytes);
    }
    return bytes;
}

struct shared_bytes *stream_wire(struct stream *stream, enum wire_format format)
{
    if (stream->messages[format] == NULL) {
        stream->messages[format] = stream_build(stream, format);
    }
    return stream->messages[format];
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
