/* What is counted and measured of one camera in the detector, and how people are told: `stats`, a
 * line for the first frame, a line every ten seconds in which something happened. One thread. */
#ifndef DETECTOR_CAMERA_COUNTS_H
#define DETECTOR_CAMERA_COUNTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "detector/frame_job.h"

#define CAMERA_REPORT_NS (10 * NS_PER_SECOND)

/* What became of a message to the broadcaster. */
enum post_result {
    POST_ACCEPTED,
    POST_REPLACED, /* by a newer one, before it was sent */
    POST_REFUSED,  /* the broadcaster answered and did not want it */
    POST_FAILED,   /* no answer */
};

struct post_outcome {
    const char *camera;
    uint32_t rendering;
    enum post_result result;
    const char *cause; /* POST_REFUSED: the HTTP status and what the broadcaster says; else "" */
    size_t viewers;    /* POST_ACCEPTED: who watch this rendering */
};

struct camera_counters {
    uint64_t taken, skipped; /* frames of the camera: read, and passed over for whatever reason */
    uint64_t early;          /* of the skipped: for the rate's sake */
    uint64_t inferred, flawed, unreadable, failed;
    uint64_t posted, replaced, refused, lost;
};

/* Zeroed memory is a new one. */
struct camera_counts {
    struct camera_counters total;
    struct camera_counters reported; /* as they were at the last report */
    uint64_t reported_ns;            /* CLOCK_MONOTONIC */
    uint64_t early_number;           /* of the newest frame that came too early; 0: none */
    double stage_us[FRAME_STAGES];
    double interval_ns; /* between results */
    uint64_t last_result_ns;
    uint64_t last_captured_ns;
    enum post_result post_result; /* of the last message that was answered or lost */
    bool first_seen;
};

/* The frame `number` has come before its time. */
void camera_counts_early(struct camera_counts *counts, uint64_t number);

/* The frame `number` has been read, `missed` before it have not. */
void camera_counts_taken(struct camera_counts *counts, uint64_t number, uint64_t missed);

/* A job has come back; logs a failure, and the first success with `skip` and `rate`,
 * which say what is taken. */
void camera_counts_result(struct camera_counts *counts, const struct frame_job *job, uint64_t skip,
                          double rate);

/* Frames are wanted again: the pause was not a slow rate, and no line tells of it. */
void camera_counts_begin(struct camera_counts *counts);

void camera_counts_post(struct camera_counts *counts, const struct post_outcome *outcome);

/* What has happened since the last report, unless nothing has. */
void camera_counts_report(struct camera_counts *counts, const char *camera, size_t viewers);

/* A new reference. */
json_t *camera_counts_stats(const struct camera_counts *counts);

#endif
