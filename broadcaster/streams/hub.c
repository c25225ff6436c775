#include "broadcaster/streams/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/text/sorted.h"
#include "common/log.h"
#include "common/memory.h"

#define HUB_WATCH_NS                                                                               \
    NS_PER_SECOND /* how often the streams are looked at for what time alone changes */

struct hub {
    struct hub_handlers handlers;
    void *arg;
    struct stream **streams; /* sorted by key; owned */
    size_t count, capacity;
    size_t max_streams; /* 0: any number */
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
    return sorted_place(hub->streams, hub->count, key, hub_compare, found);
}

struct stream *hub_find(struct hub *hub, const struct stream_key *key)
{
    bool found;
    size_t at = hub_place(hub, key, &found);
    return found ? hub->streams[at] : NULL;
}

static struct stream *hub_find_or_create(struct hub *hub, const struct stream_key *key)
{
    bool found;
    size_t at = hub_place(hub, key, &found);
    if (found) {
        return hub->streams[at];
    }
    if (hub->count == hub->capacity) {
        hub->capacity = hub->capacity * 2 + 8;
        hub->streams = xreallocarray(hub->streams, hub->capacity, sizeof *hub->streams);
    }
    memmove(hub->streams + at + 1, hub->streams + at, (hub->count - at) * sizeof *hub->streams);
    hub->streams[at] = stream_create(key);
    hub->count++;
    if (!event_pending(hub->watch, EV_TIMEOUT, NULL)) {
        struct timeval interval = clock_timeval(HUB_WATCH_NS);
        event_add(hub->watch, &interval);
    }
    return hub->streams[at];
}

struct stream *hub_stream(struct hub *hub, size_t at)
{
    return hub->streams[at];
}

size_t hub_stream_count(const struct hub *hub)
{
    return hub->count;
}

/* --- cameras --- */

/* The camera's streams stand side by side: the place of the first. */
static size_t hub_camera_streams(const struct hub *hub, const char *camera)
{
    struct stream_key key = {0};
    bool found;
    memccpy(key.camera, camera, '\0', sizeof key.camera - 1);
    return hub_place(hub, &key, &found);
}

static bool hub_is_of_camera(const struct hub *hub, size_t at, const char *camera)
{
    return at < hub->count && strcmp(stream_key(hub->streams[at])->camera, camera) == 0;
}

bool hub_next_camera(struct hub *hub, size_t *at, struct hub_camera *camera)
{
    if (*at >= hub->count) {
        return false;
    }
    struct stream *first = hub->streams[*at];
    *camera = (struct hub_camera){.id = stream_key(first)->camera, .stream = first};
    for (; hub_is_of_camera(hub, *at, camera->id); ++*at) {
        struct stream *stream = hub->streams[*at];
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
    struct stream *stream = hub->streams[at];
    hub->count--;
    memmove(hub->streams + at, hub->streams + at + 1, (hub->count - at) * sizeof(struct stream *));
    stream_notify(stream, STREAM_GONE);
    stream_destroy(stream);
}

static void hub_sweep(struct hub *hub)
{
    for (size_t at = hub->count; at-- > 0;) {
        if (at < hub->count && hub_is_needless(hub, hub->streams[at])) {
            log_camera(LOG_DEBUG, stream_key(hub->streams[at])->camera,
                       "stream removed frames=%llu",
                       (unsigned long long)stream_frame_count(hub->streams[at]));
            hub_remove_at(hub, at);
        }
    }
}

void hub_remove(struct hub *hub, const struct stream_key *key)
{
    bool found;
    size_t at = hub_place(hub, key, &found);
    if (found && stream_holders(hub->streams[at]) == 0) {
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
    for (size_t i = 0; i < hub->count; i++) {
        stream_watch(hub->streams[i], !hub_has_capture(hub, hub->streams[i]));
    }
    hub_sweep(hub);
    if (hub->count > 0) {
        struct timeval interval = clock_timeval(HUB_WATCH_NS);
        event_add(hub->watch, &interval);
    }
}

/* --- frames --- */

static size_t hub_streams_with_frames(const struct hub *hub)
{
    size_t count = 0;
    for (size_t i = 0; i < hub->count; i++) {
        count += stream_idle_ns(hub->streams[i]) != UINT64_MAX;
    }
    return count;
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
        stream_end(hub->streams[at], reason);
    }
}

void hub_tell_state(struct hub *hub, const char *camera)
{
    for (size_t at = hub_camera_streams(hub, camera); hub_is_of_camera(hub, at, camera); at++) {
        stream_notify(hub->streams[at], STREAM_STATE);
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
    for (size_t i = 0; i < hub->count; i++) {
        stream_destroy(hub->streams[i]);
    }
    event_free(hub->watch);
    free(hub->streams);
    free(hub);
}

void hub_set_limits(struct hub *hub, size_t max_streams, uint64_t idle_ns)
{
    hub->max_streams = max_streams;
    hub->idle_ns = idle_ns;
}
