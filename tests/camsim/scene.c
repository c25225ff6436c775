#include "tests/camsim/scene.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <turbojpeg.h>

#include "common/log.h"
#include "common/memory.h"
#include "tests/camsim/scene_truth.h"

#define TRUTH_FORMAT   (JSON_COMPACT | JSON_REAL_PRECISION(9))
#define FRAMES_A_LIGHT 12 /* for each of the day's lights that are painted, */
#define LIGHTS_LEAST   24 /* which are as many as this */
#define LIGHTS_MOST    96
#define ROUNDING       1e-6 /* of a tick: frames fall on ticks, however their time was computed */

struct scene_fact {
    uint64_t number; /* 0: none */
    char *text;
};

struct scene {
    struct scene_options options;
    FILE *truth;
    struct scene_layout layout;
    struct scene_world *world;
    struct scene_render *render;
    tjhandle encoder;
    unsigned char *jpeg;
    struct picture *newest;
    uint64_t newest_number; /* 0: nothing was drawn yet */
    char *spaces;
    struct scene_fact facts[SCENE_TRUTH_WINDOW];
};

/* Painting a backdrop takes as long as several frames. */
static int scene_light_steps(const struct scene_options *options)
{
    double frames_a_day = options->day * options->fps / fmax(options->speed, 1e-3);
    return (int)scene_clamp(frames_a_day / FRAMES_A_LIGHT, LIGHTS_LEAST, LIGHTS_MOST);
}

struct scene *scene_create(const struct scene_options *options, FILE *truth)
{
    struct scene *scene = xcalloc(1, sizeof *scene);
    struct scene_render_options render_options = {options->width, options->height, options->shake,
                                                  scene_light_steps(options)};
    scene->options = *options;
    scene->truth = truth;
    scene_layout_init(&scene->layout, options->seed);
    scene->world = scene_world_create(&scene->layout, scene->options.still);
    scene->render = scene_render_create(&scene->layout, &render_options);
    scene->encoder = tjInitCompress();
    scene->jpeg = tjAlloc((int)tjBufSize(options->width, options->height, TJSAMP_420));
    if (scene->encoder == NULL || scene->jpeg == NULL) {
        die("cannot encode pictures: %s", tjGetErrorStr2(scene->encoder));
    }
    json_t *spaces = scene_truth_spaces(&scene->layout, scene_render_view(scene->render));
    scene->spaces = json_dumps(spaces, TRUTH_FORMAT);
    json_decref(spaces);
    return scene;
}

void scene_destroy(struct scene *scene)
{
    if (scene == NULL) {
        return;
    }
    for (int i = 0; i < SCENE_TRUTH_WINDOW; i++) {
        free(scene->facts[i].text);
    }
    picture_release(scene->newest);
    tjFree(scene->jpeg);
    tjDestroy(scene->encoder);
    scene_render_destroy(scene->render);
    scene_world_destroy(scene->world);
    free(scene->spaces);
    free(scene);
}

/* Lets the time pass up to a frame; begins anew when that is in the past. */
static double scene_go_to(struct scene *scene, uint64_t number)
{
    const struct scene_options *options = &scene->options;
    double seconds = (double)(number - 1) / options->fps * options->speed;
    int64_t tick = (int64_t)floor(seconds * SCENE_TICKS_PER_SECOND + ROUNDING);
    if (scene->world->tick > tick) {
        scene_world_destroy(scene->world);
        scene->world = scene_world_create(&scene->layout, scene->options.still);
    }
    while (scene->world->tick < tick) {
        scene_world_step(scene->world);
    }
    return options->light + seconds / options->day;
}

static void scene_encode(struct scene *scene)
{
    const struct scene_options *options = &scene->options;
    unsigned long size = tjBufSize(options->width, options->height, TJSAMP_420);
    if (tjCompress2(scene->encoder, scene_render_pixels(scene->render), options->width, 0,
                    options->height, TJPF_RGBX, &scene->jpeg, &size, TJSAMP_420, options->quality,
                    TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT) < 0) {
        die("cannot encode a picture: %s", tjGetErrorStr2(scene->encoder));
    }
    picture_release(scene->newest);
    scene->newest = picture_create(scene->jpeg, size);
}

static void scene_note_truth(struct scene *scene, double phase, uint64_t number)
{
    json_t *truth = scene_truth_frame(scene->render, scene->world, phase, number);
    struct scene_fact *fact = &scene->facts[number % SCENE_TRUTH_WINDOW];
    free(fact->text);
    fact->number = number;
    fact->text = json_dumps(truth, TRUTH_FORMAT);
    json_decref(truth);
    if (scene->truth != NULL &&
        (fprintf(scene->truth, "%s\n", fact->text) < 0 || fflush(scene->truth) != 0)) {
        die("cannot write the truth frame=%" PRIu64, number);
    }
}

struct picture *scene_take(struct scene *scene, uint64_t number)
{
    if (scene->newest_number != number) {
        double phase = scene_go_to(scene, number);
        scene_render_draw(scene->render, scene->world, phase, number);
        scene_encode(scene);
        scene_note_truth(scene, phase, number);
        scene->newest_number = number;
    }
    return picture_hold(scene->newest);
}

const char *scene_truth_of(const struct scene *scene, uint64_t number)
{
    const struct scene_fact *fact = &scene->facts[number % SCENE_TRUTH_WINDOW];
    return number > 0 && fact->number == number ? fact->text : NULL;
}

const char *scene_spaces(const struct scene *scene)
{
    return scene->spaces;
}

/* --- export --- */

/* Without the care of fd_write_file(): thousands of pictures need not survive a power cut. */
static int export_write(const char *folder, const char *name, const void *bytes, size_t size)
{
    char *path = xasprintf("%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    free(path);
    if (file == NULL) {
        return -errno;
    }
    int result = fwrite(bytes, 1, size, file) == size ? 0 : -EIO;
    return fclose(file) == 0 ? result : -errno;
}

static int export_frame(struct scene *scene, const char *folder, uint64_t number)
{
    char name[32];
    snprintf(name, sizeof name, "%06" PRIu64 ".jpg", number);
    struct picture *picture = scene_take(scene, number);
    int result = export_write(folder, name, picture->bytes, picture->size);
    picture_release(picture);
    return result;
}

int scene_export(const struct scene_options *options, const char *folder, uint64_t frames)
{
    if (mkdir(folder, 0777) < 0 && errno != EEXIST) {
        return -errno;
    }
    char *path = xasprintf("%s/truth.jsonl", folder);
    FILE *truth = fopen(path, "w");
    free(path);
    if (truth == NULL) {
        return -errno;
    }
    struct scene *scene = scene_create(options, truth);
    int result = export_write(folder, "spaces.json", scene->spaces, strlen(scene->spaces));
    for (uint64_t number = 1; result == 0 && number <= frames; number++) {
        result = export_frame(scene, folder, number);
    }
    scene_destroy(scene);
    return fclose(truth) == 0 ? result : -errno;
}
