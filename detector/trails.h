/* Where tracked objects have been in the last seconds, for drawing. Not thread-safe. */
#ifndef DETECTOR_TRAILS_H
#define DETECTOR_TRAILS_H

#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "detector/tracker.h"

#define TRAIL_LENGTH_NS (2 * NS_PER_SECOND)
#define TRAIL_POINTS    64 /* of a faster camera the trail is shorter */

struct trail_point {
    float x, y; /* pixels: the middle of the box */
    float confidence;
    uint64_t time_ns;
};

struct trail {
    uint64_t id;
    int class_id;
    float size;                              /* of the last box: the side of a square of its area */
    float width;                             /* of the boxes, without their trembling */
    struct trail_point points[TRAIL_POINTS]; /* the oldest first */
    size_t count;                            /* at least 1 */
};

/* Zeroed memory has no trails. */
struct trails {
    struct trail *items;
    size_t count, capacity;
    uint64_t time_ns; /* of the last frame */
};

/* Adds the tracks of a frame, and forgets what is older than TRAIL_LENGTH_NS. */
void trails_update(struct trails *trails, const struct track *tracks, size_t count,
                   uint64_t time_ns);
void trails_finish(struct trails *trails);

/* The trail of a track, or NULL. */
const struct trail *trails_of(const struct trails *trails, uint64_t id);

/* The most that the track was seen with in the last second. */
float trail_recent_confidence(const struct trail *trail, uint64_t now_ns);

/* Where the object was at a point without the trembling of single boxes: a mean over the points
 * around it, over fewer towards both ends, so that these stay where they are. */
struct trail_point trail_smooth(const struct trail *trail, size_t index);

#endif
