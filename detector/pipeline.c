#include "detector/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "detector/annotate.h"
#include "detector/decode.h"
#include "detector/encode.h"
#include "detector/metadata.h"
#include "detector/model_file.h"
#include "detector/picture.h"
#include "detector/pieces.h"
#include "detector/preprocess.h"
#include "detector/twins.h"

/* The input of a network whose file leaves it open. */
#define INPUT_SIDE_DEFAULT 640

struct pipeline {
    struct model *model;
    struct layout layout;
    uint64_t warm_up_ns;
    struct decoder *decoder;
    struct encoder *encoder;
    struct annotator *annotator;
    struct preprocess preprocess;
    struct picture picture; /* as decoded */
    struct pieces pieces;   /* what was seen in tiles */
    struct picture shrunk;  /* at the camera's output_width */
    struct picture drawn;   /* a copy to draw into, while the other is needed again */
    size_t *elders;         /* by box of the job, as twins_find() says */
    size_t elder_capacity;
};

/* --- the network --- */

/* One forward on zeros: a network that cannot run says so now, and the first frame is not slow. */
static int pipeline_warm_up(struct pipeline *pipeline, const struct config_detector *config,
                            int width, int height, char error[MODEL_ERROR_SIZE])
{
    struct model_output outputs[MODEL_OUTPUTS_MAX];
    size_t output_count;
    float *zeros = xcalloc((size_t)width * (size_t)height * 3, sizeof *zeros);
    uint64_t begin_ns = clock_monotonic_ns();
    int result = model_forward(pipeline->model, zeros, outputs, &output_count, error);
    pipeline->warm_up_ns = clock_monotonic_ns() - begin_ns;
    if (result == 0) {
        char cause[MODEL_ERROR_SIZE];
        result = layout_recognise(config->layout, outputs, output_count, width, height,
                                  &pipeline->layout, cause);
        if (result < 0) {
            model_file_refuse(config->model, cause, error);
        }
    }
    free(zeros);
    return result;
}

static int pipeline_load(struct pipeline *pipeline, const struct config_detector *config,
                         char error[MODEL_ERROR_SIZE])
{
    struct model_config model = {
        .path = config->model,
        .weights = config->weights,
        .backend = config->backend,
        .target = config->target,
    };
    if (!model_file_input_size(config->model, &model.input_width, &model.input_height)) {
        model.input_width = model.input_height = INPUT_SIDE_DEFAULT;
    }
    pipeline->model = model_create(&model, error);
    if (pipeline->model == NULL) {
        return -1;
    }
    return pipeline_warm_up(pipeline, config, model.input_width, model.input_height, error);
}

struct pipeline *pipeline_create(const struct config_detector *config, char error[MODEL_ERROR_SIZE])
{
    struct pipeline *pipeline = xcalloc(1, sizeof *pipeline);
    if (pipeline_load(pipeline, config, error) < 0) {
        model_destroy(pipeline->model);
        free(pipeline);
        return NULL;
    }
    pipeline->decoder = decoder_create();
    pipeline->encoder = encoder_create();
    pipeline->annotator = annotator_create();
    preprocess_init(&pipeline->preprocess, &pipeline->layout);
    return pipeline;
}

void pipeline_destroy(struct pipeline *pipeline)
{
    if (pipeline == NULL) {
        return;
    }
    model_destroy(pipeline->model);
    decoder_destroy(pipeline->decoder);
    encoder_destroy(pipeline->encoder);
    annotator_destroy(pipeline->annotator);
    preprocess_finish(&pipeline->preprocess);
    picture_finish(&pipeline->picture);
    pieces_finish(&pipeline->pieces);
    picture_finish(&pipeline->shrunk);
    picture_finish(&pipeline->drawn);
    free(pipeline->elders);
    free(pipeline);
}

const struct layout *pipeline_layout(const struct pipeline *pipeline)
{
    return &pipeline->layout;
}

