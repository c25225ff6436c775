#include "detector/detector.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/messages.h"
#include "detector/layout.h"
#include "detector/model_names.h"
#include "detector/pipeline.h"
#include "detector/poster.h"
#include "detector/scheduler.h"
#include "detector/service.h"
#include "detector/settings.h"

/* A message is limited; so much of it is for the cameras, the rest for what stands around them. */
#define STATS_CAMERAS_BYTES (MESSAGE_BYTES_MAX - 16384)

struct detector {
    struct program *program;
    struct layout layout;
    struct names *names;
    struct detection_settings *settings;
    struct scheduler *scheduler; /* NULL: no model, nothing to do */
    struct poster *poster;
    struct service *service;
};

/* --- what passes between the parts --- */

static void detector_on_output(void *arg, const struct frame_output *output)
{
    struct detector *detector = arg;
    poster_post(detector->poster, output);
}

static void detector_on_posted(void *arg, const struct post_outcome *outcome)
{
    struct detector *detector = arg;
    struct camera *camera = scheduler_find(detector->scheduler, outcome->camera);
    if (camera != NULL) { /* else it has been removed meanwhile */
        camera_count_post(camera, outcome);
    }
}

static int compare_wishes(const void *a, const void *b)
{
    return strcmp(((const struct demand_wish *)a)->camera, ((const struct demand_wish *)b)->camera);
}

static const struct demand_wish *find_wish(const struct demand_wish *wishes, size_t count,
                                           const char *id)
{
    struct demand_wish wanted;
    if (count == 0) {
        return NULL;
    }
    snprintf(wanted.camera, sizeof wanted.camera, "%s", id);
    return bsearch(&wanted, wishes, count, sizeof *wishes, compare_wishes);
}

static struct camera *detector_add_camera(struct detector *detector, const char *id,
                                          const struct config_camera *config)
{
    struct camera *camera =
        camera_create(loop_base(detector->program->loop), detector->program->config->run_dir, id,
                      config, detector->settings, scheduler_wake, detector->scheduler);
    scheduler_add(detector->scheduler, camera);
    return camera;
}

/* A camera that pushes need not be configured: it exists here for as long as somebody wants it. */
static void detector_meet_guest(struct detector *detector, const struct demand_wish *wish)
{
    const struct config *config = detector->program->config;
    if (scheduler_find(detector->scheduler, wish->camera) == NULL &&
        config_find_camera(config, wish->camera) == NULL) {
        camera_set_demand(detector_add_camera(detector, wish->camera, &config->guest), wish);
    }
}

static void detector_on_demand(void *arg, const struct demand_page *page,
                               const struct demand_wish *wishes, size_t count)
{
    struct detector *detector = arg;
    const struct config *config = detector->program->config;
    struct camera *camera;
    if (detector->scheduler == NULL) {
        return;
    }
    for (size_t i = 0; (camera = scheduler_camera(detector->scheduler, i)) != NULL;) {
        const char *id = camera_id(camera);
        const struct demand_wish *wish = find_wish(wishes, count, id);
        if (demand_page_covers(page, id) && wish == NULL &&
            config_find_camera(config, id) == NULL) {
            scheduler_remove(detector->scheduler, id); /* the last takes its place */
            continue;
        }
        if (demand_page_covers(page, id)) {
            camera_set_demand(camera, wish);
        }
        i++;
    }
    for (size_t i = 0; i < count; i++) {
        detector_meet_guest(detector, &wishes[i]);
    }
}

static const struct rendering *detector_default_rendering(void *arg)
{
    static const struct rendering any = {.conf = 0.25F, .show_labels = true, .quality = 85};
    const struct detector *detector = arg;
    return detector->settings != NULL ? &detector->settings->rendering : &any;
}

