#include "common/config_cameras.h"

#include <stdlib.h>
#include <string.h>

#include "common/camera_id.h"
#include "common/config_errors.h"
#include "common/config_section.h"
#include "common/config_url.h"
#include "common/memory.h"
#include "common/text_hash.h"

#define SNAPSHOT_FPS  5
#define FILE_FPS      10
#define DETECTOR_AUTO (-1)

static bool given(json_t *object, const char *key)
{
    return json_object_get(object, key) != NULL;
}

/* Defaults that depend on other members. */
static void camera_defaults(const struct config_detector *detector, struct config_camera *camera,
                            json_t *object)
{
    if (!given(object, "tiles")) {
        camera->tiles = detector->tiles;
    }
    if (!given(object, "tile_overlap")) {
        camera->tile_overlap = detector->tile_overlap;
    }
    if (!given(object, "tile_whole")) {
        camera->tile_whole = detector->tile_whole;
    }
    if (camera->name == NULL) {
        camera->name = xstrdup(camera->id);
    }
    if (!given(object, "source")) {
        camera->source = given(object, "path")  ? SOURCE_FILE
                         : given(object, "url") ? SOURCE_MJPEG
                                                : SOURCE_PUSH;
    }
    if (!given(object, "source_fps")) {
        camera->source_fps = camera->source == SOURCE_SNAPSHOT ? SNAPSHOT_FPS : FILE_FPS;
    }
    if (!given(object, "max_fps")) {
        camera->max_fps = camera->fps;
    }
    if (!given(object, "detect")) {
        camera->detect = camera->space_count > 0 ? DETECT_ALWAYS : DETECT_ON_DEMAND;
    }
    if (!given(object, "detector")) {
        camera->detector = DETECTOR_AUTO;
    }
    if (!given(object, "show_boxes")) {
        camera->show_boxes = detector->show_boxes;
    }
    if (!given(object, "show_trails")) {
        camera->show_trails = detector->show_trails;
    }
    if (!given(object, "show_spaces")) {
        camera->show_spaces = detector->show_spaces;
    }
}

/* What a source needs must be there, what it cannot use must not: it would be
 * a misunderstanding. */
static void check_source(const struct config_camera *camera, json_t *object, const char *path,
                         struct config_errors *errors)
{
    static const char *const names[] = {"mjpeg", "snapshot", "file", "push"};
    bool by_url = camera->source == SOURCE_MJPEG || camera->source == SOURCE_SNAPSHOT;
    const char *name = names[camera->source];
    if (by_url && !given(object, "url")) {
        config_errors_add(errors, path, "source %s needs a url", name);
    }
    if (camera->source == SOURCE_FILE && !given(object, "path")) {
        config_errors_add(errors, path, "source file needs a path");
    }
    if (!by_url && given(object, "url")) {
        config_errors_add(errors, path, "source %s takes no url", name);
    }
    if (camera->source != SOURCE_FILE && given(object, "path")) {
        config_errors_add(errors, path, "source %s takes no path", name);
    }
}

static void check_credentials(const struct config_camera *camera, const char *path,
                              struct config_errors *errors)
{
    if (camera->password != NULL && camera->user == NULL) {
        config_errors_add(errors, path, "password without user");
    }
    if (camera->user != NULL && camera->url != NULL && config_url_has_user(camera->url)) {
        config_errors_add(errors, path, "user stands in the url as well: give it once");
    }
}

static void check_camera(const struct config *config, const struct config_camera *camera,
                         json_t *object, const char *path, struct config_errors *errors)
{
    check_source(camera, object, path, errors);
    check_credentials(camera, path, errors);
    if (camera->max_fps < camera->fps) {
        config_errors_add(errors, path, "max_fps %g is below fps %g", camera->max_fps, camera->fps);
    }
    if (camera->detector >= config->detector.processes) {
        config_errors_add(errors, path, "detector %lld does not exist: detector.processes is %lld",
                          (long long)camera->detector, (long long)config->detector.processes);
    }
}

static void read_camera(const struct config *config, struct config_camera *camera, const char *id,
                        json_t *object, struct config_reader *reader)
{
    char *path = xasprintf("cameras.%.64s", id);
    camera->id = xstrdup(id);
    if (!camera_id_valid(id, strlen(id))) {
        config_errors_add(
            reader->errors, path,
            "a camera's id has 1 to 64 letters, digits, '_', '.' and '-', the first a "
            "letter or digit");
    }
    size_t before = reader->errors->count;
    config_section_read(SECTION_CAMERA, object, path, camera, reader);
    camera_defaults(&config->detector, camera, object);
    if (reader->errors->count == before) {
        check_camera(config, camera, object, path, reader->errors);
    }
    free(path);
}

/* A camera of which nothing is configured has the defaults. */
static void read_guest(struct config *config, struct config_reader *reader)
{
    json_t *nothing = json_object();
    config->guest.id = xstrdup("");
    config_section_read(SECTION_CAMERA, nothing, "cameras", &config->guest, reader);
    camera_defaults(&config->detector, &config->guest, nothing);
    json_decref(nothing);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct config_camera *)a)->id, ((const struct config_camera *)b)->id);
}

void config_cameras_read(struct config *config, json_t *object, struct config_reader *reader)
{
    const char *id;
    json_t *camera;
    read_guest(config, reader);
    if (object != NULL && !json_is_object(object)) {
        config_errors_add(reader->errors, "cameras", "must be an object: {\"ID\": {…}}");
        return;
    }
    size_t count = json_object_size(object);
    if (count > CONFIG_CAMERAS_MAX) {
        config_errors_add(reader->errors, "cameras", "has more than %d cameras",
                          CONFIG_CAMERAS_MAX);
        return;
    }
    config->cameras = xcalloc(count, sizeof *config->cameras);
    json_object_foreach(object, id, camera)
    {
        config->cameras[config->camera_count].place = config->camera_count;
        read_camera(config, &config->cameras[config->camera_count++], id, camera, reader);
    }
    qsort(config->cameras, config->camera_count, sizeof *config->cameras, compare_ids);
}

static void free_camera(struct config_camera *camera)
{
    free(camera->id);
    config_section_free(SECTION_CAMERA, camera);
}

void config_cameras_free(struct config *config)
{
    for (size_t i = 0; i < config->camera_count; i++) {
        free_camera(&config->cameras[i]);
    }
    free_camera(&config->guest);
    free(config->cameras);
}

const struct config_camera *config_find_camera(const struct config *config, const char *id)
{
    struct config_camera wanted = {.id = (char *)id};
    if (config->camera_count == 0) {
        return NULL;
    }
    return bsearch(&wanted, config->cameras, config->camera_count, sizeof *config->cameras,
                   compare_ids);
}

const struct config_camera *config_camera_or_guest(const struct config *config, const char *id)
{
    const struct config_camera *camera = config_find_camera(config, id);
    return camera != NULL ? camera : &config->guest;
}

size_t config_camera_detector(const struct config *config, const char *id)
{
    size_t processes = (size_t)config->detector.processes;
    const struct config_camera *camera = config_find_camera(config, id);
    if (camera == NULL) {
        return (size_t)(text_hash(id) % processes);
    }
    if (camera->detector != DETECTOR_AUTO) {
        return (size_t)camera->detector;
    }
    return (size_t)(camera - config->cameras) % processes;
}

bool config_camera_has_capture(const struct config_camera *camera)
{
    return camera->source != SOURCE_PUSH;
}
