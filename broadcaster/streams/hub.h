/* The streams that exist: found by camera, made by the first frame or the first viewer, removed
 * when nobody needs them, watched over in time. One thread. */
#ifndef BROADCASTER_HUB_H
#define BROADCASTER_HUB_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/streams/posted_frame.h"
#include "broadcaster/streams/stream.h"

struct hub;

struct hub_handlers {
    /* A subscriber that demands the stream's frames has come, left or changed its wish. */
    void (*demand_changed)(void *arg, struct stream *stream);
    /* True when a capture process tells the state of this camera: its streams end with it, not when
     * frames fail to come. */
    bool (*has_capture)(void *arg, const char *camera);
};

struct hub *hub_create(struct event_base *base, const struct hub_handlers *handlers, void *arg);
/* All subscribers must have left. NULL is allowed. */
void hub_destroy(struct hub *hub);

/* `max_streams`: streams with frames that may exist, 0: any number. Streams that
 * nobody holds and that get no frames are removed after `idle_ns`. */
void hub_set_limits(struct hub *hub, size_t max_streams, uint64_t idle_ns);

/* The next frame of a stream, which begins to exist with it; tells its subscribers. Takes
 * frame->body. *stream is valid until the loop runs again. 0, or -ENOSPC beyond
 * max_streams: nothing was taken. */
int hub_post(struct hub *hub, const struct stream_key *key, const struct posted_frame *frame,
             struct stream **stream);

/* The camera is gone: its streams have ended. */
void hub_end_camera(struct hub *hub, const char *camera, const char *reason);

/* The camera's pictures are not to be shown any more as they were: those that nothing will come in
 * place of, for they are drawn and nobody demands them, or their stream has ended, are let go. */
void hub_forget_pictures(struct hub *hub, const char *camera);

/* The stream's rendering is over: it is removed, unless somebody holds it. */
void hub_remove(struct hub *hub, const struct stream_key *key);

/* The camera's state may have changed: its subscribers are told to look. */
void hub_tell_state(struct hub *hub, const char *camera);

struct stream *hub_find(struct hub *hub, const struct stream_key *key); /* or NULL */

/* All streams, sorted by camera, kind and rendering; `at` < hub_stream_count(). */
struct stream *hub_stream(const struct hub *hub, size_t at);
size_t hub_stream_count(const struct hub *hub);

/* Those of them that have no frames: somebody waits for them. */
size_t hub_streams_waiting(const struct hub *hub);

/* One camera's streams together. */
struct hub_camera {
    const char *id;        /* lives as long as its streams */
    struct stream *stream; /* stands for it: of detected pictures if it has one, else of raw ones */
    size_t viewers;
    uint64_t last_update_ns; /* CLOCK_REALTIME */
};

/* Goes through the cameras that have streams, sorted: fills `camera` with the one whose streams
 * begin at *at (0 at first) and moves *at behind them; false at the end. */
bool hub_next_camera(struct hub *hub, size_t *at, struct hub_camera *camera);

/* The same for one camera; false when it has no stream. */
bool hub_find_camera(struct hub *hub, const char *id, struct hub_camera *camera);

/* --- who follows whatever exists --- */

/* Embedded in whoever wants to know of streams that begin. */
struct hub_watcher {
    /* The stream is about to get its first frame; subscribing to it is allowed. */
    void (*notify)(struct hub_watcher *watcher, struct stream *stream);
    void *owner;
    struct hub_watcher *next, **previous; /* hub::watchers; previous NULL: not watching */
};

void hub_watch(struct hub *hub, struct hub_watcher *watcher);
void hub_unwatch(struct hub_watcher *watcher); /* does nothing when it is not watching */

/* --- subscribers --- */

/* The stream begins to exist if it has to, without frames. */
void hub_subscribe(struct hub *hub, const struct stream_key *key,
                   struct stream_subscriber *subscriber);
/* Does nothing when it is not subscribed. */
void hub_unsubscribe(struct hub *hub, struct stream_subscriber *subscriber);

/* Whether its frames have to be made. */
void hub_set_demand(struct hub *hub, struct stream_subscriber *subscriber, bool demands);
/* What `subscriber->wish` points to has changed. */
void hub_wish_changed(struct hub *hub, struct stream_subscriber *subscriber);

#endif