/* As many cameras as one answer has room for; the others are only counted. */
static void detector_add_cameras(const struct detector *detector, json_t *stats)
{
    json_t *cameras = json_object();
    const struct camera *camera;
    size_t used = 0, left_out = 0;
    for (size_t i = 0; (camera = scheduler_camera(detector->scheduler, i)) != NULL; i++) {
        json_t *entry = camera_stats(camera);
        used += json_dumpb(entry, NULL, 0, JSON_COMPACT) + CAMERA_ID_SIZE;
        if (used <= STATS_CAMERAS_BYTES) {
            json_object_set_new(cameras, camera_id(camera), entry);
        } else {
            json_decref(entry);
            left_out++;
        }
    }
    json_object_set_new(stats, "cameras", cameras);
    json_object_set_new(stats, "cameras_left_out", json_integer((json_int_t)left_out));
}

static json_t *detector_stats(void *arg)
{
    const struct detector *detector = arg;
    const char *model = detector->program->config->detector.model;
    json_t *stats = program_stats(detector->program);
    json_object_set_new(stats, "model", model != NULL ? json_string(model) : json_null());
    if (detector->scheduler == NULL) {
        json_object_set_new(stats, "cameras", json_object());
        return stats;
    }
    json_object_set_new(stats, "layout", json_string(layout_name(detector->layout.kind)));
    json_object_set_new(
        stats, "input",
        json_pack("[ii]", detector->layout.input_width, detector->layout.input_height));
    detector_add_cameras(detector, stats);
    return stats;
}

/* --- start --- */

static struct pipeline **detector_load(const struct config_detector *config)
{
    char error[MODEL_ERROR_SIZE];
    struct pipeline **pipelines = xcalloc((size_t)config->workers, sizeof(struct pipeline *));
    model_set_threads((int)config->threads);
    for (size_t i = 0; i < (size_t)config->workers; i++) {
        pipelines[i] = pipeline_create(config, error);
        if (pipelines[i] == NULL) {
            die_config("detector.model %s", error);
        }
    }
    return pipelines;
}

static void detector_log_model(const struct detector *detector, const struct pipeline *pipeline)
{
    const struct config_detector *config = &detector->program->config->detector;
    const struct layout *layout = &detector->layout;
    log_info("model ready file=%s layout=%s input=%dx%d classes=%zu backend=%s/%s workers=%" PRId64
             " warm_up_ms=%" PRIu64,
             config->model, layout_name(layout->kind), layout->input_width, layout->input_height,
             layout->classes, config->backend, config->target, config->workers,
             pipeline_warm_up_ns(pipeline) / NS_PER_MS);
    char cures[MODEL_ERROR_SIZE];
    pipeline_describe_cures(pipeline, cures, sizeof cures);
    if (cures[0] != '\0') {
        log_info("this version of OpenCV has faults with it, which are got around cures=\"%s\"",
                 cures);
    }
}

static bool detector_serves(const struct detector *detector, const struct config *config,
                            const char *id)
{
    return config_find_camera(config, id) != NULL &&
           config_camera_detector(config, id) == detector->program->index;
}

/* Makes the cameras what the configuration says. */
static void detector_follow_cameras(struct detector *detector)
{
    const struct config *config = detector->program->config;
    struct camera *camera;
    for (size_t i = 0; (camera = scheduler_camera(detector->scheduler, i)) != NULL;) {
        if (detector_serves(detector, config, camera_id(camera))) {
            i++;
        } else {
            scheduler_remove(detector->scheduler, camera_id(camera)); /* the last takes its place */
        }
    }
    for (size_t i = 0; i < config->camera_count; i++) {
        const struct config_camera *wanted = &config->cameras[i];
        if (!detector_serves(detector, config, wanted->id)) {
            continue;
        }
        camera = scheduler_find(detector->scheduler, wanted->id);
        if (camera != NULL) {
            camera_configure(camera, wanted, detector->settings);
            continue;
        }
        detector_add_camera(detector, wanted->id, wanted);
    }
}

