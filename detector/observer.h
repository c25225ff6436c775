/* What is known of a camera beyond a single frame: its tracks, their trails, its parking spaces.
 * Belongs to the camera and goes along with each of its jobs; so of its frames one at a time is
 * observed, in their order, by whichever worker has the job, and nothing in it needs a lock. */
#ifndef DETECTOR_OBSERVER_H
#define DETECTOR_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "detector/boxes.h"
#include "detector/occupancy.h"
#include "detector/settings.h"
#include "detector/tracker.h"
#include "detector/trails.h"

struct observer;

/* What there is to tell and to draw; pointers are the observer's. Zeroed memory: nothing. */
struct observation {
    bool tracking;
    const uint64_t *box_tracks; /* by box of the frame: the id of its track, 0: none */
    const struct track *tracks;
    size_t track_count;
    const struct trails *trails; /* NULL: none */
    const struct space *spaces;
    size_t space_count;
    const struct space_event *events;
    size_t event_count;
    const struct space_match *matches;
    size_t match_count;
};

/* `config` is copied. */
struct observer *observer_create(const struct config_camera *config);
void observer_destroy(struct observer *observer); /* NULL is allowed */

/* A reload: goes on where `old` is, as far as the configuration is the same. Destroys `old`. */
void observer_replace(struct observer *observer, struct observer *old);

/* The least confidence of a box that it has a use for. */
float observer_lowest_conf(const struct observer *observer,
                           const struct detection_settings *settings);

/* The stages; of every frame in turn, at its CLOCK_MONOTONIC moment of capture. */
void observer_track(struct observer *observer, const struct detection_settings *settings,
                    const struct boxes *boxes, uint64_t time_ns);
void observer_watch_spaces(struct observer *observer, const struct detection_settings *settings,
                           const struct boxes *boxes, int width, int height, uint64_t time_ns);

/* Instead of the latter: what is in the spaces cannot be known since `time_ns`. */
void observer_blind(struct observer *observer, uint64_t time_ns);

/* Valid until the next frame. */
struct observation observer_look(const struct observer *observer);

#endif
