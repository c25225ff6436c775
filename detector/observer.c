#include "detector/observer.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

struct observer {
    struct tracker *tracker; /* NULL: tracking is off */
    struct trails trails;
    uint64_t *box_tracks;
    size_t box_capacity;
    struct occupancy *occupancy; /* NULL: no spaces */
};

struct observer *observer_create(const struct config_camera *config)
{
    struct observer *observer = xcalloc(1, sizeof *observer);
    if (config->tracking) {
        observer->tracker = tracker_create();
    }
    if (config->space_count > 0) {
        observer->occupancy = occupancy_create(config->spaces, config->space_count);
    }
    return observer;
}

void observer_destroy(struct observer *observer)
{
    if (observer == NULL) {
        return;
    }
    tracker_destroy(observer->tracker);
    trails_finish(&observer->trails);
    occupancy_destroy(observer->occupancy);
    free(observer->box_tracks);
    free(observer);
}

void observer_replace(struct observer *observer, struct observer *old)
{
    if (observer->tracker != NULL && old->tracker != NULL) {
        struct observer unused = *observer;
        observer->tracker = old->tracker;
        observer->trails = old->trails;
        observer->box_tracks = old->box_tracks;
        observer->box_capacity = old->box_capacity;
        old->tracker = unused.tracker;
        old->trails = unused.trails;
        old->box_tracks = unused.box_tracks;
    }
    if (observer->occupancy != NULL && old->occupancy != NULL) {
        occupancy_inherit(observer->occupancy, old->occupancy);
    }
    observer_destroy(old);
}

float observer_lowest_conf(const struct observer *observer,
                           const struct detection_settings *settings)
{
    float lowest = 1;
    if (observer->tracker != NULL) {
        lowest = settings->tracker.low;
    }
    if (observer->occupancy != NULL && settings->occupancy.conf < lowest) {
        lowest = settings->occupancy.conf;
    }
    return lowest;
}

void observer_track(struct observer *observer, const struct detection_settings *settings,
                    const struct boxes *boxes, uint64_t time_ns)
{
    size_t count;
    if (observer->tracker == NULL) {
        return;
    }
    tracker_update(observer->tracker, &settings->tracker, boxes->items, boxes->count, time_ns);
    const struct track *tracks = tracker_tracks(observer->tracker, &count);
    trails_update(&observer->trails, tracks, count, time_ns);
    if (boxes->count > observer->box_capacity) {
        observer->box_capacity = 2 * boxes->count;
        observer->box_tracks = xreallocarray(observer->box_tracks, observer->box_capacity,
                                             sizeof *observer->box_tracks);
    }
    for (size_t i = 0; i < boxes->count; i++) {
        observer->box_tracks[i] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        observer->box_tracks[tracks[i].detection] = tracks[i].id;
    }
}

void observer_watch_spaces(struct observer *observer, const struct detection_settings *settings,
                           const struct boxes *boxes, int width, int height, uint64_t time_ns)
{
    if (observer->occupancy != NULL) {
        occupancy_update(observer->occupancy, &settings->occupancy, boxes->items, boxes->count,
                         width, height, time_ns);
    }
}

void observer_blind(struct observer *observer, uint64_t time_ns)
{
    if (observer->occupancy != NULL) {
        occupancy_blind(observer->occupancy, time_ns);
    }
}

struct observation observer_look(const struct observer *observer)
{
    struct observation observation = {.tracking = observer->tracker != NULL};
    if (observer->tracker != NULL) {
        observation.box_tracks = observer->box_tracks;
        observation.tracks = tracker_tracks(observer->tracker, &observation.track_count);
        observation.trails = &observer->trails;
    }
    if (observer->occupancy != NULL) {
        observation.spaces = occupancy_spaces(observer->occupancy, &observation.space_count);
        observation.events = occupancy_events(observer->occupancy, &observation.event_count);
        observation.matches = occupancy_matches(observer->occupancy, &observation.match_count);
    }
    return observation;
}
