#include "broadcaster/api/summary.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>

#include "broadcaster/access/visits.h"
#include "broadcaster/intake/intake.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/viewers/viewer_set.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define SUMMARY_INTERVAL_NS (10 * NS_PER_SECOND)

/* Totals since the start, of which two make a line. */
struct summary_totals {
    uint64_t taken; /* frames by POST, from rings and from streamers */
    uint64_t sent, sent_bytes, dropped, skipped;
    uint64_t bad;    /* POSTs refused */
    uint64_t errors; /* answers that were an error, those included */
};

struct summary {
    struct services *services;
    struct event *timer;
    struct summary_totals told;
    uint64_t told_ns; /* CLOCK_MONOTONIC */
};

static void summary_add_camera(struct summary_totals *totals, const struct camera_counters *camera)
{
    totals->taken += camera->posted + camera->read + camera->pushed;
    totals->sent += camera->sent;
    totals->sent_bytes += camera->sent_bytes;
    totals->dropped += camera->dropped;
    totals->skipped += camera->skipped;
}

static void summary_read(const struct services *services, struct summary_totals *totals)
{
    const struct counters *counters = &services->counters;
    const struct intake_counters *intake = intake_counters(services->intake);
    const struct http_server_counters *http = http_server_counters(services->http);
    *totals = (struct summary_totals){0};
    for (size_t i = 0; i < counters->cameras.count; i++) {
        summary_add_camera(totals, counters->cameras.items[i]);
    }
    if (counters->other_cameras != NULL) {
        summary_add_camera(totals, counters->other_cameras);
    }
    for (enum intake_fault fault = 0; fault < INTAKE_FAULTS; fault++) {
        totals->bad += intake->refused[fault];
    }
    for (size_t i = 0; i < HTTP_ERROR_CODES_MOST && http->errors[i].code != NULL; i++) {
        totals->errors += http->errors[i].count;
    }
}

static void summary_tell(struct summary *summary, const struct summary_totals *now, double seconds)
{
    const struct summary_totals *told = &summary->told;
    size_t viewers = viewer_set_count(summary->services->viewers);
    if (viewers == 0 && now->taken == told->taken && now->errors == told->errors) {
        return; /* nothing went on */
    }
    log_info(
        "viewers=%zu streams=%zu in_fps=%.1f out_fps=%.1f out_kb_per_s=%.0f dropped=%" PRIu64
        " skipped=%" PRIu64 " bad=%" PRIu64 " refused=%" PRIu64,
        viewers, hub_stream_count(summary->services->hub),
        (double)(now->taken - told->taken) / seconds, (double)(now->sent - told->sent) / seconds,
        (double)(now->sent_bytes - told->sent_bytes) / 1000 / seconds, now->dropped - told->dropped,
        now->skipped - told->skipped, now->bad - told->bad, now->errors - told->errors);
}

static void summary_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct summary *summary = arg;
    struct summary_totals now;
    uint64_t now_ns = clock_monotonic_ns();
    (void)fd;
    (void)what;
    summary_read(summary->services, &now);
    summary_tell(summary, &now, (double)(now_ns - summary->told_ns) / (double)NS_PER_SECOND);
    summary->told = now;
    summary->told_ns = now_ns;
    visits_look(summary->services);
}

struct summary *summary_create(struct services *services)
{
    struct summary *summary = xcalloc(1, sizeof *summary);
    struct timeval interval = clock_timeval(SUMMARY_INTERVAL_NS);
    summary->services = services;
    summary->told_ns = clock_monotonic_ns();
    summary->timer = event_new(services->base, -1, EV_PERSIST, summary_on_timer, summary);
    if (summary->timer == NULL || event_add(summary->timer, &interval) < 0) {
        die("cannot make a timer");
    }
    return summary;
}

void summary_destroy(struct summary *summary)
{
    if (summary != NULL) {
        event_free(summary->timer);
        free(summary);
    }
}
