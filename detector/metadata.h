/* Stage: what is told of a frame, as JSON. docs/protocol.md shows it. Thread-safe. */
#ifndef DETECTOR_METADATA_H
#define DETECTOR_METADATA_H

#include <stddef.h>
#include <stdint.h>

#include "common/frame_ring.h"
#include "detector/boxes.h"
#include "detector/names.h"
#include "detector/observer.h"

struct metadata {
    const char *camera;
    const struct frame_info *frame;
    int width, height; /* of the picture */
    const struct names *names;
    const struct box *boxes; /* `box_count` of them, most confident first */
    size_t box_count;
    size_t vehicle_count;
    const struct observation *observation;      /* what the frames before say too */
    uint64_t taken_ns, inferred_ns, encoded_ns; /* CLOCK_MONOTONIC; the ends of these stages */
};

/* One object as text, the caller's to free(), behind it a NUL that does not count; never longer
 * than FRAME_METADATA_MAX: polygons of spaces, the least confident detections and the last spaces
 * are left out, in this order, until it fits. */
char *metadata_compose(const struct metadata *metadata, size_t *size);

#endif
