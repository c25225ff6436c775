/* What is counted and said about a camera by whoever takes its pictures in (its capture, or the
 * broadcaster for one that pushes): the `status` message and the answer to `stats`. Everything runs
 * on the loop's thread. */
#ifndef COMMON_REPORT_H
#define COMMON_REPORT_H

#include <jansson.h>
#include <stdint.h>

#include "common/camera_status.h"
#include "common/frame_rate.h"
#include "common/frame_ring.h"
#include "common/jpeg_info.h"

#define REPORT_REASON_SIZE sizeof(((struct camera_status *)NULL)->reason)

/* Zeroed is a camera of which nothing is known yet. */
struct report {
    const char *camera;          /* whose log lines these are; NULL: that of log_init() */
    struct camera_status status; /* fps apart, always up to date */
    struct frame_rate rate;
    uint64_t bad[JPEG_FAULTS]; /* pictures dropped, by cause */
    uint64_t bytes;            /* of the pictures published */
    uint64_t newest_ns;        /* when the newest of them was captured; 0: none yet */
};

void report_set_reason(struct report *report, const char *reason); /* copied, cut where too long */
void report_picture(struct report *report, const struct frame_info *info); /* published just now */
void report_bad(struct report *report, enum jpeg_fault fault);

/* Takes over the state; a change of it is logged. Measures status.fps. */
void report_state(struct report *report, enum camera_state state, uint64_t now_ns);

/* The fields of `stats` that come from here, put into `stats`. */
void report_add_to(const struct report *report, json_t *stats, uint64_t now_ns);

#endif
