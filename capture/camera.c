#include "capture/camera.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/backoff.h"
#include "capture/source.h"
#include "common/clock.h"
#include "common/frame_publisher.h"
#include "common/health.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/picture_hash.h"
#include "common/picture_mask.h"
#include "common/report.h"

/* A camera's only socket is free again some time after the last connection. */
#define REST_AFTER_CLOSE_NS BACKOFF_FIRST_NS

struct camera {
    const struct program *program;
    const struct config_camera *options; /* program->config's */
    struct event_base *base;
    struct curl_loop *curl;
    struct frame_publisher *publisher;
    struct picture_mask *mask; /* NULL: none */

    const struct source_type *type;
    struct source *source;  /* NULL: none just now */
    uint64_t heard_ns;      /* when `source` was made, or gave its newest picture */
    uint64_t not_before_ns; /* when the next may be made */
    struct backoff backoff;
    struct event *connecting; /* until not_before_ns */
    struct event *watch;      /* until time alone changes something: see camera_deadline() */
    uint64_t watch_ns;        /* when that is; HEALTH_NEVER: not awaited */
    struct event *linger;     /* on_demand: until a connection without readers is closed */
    bool opened;              /* the source answers */
    bool described;           /* its first picture has been logged */
    bool attempted;           /* there was a source before */
    enum jpeg_fault dropped;  /* why the newest picture was; JPEG_WHOLE: it was not */
    char logged_reason[REPORT_REASON_SIZE];

    struct health health;
    struct report report;
};

/* --- status --- */

/* Tells everybody how the camera is. */
static void camera_publish_status(struct camera *camera, uint64_t now)
{
    report_state(&camera->report, camera->health.state, now);
    frame_publisher_set_status(camera->publisher, &camera->report.status);
}

static void event_in(struct event *event, uint64_t wait_ns)
{
    struct timeval wait = clock_timeval(wait_ns + NS_PER_US - 1); /* rounded up: never early */
    event_add(event, &wait);
}

/* --- connecting and giving up --- */

static const struct source_handlers source_handlers;

static bool camera_is_wanted(const struct camera *camera)
{
    return camera->options->capture == CAPTURE_ALWAYS ||
           frame_publisher_readers(camera->publisher) > 0 || evtimer_pending(camera->linger, NULL);
}

static uint64_t patience_deadline(const struct camera *camera)
{
    uint64_t since =
        camera->health.awaited_ns > camera->heard_ns ? camera->health.awaited_ns : camera->heard_ns;
    return since + health_patience_ns(&camera->health);
}

/* When the health, or the patience with the connection, is to be looked at again. */
static uint64_t camera_deadline(const struct camera *camera)
{
    uint64_t deadline = health_deadline(&camera->health);
    if (camera->source != NULL && patience_deadline(camera) < deadline) {
        deadline = patience_deadline(camera);
    }
    return deadline;
}

static void camera_watch(struct camera *camera, uint64_t now)
{
    camera->watch_ns = camera_deadline(camera);
    if (camera->watch_ns == HEALTH_NEVER) {
        event_del(camera->watch);
    } else {
        event_in(camera->watch, clock_elapsed_ns(now, camera->watch_ns));
    }
}

/* A sign of life. Most only push the deadline away, and the timer is left to find that out by
 * itself when it fires. */
static void camera_lives(struct camera *camera, uint64_t now)
{
    camera_publish_status(camera, now);
    if (camera_deadline(camera) < camera->watch_ns) {
        camera_watch(camera, now);
    }
}

static void camera_connect(struct camera *camera, uint64_t now)
{
    const struct source_settings settings = {.base = camera->base,
                                             .curl = camera->curl,
                                             .camera = camera->options,
                                             .max_frame_bytes =
                                                 (size_t)camera->program->config->max_frame_bytes,
                                             .handlers = &source_handlers,
                                             .arg = camera};
    if (camera->attempted) {
        camera->report.status.reconnects++;
    }
    camera->attempted = true;
    camera->heard_ns = now;
    camera->opened = camera->described = false;
    camera->dropped = JPEG_WHOLE;
    camera->source = camera->type->create(&settings);
    health_start(&camera->health, now);
    camera_watch(camera, now);
}

