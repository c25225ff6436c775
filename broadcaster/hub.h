/* The streams that exist: found by camera, made by the first frame or the first viewer, removed when
 * nobody needs them, watched over in time. One thread. */
#ifndef BROADCASTER_HUB_H
#define BROADCASTER_HUB_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/posted_frame.h"
#include "broadcaster/stream.h"

struct hub;

struct hub_handlers {
    /* A stream's first subscriber has come or its last one has gone. */
    void (*demand_changed)(void *arg);
    /* True when a capture process tells the state of this camera: its streams end with it, not when
     * frames fail to come. */
    bool (*has_capture)(void *arg, const char *camera);
};

struct hub *hub_create(struct event_base *base, const struct hub_handlers *handlers, void *arg);
/* All subscribers must have left. NULL is allowed. */
void hub_destroy(struct hub *hub);

/* `max_streams`: streams with frames that may exist, 0: any number. Streams without subscribers and
 * frames are removed after `idle_ns`. */
void hub_set_limits(struct hub *hub, size_t max_streams, uint64_t idle_ns);

/* The next frame of a stream, which begins to exist with it; tells its subscribers. Takes frame->body.
 * *stream is valid until the loop runs again. 0, or -ENOSPC beyond max_streams: nothing was taken. */
int hub_post(struct hub *hub, const struct stream_key *key, const struct posted_frame *frame,
             struct stream **stream);

/* The camera is gone: its streams have ended. */
void hub_end_camera(struct hub *hub, const char *camera, const char *reason);

/* The camera's state may have changed: its subscribers are told to look. */
void hub_tell_state(struct hub *hub, const char *camera);

struct stream *hub_find(struct hub *hub, const struct stream_key *key); /* or NULL */

/* All streams, sorted by camera; `at` < hub_stream_count(). */
struct stream *hub_stream(struct hub *hub, size_t at);
size_t hub_stream_count(const struct hub *hub);

/* The stream begins to exist if it has to, without frames. `subscriber->notify`, `owner` and
 * `is_viewer` are set by the caller. */
void hub_subscribe(struct hub *hub, const struct stream_key *key,
                   struct stream_subscriber *subscriber);
/* Does nothing when it is not subscribed. */
void hub_unsubscribe(struct hub *hub, struct stream_subscriber *subscriber);

#endif
