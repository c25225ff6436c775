#include "detector/camera.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/camera_feed.h"
#include "common/log.h"
#include "common/memory.h"
#include "detector/schedule.h"

/* Means are moving ones: each new value counts for so much. */
#define MEAN_SHARE 0.0625

struct camera_counters {
    uint64_t taken, skipped, inferred, flawed, unreadable, failed;
    uint64_t posted, replaced, refused, lost;
};

struct camera {
    char *id;
    uint64_t serial;
    enum camera_detect detect;
    double fps;
    uint64_t skip;
    struct detection_settings *settings;
    camera_ready_fn *ready;
    void *arg;

    struct camera_feed *feed;
    struct event *linger; /* until the next rendering has lingered long enough */
    struct event *late;   /* until a frame that came too early is taken all the same */
    struct demand demand;
    struct schedule schedule;
    bool attached;
    bool fresh;                /* the ring has a frame that was not taken yet */
    bool in_work;              /* a worker has a job of ours */
    uint64_t waiting_since_ns; /* the frame or the redrawing waits since; 0: nothing does */

    /* The last result, for a rendering that comes later. */
    bool last_valid;
    struct frame_buffer last_jpeg;
    struct frame_info last_info;
    struct boxes last_boxes;

    struct camera_counters counters;
    double stage_us[FRAME_STAGES];
    double interval_ns; /* between results */
    uint64_t last_result_ns;
    uint64_t last_captured_ns;
    enum post_result post_result; /* of the last message that was answered or lost */
    bool first_seen;
};

/* --- who wants what --- */

/* The camera's own rate unless viewers wish less; with `always` the camera itself is a wish. */
static double camera_rate(const struct camera *camera)
{
    double wish = camera->demand.rate;
    bool own = camera->detect == DETECT_ALWAYS || wish <= 0 || wish > camera->fps;
    return own ? camera->fps : wish;
}

static bool camera_redraw_wanted(const struct camera *camera)
{
    if (!camera->last_valid) {
        return false;
    }
    for (size_t i = 0; i < camera->demand.count; i++) {
        if (!camera->demand.slots[i].drawn) {
            return true;
        }
    }
    return false;
}

static bool camera_frame_wanted(const struct camera *camera)
{
    return camera->fresh && schedule_wants(&camera->schedule, camera_feed_newest(camera->feed),
                                           clock_monotonic_ns());
}

/* A camera that falls silent must not keep its last frame from being seen. */
static void camera_await_silence(struct camera *camera)
{
    uint64_t end_ns = schedule_patience_ns(&camera->schedule);
    if (camera->fresh &&
        schedule_wants(&camera->schedule, camera_feed_newest(camera->feed), end_ns)) {
        struct timeval wait = clock_timeval(clock_elapsed_ns(clock_monotonic_ns(), end_ns));
        event_add(camera->late, &wait);
    }
}

/* Something changed that may be a job now. */
static void camera_look(struct camera *camera)
{
    event_del(camera->late);
    if (!camera_frame_wanted(camera) && !camera_redraw_wanted(camera)) {
        camera->waiting_since_ns = 0;
        camera_await_silence(camera);
        return;
    }
    if (camera->waiting_since_ns == 0) {
        camera->waiting_since_ns = clock_monotonic_ns();
    }
    camera->ready(camera->arg);
}

/* After any change of demand or configuration. */
static void camera_follow_demand(struct camera *camera)
{
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t next_ns = demand_expire(&camera->demand, now_ns);
    bool attached = camera->detect == DETECT_ALWAYS ||
                    (camera->detect == DETECT_ON_DEMAND && demand_any(&camera->demand));
    if (next_ns > 0) {
        struct timeval wait = clock_timeval(next_ns - now_ns + NS_PER_MS);
        event_add(camera->linger, &wait);
    } else {
        event_del(camera->linger);
    }
    schedule_set(&camera->schedule, camera->skip, camera_rate(camera));
    if (attached != camera->attached) {
        camera->attached = attached;
        camera->fresh = false;
        camera->last_valid = false; /* whoever comes back wants to see now, not then */
        camera->last_result_ns = 0; /* and a pause is not a slow rate */
        camera_feed_set_attached(camera->feed, attached);
        log_camera(LOG_DEBUG, camera->id, attached ? "frames are wanted" : "frames are not wanted");
    }
    camera_look(camera);
}

static void camera_on_linger(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    camera_follow_demand(arg);
}

static void camera_on_late(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    camera_look(arg);
}

static void camera_on_frame(void *arg)
{
    struct camera *camera = arg;
    camera->fresh = true;
    camera_look(camera);
}

void camera_set_demand(struct camera *camera, const struct demand_wish *wish)
{
    demand_update(&camera->demand, wish, clock_monotonic_ns(), camera->settings->linger_ns);
    camera_follow_demand(camera);
}

