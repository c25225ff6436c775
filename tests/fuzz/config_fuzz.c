/* A configuration file and, behind a NUL, the API's overlay. Whatever stands there: either there is
 * a configuration that keeps every promise of its header, or there are mistakes, one line each. */
#include "common/camera_id.h"
#include "common/config.h"

#include <errno.h>
#include <unistd.h>

#include "common/config_document.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

static char folder[64], file[96], overlay[96];

static void remove_folder(void)
{
    unlink(file);
    unlink(overlay);
    rmdir(folder);
}

/* The state folder is ours whatever the file says, so that no other file is read. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/fuzz-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(folder) == NULL) {
        die("cannot make folder=%s: %s", folder, strerror(errno));
    }
    snprintf(file, sizeof file, "%s/ringcast.json", folder);
    snprintf(overlay, sizeof overlay, "%s/" CONFIG_OVERLAY_NAME, folder);
    atexit(remove_folder);
    setenv("RINGCAST_STATE_DIR", folder, 1);
    setenv("FUZZ_VALUE", "x", 1);
    setenv("FUZZ_LATIN_1", "\xe9", 1);
    return 0;
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(data, 1, size, out) != size || fclose(out) != 0) {
        die("cannot write path=%s: %s", path, strerror(errno));
    }
}

static void check_errors(const struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        FUZZ_CHECK(errors->lines[i][0] != '\0');
        for (const char *c = errors->lines[i]; *c != '\0'; c++) {
            FUZZ_CHECK((unsigned char)*c >= ' ' && *c != 0x7f);
        }
    }
}

static void check_spaces(const struct config_camera *camera)
{
    for (size_t i = 0; i < camera->space_count; i++) {
        const struct config_space *space = &camera->spaces[i];
        FUZZ_CHECK(space->id != NULL && space->name != NULL && space->corner_count >= 3);
        for (size_t k = 0; k < space->corner_count; k++) {
            FUZZ_CHECK(space->corners[k].x >= 0 && space->corners[k].x <= 1);
            FUZZ_CHECK(space->corners[k].y >= 0 && space->corners[k].y <= 1);
        }
    }
}

static void check_camera(const struct config *config, const struct config_camera *camera)
{
    FUZZ_CHECK(camera_id_valid(camera->id, strlen(camera->id)));
    FUZZ_CHECK(config_find_camera(config, camera->id) == camera);
    FUZZ_CHECK(config_camera_detector(config, camera->id) < (size_t)config->detector.processes);
    FUZZ_CHECK(config_camera_has_capture(camera) == (camera->source != SOURCE_PUSH));
    FUZZ_CHECK(camera->name != NULL && camera->fps > 0 && camera->skip_frames >= 1);
    bool by_url = camera->source == SOURCE_MJPEG || camera->source == SOURCE_SNAPSHOT;
    FUZZ_CHECK(by_url == (camera->url != NULL));
    FUZZ_CHECK((camera->source == SOURCE_FILE) == (camera->path != NULL));
    if (camera->url != NULL) {
        char *url = config_redact_url(camera->url);
        /* Written anew, so it may be longer; but nobody stands before the host. */
        const char *host = strstr(url, "://");
        FUZZ_CHECK(host != NULL && memchr(host + 3, '@', strcspn(host + 3, "/?#")) == NULL);
        free(url);
    }
    check_spaces(camera);
}

static void check_config(const struct config *config)
{
    static const char *const keys[] = {"run_dir", "detector.processes", "detector.classes",
                                       "broadcaster.listen", "log_level"};
    FUZZ_CHECK(config->run_dir != NULL && strcmp(config->state_dir, folder) == 0);
    FUZZ_CHECK(config->max_frame_bytes > 0 && config->detector.processes > 0);
    FUZZ_CHECK(strlen(config->hash) == 16);
    FUZZ_CHECK(config_camera_detector(config, "none") < (size_t)config->detector.processes);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char *text = config_get_text(config, keys[i]);
        FUZZ_CHECK(text != NULL);
        free(text);
    }
    for (size_t i = 0; i < config->camera_count; i++) {
        check_camera(config, &config->cameras[i]);
        FUZZ_CHECK(i == 0 || strcmp(config->cameras[i - 1].id, config->cameras[i].id) < 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config, *again;
    struct config_errors errors;
    const uint8_t *mark = size > 0 ? memchr(data, 0, size) : NULL;
    size_t first = mark != NULL ? (size_t)(mark - data) : size;
    write_file(file, data, first);
    if (mark != NULL) {
        write_file(overlay, mark + 1, size - first - 1);
    } else {
        unlink(overlay);
    }
    int result = config_load(file, &config, &errors);
    FUZZ_CHECK(result == 0 || result == -EINVAL || result == -EFBIG);
    FUZZ_CHECK((result == 0) == (config != NULL) && (result == 0) == (errors.count == 0));
    check_errors(&errors);
    config_errors_finish(&errors);
    if (config != NULL) {
        check_config(config);
        FUZZ_CHECK(config_load(file, &again, &errors) == 0);
        FUZZ_CHECK(strcmp(again->hash, config->hash) == 0);
        config_destroy(again);
        config_errors_finish(&errors);
    }
    config_destroy(config);
    return 0;
}