static void camera_disconnect(struct camera *camera, uint64_t now)
{
    event_del(camera->connecting);
    if (camera->source == NULL) {
        return;
    }
    camera->type->destroy(camera->source);
    camera->source = NULL;
    camera->opened = false;
    health_disconnected(&camera->health);
    uint64_t rest = camera->type == &file_source ? 0 : REST_AFTER_CLOSE_NS;
    camera->not_before_ns = now + rest;
}

/* Brings about what is wanted: a source, or none. */
static void camera_follow_demand(struct camera *camera)
{
    uint64_t now = clock_monotonic_ns();
    if (!camera_is_wanted(camera)) {
        camera_disconnect(camera, now);
        /* Whoever comes next waits for the camera to be ready again, not for old failures. */
        backoff_reset(&camera->backoff);
        if (camera->not_before_ns > now + REST_AFTER_CLOSE_NS) {
            camera->not_before_ns = now + REST_AFTER_CLOSE_NS;
        }
        health_rest(&camera->health);
        report_set_reason(&camera->report, "nobody wants its pictures (on_demand)");
        camera_publish_status(camera, now);
        camera_watch(camera, now);
        return;
    }
    if (camera->source != NULL || evtimer_pending(camera->connecting, NULL)) {
        return;
    }
    if (camera->health.resting) {
        health_start(&camera->health, now);
        report_set_reason(&camera->report, "");
        camera_publish_status(camera, now);
    }
    if (now < camera->not_before_ns) {
        event_in(camera->connecting, camera->not_before_ns - now);
        camera_watch(camera, now);
    } else {
        camera_connect(camera, now);
    }
}

/* An attempt or a connection is over, and not by our wish. */
static void camera_lose(struct camera *camera, const char *reason)
{
    uint64_t now = clock_monotonic_ns();
    uint32_t random;
    evutil_secure_rng_get_bytes(&random, sizeof random);
    uint64_t wait = backoff_next_ns(&camera->backoff, random);
    report_set_reason(&camera->report, reason); /* before the source goes, which may own it */
    if (strcmp(camera->logged_reason, camera->report.status.reason) != 0) {
        memcpy(camera->logged_reason, camera->report.status.reason, sizeof camera->logged_reason);
        char *where = camera->options->source == SOURCE_FILE
                          ? xstrdup(camera->options->path)
                          : config_redact_url(camera->options->url);
        log_warn("no pictures, trying again reason=\"%s\" source=%s wait_s=%.1f",
                 camera->report.status.reason, where, (double)wait / (double)NS_PER_SECOND);
        free(where);
    }
    camera_disconnect(camera, now);
    camera->not_before_ns = now + wait;
    event_in(camera->connecting, wait);
    health_tick(&camera->health, now);
    camera_publish_status(camera, now);
    camera_watch(camera, now);
}

/* --- what the source says --- */

static void camera_on_opened(void *arg)
{
    struct camera *camera = arg;
    camera->opened = true;
    report_set_reason(&camera->report, "connected, no picture yet");
    camera_publish_status(camera, clock_monotonic_ns());
}

static void camera_describe(struct camera *camera, const struct frame_info *info)
{
    camera->described = true;
    camera->logged_reason[0] = '\0';
    backoff_reset(&camera->backoff);
    log_info("first picture width=%u height=%u bytes=%u framing=%s", info->width, info->height,
             info->size, camera->type->framing(camera->source));
}

/* What is missing is ours: the connection is as good as it was, and the next picture tries again.
 * The publisher has logged it. */
static void camera_cannot_publish(struct camera *camera, int result)
{
    char reason[REPORT_REASON_SIZE];
    snprintf(reason, sizeof reason, "its pictures cannot be shared: %s",
             result == -ENOSPC ? "/dev/shm has no room for them" : strerror(-result));
    report_set_reason(&camera->report, reason);
    camera_publish_status(camera, clock_monotonic_ns());
}

/* A picture that cannot be painted is shown to nobody. */
static bool camera_paint(struct camera *camera, struct frame_info *frame, const uint8_t **jpeg)
{
    size_t size;
    if (camera->mask == NULL) {
        return true;
    }
    if (picture_mask_paint(camera->mask, *jpeg, frame->size, jpeg, &size) < 0 ||
        size > UINT32_MAX) {
        char reason[REPORT_REASON_SIZE];
        snprintf(reason, sizeof reason, "its mask cannot be painted: %s",
                 picture_mask_error(camera->mask));
        report_set_reason(&camera->report, reason);
        report_bad(&camera->report, JPEG_UNPAINTED);
        camera_publish_status(camera, clock_monotonic_ns());
        return false;
    }
    frame->size = (uint32_t)size;
    return true;
}

