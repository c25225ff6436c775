/* Runs the detector's pipeline on JPEG files, without sockets: what the tests compare with another
 * implementation, and what times the stages.
 *
 *   detect_frames [-w WEIGHTS] [-n NAMES] [-c CONF] [-t THREADS] [-o FOLDER] [-r RATE] [-s SPACES]
 *                 [-k TILES] MODEL JPEG…
 *
 * Prints one line of JSON per picture: its metadata and the microseconds of each stage. With -o the
 * drawn pictures are written to that folder as 0.jpg, 1.jpg … With -r they are frames of one
 * camera, so many a second, that is tracked; with -s too its parking spaces are watched, a file
 * with the array that a configuration has. -k 2x2,0.2 looks at so many tiles and the whole, -k
 * 2x2,0.2,only at tiles alone. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/config_spaces.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"
#include "detector/model_names.h"
#include "detector/pipeline.h"
#include "tests/default_detector.h"

#define JPEG_MAX ((size_t)64 << 20)

struct options {
    struct config_detector detector;
    double rate; /* frames per second; 0: the pictures have nothing to do with each other */
    struct config_camera camera; /* its spaces */
    const char *folder;          /* NULL: pictures are drawn and not written */
    char **pictures;             /* NULL-terminated */
};

static void spaces_read(struct config_camera *camera, const char *path)
{
    struct config_errors errors = {0};
    json_t *array = json_load_file(path, 0, NULL);
    if (!config_spaces_read(camera, array, SIZE_MAX, "spaces", &errors)) {
        die_config("%s: %s", path, errors.count > 0 ? errors.lines[0] : "no array");
    }
    json_decref(array);
}

/* COLUMNSxROWS[,OVERLAP[,only]] */
static void tiles_read(struct config_camera *camera, const char *text)
{
    long long columns, rows;
    char whole[8] = "";
    if (sscanf(text, "%lldx%lld,%lf,%7s", &columns, &rows, &camera->tile_overlap, whole) < 2 ||
        columns < 1 || columns > 8 || rows < 1 || rows > 8) {
        die_config("-k takes COLUMNSxROWS[,OVERLAP[,only]], each up to 8");
    }
    camera->tiles = (struct config_tiles){columns, rows};
    camera->tile_whole = strcmp(whole, "only") != 0;
}

static void options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){.detector = default_detector(),
                                .camera = {.tracking = true,
                                           .tiles = {1, 1},
                                           .tile_overlap = default_of("tile_overlap"),
                                           .tile_whole = true}};
    int option;
    while ((option = getopt(argc, argv, "w:n:c:t:o:r:s:k:")) != -1) {
        switch (option) {
        case 'w':
            options->detector.weights = optarg;
            break;
        case 'n':
            options->detector.names = optarg;
            break;
        case 'c':
            options->detector.conf = strtod(optarg, NULL);
            break;
        case 't':
            options->detector.threads = strtol(optarg, NULL, 10);
            break;
        case 'r':
            options->rate = strtod(optarg, NULL);
            break;
        case 'k':
            tiles_read(&options->camera, optarg);
            break;
        case 's':
            spaces_read(&options->camera, optarg);
            break;
        case 'o':
            options->folder = optarg;
            break;
        default:
            exit(EXIT_CONFIG);
        }
    }
    if (argc - optind < 2) {
        die_config(
            "usage: detect_frames [-w WEIGHTS] [-n NAMES] [-c CONF] [-t THREADS] [-o FOLDER] "
            "[-r RATE] [-s SPACES] [-k TILES] MODEL JPEG...");
    }
    options->detector.model = argv[optind];
    options->pictures = argv + optind + 1;
}

static void print_result(const struct frame_job *job)
{
    const struct frame_output *output = &job->outputs[0];
    const char *metadata = (const char *)output->body + output->size - output->header.jpeg_size -
                           output->header.metadata_size;
    json_t *line = json_loadb(metadata, output->header.metadata_size, 0, NULL);
    json_t *stages = json_object();
    for (enum frame_stage stage = 0; stage < FRAME_STAGES; stage++) {
        json_object_set_new(stages, frame_stage_name(stage),
                            json_integer((json_int_t)(job->stage_ns[stage] / NS_PER_US)));
    }
    json_object_set_new(line, "stage_us", stages);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void write_picture(const struct frame_job *job, const char *folder, size_t number)
{
    const struct frame_output *output = &job->outputs[0];
    char *path = xasprintf("%s/%zu.jpg", folder, number);
    if (fd_write_file(path, output->body + output->size - output->header.jpeg_size,
                      output->header.jpeg_size) < 0) {
        die("cannot write path=%s", path);
    }
    free(path);
}

static void detect(struct pipeline *pipeline, struct detection_settings *settings,
                   const struct options *options, struct observer **observer, struct frame_job *job,
                   size_t number)
{
    size_t size;
    frame_job_reset(job);
    free(job->jpeg.bytes);
    if (fd_read_file(options->pictures[number], JPEG_MAX, &job->jpeg.bytes, &size) < 0) {
        die("cannot read path=%s", options->pictures[number]);
    }
    job->jpeg.capacity = size;
    snprintf(job->camera, sizeof job->camera, "test");
    job->settings = settings_acquire(settings);
    job->view = view_create(&options->camera);
    job->info = (struct frame_info){.number = number + 1, .size = (uint32_t)size};
    job->taken_ns = clock_monotonic_ns();
    job->look = (struct look){.show_boxes = true, .show_trails = true, .show_spaces = true};
    job->quality_limit = 100;
    job->renderings[0] = settings->rendering;
    job->rendering_count = 1;
    if (options->rate > 0) {
        job->info.captured_ns =
            NS_PER_SECOND + (uint64_t)((double)number / options->rate * (double)NS_PER_SECOND);
        job->observer = *observer;
        *observer = NULL;
    }
    pipeline_run(pipeline, job);
    if (options->rate > 0) {
        *observer = job->observer;
        job->observer = NULL;
    }
    if (job->failed) {
        die("path=%s: %s", options->pictures[number], job->error);
    }
    print_result(job);
    if (options->folder != NULL) {
        write_picture(job, options->folder, number);
    }
}

int main(int argc, char **argv)
{
    struct options options;
    char error[MODEL_ERROR_SIZE];
    log_init("detect_frames", NULL);
    options_read(&options, argc, argv);
    model_set_threads((int)options.detector.threads);
    struct pipeline *pipeline = pipeline_create(&options.detector, error);
    if (pipeline == NULL) {
        die_config("%s", error);
    }
    char names_error[MODEL_NAMES_ERROR_SIZE];
    struct names *names =
        model_names_create(&options.detector, pipeline_layout(pipeline)->classes, names_error);
    if (names == NULL) {
        die_config("%s", names_error);
    }
    struct detection_settings *settings = settings_create(&options.detector, names, error);
    if (settings == NULL) {
        die_config("%s", error);
    }
    struct observer *observer = observer_create(&options.camera);
    struct frame_job *job = frame_job_create();
    for (size_t i = 0; options.pictures[i] != NULL; i++) {
        detect(pipeline, settings, &options, &observer, job, i);
    }
    observer_destroy(observer);
    config_spaces_free(&options.camera);
    frame_job_destroy(job);
    settings_release(settings);
    names_destroy(names);
    pipeline_destroy(pipeline);
    return EXIT_SUCCESS;
}
