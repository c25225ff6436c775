/* One viewer's subscription to one stream: what it wants, at what pace, and how it has fared. The
 * viewer owns it, is told by the streams through it, and serves it whenever its channel is idle.
 *
 * The pace is one of time and of frame numbers (schedule.h), decided when a frame comes:
 *
 *   due    it is to be sent as soon as the channel takes it; a newer one takes its place (dropped)
 *   early  it came before its time and is kept in mind: it becomes due if none follows (skipped,
 *          when one does)
 *   over   its group of frames has been served (skipped)
 *
 * What is sent is always the newest frame of the stream. One thread. */
#ifndef BROADCASTER_SUBSCRIPTION_H
#define BROADCASTER_SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/streams/stream.h"
#include "broadcaster/streams/wish.h"
#include "broadcaster/viewers/drawing.h"
#include "common/schedule.h"

struct services;
struct camera_counters;
struct counters;

/* Words that wait to be said about it, one bit each; of each sort only the newest is of any use. */
enum subscription_text {
    SUBSCRIPTION_STATE = 1 << 0,      /* camera_state */
    SUBSCRIPTION_STREAM = 1 << 1,     /* stream_started, stream_ended */
    SUBSCRIPTION_OFFLINE = 1 << 2,    /* error: the camera is offline since … */
    SUBSCRIPTION_NOT_DRAWN = 1 << 3,  /* error: a posted stream is not drawn anew */
    SUBSCRIPTION_NO_RAW = 1 << 4,     /* error: a posted stream has no raw pictures */
    SUBSCRIPTION_DETECTIONS = 1 << 5, /* detections */
    SUBSCRIPTION_STATS = 1 << 6,      /* stats */
    SUBSCRIPTION_TOO_MANY = 1 << 7,   /* error: the camera is drawn in too many ways already */
};

struct subscription {
    /* What every frame touches stands first, side by side. */
    struct stream_subscriber pictures; /* `owner` is the subscription, `wish` its own */
    void *viewer;
    bool paced;     /* else every frame is due */
    bool frame_due; /* the newest frame waits for the channel */
    bool early;     /* the newest frame waits for its time */
    bool lesser;    /* its drawing is of a lesser quality: a better one may suit it again */
    unsigned texts_due;
    uint64_t sent;                    /* frames handed to the channel */
    uint64_t bytes;                   /* of them */
    struct camera_counters *counters; /* of its camera; NULL: subscription_counters() finds them */
    uint64_t sent_ns, period_ns; /* CLOCK_MONOTONIC of the last frame; between frames, measured */

    struct schedule pace;
    uint64_t dropped;      /* frames that were due, but replaced while the channel was busy */
    uint64_t skipped;      /* frames that the pace left out */
    uint64_t skipped_fps;  /* of these, for the time's sake: none of their group was sent either */
    uint64_t early_number; /* of the early frame */

    struct stream_subscriber *detections; /* of the detector's stream; owned; NULL: never wanted */
    struct drawing drawing;
    struct wish wish;
    bool speaks;       /* the viewer's first one of its camera: tells of the camera */
    bool follows;      /* the viewer did not ask for it by name: it ends with its stream */
    bool told_running; /* what the viewer knows: that its camera's frames come */

    enum camera_state told_state;
    uint64_t told_since_ns;        /* CLOCK_REALTIME; UINT64_MAX: nothing */
    uint64_t frames_before;        /* of the camera, on streams that it was subscribed to before */
    uint64_t frames_base;          /* stream_camera_frames() that do not count */
    uint64_t stats_ns, stats_sent; /* CLOCK_MONOTONIC and `sent` of the last stats */
    uint64_t since_ns;             /* CLOCK_REALTIME of its beginning */
    struct counters *all_counters;
    char camera[]; /* its id */
};

/* `pictures` and `detections` are told as stream.h says; their owner is the subscription. */
struct subscription *subscription_create(struct services *services, void *viewer,
                                         const char *camera, const struct wish *wish,
                                         void (*notify)(struct stream_subscriber *subscriber,
                                                        enum stream_notice notice));
void subscription_destroy(struct subscription *subscription); /* stopped; NULL is allowed */

/* Subscribes to the stream that fits the wish. `demands`: frames have to be made for it. */
void subscription_start(struct subscription *subscription, struct services *services, bool demands);
void subscription_stop(struct subscription *subscription, struct services *services);

/* The same frames from another stream, whose newest one is `ahead` frames ahead. */
void subscription_change_stream(struct subscription *subscription, struct services *services,
                                const struct stream_key *key, uint64_t ahead);

/* The configuration may have changed what suits the wish. */
void subscription_configure(struct subscription *subscription, struct services *services);

/* Another wish, which acts at once; the kind stays. True when it has led to another stream. */
bool subscription_set(struct subscription *subscription, struct services *services,
                      const struct wish *wish);
void subscription_set_demand(struct subscription *subscription, struct services *services,
                             bool demands);

/* The viewer has asked for it by name after all: its stream is not to go without it. */
void subscription_keep(struct subscription *subscription, struct services *services);

/* Nothing is due any more; the next frame that is offered is. */
void subscription_rest(struct subscription *subscription);

/* --- the pace --- */

enum subscription_verdict { SUBSCRIPTION_DUE, SUBSCRIPTION_EARLY, SUBSCRIPTION_OVER };

/* A frame has come: what becomes of it. Whoever sends one that is due at once says so by
 * subscription_sent(), else subscription_wait() keeps it due. Without a pace every frame is due. */
enum subscription_verdict subscription_offer(struct subscription *subscription, uint64_t number,
                                             uint64_t now_ns);

/* The newest frame is due and waits for the channel; one that has waited is dropped. */
void subscription_wait(struct subscription *subscription);

/* When an early frame becomes due if none follows it; UINT64_MAX: there is none. */
uint64_t subscription_ripe_ns(const struct subscription *subscription);

/* Makes it due if its time has come. */
void subscription_ripen(struct subscription *subscription, uint64_t number, uint64_t now_ns);

/* The newest frame has been handed to the channel. */
void subscription_sent(struct subscription *subscription, uint64_t bytes, uint64_t now_ns);

/* --- how it has fared --- */

/* Those of its camera. To be asked for when a frame is there: whoever waits for cameras that do not
 * exist must not take up the places of those that do. */
struct camera_counters *subscription_counters(struct subscription *subscription);

/* Frames that its camera has made since it began. */
uint64_t subscription_total(const struct subscription *subscription);

/* Frames sent per second, over the last ones; sinks when none follow. */
double subscription_fps(const struct subscription *subscription, uint64_t now_ns);

#endif