void pipeline_describe_cures(const struct pipeline *pipeline, char *out, size_t out_size)
{
    model_describe_cures(pipeline->model, out, out_size);
}

uint64_t pipeline_warm_up_ns(const struct pipeline *pipeline)
{
    return pipeline->warm_up_ns;
}

/* --- the stages --- */

/* Adds the time since *since_ns to a stage, and starts the next one. */
static void pipeline_clock(struct frame_job *job, enum frame_stage stage, uint64_t *since_ns)
{
    uint64_t now_ns = clock_monotonic_ns();
    job->stage_ns[stage] += now_ns - *since_ns;
    *since_ns = now_ns;
}

static int pipeline_decode(struct pipeline *pipeline, struct frame_job *job)
{
    if (decoder_run(pipeline->decoder, job->jpeg.bytes, job->info.size, &pipeline->picture,
                    &job->flawed) < 0) {
        snprintf(job->error, sizeof job->error, "%s", decoder_error(pipeline->decoder));
        job->unreadable = true;
        return -1;
    }
    job->width = pipeline->picture.width;
    job->height = pipeline->picture.height;
    return 0;
}

/* The network and its boxes serve all renderings, so they go down to the lowest threshold. */
static float pipeline_lowest_conf(const struct frame_job *job)
{
    float lowest = job->settings->conf;
    for (size_t i = 0; i < job->rendering_count; i++) {
        lowest = job->renderings[i].conf < lowest ? job->renderings[i].conf : lowest;
    }
    if (job->observer != NULL) {
        lowest = fminf(lowest, observer_lowest_conf(job->observer, job->settings));
    }
    return lowest < 0.05F ? 0.05F : lowest;
}

/* The network on one window; what it sees there is the job's boxes. */
static int pipeline_look(struct pipeline *pipeline, struct frame_job *job,
                         const struct window *window, const struct boxes_limits *limits,
                         uint64_t *since_ns)
{
    struct model_output outputs[MODEL_OUTPUTS_MAX];
    size_t output_count;
    preprocess_run_window(&pipeline->preprocess, &pipeline->picture, window);
    pipeline_clock(job, STAGE_PREPROCESS, since_ns);
    if (model_forward(pipeline->model, pipeline->preprocess.input, outputs, &output_count,
                      job->error) < 0) {
        return -1;
    }
    pipeline_clock(job, STAGE_INFER, since_ns);
    boxes_decode(&pipeline->layout, outputs, output_count, &pipeline->preprocess.placement,
                 job->width, job->height, limits, &job->boxes);
    pipeline_clock(job, STAGE_BOXES, since_ns);
    return 0;
}

static int pipeline_detect(struct pipeline *pipeline, struct frame_job *job, uint64_t *since_ns)
{
    const struct detection_settings *settings = job->settings;
    struct window windows[VIEW_WINDOWS_MAX], region;
    size_t count = view_windows(job->view, job->width, job->height, windows, &region);
    /* Boxes may go after suppression, so more of them come out of it. */
    bool all = count > 1 || view_filters(job->view);
    struct boxes_limits limits = {.confidence = pipeline_lowest_conf(job),
                                  .iou = settings->iou,
                                  .count = all ? BOXES_CANDIDATES_MAX : settings->max_detections,
                                  .wanted = settings->wanted};
    for (size_t i = 0; i < count; i++) {
        if (pipeline_look(pipeline, job, &windows[i], &limits, since_ns) < 0) {
            pipeline->pieces.count = 0;
            return -1;
        }
        if (count > 1) {
            pieces_add(&pipeline->pieces, &job->boxes, &windows[i], &region);
        }
    }
    if (count > 1) {
        pieces_join(&pipeline->pieces, settings->iou, &job->boxes);
    }
    if (all) {
        view_filter(job->view, job->width, job->height, &job->boxes);
        boxes_limit(&job->boxes, settings->max_detections);
    }
    pipeline_clock(job, STAGE_BOXES, since_ns);
    return 0;
}

