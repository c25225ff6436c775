#include "detector/probe.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/config_section.h"
#include "common/fd.h"
#include "common/jpeg_info.h"
#include "common/log.h"
#include "common/memory.h"
#include "detector/chain_quality.h"
#include "detector/model_names.h"
#include "detector/pipeline.h"

#define JPEG_MAX ((size_t)64 << 20)
#define RUNS     5 /* of the picture; the median of each stage is told */

const char probe_usage[] =
    "       ringcast-detector --probe MODEL PICTURE [-c FILE] [--names FILE] [--weights FILE]\n"
    "           [--conf C] [--iou I] [--tiles COLUMNS,ROWS] [--tile_overlap O] [--tile_whole B]\n"
    "           [--classes A,B] [--layout L] [--backend B] [--target T] [--threads N] [--output FILE]\n"
    "           says what the network is and sees in a JPEG, how long each stage takes, and writes\n"
    "           the annotated picture; -c takes all that is not given from the section `detector`\n";

struct probe {
    struct config *config;
    const char *model, *picture;
    char *output;
    struct pipeline *pipeline;
    struct names *names;
    struct detection_settings *settings;
    struct config_camera camera; /* owns nothing */
    struct frame_job *job;
    uint32_t size; /* of the picture, bytes */
    uint64_t stage_ns[FRAME_STAGES][RUNS];
};

/* --- the command line --- */

#define OPTIONS ":c:" /* the colon before them: a value that is missing is told apart */

/* Options that stand for a key of the section, which also knows their bounds. */
static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},       {"output", required_argument, NULL, 'o'},
    {"names", required_argument, NULL, 0},          {"weights", required_argument, NULL, 0},
    {"conf", required_argument, NULL, 0},           {"iou", required_argument, NULL, 0},
    {"tiles", required_argument, NULL, 0},          {"tile_overlap", required_argument, NULL, 0},
    {"tile_whole", required_argument, NULL, 0},     {"classes", required_argument, NULL, 0},
    {"layout", required_argument, NULL, 0},         {"backend", required_argument, NULL, 0},
    {"target", required_argument, NULL, 0},         {"threads", required_argument, NULL, 0},
    {"max_detections", required_argument, NULL, 0}, {NULL, 0, NULL, 0}};

__attribute__((format(printf, 1, 2))) static _Noreturn void probe_misunderstood(const char *why,
                                                                                ...)
{
    va_list arguments;
    va_start(arguments, why);
    vfprintf(stderr, why, arguments);
    va_end(arguments);
    fprintf(stderr, "\nusage:\n%s", probe_usage);
    exit(EXIT_CONFIG);
}

/* `result`: what getopt said of the option that stands before the next argument. */
static _Noreturn void probe_refuse_option(int result, const char *option)
{
    if (result == ':') {
        probe_misunderstood("%s needs a value", option);
    }
    if (optopt != 0) { /* one letter of perhaps several */
        probe_misunderstood("there is no option -%c", optopt);
    }
    probe_misunderstood("there is no option %s", option);
}

static struct config *probe_config(const char *path)
{
    struct config_errors errors = {0};
    struct config *config;
    if (path != NULL) {
        config_load(path, &config, &errors);
    } else {
        struct config_reader reader = {.directory = "/", .errors = &errors};
        config = xcalloc(1, sizeof *config);
        config_section_read(SECTION_DETECTOR, NULL, "detector", &config->detector, &reader);
    }
    if (config == NULL) {
        die_config("the configuration has mistakes path=%s: %s", path, errors.lines[0]);
    }
    config_errors_finish(&errors);
    return config;
}

/* One key of the section, as the command line has it. */
static void probe_set(struct config *config, const char *key, const char *text)
{
    struct config_errors errors = {0};
    char *here = getcwd(NULL, 0);
    struct config_reader reader = {.directory = here != NULL ? here : "/", .errors = &errors};
    const struct config_option *option = config_option_find(SECTION_DETECTOR, key);
    json_t *value = config_value_from_text(option, text);
    config_value_free(option, &config->detector);
    memset((char *)&config->detector + option->offset, 0, sizeof(void *));
    if (value == NULL) {
        char *wanted = config_value_wanted(option);
        die_config("--%s must be %s", key, wanted);
    }
    char *path = xasprintf("--%s", key);
    if (!config_value_store(option, value, &config->detector, path, &reader)) {
        die_config("%s", errors.lines[0]);
    }
    free(path);
    free(here);
    json_decref(value);
}

