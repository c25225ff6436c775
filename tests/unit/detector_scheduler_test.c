/* Cameras, workers and the loop together, on real rings and threads. Only the network is another
 * one: OpenCV is not built for ThreadSanitizer. It sees one thing in every picture, in the time
 * that a test gives it. */
#include "detector/scheduler.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/frame_publisher.h"
#include "common/memory.h"
#include "detector/encode.h"
#include "detector/model_file.h"
#include "tests/unit/loop_wait.h"

#define SIDE        64
#define COLUMNS     84 /* cells of 8, 16 and 32 pixels */
#define CLASSES     10
#define CAMERAS     3
#define OUTPUTS_MAX 1000

/* --- the network --- */

struct model {
    float output[(4 + CLASSES) * COLUMNS];
    atomic_bool in_use;
};

static atomic_bool gate_closed;
static sem_t gate; /* one forward for each post, while the gate is closed */
static atomic_int forwards;

struct model *model_create(const struct model_config *config, char error[MODEL_ERROR_SIZE])
{
    struct model *model = xcalloc(1, sizeof *model);
    const float box[4] = {32, 32, 16, 16};
    (void)config;
    (void)error;
    for (size_t i = 0; i < 4; i++) {
        model->output[i * COLUMNS] = box[i];
    }
    model->output[(4 + 2) * COLUMNS] = 0.8F; /* of "class 2" */
    return model;
}

void model_destroy(struct model *model)
{
    free(model);
}

int model_forward(struct model *model, const float *input,
                  struct model_output outputs[MODEL_OUTPUTS_MAX], size_t *output_count,
                  char error[MODEL_ERROR_SIZE])
{
    (void)input;
    (void)error;
    assert_false(atomic_exchange(&model->in_use, true)); /* one thread at a time */
    atomic_fetch_add(&forwards, 1);
    if (atomic_load(&gate_closed)) {
        sem_wait(&gate);
    }
    outputs[0] =
        (struct model_output){.data = model->output, .dims = 3, .shape = {1, 4 + CLASSES, COLUMNS}};
    *output_count = 1;
    atomic_store(&model->in_use, false);
    return 0;
}

void model_describe_cures(const struct model *model, char *out, size_t out_size)
{
    (void)model;
    snprintf(out, out_size, "%s", "");
}

bool model_file_input_size(const char *path, int *width, int *height)
{
    (void)path;
    *width = *height = SIDE;
    return true;
}

void model_file_refuse(const char *path, const char *cause, char error[MODEL_ERROR_SIZE])
{
    snprintf(error, MODEL_ERROR_SIZE, "%s: %s", path, cause);
}

static void gate_close(void)
{
    atomic_store(&gate_closed, true);
}

static void gate_open(void)
{
    atomic_store(&gate_closed, false);
    for (int i = 0; i < 16; i++) { /* for those who wait there */
        sem_post(&gate);
    }
}

/* --- the bench --- */

struct seen {
    char camera[CAMERA_ID_SIZE];
    uint64_t number;
    uint32_t rendering, jpeg_size;
    int coarseness; /* the first number of its first quantisation table */
    char space;     /* the first letter of what it says of the first space */
};

struct bench {
    char run_dir[64];
    struct event_base *base;
    struct frame_publisher *publishers[CAMERAS];
    uint64_t published[CAMERAS];
    struct names *names;
    struct detection_settings *settings;
    struct scheduler *scheduler;
    struct seen seen[OUTPUTS_MAX];
    size_t seen_count;
    uint8_t *jpeg;
    size_t jpeg_size;
};

static struct bench bench;

static void on_output(void *arg, const struct frame_output *output)
{
    (void)arg;
    assert_true(bench.seen_count < OUTPUTS_MAX);
    struct seen *seen = &bench.seen[bench.seen_count++];
    memcpy(seen->camera, output->header.camera, sizeof seen->camera);
    seen->number = output->header.frame_number;
    seen->rendering = output->header.rendering;
    seen->jpeg_size = output->header.jpeg_size;
    const uint8_t *table = memmem(output->body, output->size, "\xff\xdb", 2);
    seen->coarseness = table != NULL ? table[5] : 0;
    static const char before_state[] = "\"state\":\"";
    const char *space = memmem(output->body, output->size, before_state, sizeof before_state - 1);
    seen->space = space != NULL ? space[sizeof before_state - 1] : '\0';
    free(output->body);
}

