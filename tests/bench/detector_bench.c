/* The detector's pipeline, one picture at a time: for each line on standard input the next picture
 * (around and around) goes through all stages, and a line of JSON says how many microseconds of CPU
 * time each stage took. So another process can take turns with it. They count as frames of one
 * camera with tracking and four parking spaces, ten a second.
 *
 *   detector_bench [-w WEIGHTS] MODEL JPEG…
 *
 * The pipeline times its stages by clock_monotonic_ns(). On a machine that others use, too, that is
 * not what a stage costs, so this program is linked with the thread's CPU clock in its place. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "detector/pipeline.h"
#include "tests/default_detector.h"

#define JPEG_MAX ((size_t)64 << 20)

uint64_t __wrap_clock_monotonic_ns(void);

uint64_t __wrap_clock_monotonic_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

/* Four in a row. */
static struct config_point corners[4][4] = {
    {{0.1, 0.5}, {0.28, 0.5}, {0.28, 0.9}, {0.1, 0.9}},
    {{0.3, 0.5}, {0.48, 0.5}, {0.48, 0.9}, {0.3, 0.9}},
    {{0.5, 0.5}, {0.68, 0.5}, {0.68, 0.9}, {0.5, 0.9}},
    {{0.7, 0.5}, {0.88, 0.5}, {0.88, 0.9}, {0.7, 0.9}},
};
static char *space_names[] = {"A1", "A2", "A3", "A4"};

static struct observer *make_observer(void)
{
    struct config_space spaces[4];
    for (size_t i = 0; i < 4; i++) {
        spaces[i] = (struct config_space){
            .id = space_names[i], .name = space_names[i], .corners = corners[i], .corner_count = 4};
    }
    const struct config_camera camera = {.tracking = true, .spaces = spaces, .space_count = 4};
    return observer_create(&camera);
}

static void print_stages(const struct frame_job *job)
{
    printf("{\"boxes_found\":%zu", job->boxes.count);
    for (enum frame_stage stage = 0; stage < FRAME_STAGES; stage++) {
        printf(",\"%s\":%.1f", frame_stage_name(stage), (double)job->stage_ns[stage] / 1e3);
    }
    puts("}");
    fflush(stdout);
}

static void run(struct pipeline *pipeline, struct detection_settings *settings,
                struct observer *observer, struct frame_job *job, const char *path)
{
    static uint64_t captured_ns = NS_PER_SECOND, number;
    size_t size;
    frame_job_reset(job);
    free(job->jpeg.bytes);
    if (fd_read_file(path, JPEG_MAX, &job->jpeg.bytes, &size) < 0) {
        die("cannot read path=%s", path);
    }
    job->jpeg.capacity = size;
    snprintf(job->camera, sizeof job->camera, "bench");
    job->settings = settings_acquire(settings);
    job->view = view_create(&(struct config_camera){.tiles = {1, 1}});
    captured_ns += NS_PER_SECOND / 10;
    job->info =
        (struct frame_info){.number = ++number, .size = (uint32_t)size, .captured_ns = captured_ns};
    job->observer = observer;
    job->look = (struct look){.show_boxes = true, .show_trails = true, .show_spaces = true};
    job->quality_limit = 100;
    job->renderings[0] = settings->rendering;
    job->rendering_count = 1;
    pipeline_run(pipeline, job);
    job->observer = NULL;
    if (job->failed) {
        die("path=%s: %s", path, job->error);
    }
    print_stages(job);
}

int main(int argc, char **argv)
{
    char error[MODEL_ERROR_SIZE];
    char line[16];
    struct names *names;
    struct config_detector detector = default_detector();
    log_init("detector_bench", NULL);
    int option;
    while ((option = getopt(argc, argv, "w:")) == 'w') {
        detector.weights = optarg;
    }
    argc -= optind;
    argv += optind;
    if (option != -1 || argc < 2) {
        die_config("usage: detector_bench [-w WEIGHTS] MODEL JPEG...");
    }
    detector.model = argv[0];
    model_set_threads((int)detector.threads);
    struct pipeline *pipeline = pipeline_create(&detector, error);
    if (pipeline == NULL) {
        die_config("%s", error);
    }
    if (names_create(&names, NULL, pipeline_layout(pipeline)->classes) < 0) {
        die_config("no names");
    }
    struct detection_settings *settings = settings_create(&detector, names, error);
    if (settings == NULL) {
        die_config("%s", error);
    }
    struct frame_job *job = frame_job_create();
    struct observer *observer = make_observer();
    for (int i = 0; fgets(line, sizeof line, stdin) != NULL; i++) {
        run(pipeline, settings, observer, job, argv[1 + i % (argc - 1)]);
    }
    frame_job_destroy(job);
    observer_destroy(observer);
    settings_release(settings);
    names_destroy(names);
    pipeline_destroy(pipeline);
    return EXIT_SUCCESS;
}
