#include "broadcaster/streams/raw_source.h"

#include <stdlib.h>
#include <string.h>

#include "broadcaster/services.h"
#include "broadcaster/streams/camera_watch.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/text/sorted.h"
#include "common/memory.h"

/* One camera that is being read. */
struct raw_source {
    struct raw_sources *set;
    struct stream_key key;
    struct camera_watch_waiter waiter;
    struct camera_counters *counters;
};

struct raw_sources {
    struct services *services;
    struct sorted sources; /* of struct raw_source, by camera; owned */
};

static int raw_source_compare(const void *source, const void *camera)
{
    return strcmp(((const struct raw_source *)source)->key.camera, camera);
}

static void raw_source_remove(struct raw_source *source)
{
    struct raw_sources *set = source->set;
    bool found;
    sorted_remove(&set->sources,
                  sorted_place(&set->sources, source->key.camera, raw_source_compare, &found));
    camera_watch_leave(&source->waiter);
    free(source);
}

/* Through the detector the same stages are known from its metadata; those who watch only raw
 * pictures have none of that. */
static void raw_source_observe(struct camera_counters *counters, const struct frame_info *info)
{
    uint64_t now = clock_monotonic_ns();
    histogram_observe(&counters->latency[LATENCY_RECEIVED],
                      clock_elapsed_ns(info->captured_ns, info->received_ns));
    histogram_observe(&counters->latency[LATENCY_PUBLISHED],
                      clock_elapsed_ns(info->received_ns, info->published_ns));
    histogram_observe(&counters->latency[LATENCY_TAKEN], clock_elapsed_ns(info->published_ns, now));
}

static void raw_source_on_frame(struct camera_watch_waiter *waiter, bool gone)
{
    struct raw_source *source = waiter->owner;
    struct frame_info info;
    struct stream *stream;
    if (gone) {
        raw_source_remove(source);
        return;
    }
    struct shared_bytes *picture = camera_watch_frame(waiter, &info);
    struct posted_frame frame = {
        .body = shared_bytes_ref(picture),
        .jpeg = {picture->data, info.size},
        .jpeg_size = info.size,
        .width = info.width,
        .height = info.height,
        .number = info.number,
        .generation = info.generation,
        .captured_ns = info.captured_realtime_ns,
        .taken_ns = clock_realtime_ns(),
        .timed_here = true,
    };
    raw_source_observe(source->counters, &info);
    source->counters->read++;
    source->counters->read_bytes += info.size;
    if (hub_post(source->set->services->hub, &source->key, &frame, &stream) < 0) {
        shared_bytes_unref(frame.body);
    }
}

static void raw_source_add(struct raw_sources *set, const struct stream_key *key, size_t at)
{
    struct raw_source *source = xcalloc(1, sizeof *source);
    source->set = set;
    source->key = *key;
    source->counters = counters_camera(&set->services->counters, key->camera);
    source->waiter.notify = raw_source_on_frame;
    source->waiter.owner = source;
    if (!camera_watch_wait(set->services->cameras, key->camera, &source->waiter)) {
        free(source);
        return;
    }
    sorted_insert(&set->sources, at, source);
}

void raw_sources_follow(struct raw_sources *set, struct stream *stream)
{
    const struct stream_key *key = stream_key(stream);
    bool found, wanted = stream_demand(stream) > 0;
    size_t at = sorted_place(&set->sources, key->camera, raw_source_compare, &found);
    if (wanted && !found) {
        raw_source_add(set, key, at);
    } else if (!wanted && found) {
        raw_source_remove(set->sources.items[at]);
        stream_forget(stream);
    }
}

void raw_sources_configure(struct raw_sources *set)
{
    struct hub *hub = set->services->hub;
    for (size_t i = 0; i < hub_stream_count(hub); i++) {
        if (stream_key(hub_stream(hub, i))->kind == STREAM_RAW) {
            raw_sources_follow(set, hub_stream(hub, i));
        }
    }
}

struct raw_sources *raw_sources_create(struct services *services)
{
    struct raw_sources *set = xcalloc(1, sizeof *set);
    set->services = services;
    return set;
}

void raw_sources_destroy(struct raw_sources *set)
{
    if (set != NULL) {
        while (set->sources.count > 0) {
            raw_source_remove(set->sources.items[set->sources.count - 1]);
        }
        sorted_finish(&set->sources);
        free(set);
    }
}
