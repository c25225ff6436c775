#include "broadcaster/streams/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/text/sorted.h"
#include "common/log.h"
#include "common/memory.h"

/* How often the streams are looked at for what time alone changes. */
#define HUB_WATCH_NS NS_PER_SECOND

struct hub {
    struct hub_handlers handlers;
    void *arg;
    struct sorted streams; /* of struct stream, by key; owned */
    size_t max_streams;    /* 0: any number */
    uint64_t idle_ns;
    struct event *watch;
    struct hub_watcher *watchers;
};

/* --- the collection --- */

static int hub_compare(const void *stream, const void *key)
{
    return stream_key_compare(stream_key(stream), key);
}

static size_t hub_place(const struct hub *hub, const struct stream_key *key, bool *found)
{
    return sorted_place(&hub->streams, key, hub_compare, found);
}

struct stream *hub_find(struct hub *hub, const struct stream_key *key)
{
    return sorted_find(&hub->streams, key, hub_compare);
}

static struct stream *hub_find_or_create(struct hub *hub, const struct stream_key *key)
{
    bool found;
    size_t at = hub_place(hub, key, &found);
    if (found) {
        return hub->streams.items[at];
    }
    sorted_insert(&hub->streams, at, stream_create(key));
    if (!event_pending(hub->watch, EV_TIMEOUT, NULL)) {
        struct timeval interval = clock_timeval(HUB_WATCH_NS);
        event_add(hub->watch, &interval);
    }
    return hub->streams.items[at];
}

struct stream *hub_stream(const struct hub *hub, size_t at)
{
    return hub->streams.items[at];
}

size_t hub_stream_count(const struct hub *hub)
{
    return hub->streams.count;
}

/* --- cameras --- */

/* The camera's streams stand side by side: the place of the first. */
static size_t hub_camera_streams(const struct hub *hub, const char *camera)
{
    struct stream_key key = stream_key_of(camera, STREAM_DETECT, 0);
    bool found;
    return hub_place(hub, &key, &found);
}

static bool hub_is_of_camera(const struct hub *hub, size_t at, const char *camera)
{
    return at < hub->streams.count && strcmp(stream_key(hub_stream(hub, at))->camera, camera) == 0;
}

bool hub_next_camera(struct hub *hub, size_t *at, struct hub_camera *camera)
{
    if (*at >= hub->streams.count) {
        return false;
    }
    struct stream *first = hub_stream(hub, *at);
    *camera = (struct hub_camera){.id = stream_key(first)->camera, .stream = first};
    for (; hub_is_of_camera(hub, *at, camera->id); ++*at) {
        struct stream *stream = hub_stream(hub, *at);
        uint64_t update_ns = stream_last_update_ns(stream);
        camera->viewers += stream_viewers(stream);
        if (update_ns > camera->last_update_ns) {
            camera->last_update_ns = update_ns;
        }
        if (stream_frame_count(camera->stream) == 0 && stream_frame_count(stream) > 0) {
            camera->stream = stream;
        }
    }
    return true;
}

bool hub_find_camera(struct hub *hub, const char *id, struct hub_camera *camera)
{
    size_t at = hub_camera_streams(hub, id);
    return hub_is_of_camera(hub, at, id) && hub_next_camera(hub, &at, camera);
}

/* --- time --- */

/* It never had a frame or has had none for long, and nobody needs it to exist. */
static bool hub_is_needless(const struct hub *hub, const struct stream *stream)
{
    return stream_holders(stream) == 0 && stream_idle_ns(stream) > hub->idle_ns;
}

/* Out of the hub first: whoever is told of its end may ask the hub, and may end another stream. */
static void hub_remove_at(struct hub *hub, size_t at)
{
    struct stream *stream = hub_stream(hub, at);
    sorted_remove(&hub->streams, at);
    stream_notify(stream, STREAM_GONE);
    stream_destroy(stream);
}

static void hub_sweep(struct hub *hub)
{
    for (size_t at = hub->streams.count; at-- > 0;) {
        if (at < hub->streams.count && hub_is_needless(hub, hub_stream(hub, at))) {
            log_camera(LOG_DEBUG, stream_key(hub_stream(hub, at))->camera,
                       "stream removed frames=%llu",
                       (unsigned long long)stream_frame_count(hub_stream(hub, at)));
            hub_remove_at(hub, at);
        }
    }
}

void hub_remove(struct hub *hub, const struct stream_key *key)
{
    bool found;
    size_t at = hub_place(hub, key, &found);
    if (found && stream_holders(hub_stream(hub, at)) == 0) {
        hub_remove_at(hub, at);
    }
}

static bool hub_has_capture(const struct hub *hub, const struct stream *stream)
{
    return hub->handlers.has_capture(hub->arg, stream_key(stream)->camera);
}

/* Streams may come to have no subscribers while they are watched; none begins to exist. */
static void hub_on_watch(evutil_socket_t fd, short what, void *arg)
{
    struct hub *hub = arg;
    (void)fd;
    (void)what;
    for (size_t i = 0; i < hub->streams.count; i++) {
        stream_watch(hub_stream(hub, i), !hub_has_capture(hub, hub_stream(hub, i)));
    }
    hub_sweep(hub);
    if (hub->streams.count > 0) {
        struct timeval interval = clock_timeval(HUB_WATCH_NS);
        event_add(hub->watch, &interval);
    }
}