static void camera_name(size_t number, char name[8])
{
    snprintf(name, 8, "CAM%zu", number % 1000);
}

static void make_jpeg(void)
{
    struct encoder *encoder = encoder_create();
    struct picture picture = {0};
    const uint8_t *jpeg;
    picture_resize(&picture, 96, 64);
    memset(picture.memory, 128, picture.capacity);
    assert_int_equal(encoder_run(encoder, &picture, 80, &jpeg, &bench.jpeg_size), 0);
    bench.jpeg = xcalloc(bench.jpeg_size + 1, 1); /* with a byte of padding */
    memcpy(bench.jpeg, jpeg, bench.jpeg_size);
    picture_finish(&picture);
    encoder_destroy(encoder);
}

static void add_camera_as(size_t number, const struct config_camera *config)
{
    char name[8];
    camera_name(number, name);
    scheduler_add(bench.scheduler, camera_create(bench.base, bench.run_dir, name, config,
                                                 bench.settings, scheduler_wake, bench.scheduler));
}

static void add_camera(size_t number, enum camera_detect detect)
{
    struct config_camera config = {
        .fps = 1000, .max_fps = 1000, .skip_frames = 1, .detect = detect, .quality_min = 100};
    add_camera_as(number, &config);
}

static void start_workers(size_t count)
{
    struct pipeline *pipelines[4];
    char error[MODEL_ERROR_SIZE];
    static char layout[] = "auto", path[] = "fake.onnx", backend[] = "default", target[] = "cpu";
    const struct config_detector config = {
        .model = path, .layout = layout, .backend = backend, .target = target};
    for (size_t i = 0; i < count; i++) {
        pipelines[i] = pipeline_create(&config, error);
        assert_non_null(pipelines[i]);
    }
    bench.scheduler = scheduler_create(bench.base, pipelines, count, on_output, NULL);
}

