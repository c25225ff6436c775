#include "broadcaster/cameras/camera_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/cameras/camera_fields.h"
#include "broadcaster/cameras/camera_overlay.h"
#include "broadcaster/services.h"
#include "common/config_document.h"
#include "common/config_errors.h"

/* What the file says of the camera; a new reference, NULL: nothing. A file that cannot be read is
 * the check's to complain of. */
static json_t *read_filed(const char *path, const char *camera)
{
    struct config_errors ignored = {0};
    json_t *document = NULL;
    config_document_read(path, &document, &ignored);
    json_t *filed = json_object_get(json_object_get(document, "cameras"), camera);
    json_incref(filed);
    json_decref(document);
    config_errors_finish(&ignored);
    return filed;
}

static json_t *edit_overlay(const struct camera_edit *edit, const json_t *filed, json_t *fields)
{
    switch (edit->kind) {
    case CAMERA_ADD:
        return camera_overlay_add(edit->before, filed, edit->camera, fields);
    case CAMERA_CHANGE:
        return camera_overlay_change(edit->before, filed, edit->camera, fields);
    case CAMERA_REMOVE:
        break;
    }
    return camera_overlay_remove(edit->before, filed, edit->camera);
}

/* All mistakes together: those of the credentials, and those of the
 * configuration that it would be. */
static void edit_check(struct camera_edit *edit, const char *path)
{
    struct config_errors found;
    config_load_overlaid(path, edit->after, &edit->config, &found);
    for (size_t i = 0; i < found.count; i++) {
        config_errors_add(&edit->errors, "", "%s", found.lines[i]);
    }
    config_errors_finish(&found);
    if (edit->errors.count > 0) {
        config_destroy(edit->config);
        edit->config = NULL;
    }
}

void camera_edit_init(struct camera_edit *edit, const struct services *services,
                      enum camera_edit_kind kind, const char *camera, json_t *fields)
{
    *edit = (struct camera_edit){.kind = kind};
    memccpy(edit->camera, camera, '\0', sizeof edit->camera - 1);
    edit->before = config_document_read_overlay(services->config->state_dir, &edit->errors);
    if (edit->before == NULL) {
        return;
    }
    if (kind != CAMERA_REMOVE) {
        const struct config_camera *current = config_find_camera(services->config, camera);
        camera_fields_prepare(fields, camera, current, &edit->errors);
    }
    json_t *filed = read_filed(services->config_path, camera);
    edit->after = edit_overlay(edit, filed, fields);
    json_decref(filed);
    edit_check(edit, services->config_path);
}

void camera_edit_finish(struct camera_edit *edit)
{
    json_decref(edit->before);
    json_decref(edit->after);
    config_destroy(edit->config);
    config_errors_finish(&edit->errors);
}

static bool is_captured(const struct config *config, const char *id)
{
    const struct config_camera *camera = config_find_camera(config, id);
    return camera != NULL && config_camera_has_capture(camera);
}

bool camera_edit_needs_supervisor(const struct camera_edit *edit, const struct services *services)
{
    return is_captured(services->config, edit->camera) != is_captured(edit->config, edit->camera);
}