static void camera_on_picture(void *arg, const struct frame_info *info, const uint8_t *jpeg)
{
    struct camera *camera = arg;
    struct frame_info frame = *info;
    camera->heard_ns = info->received_ns;
    camera->dropped = JPEG_WHOLE;
    frame.captured_realtime_ns = clock_to_realtime_ns(frame.captured_ns);
    if (!camera->described) {
        camera_describe(camera, info);
    }
    if (!camera_paint(camera, &frame, &jpeg)) {
        camera->dropped = JPEG_UNPAINTED;
        return;
    }
    int result = frame_publisher_publish(camera->publisher, &frame, jpeg);
    if (result < 0) {
        camera_cannot_publish(camera, result);
        return;
    }
    uint64_t now = frame.published_ns;
    uint64_t hash = camera->health.watch_frozen ? picture_hash(jpeg, frame.size) : 0;
    health_frame(&camera->health, hash, now);
    report_picture(&camera->report, &frame);
    report_set_reason(&camera->report, camera->health.state == CAMERA_FROZEN
                                           ? "the picture has not changed for 10 s"
                                           : "");
    camera_lives(camera, now);
}

static void camera_on_bad(void *arg, enum jpeg_fault fault)
{
    struct camera *camera = arg;
    report_bad(&camera->report, fault);
    camera->dropped = fault;
    log_debug("picture dropped cause=%s", jpeg_fault_name(fault));
}

static void camera_on_alive(void *arg)
{
    struct camera *camera = arg;
    uint64_t now = clock_monotonic_ns();
    health_alive(&camera->health, now);
    report_set_reason(&camera->report, "");
    camera_lives(camera, now);
}

static void camera_on_ended(void *arg, const char *reason)
{
    camera_lose(arg, reason);
}

static const struct source_handlers source_handlers = {.opened = camera_on_opened,
                                                       .picture = camera_on_picture,
                                                       .bad = camera_on_bad,
                                                       .alive = camera_on_alive,
                                                       .ended = camera_on_ended};

/* --- timers --- */

/* Why a connection is given up: nothing came, or nothing that could be used. */
static void camera_explain_silence(const struct camera *camera, char reason[REPORT_REASON_SIZE])
{
    double waited_s = (double)health_patience_ns(&camera->health) / (double)NS_PER_SECOND;
    if (camera->dropped == JPEG_WHOLE) {
        snprintf(reason, REPORT_REASON_SIZE, "no %s for %.0f s",
                 camera->opened ? "picture" : "answer", waited_s);
    } else {
        snprintf(reason, REPORT_REASON_SIZE, "no whole picture for %.0f s, the last one was %s",
                 waited_s,
                 camera->dropped == JPEG_TOO_LARGE ? "larger than max_frame_bytes"
                                                   : jpeg_fault_name(camera->dropped));
    }
}

static void camera_on_connecting(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    camera_follow_demand(arg);
}

static void camera_on_watch(evutil_socket_t fd, short events, void *arg)
{
    struct camera *camera = arg;
    uint64_t now = clock_monotonic_ns();
    (void)fd;
    (void)events;
    health_tick(&camera->health, now);
    if (camera->source != NULL && now >= patience_deadline(camera)) {
        char reason[REPORT_REASON_SIZE];
        camera_explain_silence(camera, reason);
        camera_lose(camera, reason);
        return;
    }
    if (camera->health.state == CAMERA_STALE && camera->report.status.reason[0] == '\0') {
        report_set_reason(&camera->report, "no new picture");
    }
    camera_publish_status(camera, now);
    camera_watch(camera, now);
}

static void camera_on_linger(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    camera_follow_demand(arg);
}

/* --- what readers say --- */

static void camera_on_demand(void *arg, size_t readers)
{
    struct camera *camera = arg;
    if (readers > 0) {
        event_del(camera->linger);
    } else if (camera->source != NULL || evtimer_pending(camera->connecting, NULL)) {
        event_in(camera->linger, clock_seconds_ns(camera->options->linger_s));
    }
    camera_follow_demand(camera);
}

static json_t *camera_on_stats(void *arg)
{
    const struct camera *camera = arg;
    json_t *stats = program_stats(camera->program);
    report_add_to(&camera->report, stats, clock_monotonic_ns());
    json_object_set_new(stats, "readers",
                        json_integer((json_int_t)frame_publisher_readers(camera->publisher)));
    json_object_set_new(stats, "connected", json_boolean(camera->opened));
    return stats;
}

