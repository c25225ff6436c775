#include "detector/camera_counts.h"

#include <inttypes.h>

#include "common/log.h"

/* Means are moving ones: each new value counts for so much. */
#define MEAN_SHARE 0.0625

static double camera_mean(double mean, double value)
{
    return mean == 0.0 ? value : mean + MEAN_SHARE * (value - mean);
}

/* --- frames --- */

void camera_counts_early(struct camera_counts *counts, uint64_t number)
{
    counts->early_number = number;
    counts->total.early++;
}

void camera_counts_taken(struct camera_counts *counts, uint64_t number, uint64_t missed)
{
    if (number == counts->early_number) { /* none has followed it, so it was taken after all */
        counts->total.early--;
    }
    counts->early_number = 0;
    counts->total.taken++;
    counts->total.skipped += missed;
}

static void camera_counts_failure(struct camera_counts *counts, const struct frame_job *job)
{
    if (job->unreadable) {
        counts->total.unreadable++;
        log_camera(LOG_WARN, job->camera, "a frame cannot be decoded and is left out: %s",
                   job->error);
    } else {
        counts->total.failed++;
        log_camera(LOG_ERROR, job->camera, "a frame has no result: %s", job->error);
    }
}

static void camera_counts_measure(struct camera_counts *counts, const struct frame_job *job)
{
    uint64_t now_ns = clock_monotonic_ns();
    for (enum frame_stage stage = 0; stage < FRAME_STAGES; stage++) {
        if (job->stage_ns[stage] > 0) {
            counts->stage_us[stage] = camera_mean(counts->stage_us[stage],
                                                  (double)job->stage_ns[stage] / (double)NS_PER_US);
        }
    }
    if (job->boxes_are_known) {
        return;
    }
    counts->total.inferred++;
    if (counts->last_result_ns > 0) {
        counts->interval_ns =
            camera_mean(counts->interval_ns, (double)(now_ns - counts->last_result_ns));
    }
    counts->last_result_ns = now_ns;
    counts->last_captured_ns = job->info.captured_ns;
}

void camera_counts_result(struct camera_counts *counts, const struct frame_job *job, uint64_t skip,
                          double rate)
{
    if (job->failed) {
        camera_counts_failure(counts, job);
        return;
    }
    counts->total.flawed += job->flawed;
    camera_counts_measure(counts, job);
    if (!counts->first_seen) {
        counts->first_seen = true;
        log_camera(LOG_INFO, job->camera,
                   "first frame detected every=%" PRIu64 " max_fps=%g width=%d height=%d"
                   " detections=%zu ms=%" PRIu64,
                   skip, rate, job->width, job->height, job->boxes.count,
                   clock_elapsed_ns(job->taken_ns, clock_monotonic_ns()) / NS_PER_MS);
    }
}

void camera_counts_begin(struct camera_counts *counts)
{
    counts->last_result_ns = 0;
    counts->reported = counts->total;
    counts->reported_ns = clock_monotonic_ns();
}

/* --- posts --- */

void camera_counts_post(struct camera_counts *counts, const struct post_outcome *outcome)
{
    switch (outcome->result) {
    case POST_ACCEPTED:
        counts->total.posted++;
        break;
    case POST_REPLACED:
        counts->total.replaced++;
        return;
    case POST_REFUSED:
        counts->total.refused++;
        if (counts->post_result != POST_REFUSED) {
            log_camera(LOG_WARN, outcome->camera,
                       "the broadcaster refuses its frames, they are dropped %s", outcome->cause);
        }
        break;
    case POST_FAILED:
        counts->total.lost++;
        break;
    }
    counts->post_result = outcome->result;
}

/* --- for people --- */

void camera_counts_report(struct camera_counts *counts, const char *camera, size_t viewers)
{
    struct camera_counters now = counts->total, then = counts->reported;
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t frames = now.inferred - then.inferred;
    uint64_t read = now.taken + now.skipped - then.taken - then.skipped;
    uint64_t bad = now.unreadable + now.failed - then.unreadable - then.failed;
    double seconds = (double)clock_elapsed_ns(counts->reported_ns, now_ns) / (double)NS_PER_SECOND;
    if (read > 0) {
        log_camera(LOG_INFO, camera,
                   "detection frames=%" PRIu64 " read=%" PRIu64 " skipped_fps=%" PRIu64
                   " fps=%.1f viewers=%zu bad=%" PRIu64,
                   frames, read, now.early - then.early, (double)frames / seconds, viewers, bad);
    }
    counts->reported = now;
    counts->reported_ns = now_ns;
}

/* Results per second; a camera that has stopped sinks to nothing. */
static double camera_counts_fps(const struct camera_counts *counts)
{
    double since_ns = (double)clock_elapsed_ns(counts->last_result_ns, clock_monotonic_ns());
    double interval_ns = counts->interval_ns > since_ns / 2 ? counts->interval_ns : since_ns;
    return counts->interval_ns > 0 ? (double)NS_PER_SECOND / interval_ns : 0;
}

static json_t *camera_counts_stages(const struct camera_counts *counts)
{
    json_t *stages = json_object();
    for (enum frame_stage stage = 0; stage < FRAME_STAGES; stage++) {
        json_object_set_new(stages, frame_stage_name(stage),
                            json_integer((json_int_t)counts->stage_us[stage]));
    }
    return stages;
}

json_t *camera_counts_stats(const struct camera_counts *counts)
{
    const struct camera_counters *total = &counts->total;
    uint64_t dropped = total->replaced + total->refused + total->lost;
    uint64_t age_ns = clock_elapsed_ns(counts->last_captured_ns, clock_monotonic_ns());
    json_t *age =
        counts->last_captured_ns > 0 ? json_integer((json_int_t)(age_ns / NS_PER_MS)) : json_null();
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o, s:o}", "taken",
                     (json_int_t)total->taken, "skipped", (json_int_t)total->skipped, "skipped_fps",
                     (json_int_t)total->early, "inferred", (json_int_t)total->inferred, "flawed",
                     (json_int_t)total->flawed, "unreadable", (json_int_t)total->unreadable,
                     "failed", (json_int_t)total->failed, "posted", (json_int_t)total->posted,
                     "dropped", (json_int_t)dropped, "fps", camera_counts_fps(counts),
                     "newest_age_ms", age, "stage_us", camera_counts_stages(counts));
}