/* --- frames --- */

static size_t hub_streams_with_frames(const struct hub *hub)
{
    size_t count = 0;
    for (size_t i = 0; i < hub->streams.count; i++) {
        count += stream_idle_ns(hub_stream(hub, i)) != UINT64_MAX;
    }
    return count;
}

size_t hub_streams_waiting(const struct hub *hub)
{
    return hub->streams.count - hub_streams_with_frames(hub);
}

static void hub_tell_watchers(struct hub *hub, struct stream *stream)
{
    struct hub_watcher *next;
    for (struct hub_watcher *each = hub->watchers; each != NULL; each = next) {
        next = each->next;
        each->notify(each, stream);
    }
}

int hub_post(struct hub *hub, const struct stream_key *key, const struct posted_frame *frame,
             struct stream **stream)
{
    struct stream *existing = hub_find(hub, key);
    bool begins = existing == NULL || stream_idle_ns(existing) == UINT64_MAX;
    if (begins && hub->max_streams > 0 && hub_streams_with_frames(hub) >= hub->max_streams) {
        return -ENOSPC;
    }
    if (begins) {
        log_camera(LOG_INFO, key->camera, "stream begins picture=%ux%u", frame->width,
                   frame->height);
    }
    *stream = existing != NULL ? existing : hub_find_or_create(hub, key);
    if (begins) {
        hub_tell_watchers(hub, *stream);
    }
    stream_post(*stream, frame);
    return 0;
}

void hub_end_camera(struct hub *hub, const char *camera, const char *reason)
{
    for (size_t at = hub_camera_streams(hub, camera); hub_is_of_camera(hub, at, camera); at++) {
        stream_end(hub_stream(hub, at), reason);
    }
}

void hub_forget_pictures(struct hub *hub, const char *camera)
{
    for (size_t at = hub_camera_streams(hub, camera); hub_is_of_camera(hub, at, camera); at++) {
        struct stream *stream = hub_stream(hub, at);
        bool undrawn = stream_key(stream)->kind == STREAM_DETECT && stream_demand(stream) == 0;
        if (undrawn || !stream_is_running(stream)) {
            stream_forget(stream);
        }
    }
}

void hub_tell_state(struct hub *hub, const char *camera)
{
    for (size_t at = hub_camera_streams(hub, camera); hub_is_of_camera(hub, at, camera); at++) {
        stream_notify(hub_stream(hub, at), STREAM_STATE);
    }
}

/* --- who follows whatever exists --- */

void hub_watch(struct hub *hub, struct hub_watcher *watcher)
{
    watcher->next = hub->watchers;
    watcher->previous = &hub->watchers;
    if (hub->watchers != NULL) {
        hub->watchers->previous = &watcher->next;
    }
    hub->watchers = watcher;
}

void hub_unwatch(struct hub_watcher *watcher)
{
    if (watcher->previous == NULL) {
        return;
    }
    *watcher->previous = watcher->next;
    if (watcher->next != NULL) {
        watcher->next->previous = watcher->previous;
    }
    watcher->previous = NULL;
}

/* --- subscribers --- */

void hub_subscribe(struct hub *hub, const struct stream_key *key,
                   struct stream_subscriber *subscriber)
{
    struct stream *stream = hub_find_or_create(hub, key);
    stream_attach(stream, subscriber);
    if (subscriber->demands) {
        hub->handlers.demand_changed(hub->arg, stream);
    }
}

void hub_unsubscribe(struct hub *hub, struct stream_subscriber *subscriber)
{
    struct stream *stream = subscriber->stream;
    if (stream == NULL) {
        return;
    }
    stream_detach(subscriber);
    if (subscriber->demands) {
        hub->handlers.demand_changed(hub->arg, stream);
    }
}

void hub_set_demand(struct hub *hub, struct stream_subscriber *subscriber, bool demands)
{
    if (subscriber->stream == NULL) {
        subscriber->demands = demands;
    } else if (subscriber->demands != demands) {
        stream_set_demand(subscriber, demands);
        hub->handlers.demand_changed(hub->arg, subscriber->stream);
    }
}

void hub_wish_changed(struct hub *hub, struct stream_subscriber *subscriber)
{
    if (subscriber->stream != NULL && subscriber->demands) {
        hub->handlers.demand_changed(hub->arg, subscriber->stream);
    }
}

/* --- life --- */

struct hub *hub_create(struct event_base *base, const struct hub_handlers *handlers, void *arg)
{
    struct hub *hub = xcalloc(1, sizeof *hub);
    hub->handlers = *handlers;
    hub->arg = arg;
    hub->watch = evtimer_new(base, hub_on_watch, hub);
    if (hub->watch == NULL) {
        die("out of memory for an event");
    }
    return hub;
}

void hub_destroy(struct hub *hub)
{
    if (hub == NULL) {
        return;
    }
    for (size_t i = 0; i < hub->streams.count; i++) {
        stream_destroy(hub->streams.items[i]);
    }
    event_free(hub->watch);
    sorted_finish(&hub->streams);
    free(hub);
}

void hub_set_limits(struct hub *hub, size_t max_streams, uint64_t idle_ns)
{
    hub->max_streams = max_streams;
    hub->idle_ns = idle_ns;
}
