#include "common/report.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"

void report_set_reason(struct report *report, const char *reason)
{
    snprintf(report->status.reason, sizeof report->status.reason, "%s", reason);
}

void report_picture(struct report *report, const struct frame_info *info)
{
    frame_rate_add(&report->rate, info->published_ns);
    report->status.frames++;
    report->status.width = info->width;
    report->status.height = info->height;
    report->bytes += info->size;
    report->newest_ns = info->captured_ns;
}

void report_bad(struct report *report, enum jpeg_fault fault)
{
    report->bad[fault]++;
    report->status.bad++;
}

void report_state(struct report *report, enum camera_state state, uint64_t now_ns)
{
    struct camera_status *status = &report->status;
    enum camera_state was = status->state;
    status->state = state;
    status->fps = frame_rate_per_second(&report->rate, now_ns);
    if (status->since_ns == 0) {
        status->since_ns = clock_realtime_ns(); /* as it began */
    }
    if (state != was) {
        status->since_ns = clock_realtime_ns();
        log_camera(LOG_INFO, report->camera, "state=%s was=%s%s%s", camera_state_name(state),
                   camera_state_name(was), status->reason[0] != '\0' ? " because: " : "",
                   status->reason);
    }
}

static json_t *bad_by_cause(const struct report *report)
{
    json_t *bad = json_object();
    for (int fault = JPEG_WHOLE + 1; fault < JPEG_FAULTS; fault++) {
        json_object_set_new(bad, jpeg_fault_name((enum jpeg_fault)fault),
                            json_integer((json_int_t)report->bad[fault]));
    }
    return bad;
}

void report_add_to(const struct report *report, json_t *stats, uint64_t now_ns)
{
    const struct camera_status *status = &report->status;
    uint64_t age_ms = clock_elapsed_ns(report->newest_ns, now_ns) / NS_PER_MS;
    json_object_set_new(stats, "state", json_string(camera_state_name(status->state)));
    json_object_set_new(stats, "reason", json_string(status->reason));
    json_object_set_new(stats, "frames", json_integer((json_int_t)status->frames));
    json_object_set_new(stats, "fps", json_real(frame_rate_per_second(&report->rate, now_ns)));
    json_object_set_new(stats, "newest_age_ms",
                        report->newest_ns == 0 ? json_null() : json_integer((json_int_t)age_ms));
    json_object_set_new(stats, "bytes", json_integer((json_int_t)report->bytes));
    json_object_set_new(stats, "bad", bad_by_cause(report));
    json_object_set_new(stats, "reconnects", json_integer((json_int_t)status->reconnects));
    json_object_set_new(stats, "width", json_integer(status->width));
    json_object_set_new(stats, "height", json_integer(status->height));
}
