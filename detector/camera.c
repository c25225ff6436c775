#include "detector/camera.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/camera_feed.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/schedule.h"
#include "detector/chain_quality.h"

struct camera {
    char *id;
    uint64_t serial;
    enum camera_detect detect;
    double fps, max_fps;
    uint64_t skip;
    struct detection_settings *settings;
    struct view *view;
    camera_ready_fn *ready;
    void *arg;

    struct camera_feed *feed;
    struct event *late;   /* until a frame that came too early is taken all the same */
    struct event *report; /* until the next line in the log; runs while attached */
    struct demand demand;
    struct schedule schedule;
    struct look look;
    struct chain_quality quality;
    bool has_spaces;
    bool watch_frozen; /* unchanged bytes say something of this source, as capture has it */
    bool attached;
    bool fresh;                /* the ring has a frame that was not taken yet */
    bool in_work;              /* a worker has a job of ours */
    uint64_t waiting_since_ns; /* the frame or the redrawing waits since; 0: nothing does */

    /* The last result, for a rendering that comes later. */
    bool last_valid;
    struct frame_buffer last_jpeg;
    struct frame_info last_info;
    struct boxes last_boxes;

    struct observer *observer;    /* NULL while a job has it */
    struct observer *replacement; /* what a reload has put in its place meanwhile; NULL: none */
    bool blind;                   /* the camera was away or frozen since the last frame */
    bool tell_blind;              /* ... and nobody has been told yet */

    struct camera_counts counts;
};

/* --- who wants what --- */

/* What viewers wish, up to max_fps; with `always` the camera's own rate is a wish too. */
static double camera_rate(const struct camera *camera)
{
    double wish = camera->demand.rate > 0 ? camera->demand.rate : camera->fps;
    if (camera->detect == DETECT_ALWAYS && wish < camera->fps) {
        wish = camera->fps;
    }
    return wish < camera->max_fps ? wish : camera->max_fps;
}

