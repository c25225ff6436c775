/* One stream: its newest frame, the messages made of it, its subscribers and its state. Newest
 * wins: nothing is queued, a frame that comes replaces the one before. One thread.
 *
 * The state follows the frames:
 *
 *                  a frame                  a frame
 *   connecting ────────────▶ online ◀──────────────────┬──────────┐
 *                              │ max(1 s, 3 periods)    │          │
 *                              └──────────────────▶ stale ───▶ offline
 *                                              max(10 s, 5 periods)
 *
 * Beside it a stream has begun with its first frame and ends STREAM_END_NS after the last one; a
 * camera with a capture process ends with that instead (hub_end_camera()). */
#ifndef BROADCASTER_STREAM_H
#define BROADCASTER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/streams/frame_message.h"
#include "broadcaster/streams/posted_frame.h"
#include "common/camera_id.h"
#include "common/camera_status.h"
#include "common/clock.h"

#define STREAM_END_NS (15 * NS_PER_SECOND)

/* Which pictures of a camera. */
enum stream_kind {
    STREAM_DETECT, /* with the detector's drawing, or as a worker posted them */
    STREAM_RAW,    /* as the camera made them */
};

const char *stream_kind_name(enum stream_kind kind); /* "detect", "raw" */

/* What names a stream. */
struct stream_key {
    char camera[CAMERA_ID_SIZE];
    enum stream_kind kind;
    uint32_t rendering; /* detect: which drawing, 0: the camera's default one; raw: 0 */
};

/* `camera` is a valid id. */
struct stream_key stream_key_of(const char *camera, enum stream_kind kind, uint32_t rendering);

struct stream;
struct wish;

/* --- subscribers --- */

enum stream_notice {
    STREAM_FRAME,    /* a newer frame with a picture is there */
    STREAM_METADATA, /* newer metadata is there; told to those who want nothing else */
    STREAM_STARTED,  /* frames come (again); told behind the first, which waits for nothing */
    STREAM_ENDED,    /* no frames come any more: stream_end_reason() */
    STREAM_STATE,    /* the camera's state may have changed */
    STREAM_GONE, /* the stream is about to be removed: unsubscribe now; told to who does not hold */
};

/* Embedded in whoever watches a stream. `notify` may unsubscribe its own subscriber
 * only. The fields up to `stream` are the owner's, to be set before hub_subscribe(); see
 * hub.h for changing them. */
struct stream_subscriber {
    void (*notify)(struct stream_subscriber *subscriber, enum stream_notice notice);
    void *owner;
    const struct wish *wish; /* the owner's; NULL: a picture, drawn in the camera's default way */
    bool is_viewer;          /* counted as one */
    bool demands;            /* its frames have to be made; else it takes what comes anyhow */
    bool holds;              /* the stream exists for as long as it is subscribed */
    bool metadata_only;      /* it never needs a picture */
    struct stream *stream;   /* set by the hub; NULL: not subscribed */
    struct stream_subscriber *next, **previous; /* stream::pictures or stream::metadata */
};

/* --- a stream --- */

const struct stream_key *stream_key(const struct stream *stream);
size_t stream_viewers(const struct stream *stream);
size_t stream_demand(const struct stream *stream); /* subscribers for whom frames have to be made */
size_t stream_holders(const struct stream *stream); /* subscribers for whom it has to exist */
uint64_t stream_frame_count(const struct stream *stream);

/* Those who want pictures, or those who never need one; linked by `next`. NULL: none. */
const struct stream_subscriber *stream_subscribers(const struct stream *stream, bool metadata_only);

/* Frames that the camera has made since the stream began, those that came here or not: by their
 * numbers where they have some, and without those of times at which nobody watched. */
uint64_t stream_camera_frames(const struct stream *stream);

/* CLOCK_REALTIME ns of the last POST, or of the stream's beginning before the first. */
uint64_t stream_last_update_ns(const struct stream *stream);

bool stream_has_begun(const struct stream *stream); /* a frame or metadata have been posted */

/* Since the last POST; UINT64_MAX: there was none. */
uint64_t stream_idle_ns(const struct stream *stream);

/* What the frames show: state, since, measured fps, size of the picture. */
void stream_status(struct stream *stream, struct camera_status *status);

/* The newest frame with a picture, or NULL. */
const struct posted_frame *stream_frame(const struct stream *stream);
/* Its own number, else its place in the stream. */
uint64_t stream_frame_number(const struct stream *stream);
uint64_t stream_frame_ns(const struct stream *stream); /* CLOCK_MONOTONIC of its POST; 0: none */
uint64_t stream_frame_age_at(const struct stream *stream, uint64_t now_ns); /* since its capture */
uint64_t stream_frame_age_ns(const struct stream *stream); /* since its POST; UINT64_MAX: none */
bool stream_is_stale(const struct stream *stream); /* the newest frame is older than it should be */

/* The newest frame as viewers get it; built when first asked for. The stream keeps the reference.
 * Only with a frame; WIRE_DETECTIONS only with metadata. */
struct shared_bytes *stream_wire(struct stream *stream, enum wire_format format);

/* The metadata that came last, with a picture or without; size 0: none. */
struct byte_span stream_metadata(const struct stream *stream);

/* What the messages are built from, for private heads. */
void stream_message(const struct stream *stream, struct frame_message *message);

bool stream_is_running(const struct stream *stream); /* has begun and has not ended */
const char *stream_end_reason(const struct stream *stream);
/* CLOCK_REALTIME ns of its last start or end. */
uint64_t stream_changed_ns(const struct stream *stream);

/* --- for the hub, which owns the streams --- */

struct stream *stream_create(const struct stream_key *key);
void stream_destroy(struct stream *stream); /* no subscribers; NULL is allowed */
int stream_key_compare(const struct stream_key *a, const struct stream_key *b);

/* Takes frame->body. */
void stream_post(struct stream *stream, const struct posted_frame *frame);
void stream_end(struct stream *stream, const char *reason); /* does nothing when it has ended */
/* Nobody takes its frames any more: what there is grows old unseen, so it is let go. */
void stream_forget(struct stream *stream);
void stream_notify(struct stream *stream, enum stream_notice notice);
void stream_attach(struct stream *stream, struct stream_subscriber *subscriber);
void stream_detach(struct stream_subscriber *subscriber);
void stream_set_demand(struct stream_subscriber *subscriber, bool demands);

/* Tells of a change of state that time alone has brought, and ends the stream when frames fail to
 * come and `may_end` is set. */
void stream_watch(struct stream *stream, bool may_end);

#endif
