#include "common/config_spaces.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/camera_id.h"
#include "common/config_errors.h"
#include "common/config_polygons.h"
#include "common/memory.h"
#include "common/polygon.h"

/* 0.7 + 0.3 may be a little more than 1. */
#define ROUNDING 1e-9

static bool read_polygon(json_t *array, struct config_space *space, const char *path,
                         struct config_errors *errors)
{
    struct config_polygon polygon = {0};
    bool right = config_polygon_read(&polygon, array, path, errors);
    space->corners = polygon.corners; /* they are the space's now */
    space->corner_count = polygon.corner_count;
    return right;
}

static bool read_box(json_t *object, struct config_space *space, const char *path,
                     struct config_errors *errors)
{
    static const char *const keys[] = {"x", "y", "width", "height", NULL};
    double sides[4] = {0};
    if (!json_is_object(object)) {
        config_errors_add(errors, path, "must be {x, y, width, height}");
        return false;
    }
    bool right = config_errors_only_keys(object, keys, path, errors);
    for (size_t i = 0; i < 4; i++) {
        char *side_path = xasprintf("%s.%s", path, keys[i]);
        right &=
            config_relative_read(json_object_get(object, keys[i]), &sides[i], side_path, errors);
        free(side_path);
    }
    double left = sides[0], top = sides[1], right_edge = left + sides[2], bottom = top + sides[3];
    if (right && (right_edge > 1 + ROUNDING || bottom > 1 + ROUNDING)) {
        config_errors_add(errors, path, "reaches beyond the picture");
        return false;
    }
    space->corners = xcalloc(4, sizeof *space->corners);
    space->corner_count = 4;
    space->corners[0] = (struct config_point){left, top};
    space->corners[1] = (struct config_point){fmin(right_edge, 1), top};
    space->corners[2] = (struct config_point){fmin(right_edge, 1), fmin(bottom, 1)};
    space->corners[3] = (struct config_point){left, fmin(bottom, 1)};
    if (right && polygon_area(space->corners, space->corner_count) < POLYGON_AREA_MIN) {
        config_errors_add(errors, path, "has no area");
        right = false;
    }
    return right;
}

static bool read_shape(json_t *object, struct config_space *space, const char *path,
                       struct config_errors *errors)
{
    json_t *polygon = json_object_get(object, "polygon"), *box = json_object_get(object, "bbox");
    if ((polygon == NULL) == (box == NULL)) {
        config_errors_add(errors, path, "needs either polygon or bbox");
        return false;
    }
    const char *key = polygon != NULL ? "polygon" : "bbox";
    char *shape_path = xasprintf("%s.%s", path, key);
    bool right = polygon != NULL ? read_polygon(polygon, space, shape_path, errors)
                                 : read_box(box, space, shape_path, errors);
    free(shape_path);
    return right;
}

static bool read_names(json_t *object, struct config_space *space, const char *path,
                       struct config_errors *errors)
{
    const char *id = json_string_value(json_object_get(object, "id"));
    json_t *name = json_object_get(object, "name");
    if (id == NULL || !camera_id_valid(id, strlen(id))) {
        config_errors_add(errors, path,
                          "needs an id of 1 to 64 letters, digits, '_', '.' and '-', the first a "
                          "letter or digit");
        return false;
    }
    if (name != NULL && (!json_is_string(name) || json_string_length(name) == 0 ||
                         json_string_length(name) > SPACE_NAME_MAX)) {
        config_errors_add(errors, path, "name must be a text of 1 to %d bytes", SPACE_NAME_MAX);
        return false;
    }
    space->id = xstrdup(id);
    space->name = xstrdup(name != NULL ? json_string_value(name) : id);
    return true;
}

static bool read_space(json_t *object, struct config_space *space, const char *path,
                       struct config_errors *errors)
{
    static const char *const keys[] = {"id", "name", "polygon", "bbox", NULL};
    if (!json_is_object(object)) {
        config_errors_add(errors, path, "must be an object");
        return false;
    }
    bool known = config_errors_only_keys(object, keys, path, errors);
    bool names = read_names(object, space, path, errors);
    bool shape = read_shape(object, space, path, errors);
    return known && names && shape;
}

static bool unique_ids(const struct config_camera *camera, const char *path,
                       struct config_errors *errors)
{
    for (size_t i = 0; i < camera->space_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(camera->spaces[i].id, camera->spaces[j].id) == 0) {
                config_errors_add(errors, path, "[%zu] and [%zu] have the same id \"%s\"", j, i,
                                  camera->spaces[i].id);
                return false;
            }
        }
    }
    return true;
}

bool config_spaces_read(struct config_camera *camera, json_t *array, size_t maximum,
                        const char *path, struct config_errors *errors)
{
    size_t count = json_array_size(array);
    if (count > maximum) {
        config_errors_add(errors, path, "has more than %zu spaces", maximum);
        return false;
    }
    bool right = true;
    camera->spaces = count > 0 ? xcalloc(count, sizeof *camera->spaces) : NULL;
    camera->space_count = count;
    for (size_t i = 0; i < count; i++) {
        char *space_path = xasprintf("%s[%zu]", path, i);
        right &= read_space(json_array_get(array, i), &camera->spaces[i], space_path, errors);
        free(space_path);
    }
    if (!right || !unique_ids(camera, path, errors)) {
        config_spaces_free(camera);
        return false;
    }
    return true;
}

void config_spaces_free(struct config_camera *camera)
{
    for (size_t i = 0; i < camera->space_count; i++) {
        free(camera->spaces[i].id);
        free(camera->spaces[i].name);
        free(camera->spaces[i].corners);
    }
    free(camera->spaces);
    camera->spaces = NULL;
    camera->space_count = 0;
}