/* What the boxes say together with those of the frames before. */
static void pipeline_observe(struct frame_job *job, uint64_t *since_ns)
{
    struct observer *observer = job->observer;
    bool judged = !job->boxes_are_known && !job->repeated;
    if (!job->boxes_are_known) {
        observer_track(observer, job->settings, &job->boxes, job->info.captured_ns);
        pipeline_clock(job, STAGE_TRACK, since_ns);
    }
    if (job->blind) {
        observer_blind(observer, job->taken_ns);
    } else if (judged) {
        observer_watch_spaces(observer, job->settings, &job->boxes, job->width, job->height,
                              job->info.captured_ns);
        pipeline_clock(job, STAGE_SPACES, since_ns);
    }
    job->observation = observer_look(observer);
    if (!job->blind && !judged) {
        job->observation.event_count = 0; /* told already */
    }
}

/* Boxes are sorted by confidence, so those of a rendering are the first ones. */
static size_t pipeline_count_above(const struct boxes *boxes, float conf)
{
    size_t count = 0;
    while (count < boxes->count && boxes->items[count].confidence >= conf) {
        count++;
    }
    return count;
}

/* A vehicle that was seen as two counts once. */
static size_t pipeline_count_vehicles(struct pipeline *pipeline, const struct frame_job *job)
{
    const bool *vehicle = job->settings->vehicle;
    size_t vehicles = 0;
    size_t count = pipeline_count_above(&job->boxes, job->settings->conf);
    if (job->boxes.count > pipeline->elder_capacity) {
        pipeline->elder_capacity = 2 * job->boxes.count;
        pipeline->elders =
            xreallocarray(pipeline->elders, pipeline->elder_capacity, sizeof *pipeline->elders);
    }
    twins_find(job->boxes.items, job->boxes.count, vehicle, pipeline->elders);
    for (size_t i = 0; i < count; i++) {
        vehicles += vehicle[job->boxes.items[i].class_id] && pipeline->elders[i] == i;
    }
    return vehicles;
}

/* Puts metadata and JPEG (or none) into one message. */
static void pipeline_compose(struct frame_job *job, uint32_t rendering, size_t box_count,
                             const uint8_t *jpeg, size_t jpeg_size)
{
    struct metadata metadata = {
        .camera = job->camera,
        .frame = &job->info,
        .width = job->width,
        .height = job->height,
        .names = job->settings->names,
        .boxes = job->boxes.items,
        .box_count = box_count,
        .vehicle_count = job->vehicle_count,
        .observation = &job->observation,
        .taken_ns = job->taken_ns,
        .inferred_ns = job->inferred_ns,
        .encoded_ns = clock_monotonic_ns(),
    };
    size_t metadata_size;
    char *text = metadata_compose(&metadata, &metadata_size);
    uint8_t header[FRAME_CONTAINER_HEADER_MAX];
    struct frame_container container = {.frame_number = job->info.number,
                                        .generation = job->info.generation,
                                        .captured_ns = job->info.captured_realtime_ns,
                                        .rendering = rendering,
                                        .metadata_size = (uint32_t)metadata_size,
                                        .jpeg_size = (uint32_t)jpeg_size};
    memcpy(container.camera, job->camera, sizeof container.camera);
    size_t header_size = frame_container_write_header(&container, header);
    size_t size = header_size + metadata_size + jpeg_size;
    uint8_t *body = xmalloc(size);
    memcpy(body, header, header_size);
    memcpy(body + header_size, text, metadata_size);
    if (jpeg_size > 0) {
        memcpy(body + header_size + metadata_size, jpeg, jpeg_size);
    }
    job->outputs[job->output_count++] =
        (struct frame_output){.header = container, .body = body, .size = size};
    free(text);
}

