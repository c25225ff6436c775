/* The state of a camera as its capture (or, for a pushed camera, the broadcaster) sees it, and the
 * `status` message that carries it. */
#ifndef COMMON_CAMERA_STATUS_H
#define COMMON_CAMERA_STATUS_H

#include <jansson.h>
#include <stdint.h>

/*                       a frame                      a frame
 *   connecting ─────────────────────▶ online ◀──────────────────┐
 *       │                             │ │  │                    │
 *       │ max(10 s, 5 periods)        │ │  │ same bytes, 10 s   │ other bytes
 *       │                             │ │  └──────────▶ frozen ─┘
 *       ▼         max(10 s, 5 periods)│ │ max(1 s, 3 periods)
 *    offline ◀── stale ◀──────────────┘─┘
 */
enum camera_state {
    CAMERA_CONNECTING, /* nothing seen yet (also: on_demand and nobody asks) */
    CAMERA_ONLINE,
    CAMERA_STALE,
    CAMERA_OFFLINE,
    CAMERA_FROZEN,
    CAMERA_STATES
};

struct camera_status {
    enum camera_state state;
    uint64_t since_ns; /* CLOCK_REALTIME of the last change of state */
    uint64_t frames;   /* whole frames published */
    uint64_t bad;      /* pictures dropped because they were not whole, all causes */
    uint64_t reconnects;
    uint32_t width, height; /* of the newest frame; 0: none yet */
    double fps;             /* measured over the last seconds */
    char reason[96];        /* why it is not online, in words: "connection refused"; or "" */
};

const char *camera_state_name(enum camera_state state);

/* The body of a `status` message; the caller owns the reference. */
json_t *camera_status_to_json(const struct camera_status *status);

/* From a body that the message table has checked. Unknown states read as offline. */
void camera_status_from_json(const json_t *body, struct camera_status *status);

#endif