/* --- life --- */

static void camera_adopt(struct camera *camera, const struct config_camera *config,
                         struct detection_settings *settings)
{
    settings_acquire(settings);
    settings_release(camera->settings);
    camera->settings = settings;
    camera->detect = config->detect;
    camera->fps = config->fps;
    camera->skip = (uint64_t)config->skip_frames;
}

struct camera *camera_create(struct event_base *base, const char *run_dir,
                             const struct config_camera *config,
                             struct detection_settings *settings, camera_ready_fn *ready, void *arg)
{
    static const struct camera_feed_handlers handlers = {.frame = camera_on_frame};
    static uint64_t serial;
    struct camera *camera = xcalloc(1, sizeof *camera);
    camera->id = xstrdup(config->id);
    camera->serial = ++serial;
    camera->ready = ready;
    camera->arg = arg;
    camera_adopt(camera, config, settings);
    camera->linger = evtimer_new(base, camera_on_linger, camera);
    camera->late = evtimer_new(base, camera_on_late, camera);
    if (camera->linger == NULL || camera->late == NULL) {
        die("out of memory for an event");
    }
    camera->feed = camera_feed_create(base, run_dir, config->id, NULL, &handlers, camera);
    camera_follow_demand(camera);
    return camera;
}

void camera_destroy(struct camera *camera)
{
    if (camera == NULL) {
        return;
    }
    camera_feed_destroy(camera->feed);
    event_free(camera->linger);
    event_free(camera->late);
    settings_release(camera->settings);
    free(camera->last_jpeg.bytes);
    boxes_finish(&camera->last_boxes);
    free(camera->id);
    free(camera);
}

void camera_configure(struct camera *camera, const struct config_camera *config,
                      struct detection_settings *settings)
{
    camera_adopt(camera, config, settings);
    camera_follow_demand(camera);
}

const char *camera_id(const struct camera *camera)
{
    return camera->id;
}

uint64_t camera_serial(const struct camera *camera)
{
    return camera->serial;
}

/* --- jobs --- */

uint64_t camera_waiting_since(const struct camera *camera)
{
    return camera->in_work ? 0 : camera->waiting_since_ns;
}

/* Reads the newest frame of the ring into the job. */
static bool camera_read(struct camera *camera, struct frame_job *job)
{
    uint64_t missed = 0;
    int result = camera_feed_read(camera->feed, &job->info, &job->jpeg, &missed);
    if (result == -EOVERFLOW) {
        return false; /* the writer is ahead of us: its next frame wakes us again */
    }
    camera->fresh = false;
    if (result < 0) {
        return false;
    }
    schedule_take(&camera->schedule, job->info.number, clock_monotonic_ns());
    camera->counters.taken++;
    camera->counters.skipped += missed;
    return true;
}

/* Adds renderings to the job: all, or only those that no frame was drawn for yet. */
static void camera_add_renderings(struct camera *camera, struct frame_job *job, bool all)
{
    bool has_default = false;
    for (size_t i = 0; i < camera->demand.count; i++) {
        struct demand_slot *slot = &camera->demand.slots[i];
        if (all || !slot->drawn) {
            job->renderings[job->rendering_count++] = slot->rendering;
            slot->drawn = true;
            has_default |= slot->rendering.id == 0;
        }
    }
    /* Whoever counts cars or keeps a record wants the numbers though nobody looks at pictures. */
    job->metadata_only =
        all && !has_default && (camera->detect == DETECT_ALWAYS || camera->demand.metadata);
}

/* The last picture and result go into the job and come back with it. */
static void camera_lend_last(struct camera *camera, struct frame_job *job)
{
    struct frame_buffer jpeg = job->jpeg;
    struct boxes boxes = job->boxes;
    job->jpeg = camera->last_jpeg;
    job->boxes = camera->last_boxes;
    job->info = camera->last_info;
    job->boxes_are_known = true;
    camera->last_jpeg = jpeg;
    camera->last_boxes = boxes;
    camera->last_valid = false;
}

bool camera_fill(struct camera *camera, struct frame_job *job)
{
    camera->waiting_since_ns = 0;
    bool filled = camera_frame_wanted(camera) && camera_read(camera, job);
    if (!filled && camera_redraw_wanted(camera)) {
        camera_lend_last(camera, job);
        filled = true;
    }
    if (!filled) {
        return false;
    }
    memcpy(job->camera, camera->id, strlen(camera->id) + 1);
    job->camera_serial = camera->serial;
    job->settings = settings_acquire(camera->settings);
    job->taken_ns = clock_monotonic_ns();
    camera_add_renderings(camera, job, !job->boxes_are_known);
    camera->in_work = true;
    return true;
}