/* The picture that is drawn into: as decoded, or at the camera's output_width. */
static struct picture *pipeline_scale(struct pipeline *pipeline, const struct frame_job *job)
{
    struct picture *picture = &pipeline->picture;
    int width = job->look.output_width;
    if (width == 0 || width >= picture->width) {
        picture_halve_chroma(picture);
        return picture;
    }
    int height = (int)((int64_t)picture->height * width / picture->width);
    picture_shrink(&pipeline->shrunk, picture, width, height > 0 ? height : 1);
    return &pipeline->shrunk;
}

/* `last`: nobody needs the picture after this rendering, so it may be drawn into. */
static int pipeline_render(struct pipeline *pipeline, struct frame_job *job,
                           const struct rendering *rendering, struct picture *picture, bool last,
                           uint64_t *since_ns)
{
    size_t box_count = pipeline_count_above(&job->boxes, rendering->conf);
    int quality = rendering->quality < job->quality_limit ? rendering->quality : job->quality_limit;
    const uint8_t *jpeg;
    size_t jpeg_size;
    if (!last) {
        picture_copy(&pipeline->drawn, picture);
        picture = &pipeline->drawn;
    }
    struct annotation annotation = {.boxes = job->boxes.items,
                                    .box_count = job->boxes.count,
                                    .conf = rendering->conf,
                                    .elders = pipeline->elders,
                                    .names = job->settings->names,
                                    .show_boxes = job->look.show_boxes,
                                    .show_labels = rendering->show_labels,
                                    .show_trails = job->look.show_trails,
                                    .show_spaces = job->look.show_spaces,
                                    .observation = &job->observation,
                                    .width = job->width,
                                    .height = job->height};
    annotator_draw(pipeline->annotator, picture, &annotation);
    pipeline_clock(job, STAGE_ANNOTATE, since_ns);
    if (encoder_run(pipeline->encoder, picture, quality, &jpeg, &jpeg_size) < 0) {
        snprintf(job->error, sizeof job->error, "%s", encoder_error(pipeline->encoder));
        return -1;
    }
    pipeline_clock(job, STAGE_ENCODE, since_ns);
    pipeline_compose(job, rendering->id, box_count, jpeg, jpeg_size);
    pipeline_clock(job, STAGE_METADATA, since_ns);
    return 0;
}

static int pipeline_render_all(struct pipeline *pipeline, struct frame_job *job, uint64_t *since_ns)
{
    if (job->rendering_count == 0) {
        return 0;
    }
    struct picture *picture = pipeline_scale(pipeline, job);
    pipeline_clock(job, STAGE_SCALE, since_ns);
    for (size_t i = 0; i < job->rendering_count; i++) {
        bool last = i + 1 == job->rendering_count;
        if (pipeline_render(pipeline, job, &job->renderings[i], picture, last, since_ns) < 0) {
            return -1;
        }
    }
    return 0;
}

static int pipeline_walk(struct pipeline *pipeline, struct frame_job *job)
{
    uint64_t since_ns = clock_monotonic_ns();
    if (pipeline_decode(pipeline, job) < 0) {
        return -1;
    }
    pipeline_clock(job, STAGE_DECODE, &since_ns);
    if (!job->boxes_are_known && pipeline_detect(pipeline, job, &since_ns) < 0) {
        return -1;
    }
    if (job->observer != NULL) {
        pipeline_observe(job, &since_ns);
    }
    job->inferred_ns = since_ns;
    job->vehicle_count = pipeline_count_vehicles(pipeline, job);
    if (pipeline_render_all(pipeline, job, &since_ns) < 0) {
        return -1;
    }
    if (job->metadata_only) {
        pipeline_compose(job, 0, pipeline_count_above(&job->boxes, job->settings->conf), NULL, 0);
        pipeline_clock(job, STAGE_METADATA, &since_ns);
    }
    return 0;
}

void pipeline_run(struct pipeline *pipeline, struct frame_job *job)
{
    job->failed = pipeline_walk(pipeline, job) < 0;
}
