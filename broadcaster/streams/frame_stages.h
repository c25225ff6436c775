/* The times that a frame has taken so far: what its metadata says of its
 * stages. Pure, thread-safe. */
#ifndef BROADCASTER_FRAME_STAGES_H
#define BROADCASTER_FRAME_STAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/streams/counters.h"
#include "broadcaster/text/byte_span.h"

struct frame_stages {
    bool known[LATENCY_STAGES];
    uint64_t duration_ns[LATENCY_STAGES];
};

/* Reads "stages" of metadata, an object that has been checked to be JSON; durations there are whole
 * microseconds. Stages that are missing or above an hour stay unknown, and so do those
 * behind the encoding, which are measured here. */
void frame_stages_read(struct byte_span metadata, struct frame_stages *stages);

/* Counts what is known. */
void frame_stages_observe(const struct frame_stages *stages, struct camera_counters *counters);

#endif