static void camera_keep_last(struct camera *camera, struct frame_job *job)
{
    struct frame_buffer jpeg = camera->last_jpeg;
    struct boxes boxes = camera->last_boxes;
    camera->last_jpeg = job->jpeg;
    camera->last_boxes = job->boxes;
    camera->last_info = job->info;
    camera->last_valid = camera->attached;
    job->jpeg = jpeg;
    job->boxes = boxes;
}

static double camera_mean(double mean, double value)
{
    return mean == 0.0 ? value : mean + MEAN_SHARE * (value - mean);
}

static void camera_measure(struct camera *camera, const struct frame_job *job)
{
    uint64_t now_ns = clock_monotonic_ns();
    for (enum frame_stage stage = 0; stage < FRAME_STAGES; stage++) {
        if (job->stage_ns[stage] > 0) {
            camera->stage_us[stage] = camera_mean(camera->stage_us[stage],
                                                  (double)job->stage_ns[stage] / (double)NS_PER_US);
        }
    }
    if (job->boxes_are_known) {
        return;
    }
    camera->counters.inferred++;
    if (camera->last_result_ns > 0) {
        camera->interval_ns =
            camera_mean(camera->interval_ns, (double)(now_ns - camera->last_result_ns));
    }
    camera->last_result_ns = now_ns;
    camera->last_captured_ns = job->info.captured_ns;
}

static void camera_note_failure(struct camera *camera, const struct frame_job *job)
{
    if (job->unreadable) {
        camera->counters.unreadable++;
        log_camera(LOG_WARN, camera->id, "a frame cannot be decoded and is left out: %s",
                   job->error);
    } else {
        camera->counters.failed++;
        log_camera(LOG_ERROR, camera->id, "a frame has no result: %s", job->error);
    }
}

void camera_finish(struct camera *camera, struct frame_job *job)
{
    camera->in_work = false;
    if (job->failed) {
        camera_note_failure(camera, job);
    } else {
        camera->counters.flawed += job->flawed;
        camera_measure(camera, job);
        camera_keep_last(camera, job);
        if (!camera->first_seen) {
            camera->first_seen = true;
            log_camera(LOG_INFO, camera->id,
                       "first frame detected width=%d height=%d detections=%zu ms=%" PRIu64,
                       job->width, job->height, camera->last_boxes.count,
                       clock_elapsed_ns(job->taken_ns, clock_monotonic_ns()) / NS_PER_MS);
        }
    }
    camera_look(camera);
}

/* --- what became of it --- */

void camera_count_post(struct camera *camera, enum post_result result, const char *cause)
{
    switch (result) {
    case POST_ACCEPTED:
        camera->counters.posted++;
        break;
    case POST_REPLACED:
        camera->counters.replaced++;
        return;
    case POST_REFUSED:
        camera->counters.refused++;
        if (camera->post_result != POST_REFUSED) {
            log_camera(LOG_WARN, camera->id,
                       "the broadcaster refuses its frames, they are dropped %s", cause);
        }
        break;
    case POST_FAILED:
        camera->counters.lost++;
        break;
    }
    camera->post_result = result;
}

/* Results per second; a camera that has stopped sinks to nothing. */
static double camera_measured_fps(const struct camera *camera)
{
    double since_ns = (double)clock_elapsed_ns(camera->last_result_ns, clock_monotonic_ns());
    double interval_ns = camera->interval_ns > since_ns / 2 ? camera->interval_ns : since_ns;
    return camera->interval_ns > 0 ? (double)NS_PER_SECOND / interval_ns : 0;
}

static json_t *camera_stage_stats(const struct camera *camera)
{
    json_t *stages = json_object();
    for (enum frame_stage stage = 0; stage < FRAME_STAGES; stage++) {
        json_object_set_new(stages, frame_stage_name(stage),
                            json_integer((json_int_t)camera->stage_us[stage]));
    }
    return stages;
}

json_t *camera_stats(const struct camera *camera)
{
    const struct camera_counters *counters = &camera->counters;
    uint64_t dropped = counters->replaced + counters->refused + counters->lost;
    uint64_t age_ns = clock_elapsed_ns(camera->last_captured_ns, clock_monotonic_ns());
    json_t *age =
        camera->last_captured_ns > 0 ? json_integer((json_int_t)(age_ns / NS_PER_MS)) : json_null();
    return json_pack("{s:b, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o, s:o}",
                     "attached", camera->attached, "renderings", (int)camera->demand.count, "taken",
                     (json_int_t)counters->taken, "skipped", (json_int_t)counters->skipped,
                     "inferred", (json_int_t)counters->inferred, "flawed",
                     (json_int_t)counters->flawed, "unreadable", (json_int_t)counters->unreadable,
                     "failed", (json_int_t)counters->failed, "posted", (json_int_t)counters->posted,
                     "dropped", (json_int_t)dropped, "fps", camera_measured_fps(camera),
                     "newest_age_ms", age, "stage_us", camera_stage_stats(camera));
}
