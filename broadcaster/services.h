/* What the parts of the broadcaster know of each other: one of each, wired together in main.c. */
#ifndef BROADCASTER_SERVICES_H
#define BROADCASTER_SERVICES_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/streams/counters.h"
#include "common/camera_status.h"
#include "common/config.h"

struct services {
    struct event_base *base;
    const struct config *config; /* another one after a reload: never keep what it points to */
    const char *config_path;
    struct hub *hub;
    struct history *history;
    struct intake *intake;
    struct viewer_set *viewers;
    struct camera_watch_set *cameras;
    struct raw_sources *raw;
    struct pushed_set *pushed;
    struct demand *demand;
    struct renderings *renderings;
    struct detector_watch_set *detectors;
    struct static_files *files;
    struct http_server *http;
    struct host_rules *host_rules;
    struct access *access;
    struct limits *limits;
    struct reconnects *reconnects;
    struct summary *summary;
    struct camera_changes *camera_changes;
    bool probing;             /* a camera is being tested: one at a time */
    struct counters counters; /* each is incremented where it happens */
    uint64_t started_ns;      /* CLOCK_MONOTONIC */
};

/* The state of a camera: what its streamer shows or its capture says, else what its stream shows;
 * CAMERA_CONNECTING when there is neither. */
void services_camera_status(const struct services *services, const char *camera,
                            struct camera_status *status);

/* True when the camera is configured or somebody has posted or pushed it. */
bool services_has_camera(const struct services *services, const char *camera);

/* True when one more may wait for the camera, whether it exists or not. Each name that nobody knows
 * takes up memory, and names are free: there is a limit to them. */
bool services_may_wait(const struct services *services, const char *camera);

/* True when there are raw pictures of the camera, or will be: it has a capture, or
 * is one that pushes. */
bool services_has_raw(const struct services *services, const char *camera);

/* True when our own detector posts this camera, so that nobody else may. */
bool services_has_local_detector(const struct services *services, const char *camera);

/* True when our own detector looks at this camera as soon as somebody wants it: its own, and those
 * that push to us without being configured, which others may post as well. */
bool services_is_detected(const struct services *services, const char *camera);

#endif