static void detector_start_work(struct detector *detector)
{
    struct program *program = detector->program;
    const struct config_detector *config = &program->config->detector;
    char error[SETTINGS_ERROR_SIZE];
    struct pipeline **pipelines = detector_load(config);
    detector->layout = *pipeline_layout(pipelines[0]);
    char names_error[MODEL_NAMES_ERROR_SIZE];
    detector->names = model_names_create(config, detector->layout.classes, names_error);
    if (detector->names == NULL) {
        die_config("%s", names_error);
    }
    detector->settings = settings_create(config, detector->names, error);
    if (detector->settings == NULL) {
        die_config("%s", error);
    }
    detector_log_model(detector, pipelines[0]);
    detector->poster =
        poster_create(loop_base(program->loop), program->config, detector_on_posted, detector);
    detector->scheduler = scheduler_create(loop_base(program->loop), pipelines,
                                           (size_t)config->workers, detector_on_output, detector);
    free(pipelines);
    detector_follow_cameras(detector);
}

struct detector *detector_create(struct program *program)
{
    static const struct service_handlers handlers = {.demand = detector_on_demand,
                                                     .defaults = detector_default_rendering,
                                                     .stats = detector_stats};
    struct detector *detector = xcalloc(1, sizeof *detector);
    detector->program = program;
    if (program->config->detector.model != NULL) {
        detector_start_work(detector);
    } else {
        log_info("nothing to do: detector.model is not set");
    }
    int result = service_create(&detector->service, loop_base(program->loop),
                                program->config->run_dir, program->index, &handlers, detector);
    if (result < 0) {
        die("cannot serve its control socket run_dir=%s: %s", program->config->run_dir,
            strerror(-result));
    }
    return detector;
}

void detector_destroy(struct detector *detector)
{
    if (detector == NULL) {
        return;
    }
    service_destroy(detector->service);
    scheduler_destroy(detector->scheduler);
    detector->scheduler = NULL;
    poster_destroy(detector->poster);
    settings_release(detector->settings);
    names_destroy(detector->names);
    free(detector);
}

/* --- reload --- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool detector_needs_restart(const struct config *old, const struct config *new)
{
    const struct config_detector *a = &old->detector, *b = &new->detector;
    return !same_text(a->model, b->model) || !same_text(a->weights, b->weights) ||
           !same_text(a->names, b->names) || !same_text(a->layout, b->layout) ||
           !same_text(a->backend, b->backend) || !same_text(a->target, b->target) ||
           !same_text(a->post_url, b->post_url) || !same_text(a->post_token, b->post_token) ||
           a->workers != b->workers || a->threads != b->threads;
}

/* Thresholds, classes and cameras. False: the new configuration does not suit the network. */
static bool detector_follow(struct detector *detector)
{
    char error[SETTINGS_ERROR_SIZE];
    struct detection_settings *settings =
        settings_create(&detector->program->config->detector, detector->names, error);
    if (settings == NULL) {
        log_error("configuration not reloaded, the old one stays: %s", error);
        return false;
    }
    settings_release(detector->settings);
    detector->settings = settings;
    detector_follow_cameras(detector);
    service_repeat_demand(detector->service);
    return true;
}

void detector_reload(void *arg)
{
    struct detector *detector = arg;
    struct config *old;
    if (program_reload(detector->program, &old) < 0) {
        return;
    }
    const struct config *config = detector->program->config;
    if (detector->program->index >= (size_t)config->detector.processes) {
        log_info("this detector is not configured any more, ending index=%zu",
                 detector->program->index);
        loop_stop(detector->program->loop, EXIT_SUCCESS);
    } else if (detector_needs_restart(old, config)) {
        log_info("the network or where to post to has changed: ending, to be started anew");
        loop_stop(detector->program->loop, EXIT_SUCCESS);
    } else if (detector->scheduler != NULL && !detector_follow(detector)) {
        program_revert(detector->program, old);
        return;
    }
    config_destroy(old);
}