static int set_up(void **state)
{
    static char *vehicles[] = {"class 2"};
    const struct config_detector config = {.conf = 0.25,
                                           .iou = 0.45,
                                           .vehicle_classes = {vehicles, 1},
                                           .max_detections = 300,
                                           .quality = 85,
                                           .show_labels = true};
    static const struct frame_publisher_handlers none = {0};
    char error[SETTINGS_ERROR_SIZE], name[8];
    (void)state;
    bench = (struct bench){0};
    atomic_store(&gate_closed, false);
    sem_init(&gate, 0, 0);
    run_dir_make(bench.run_dir);
    bench.base = event_base_new();
    make_jpeg();
    assert_int_equal(names_create(&bench.names, NULL, CLASSES), 0);
    bench.settings = settings_create(&config, bench.names, error);
    assert_non_null(bench.settings);
    for (size_t i = 0; i < CAMERAS; i++) {
        camera_name(i, name);
        assert_int_equal(frame_publisher_create(&bench.publishers[i], bench.base, bench.run_dir,
                                                name, 1 << 20, &none, NULL),
                         0);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gate_open();
    scheduler_destroy(bench.scheduler);
    sem_destroy(&gate);
    for (size_t i = 0; i < CAMERAS; i++) {
        frame_publisher_destroy(bench.publishers[i]);
    }
    assert_int_equal(bench.settings->references, 1); /* every job and camera gave theirs back */
    settings_release(bench.settings);
    names_destroy(bench.names);
    event_base_free(bench.base);
    run_dir_remove(bench.run_dir);
    free(bench.jpeg);
    return 0;
}

static void publish_at(size_t camera, uint64_t now_ns)
{
    struct frame_info info = {.captured_ns = now_ns,
                              .captured_realtime_ns = clock_realtime_ns(),
                              .received_ns = now_ns,
                              .size = (uint32_t)bench.jpeg_size,
                              .width = 96,
                              .height = 64};
    assert_int_equal(frame_publisher_publish(bench.publishers[camera], &info, bench.jpeg), 0);
    bench.published[camera] = info.number;
}

static void publish(size_t camera)
{
    publish_at(camera, clock_monotonic_ns());
}

static void wait_attached(size_t camera)
{
    LOOP_WAIT(bench.base, frame_publisher_readers(bench.publishers[camera]) > 0);
}

static void want(size_t camera, size_t count, const uint32_t *renderings)
{
    char name[8];
    struct demand_wish wish = {.rendering_count = count};
    camera_name(camera, name);
    for (size_t i = 0; i < count; i++) {
        wish.renderings[i] = bench.settings->rendering;
        wish.renderings[i].id = renderings[i];
    }
    camera_set_demand(scheduler_find(bench.scheduler, name), &wish);
}

/* --- tests --- */

static void test_every_camera_is_served_in_order(void **state)
{
    uint64_t last[CAMERAS] = {0};
    (void)state;
    start_workers(2);
    for (size_t i = 0; i < CAMERAS; i++) {
        add_camera(i, DETECT_ALWAYS);
        wait_attached(i);
    }
    for (int round = 0; round < 60; round++) {
        size_t before = bench.seen_count;
        for (size_t i = 0; i < CAMERAS; i++) {
            publish(i);
        }
        LOOP_WAIT(bench.base, bench.seen_count >= before + CAMERAS);
    }
    assert_int_equal(bench.seen_count, 60 * CAMERAS); /* nobody was too slow, so none is missed */
    for (size_t i = 0; i < bench.seen_count; i++) {
        size_t camera = (size_t)(bench.seen[i].camera[3] - '0');
        assert_int_equal(bench.seen[i].number, last[camera] + 1);
        assert_int_equal(bench.seen[i].jpeg_size, 0); /* nobody looks at pictures */
        last[camera]++;
    }
}

static void test_the_newest_frame_is_taken(void **state)
{
    (void)state;
    start_workers(1);
    add_camera(0, DETECT_ALWAYS);
    wait_attached(0);
    gate_close();
    int before = atomic_load(&forwards);
    publish(0);
    LOOP_WAIT(bench.base, atomic_load(&forwards) > before); /* the worker is busy with 1 */
    for (int i = 0; i < 5; i++) {
        publish(0);
        loop_settle(bench.base);
    }
    gate_open();
    LOOP_WAIT(bench.base, bench.seen_count == 2);
    assert_int_equal(bench.seen[0].number, 1);
    assert_int_equal(bench.seen[1].number, 6);
    json_t *stats = camera_stats(scheduler_find(bench.scheduler, "CAM0"));
    assert_int_equal(json_integer_value(json_object_get(stats, "skipped")), 4);
    json_decref(stats);
}

static void test_the_longest_waiting_camera_is_next(void **state)
{
    static const size_t order[] = {2, 0, 1};
    (void)state;
    start_workers(1);
    for (size_t i = 0; i < CAMERAS; i++) {
        add_camera(i, DETECT_ALWAYS);
        wait_attached(i);
    }
    gate_close();
    int before = atomic_load(&forwards);
    publish(1);
    LOOP_WAIT(bench.base, atomic_load(&forwards) > before);
    for (size_t i = 0; i < CAMERAS; i++) {
        publish(order[i]);
        loop_settle(bench.base);
    }
    publish(2); /* again: it is still the one that has waited longest, with a newer frame */
    gate_open();
    LOOP_WAIT(bench.base, bench.seen_count == 4);
    assert_string_equal(bench.seen[1].camera, "CAM2");
    assert_int_equal(bench.seen[1].number, 2);
    assert_string_equal(bench.seen[2].camera, "CAM0");
    assert_string_equal(bench.seen[3].camera, "CAM1");
}

static void test_a_new_rendering_is_drawn_from_the_last_frame(void **state)
{
    (void)state;
    start_workers(1);
    add_camera(0, DETECT_ON_DEMAND);
    loop_settle(bench.base);
    assert_int_equal(frame_publisher_readers(bench.publishers[0]), 0);
    want(0, 1, (uint32_t[]){0});
    wait_attached(0);
    publish(0);
    LOOP_WAIT(bench.base, bench.seen_count == 1);
    assert_true(bench.seen[0].jpeg_size > 0);
    int before = atomic_load(&forwards);
    want(0, 3, (uint32_t[]){0, 4, 5});
    LOOP_WAIT(bench.base, bench.seen_count == 3);
    loop_settle(bench.base);
    assert_int_equal(bench.seen_count, 3);
    assert_int_equal(bench.seen[1].rendering, 4);
    assert_int_equal(bench.seen[2].rendering, 5);
    assert_int_equal(bench.seen[2].number, 1);
    assert_int_equal(atomic_load(&forwards), before); /* the network was not asked again */
    publish(0);
    LOOP_WAIT(bench.base, bench.seen_count == 6); /* one inference, three renderings */
    assert_int_equal(atomic_load(&forwards), before + 1);
}

/* Asked for while the frame before it is in work. */
static void test_a_rendering_that_comes_meanwhile(void **state)
{
    (void)state;
    start_workers(1);
    add_camera(0, DETECT_ON_DEMAND);
    want(0, 1, (uint32_t[]){0});
    wait_attached(0);
    gate_close();
    int before = atomic_load(&forwards);
    publish(0);
    LOOP_WAIT(bench.base, atomic_load(&forwards) > before);
    want(0, 2, (uint32_t[]){0, 9});
    gate_open();
    LOOP_WAIT(bench.base, bench.seen_count == 2);
    assert_int_equal(bench.seen[0].rendering, 0);
    assert_int_equal(bench.seen[1].rendering, 9);
    assert_int_equal(bench.seen[1].number, 1);
}

static void test_a_camera_that_goes_while_its_frame_is_in_work(void **state)
{
    (void)state;
    start_workers(1);
    add_camera(0, DETECT_ALWAYS);
    wait_attached(0);
    gate_close();
    int before = atomic_load(&forwards);
    publish(0);
    LOOP_WAIT(bench.base, atomic_load(&forwards) > before);
    scheduler_remove(bench.scheduler, "CAM0");
    assert_null(scheduler_find(bench.scheduler, "CAM0"));
    add_camera(0, DETECT_ALWAYS); /* of the same name, but not the one that gave the job */
    gate_open();
    wait_attached(0);
    publish(0);
    LOOP_WAIT(bench.base, bench.seen_count > 0);
    assert_int_equal(bench.seen[0].number, 2); /* nothing came of the first */
}

static int unreadable_pictures(void)
{
    json_t *stats = camera_stats(scheduler_find(bench.scheduler, "CAM0"));
    int unreadable = (int)json_integer_value(json_object_get(stats, "unreadable"));
    json_decref(stats);
    return unreadable;
}

static int quality_of(const struct camera *camera)
{
    json_t *stats = camera_stats(camera);
    int quality = (int)json_integer_value(json_object_get(stats, "quality"));
    json_decref(stats);
    return quality;
}

/* A slow network, and frames half a second apart by their own time: whenever one is done the next
 * is there already. Then a fast one. */
static void test_quality_falls_and_comes_back(void **state)
{
    const struct config_camera config = {
        .fps = 1e6, .max_fps = 1e6, .skip_frames = 1, .detect = DETECT_ALWAYS, .quality_min = 70};
    const uint32_t rendering = 0;
    uint64_t time_ns = clock_monotonic_ns();
    (void)state;
    start_workers(1);
    struct camera *camera = camera_create(bench.base, bench.run_dir, "CAM0", &config,
                                          bench.settings, scheduler_wake, bench.scheduler);
    scheduler_add(bench.scheduler, camera);
    want(0, 1, &rendering);
    wait_attached(0);
    gate_close();
    atomic_store(&forwards, 0);
    publish_at(0, time_ns);
    LOOP_WAIT(bench.base, atomic_load(&forwards) == 1);
    assert_int_equal(quality_of(camera), 85);
    for (int i = 2; quality_of(camera) > 70; i++) {
        assert_true(i < 100);
        publish_at(0, time_ns += NS_PER_SECOND / 2);
        event_base_loop(bench.base, EVLOOP_NONBLOCK); /* the camera knows of it */
        sem_post(&gate);
        LOOP_WAIT(bench.base, atomic_load(&forwards) == i);
    }
    int fine = bench.seen[0].coarseness;
    gate_open();
    LOOP_WAIT(bench.base, bench.seen[bench.seen_count - 1].number == bench.published[0]);
    assert_true(bench.seen[bench.seen_count - 1].coarseness > fine);
    for (int i = 0; quality_of(camera) < 85; i++) {
        assert_true(i < 100);
        publish_at(0, time_ns += NS_PER_SECOND / 2);
        LOOP_WAIT(bench.base, bench.seen[bench.seen_count - 1].number == bench.published[0]);
    }
    publish_at(0, time_ns + NS_PER_SECOND / 2);
    LOOP_WAIT(bench.base, bench.seen[bench.seen_count - 1].number == bench.published[0]);
    assert_int_equal(bench.seen[bench.seen_count - 1].coarseness, fine);
}

static void test_a_picture_that_is_none(void **state)
{
    (void)state;
    start_workers(1);
    add_camera(0, DETECT_ALWAYS);
    wait_attached(0);
    bench.jpeg[0] = 'x';
    publish(0);
    bench.jpeg[0] = 0xff;
    LOOP_WAIT(bench.base, unreadable_pictures() == 1);
    assert_int_equal(bench.seen_count, 0);
    publish(0);
    LOOP_WAIT(bench.base, bench.seen_count == 1);
}

/* A frame that comes before its time, and none after it. */
static void test_a_camera_that_falls_silent(void **state)
{
    (void)state;
    start_workers(1);
    add_camera(0, DETECT_ON_DEMAND);
    struct demand_wish wish = {.rate = 4, .metadata = true};
    camera_set_demand(scheduler_find(bench.scheduler, "CAM0"), &wish);
    wait_attached(0);
    publish(0);
    LOOP_WAIT(bench.base, bench.seen_count == 1);
    publish(0);
    loop_settle(bench.base);
    assert_int_equal(bench.seen_count, 1);
    LOOP_WAIT(bench.base, bench.seen_count == 2);
    assert_int_equal(bench.seen[1].number, 2);
}

/* Whatever the workers are doing, the end waits for them and nothing is lost or used again. */
static void test_the_end_in_the_middle_of_work(void **state)
{
    (void)state;
    start_workers(3);
    for (size_t i = 0; i < CAMERAS; i++) {
        add_camera(i, DETECT_ALWAYS);
        wait_attached(i);
    }
    gate_close();
    int before = atomic_load(&forwards);
    for (size_t i = 0; i < CAMERAS; i++) {
        publish(i);
    }
    LOOP_WAIT(bench.base, atomic_load(&forwards) == before + 3);
}

/* Two seconds of pictures, of a moving car that the camera shows where it is; what is said
 * of the space there. */
static char show_car(size_t camera, bool moving, uint64_t from_ns)
{
    size_t whole = bench.jpeg_size;
    for (uint64_t i = 0; i < 20; i++) {
        size_t before = bench.seen_count;
        bench.jpeg_size = whole + (moving ? i % 2 : 0);
        publish_at(camera, from_ns + i * NS_PER_SECOND / 10);
        LOOP_WAIT(bench.base, bench.seen_count > before);
    }
    bench.jpeg_size = whole;
    return bench.seen[bench.seen_count - 1].space;
}

/* A camera that hangs repeats its last picture to the byte: what it shows stands nowhere. Of a
 * file that is how it is. */
static void test_repeated_pictures_say_nothing_of_spaces(void **state)
{
    static char id[] = "A1";
    static struct config_point corners[] = {{0.3, 0.4}, {0.7, 0.4}, {0.7, 0.75}, {0.3, 0.75}};
    static struct config_space space = {id, id, corners, 4};
    struct config_camera config = {.fps = 1000,
                                   .max_fps = 1000,
                                   .skip_frames = 1,
                                   .detect = DETECT_ALWAYS,
                                   .source = SOURCE_MJPEG,
                                   .spaces = &space,
                                   .space_count = 1};
    uint64_t now_ns = clock_monotonic_ns() - 60 * NS_PER_SECOND;
    (void)state;
    bench.settings->occupancy.occupy_ns = 3 * NS_PER_SECOND / 2;
    bench.settings->occupancy.free_ns = 3 * NS_PER_SECOND;
    start_workers(1);
    add_camera_as(0, &config);
    config.source = SOURCE_FILE;
    add_camera_as(1, &config);
    wait_attached(0);
    wait_attached(1);
    assert_int_equal(show_car(0, false, now_ns), 'u');
    assert_int_equal(show_car(0, true, now_ns + 2 * NS_PER_SECOND), 'o');
    assert_int_equal(show_car(1, false, now_ns), 'o');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_camera_is_served_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_newest_frame_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_longest_waiting_camera_is_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_new_rendering_is_drawn_from_the_last_frame, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_rendering_that_comes_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_camera_that_goes_while_its_frame_is_in_work, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_quality_falls_and_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_picture_that_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_camera_that_falls_silent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_repeated_pictures_say_nothing_of_spaces, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_end_in_the_middle_of_work, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
