/* What viewers want of a camera, as the broadcaster's `demand` message says it, and what is kept of it
 * while viewers come and go.
 *
 *   {"type":"demand","cameras":[{"camera":"CAM1","rate":10,"metadata":true,
 *     "renderings":[{"id":0,"conf":0.25,"show_labels":true,"quality":85}]}]}
 *
 * Members that are missing or null have the default: of `rate` the camera's own, of a rendering's
 * members those of the configuration. A message is the whole of what is wanted. Pure; the caller
 * brings the time. */
#ifndef DETECTOR_DEMAND_H
#define DETECTOR_DEMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/camera_id.h"

#define DEMAND_RENDERINGS_MAX 32
#define DEMAND_ERROR_SIZE     160

/* One way in which a camera's result is drawn. */
struct rendering {
    uint32_t id;
    float conf; /* least confidence that is drawn and listed */
    bool show_labels;
    int quality; /* JPEG, 1 to 100 */
};

/* What one message says of one camera. */
struct demand_wish {
    char camera[CAMERA_ID_SIZE];
    double rate; /* frames per second; 0: the camera's own */
    bool metadata;
    struct rendering renderings[DEMAND_RENDERINGS_MAX];
    size_t rendering_count;
};

/* Reads one entry of `cameras`. `defaults` has conf, show_labels and quality for renderings that do not
 * say. 0, or -1 with the cause in `error`. */
int demand_parse(const json_t *entry, const struct rendering *defaults, struct demand_wish *wish,
                 char error[DEMAND_ERROR_SIZE]);

/* What is kept for a camera. A rendering that is no longer wished lingers, for a viewer who reloads the
 * page comes back at once. Zeroed memory is no demand. */
struct demand {
    double rate; /* the last one wished */
    bool metadata;
    struct demand_slot {
        struct rendering rendering;
        uint64_t until_ns; /* CLOCK_MONOTONIC end of its linger; 0: wished */
        bool drawn;        /* some frame has been drawn with these settings */
    } slots[DEMAND_RENDERINGS_MAX];
    size_t count;
};

/* `wish` NULL: nothing is wanted any more. Returns true when a rendering is new or looks different. */
bool demand_update(struct demand *demand, const struct demand_wish *wish, uint64_t now_ns,
                   uint64_t linger_ns);

/* Forgets what has lingered long enough. Returns the time of the next end, 0: none. */
uint64_t demand_expire(struct demand *demand, uint64_t now_ns);

/* True while anything is wanted, lingering renderings included. */
bool demand_any(const struct demand *demand);

#endif