static bool camera_redraw_wanted(const struct camera *camera)
{
    if (!camera->last_valid) {
        return false;
    }
    if (camera->tell_blind) {
        return true;
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

/* --- the log --- */

static void camera_on_report(evutil_socket_t fd, short events, void *arg)
{
    struct camera *camera = arg;
    size_t viewers = 0;
    (void)fd;
    (void)events;
    for (size_t i = 0; i < camera->demand.count; i++) {
        viewers += camera->demand.slots[i].viewers;
    }
    camera_counts_report(&camera->counts, camera->id, viewers);
}

static void camera_set_reporting(struct camera *camera, bool on)
{
    struct timeval interval = clock_timeval(CAMERA_REPORT_NS);
    if (on) {
        camera_counts_begin(&camera->counts);
        event_add(camera->report, &interval);
    } else {
        event_del(camera->report);
    }
}

/* --- what wakes it --- */

/* After any change of demand or configuration. */
static void camera_follow_demand(struct camera *camera)
{
    bool attached = camera->detect == DETECT_ALWAYS ||
                    (camera->detect == DETECT_ON_DEMAND && demand_any(&camera->demand));
    schedule_set(&camera->schedule, camera->skip, camera_rate(camera));
    if (attached != camera->attached) {
        camera->attached = attached;
        camera->fresh = false;
        camera->last_valid = false; /* whoever comes back wants to see now, not then */
        camera_feed_set_attached(camera->feed, attached);
        camera_set_reporting(camera, attached);
        log_camera(LOG_DEBUG, camera->id, attached ? "frames are wanted" : "frames are not wanted");
    }
    camera_look(camera);
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
    uint64_t number = camera_feed_newest(camera->feed);
    camera->fresh = true;
    if (schedule_is_early(&camera->schedule, number, clock_monotonic_ns())) {
        camera_counts_early(&camera->counts, number);
    }
    camera_look(camera);
}

/* No frame will come to tell that its spaces are unknown now, so the last one does. */
static void camera_on_status(void *arg, const struct camera_status *status)
{
    struct camera *camera = arg;
    if (status->state == CAMERA_FROZEN || status->state == CAMERA_OFFLINE) {
        camera->tell_blind |= !camera->blind && camera->has_spaces;
        camera->blind = true;
        camera_look(camera);
    }
}

void camera_set_demand(struct camera *camera, const struct demand_wish *wish)
{
    demand_set(&camera->demand, wish);
    camera_follow_demand(camera);
}

/* --- life --- */

/* While a job has the observer its replacement waits. */
static void camera_take_replacement(struct camera *camera)
{
    if (camera->replacement == NULL || camera->in_work) {
        return;
    }
    if (camera->observer != NULL) {
        observer_replace(camera->replacement, camera->observer);
    }
    camera->observer = camera->replacement;
    camera->replacement = NULL;
}

static void camera_adopt(struct camera *camera, const struct config_camera *config,
                         struct detection_settings *settings)
{
    settings_acquire(settings);
    settings_release(camera->settings);
    camera->settings = settings;
    view_release(camera->view);
    camera->view = view_create(config);
    camera->detect = config->detect;
    camera->fps = config->fps;
    camera->max_fps = config->max_fps;
    camera->skip = (uint64_t)config->skip_frames;
    camera->look = (struct look){.show_boxes = config->show_boxes,
                                 .show_trails = config->show_trails,
                                 .show_spaces = config->show_spaces,
                                 .output_width = (int)config->output_width};
    chain_quality_set(&camera->quality, settings->rendering.quality, (int)config->quality_min);
    camera->has_spaces = config->space_count > 0;
    camera->watch_frozen = config->source == SOURCE_MJPEG || config->source == SOURCE_PUSH;
    observer_destroy(camera->replacement);
    camera->replacement = observer_create(config);
    camera_take_replacement(camera);
}

struct camera *camera_create(struct event_base *base, const char *run_dir, const char *id,
                             const struct config_camera *config,
                             struct detection_settings *settings, camera_ready_fn *ready, void *arg)
{
    static const struct camera_feed_handlers handlers = {.status = camera_on_status,
                                                         .frame = camera_on_frame};
    static uint64_t serial;
    struct camera *camera = xcalloc(1, sizeof *camera);
    camera->id = xstrdup(id);
    camera->serial = ++serial;
    camera->ready = ready;
    camera->arg = arg;
    camera_adopt(camera, config, settings);
    camera->late = evtimer_new(base, camera_on_late, camera);
    camera->report = event_new(base, -1, EV_PERSIST, camera_on_report, camera);
    if (camera->late == NULL || camera->report == NULL) {
        die("out of memory for an event");
    }
    camera->feed = camera_feed_create(base, run_dir, id, NULL, &handlers, camera);
    camera_follow_demand(camera);
    return camera;
}

void camera_destroy(struct camera *camera)
{
    if (camera == NULL) {
        return;
    }
    camera_feed_destroy(camera->feed);
    event_free(camera->late);
    event_free(camera->report);
    settings_release(camera->settings);
    view_release(camera->view);
    observer_destroy(camera->observer);
    observer_destroy(camera->replacement);
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
    camera_counts_taken(&camera->counts, job->info.number, missed);
    return true;
}

/* A camera that hangs sends its last picture on and on, for ten seconds before it is known to be
 * frozen: a car that just drove past seems to stand there. */
static bool camera_repeats(const struct camera *camera, const struct frame_job *job)
{
    return camera->watch_frozen && camera->last_valid && camera->last_info.size == job->info.size &&
           memcmp(camera->last_jpeg.bytes, job->jpeg.bytes, job->info.size) == 0;
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
    job->repeated = filled && camera_repeats(camera, job);
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
    job->view = view_acquire(camera->view);
    job->taken_ns = clock_monotonic_ns();
    job->look = camera->look;
    job->quality_limit = chain_quality_limit(&camera->quality);
    job->blind = camera->blind;
    camera_add_renderings(camera, job, !job->boxes_are_known || camera->tell_blind);
    camera->tell_blind = false;
    camera->blind = camera_feed_status(camera->feed)->state == CAMERA_FROZEN;
    job->observer = camera->observer; /* it comes back with the job */
    camera->observer = NULL;
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

/* Redrawing for a new viewer is not the chain's own pace. Time is that of the frames. */
static void camera_note_pace(struct camera *camera, const struct frame_job *job)
{
    if (!job->boxes_are_known &&
        chain_quality_note(&camera->quality, camera_frame_wanted(camera), job->info.captured_ns)) {
        log_camera(LOG_DEBUG, camera->id, "detection%s keep up with the rate quality=%d",
                   camera->quality.behind > 0.5 ? " cannot" : " can", camera->quality.quality);
    }
}

void camera_finish(struct camera *camera, struct frame_job *job)
{
    camera->in_work = false;
    camera->observer = job->observer;
    job->observer = NULL;
    camera_take_replacement(camera);
    camera_counts_result(&camera->counts, job, camera->skip, camera_rate(camera));
    camera_note_pace(camera, job);
    if (!job->failed) {
        camera_keep_last(camera, job);
    }
    camera_look(camera);
}

/* --- what became of it --- */

void camera_count_post(struct camera *camera, const struct post_outcome *outcome)
{
    struct demand_slot *slot = demand_find(&camera->demand, outcome->rendering);
    if (slot != NULL && outcome->result == POST_ACCEPTED) {
        slot->viewers = outcome->viewers;
    }
    camera_counts_post(&camera->counts, outcome);
}

json_t *camera_stats(const struct camera *camera)
{
    json_t *stats = json_pack("{s:b, s:i, s:i}", "attached", camera->attached, "renderings",
                              (int)camera->demand.count, "quality", camera->quality.quality);
    json_object_update_new(stats, camera_counts_stats(&camera->counts));
    return stats;
}