/* --- the face --- */

static struct event *camera_timer(struct camera *camera, event_callback_fn callback)
{
    struct event *event = evtimer_new(camera->base, callback, camera);
    if (event == NULL) {
        die("libevent cannot make a timer");
    }
    return event;
}

static int camera_serve(struct camera *camera)
{
    static const struct frame_publisher_handlers handlers = {.demand = camera_on_demand,
                                                             .stats = camera_on_stats};
    const struct config *config = camera->program->config;
    return frame_publisher_create(&camera->publisher, camera->base, config->run_dir,
                                  camera->options->id, (size_t)config->max_frame_bytes, &handlers,
                                  camera);
}

/* Takes over what the options say about the source. */
static void camera_prepare_source(struct camera *camera)
{
    const struct config_camera *options = camera->options;
    camera->type = source_type_of(options);
    uint64_t period_ns =
        camera->type == &mjpeg_source ? 0 : (uint64_t)((double)NS_PER_SECOND / options->source_fps);
    health_init(&camera->health, period_ns, camera->type == &mjpeg_source);
}

int camera_create(struct camera **camera, const struct program *program)
{
    struct camera *made = xcalloc(1, sizeof *made);
    made->program = program;
    made->options = config_find_camera(program->config, program->camera);
    made->base = loop_base(program->loop);
    int result = camera_serve(made);
    if (result < 0) {
        free(made);
        return result;
    }
    made->curl = curl_loop_create(made->base);
    made->connecting = camera_timer(made, camera_on_connecting);
    made->watch = camera_timer(made, camera_on_watch);
    made->linger = camera_timer(made, camera_on_linger);
    made->mask = picture_mask_create(&made->options->mask);
    camera_prepare_source(made);
    camera_follow_demand(made);
    *camera = made;
    return 0;
}

void camera_destroy(struct camera *camera)
{
    if (camera == NULL) {
        return;
    }
    camera_disconnect(camera, clock_monotonic_ns());
    event_free(camera->connecting);
    event_free(camera->watch);
    event_free(camera->linger);
    curl_loop_destroy(camera->curl);
    frame_publisher_destroy(camera->publisher);
    picture_mask_destroy(camera->mask);
    free(camera);
}

/* A mask holds for the picture that was taken before it, too: with a camera that has fallen silent
 * that is the one which everybody is shown. */
static void camera_paint_newest(struct camera *camera)
{
    struct frame_info frame;
    uint8_t *jpeg;
    if (camera->mask == NULL || frame_publisher_newest(camera->publisher, &frame, &jpeg) < 0) {
        return;
    }
    const uint8_t *painted = jpeg;
    if (camera_paint(camera, &frame, &painted)) {
        int result = frame_publisher_publish(camera->publisher, &frame, painted);
        if (result < 0) {
            camera_cannot_publish(camera, result);
        }
    }
    free(jpeg);
}

static void camera_take_mask(struct camera *camera)
{
    const struct config_polygons *polygons = &camera->options->mask;
    if (!picture_mask_is_of(camera->mask, polygons)) {
        picture_mask_destroy(camera->mask);
        camera->mask = picture_mask_create(polygons);
        camera_paint_newest(camera);
    }
}

void camera_reload(struct camera *camera, const struct config *old)
{
    const struct config *config = camera->program->config;
    const struct config_camera *before = camera->options;
    bool resized = old->max_frame_bytes != config->max_frame_bytes;
    camera->options = config_find_camera(config, camera->program->camera);
    camera_take_mask(camera);
    if (resized || source_differs(before, camera->options)) {
        log_info("the source's options changed, connecting anew");
        uint64_t now = clock_monotonic_ns();
        camera->not_before_ns = now; /* no failures of old options; only a close takes time */
        camera_disconnect(camera, now);
        camera_prepare_source(camera);
        backoff_reset(&camera->backoff);
        camera->logged_reason[0] = '\0';
    }
    if (resized) {
        /* The ring's limit is the publisher's; readers find the new one by themselves. */
        frame_publisher_destroy(camera->publisher);
        if (camera_serve(camera) < 0) {
            die("the camera's socket cannot be served again");
        }
    }
    camera_follow_demand(camera);
}