/* Darknet's two files usually have one name. */
static void probe_find_weights(struct config_detector *detector)
{
    size_t length = strlen(detector->model);
    if (length < 4 || strcmp(detector->model + length - 4, ".cfg") != 0) {
        free(detector->weights);
        detector->weights = NULL;
    } else if (detector->weights == NULL) {
        detector->weights = xasprintf("%.*s.weights", (int)length - 4, detector->model);
    }
}

/* "street.jpg" and "yolov8n.onnx" become "street.yolov8n.jpg", here. */
static char *probe_default_output(const struct probe *probe)
{
    char *picture = xstrdup(probe->picture), *model = xstrdup(probe->model);
    char *picture_name = basename(picture), *model_name = basename(model);
    char *picture_end = strrchr(picture_name, '.'), *model_end = strrchr(model_name, '.');
    int picture_length = picture_end != NULL ? (int)(picture_end - picture_name) : -1;
    int model_length = model_end != NULL ? (int)(model_end - model_name) : -1;
    char *output =
        xasprintf("%.*s.%.*s.jpg", picture_length, picture_name, model_length, model_name);
    free(picture);
    free(model);
    return output;
}

static void probe_command_line(struct probe *probe, int argc, char **argv)
{
    const char *config_path = NULL;
    int option, which;
    opterr = 0; /* the words are ours */
    while ((option = getopt_long(argc, argv, OPTIONS, long_options, NULL)) >= 0) {
        if (option == 'c') {
            config_path = optarg;
        } else if (option == 'o') {
            probe->output = xstrdup(optarg);
        } else if (option != 0) {
            probe_refuse_option(option, argv[optind - 1]);
        }
    }
    if (argc - optind != 2) {
        probe_misunderstood("%s", argc == optind       ? "MODEL and PICTURE are missing"
                                  : argc - optind == 1 ? "PICTURE is missing"
                                                       : "there is more than MODEL and PICTURE");
    }
    probe->config = probe_config(config_path);
    /* Again: what stands here is stronger than the file, wherever -c stands. */
    optind = 1;
    while ((option = getopt_long(argc, argv, OPTIONS, long_options, &which)) >= 0) {
        if (option == 0) {
            probe_set(probe->config, long_options[which].name, optarg);
        }
    }
    probe->model = argv[optind];
    probe->picture = argv[optind + 1];
    struct config_detector *detector = &probe->config->detector;
    free(detector->model);
    detector->model = xstrdup(probe->model);
    probe_find_weights(detector);
    probe->camera.tiles = detector->tiles;
    probe->camera.tile_overlap = detector->tile_overlap;
    probe->camera.tile_whole = detector->tile_whole;
    if (probe->output == NULL) {
        probe->output = probe_default_output(probe);
    }
}

/* --- work --- */

static void probe_load(struct probe *probe)
{
    const struct config_detector *config = &probe->config->detector;
    char error[MODEL_ERROR_SIZE], names_error[MODEL_NAMES_ERROR_SIZE];
    char settings_error[SETTINGS_ERROR_SIZE];
    model_set_threads((int)config->threads);
    probe->pipeline = pipeline_create(config, error);
    if (probe->pipeline == NULL) {
        die_config("%s", error);
    }
    probe->names =
        model_names_create(config, pipeline_layout(probe->pipeline)->classes, names_error);
    if (probe->names == NULL) {
        die_config("%s", names_error);
    }
    probe->settings = settings_create(config, probe->names, settings_error);
    if (probe->settings == NULL) {
        die_config("%s", settings_error);
    }
}

/* Phones and editors put things behind the picture, cameras do not. */
static size_t probe_picture_end(const uint8_t *bytes, size_t size)
{
    struct jpeg_walk walk;
    size_t end;
    jpeg_walk_init(&walk);
    return jpeg_walk_feed(&walk, bytes, size, &end) == JPEG_WALK_END ? end : size;
}

static void probe_read(struct probe *probe)
{
    struct frame_job *job = probe->job;
    size_t size;
    int result = fd_read_file(probe->picture, JPEG_MAX, &job->jpeg.bytes, &size);
    if (result < 0) {
        die_config("%s: %s", probe->picture,
                   result == -EFBIG ? "larger than 64 MiB" : strerror(-result));
    }
    job->jpeg.capacity = size;
    probe->size = (uint32_t)probe_picture_end(job->jpeg.bytes, size);
}

