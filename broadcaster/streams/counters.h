/* What has happened since the start, as plain numbers: incremented where it happens, read by
 * whoever shows them (`stats`, /metrics, /debug/streams). They only grow. There is nothing per
 * viewer here, and cameras are limited, so the whole of it is bounded whatever the world does. What
 * is refused before it is let in is counted by the HTTP server, by the code of its error
 * (http_session.h); bad frames by the intake (intake.h). One thread. */
#ifndef BROADCASTER_COUNTERS_H
#define BROADCASTER_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/network/connection.h"
#include "broadcaster/streams/histogram.h"
#include "broadcaster/text/sorted.h"
#include "common/camera_id.h"

/* So many cameras are counted by name; all further ones together, as COUNTERS_OTHER_CAMERAS. */
#define COUNTERS_CAMERAS_MOST  256
#define COUNTERS_OTHER_CAMERAS "_other" /* no camera can be called so */

/* The stages of a frame's way, in their order; each is a duration measured on one machine. */
enum latency_stage {
    LATENCY_RECEIVED,  /* the camera's first byte to its last */
    LATENCY_PUBLISHED, /* the last byte to the ring */
    LATENCY_TAKEN,     /* the ring to the detector, or to the broadcaster for a raw stream */
    LATENCY_INFERRED,  /* decoding and inference */
    LATENCY_ENCODED,   /* drawing and encoding */
    LATENCY_POSTED,    /* from the sender to the broadcaster's intake */
    LATENCY_SENT,      /* from the intake, or the ring, to a viewer's connection */
    LATENCY_TOTAL,     /* the camera's first byte to a viewer's connection */
    LATENCY_STAGES
};

const char *latency_stage_name(enum latency_stage stage); /* "received": the label in metrics */

/* Of the connections of one kind. */
struct connection_counters {
    uint64_t opened;
    uint64_t closed[CONNECTION_ENDS]; /* by reason */
    uint64_t kicked;                  /* of them: by the operator */
    uint64_t reconnected; /* of the opened: who had left the same camera a minute ago or less */
};

/* Of one camera, its renderings and kinds together. */
struct camera_counters {
    char camera[CAMERA_ID_SIZE];
    uint64_t posted, posted_bytes; /* frames taken in by POST, those without a picture included */
    uint64_t read, read_bytes;     /* raw frames taken from its ring */
    uint64_t pushed, pushed_bytes; /* frames from a streamer */
    uint64_t sent, sent_bytes;     /* frames to viewers, each viewer counted */
    uint64_t skipped;              /* not due at a viewer's pace, each viewer counted */
    uint64_t dropped;              /* due, but replaced by a newer one before it could go */
    struct histogram latency[LATENCY_STAGES];
};

struct counters {
    struct connection_counters viewers, streamers;
    struct sorted cameras;                 /* of struct camera_counters, by id; owned */
    struct camera_counters *other_cameras; /* NULL: there is no need yet */
};

/* Zeroed is valid. */
void counters_finish(struct counters *counters);

/* The counters of a camera, from now on if it has none yet. They live as long as `counters`:
 * whoever counts often keeps the pointer. */
struct camera_counters *counters_camera(struct counters *counters, const char *camera);

/* How many are open at this moment. */
uint64_t connections_open(const struct connection_counters *connections);

/* Counts one end. `kicked`: the operator wanted it. */
void counters_closed(struct connection_counters *connections, enum connection_end end, bool kicked);

#endif
