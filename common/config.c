#include "common/config.h"

#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config_access.h"
#include "common/config_cameras.h"
#include "common/config_document.h"
#include "common/config_errors.h"
#include "common/config_history.h"
#include "common/config_section.h"
#include "common/memory.h"

/* The folder that the file's name names, absolute. A symbolic link in the place of the file itself
 * is not followed: relative paths belong to where people put the file. NULL with errno. */
static char *folder_of(const char *path)
{
    char *copy = xstrdup(path);
    char *folder = realpath(dirname(copy), NULL);
    free(copy);
    return folder;
}

/* `$variable/name`, when the variable holds an absolute path; else NULL. */
static char *below_variable(const char *variable, const char *name)
{
    const char *folder = getenv(variable);
    return folder != NULL && folder[0] == '/' ? xasprintf("%s/%s", folder, name) : NULL;
}

static char *default_run_dir(void)
{
    if (geteuid() == 0) {
        return xstrdup("/run/ringcast");
    }
    char *path = below_variable("XDG_RUNTIME_DIR", "ringcast");
    return path != NULL ? path : xasprintf("/tmp/ringcast-%u", (unsigned)geteuid());
}

static char *default_state_dir(void)
{
    if (geteuid() == 0) {
        return xstrdup("/var/lib/ringcast");
    }
    char *path = below_variable("XDG_STATE_HOME", "ringcast");
    if (path == NULL) {
        path = below_variable("HOME", ".local/state/ringcast");
    }
    if (path == NULL) {
        const struct passwd *user = getpwuid(geteuid());
        path = xasprintf("%s/.local/state/ringcast", user != NULL ? user->pw_dir : "");
    }
    return path;
}

static void read_top(struct config *config, json_t *document, struct config_reader *reader)
{
    config_section_read(SECTION_TOP, document, "", config, reader);
    if (config->run_dir == NULL) {
        config->run_dir = default_run_dir();
    }
    if (config->state_dir == NULL) {
        config->state_dir = default_state_dir();
    }
}

/* What one row cannot see. */
static void check_together(const struct config *config, struct config_errors *errors)
{
    const struct config_detector *detector = &config->detector;
    const struct config_broadcaster *broadcaster = &config->broadcaster;
    /* The largest POST: a frame in base64, and 64 KiB for what stands around it. */
    int64_t largest_body = (config->max_frame_bytes + 2) / 3 * 4 + 65536;
    if (broadcaster->intake_memory < largest_body) {
        config_errors_add(errors, "broadcaster.intake_memory",
                          "%lld is too little for one frame of max_frame_bytes: at least %lld",
                          (long long)broadcaster->intake_memory, (long long)largest_body);
    }
    if (broadcaster->ping_timeout_s <= broadcaster->ping_interval_s) {
        config_errors_add(errors, "broadcaster.ping_timeout_s",
                          "%.15g is not longer than ping_interval_s %.15g",
                          broadcaster->ping_timeout_s, broadcaster->ping_interval_s);
    }
    config_access_check(broadcaster, errors);
    if (detector->weights != NULL && detector->model == NULL) {
        config_errors_add(errors, "detector.weights", "without detector.model");
    }
    if (detector->post_token != NULL && detector->post_url == NULL) {
        config_errors_add(errors, "detector.post_token", "without detector.post_url");
    }
}

/* Lays the overlay over the cameras and reads them. `overlay` NULL: the one on disk. */
static void read_cameras(struct config *config, json_t *document, json_t *overlay,
                         struct config_reader *reader)
{
    json_t *in_file = json_copy(json_object_get(document, "cameras"));
    json_t *laid = overlay != NULL
                       ? json_incref(overlay)
                       : config_document_read_overlay(config->state_dir, reader->errors);
    config_document_overlay(document, laid, reader->errors);
    config_cameras_read(config, json_object_get(document, "cameras"), reader);
    for (size_t i = 0; i < config->camera_count; i++) {
        struct config_camera *camera = &config->cameras[i];
        if (json_object_get(laid, camera->id) != NULL) {
            bool filed = json_object_get(in_file, camera->id) != NULL;
            camera->origin = filed ? ORIGIN_CHANGED : ORIGIN_ADDED;
        }
    }
    json_decref(laid);
    json_decref(in_file);
}

static void read_document(struct config *config, json_t *document, json_t *overlay,
                          struct config_reader *reader)
{
    config_document_expand(document, reader->errors);
    config_history_unfold(document);
    config_section_environment(document, reader->errors);
    read_top(config, document, reader);
    config_section_read(SECTION_DETECTOR, json_object_get(document, "detector"), "detector",
                        &config->detector, reader);
    config_section_read(SECTION_BROADCASTER, json_object_get(document, "broadcaster"),
                        "broadcaster", &config->broadcaster, reader);
    config_history_read(config, json_object_get(document, "history"), reader);
    read_cameras(config, document, overlay, reader);
    config_document_hash(document, config->hash);
    check_together(config, reader->errors);
}

int config_load_overlaid(const char *path, json_t *overlay, struct config **config,
                         struct config_errors *errors)
{
    json_t *document = NULL;
    *config = NULL;
    *errors = (struct config_errors){0};
    int result = config_document_read(path, &document, errors);
    if (result == -ENOENT) {
        config_errors_add(errors, path, "does not exist");
    }
    if (result < 0) {
        return result;
    }
    char *folder = folder_of(path);
    if (folder == NULL) {
        result = -errno;
        config_errors_add(errors, path, "its folder cannot be found: %s", strerror(errno));
        goto free_document;
    }
    struct config *loaded = xcalloc(1, sizeof *loaded);
    struct config_reader reader = {.directory = folder, .errors = errors};
    read_document(loaded, document, overlay, &reader);
    if (errors->count == 0) {
        *config = loaded;
    } else {
        config_destroy(loaded);
        result = -EINVAL;
    }
    free(folder);
free_document:
    json_decref(document);
    return result;
}

int config_load(const char *path, struct config **config, struct config_errors *errors)
{
    return config_load_overlaid(path, NULL, config, errors);
}

void config_destroy(struct config *config)
{
    if (config == NULL) {
        return;
    }
    config_section_free(SECTION_TOP, config);
    config_section_free(SECTION_DETECTOR, &config->detector);
    config_section_free(SECTION_BROADCASTER, &config->broadcaster);
    config_section_free(SECTION_HISTORY, &config->history);
    config_cameras_free(config);
    free(config);
}
