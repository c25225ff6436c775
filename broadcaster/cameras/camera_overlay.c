#include "broadcaster/cameras/camera_overlay.h"

#include "common/log.h"

static json_t *overlay_copy(const json_t *overlay)
{
    json_t *copy = json_deep_copy(overlay);
    if (copy == NULL) {
        die("out of memory for the cameras");
    }
    return copy;
}

/* A null is needed only where there is something to take away. */
static void entry_set(json_t *entry, const json_t *filed, const char *key, json_t *value)
{
    if (json_is_null(value) && json_object_get(filed, key) == NULL) {
        json_object_del(entry, key);
    } else {
        json_object_set(entry, key, value);
    }
}

static void entry_set_all(json_t *entry, const json_t *filed, json_t *fields)
{
    const char *key;
    json_t *value;
    json_object_foreach(fields, key, value)
    {
        entry_set(entry, filed, key, value);
    }
}

json_t *camera_overlay_add(const json_t *overlay, const json_t *filed, const char *camera,
                           json_t *fields)
{
    json_t *changed = overlay_copy(overlay), *entry = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)filed, key, value)
    {
        json_object_set_new(entry, key, json_null());
    }
    entry_set_all(entry, filed, fields);
    json_object_set_new(changed, camera, entry);
    return changed;
}

json_t *camera_overlay_change(const json_t *overlay, const json_t *filed, const char *camera,
                              json_t *fields)
{
    json_t *changed = overlay_copy(overlay);
    json_t *entry = json_object_get(changed, camera);
    if (entry == NULL) {
        entry = json_object();
        json_object_set_new(changed, camera, entry);
    }
    entry_set_all(entry, filed, fields);
    /* Without the file an empty one is a camera too, with every field at its default. */
    if (json_object_size(entry) == 0 && filed != NULL) {
        json_object_del(changed, camera);
    }
    return changed;
}

json_t *camera_overlay_remove(const json_t *overlay, const json_t *filed, const char *camera)
{
    json_t *changed = overlay_copy(overlay);
    if (filed != NULL) {
        json_object_set_new(changed, camera, json_null());
    } else {
        json_object_del(changed, camera);
    }
    return changed;
}