static void probe_look(struct probe *probe, size_t run)
{
    struct frame_job *job = probe->job;
    frame_job_reset(job);
    snprintf(job->camera, sizeof job->camera, "probe");
    job->settings = settings_acquire(probe->settings);
    job->view = view_create(&probe->camera);
    job->info = (struct frame_info){.number = 1, .size = probe->size};
    job->taken_ns = clock_monotonic_ns();
    job->look = (struct look){.show_boxes = true};
    job->quality_limit = CHAIN_QUALITY_FREE;
    job->renderings[0] = probe->settings->rendering;
    job->rendering_count = 1;
    pipeline_run(probe->pipeline, job);
    if (job->failed) {
        die_config("%s: %s", job->unreadable ? probe->picture : probe->model, job->error);
    }
    for (size_t stage = 0; stage < FRAME_STAGES; stage++) {
        probe->stage_ns[stage][run] = job->stage_ns[stage];
    }
}

/* --- what is told --- */

static void print_classes(const struct names *names)
{
    printf("classes     %zu:", names_count(names));
    for (size_t i = 0; i < names_count(names) && i < 8; i++) {
        printf("%s %s", i > 0 ? "," : "", names_get(names, i));
    }
    printf("%s\n", names_count(names) > 8 ? " …" : "");
}

static void print_network(const struct probe *probe)
{
    const struct layout *layout = pipeline_layout(probe->pipeline);
    const struct config_detector *config = &probe->config->detector;
    char cures[MODEL_ERROR_SIZE];
    printf("model       %s\nlayout      %s\ninput       %dx%d\n", config->model,
           layout_name(layout->kind), layout->input_width, layout->input_height);
    print_classes(probe->names);
    printf("backend     %s/%s, threads %lld\n", config->backend, config->target,
           (long long)config->threads);
    pipeline_describe_cures(probe->pipeline, cures, sizeof cures);
    if (cures[0] != '\0') {
        printf("got around  %s\n", cures);
    }
}

static void print_detections(const struct probe *probe)
{
    const struct frame_job *job = probe->job;
    struct window windows[VIEW_WINDOWS_MAX], region;
    size_t count = view_windows(job->view, job->width, job->height, windows, &region);
    printf("picture     %s %dx%d%s, forward passes %zu\n", probe->picture, job->width, job->height,
           job->flawed ? " (damaged)" : "", count);
    printf("detections  %zu of confidence %g and more; left, top, width, height\n",
           job->boxes.count, (double)probe->settings->conf);
    for (size_t i = 0; i < job->boxes.count; i++) {
        const struct box *box = &job->boxes.items[i];
        printf("  %.3f  %-16s %7.1f %7.1f %7.1f %7.1f\n", (double)box->confidence,
               names_get(probe->names, (size_t)box->class_id), (double)box->x, (double)box->y,
               (double)box->width, (double)box->height);
    }
}

static int compare_times(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void print_times(struct probe *probe)
{
    double whole = 0;
    printf("time        ms, median of %d\n", RUNS);
    for (enum frame_stage stage = 0; stage < FRAME_STAGES; stage++) {
        if (stage == STAGE_TRACK || stage == STAGE_SPACES) {
            continue; /* of one picture there are none */
        }
        qsort(probe->stage_ns[stage], RUNS, sizeof probe->stage_ns[stage][0], compare_times);
        uint64_t median_ns = probe->stage_ns[stage][RUNS / 2];
        double ms = (double)median_ns / (double)NS_PER_MS;
        whole += ms;
        printf("  %-10s %8.2f\n", frame_stage_name(stage), ms);
    }
    printf("  %-10s %8.2f\n", "all", whole);
}

static void write_picture(const struct probe *probe)
{
    const struct frame_output *output = &probe->job->outputs[0];
    size_t size = output->header.jpeg_size;
    int result = fd_write_file(probe->output, output->body + output->size - size, size);
    if (result < 0) {
        die_config("cannot write the picture path=%s: %s", probe->output, strerror(-result));
    }
    printf("written     %s\n", probe->output);
}

int probe_run(int argc, char **argv)
{
    struct probe probe = {0};
    log_init("detector", NULL);
    probe_command_line(&probe, argc, argv);
    probe_load(&probe);
    probe.job = frame_job_create();
    probe_read(&probe);
    for (size_t run = 0; run < RUNS; run++) {
        probe_look(&probe, run);
    }
    print_network(&probe);
    print_detections(&probe);
    print_times(&probe);
    write_picture(&probe);
    frame_job_destroy(probe.job);
    settings_release(probe.settings);
    names_destroy(probe.names);
    pipeline_destroy(probe.pipeline);
    config_destroy(probe.config);
    free(probe.output);
    return EXIT_SUCCESS;
}
