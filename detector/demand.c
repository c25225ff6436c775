#include "detector/demand.h"

#include <stdio.h>
#include <string.h>

/* --- reading --- */

static bool demand_number(const json_t *object, const char *key, double low, double high,
                          double fallback, double *value)
{
    const json_t *member = json_object_get(object, key);
    if (member == NULL || json_is_null(member)) {
        *value = fallback;
        return true;
    }
    *value = json_number_value(member);
    return json_is_number(member) && *value >= low && *value <= high;
}

static bool demand_boolean(const json_t *object, const char *key, bool fallback, bool *value)
{
    const json_t *member = json_object_get(object, key);
    *value = member == NULL || json_is_null(member) ? fallback : json_is_true(member);
    return member == NULL || json_is_null(member) || json_is_boolean(member);
}

static bool demand_parse_rendering(const json_t *object, const struct rendering *defaults,
                                   struct rendering *rendering)
{
    const json_t *id = json_object_get(object, "id");
    double conf, quality;
    if (!json_is_integer(id) || json_integer_value(id) < 0 ||
        json_integer_value(id) > (json_int_t)UINT32_MAX ||
        !demand_number(object, "conf", 0.0, 1.0, (double)defaults->conf, &conf) ||
        !demand_number(object, "quality", 1, 100, defaults->quality, &quality) ||
        !demand_boolean(object, "show_labels", defaults->show_labels, &rendering->show_labels)) {
        return false;
    }
    rendering->id = (uint32_t)json_integer_value(id);
    rendering->conf = (float)conf;
    rendering->quality = (int)quality;
    return true;
}

int demand_parse(const json_t *entry, const struct rendering *defaults, struct demand_wish *wish,
                 char error[DEMAND_ERROR_SIZE])
{
    const json_t *camera = json_object_get(entry, "camera");
    const json_t *renderings = json_object_get(entry, "renderings");
    *wish = (struct demand_wish){0};
    if (!json_is_string(camera) ||
        !camera_id_valid(json_string_value(camera), json_string_length(camera))) {
        snprintf(error, DEMAND_ERROR_SIZE, "an entry of cameras has no valid camera id");
        return -1;
    }
    snprintf(wish->camera, sizeof wish->camera, "%s", json_string_value(camera));
    if (!demand_number(entry, "rate", 0, 1000, 0, &wish->rate) ||
        !demand_boolean(entry, "metadata", false, &wish->metadata) ||
        (renderings != NULL && !json_is_array(renderings)) ||
        json_array_size(renderings) > DEMAND_RENDERINGS_MAX) {
        snprintf(error, DEMAND_ERROR_SIZE,
                 "the demand for %s has a bad rate, metadata or list of renderings", wish->camera);
        return -1;
    }
    wish->rendering_count = json_array_size(renderings);
    for (size_t i = 0; i < wish->rendering_count; i++) {
        if (!demand_parse_rendering(json_array_get(renderings, i), defaults,
                                    &wish->renderings[i])) {
            snprintf(
                error, DEMAND_ERROR_SIZE,
                "rendering %zu of the demand for %s has a bad id, conf, show_labels or quality", i,
                wish->camera);
            return -1;
        }
    }
    return 0;
}

/* --- keeping --- */

static struct demand_slot *demand_find(struct demand *demand, uint32_t id)
{
    for (size_t i = 0; i < demand->count; i++) {
        if (demand->slots[i].rendering.id == id) {
            return &demand->slots[i];
        }
    }
    return NULL;
}

static void demand_remove(struct demand *demand, size_t at)
{
    demand->slots[at] = demand->slots[--demand->count];
}

/* Room for one more: what only lingers gives way to what is wished. */
static struct demand_slot *demand_add(struct demand *demand)
{
    for (size_t i = 0; demand->count == DEMAND_RENDERINGS_MAX && i < demand->count; i++) {
        if (demand->slots[i].until_ns > 0) {
            demand_remove(demand, i);
        }
    }
    return &demand->slots[demand->count++];
}

static bool demand_same_look(const struct rendering *a, const struct rendering *b)
{
    return a->conf == b->conf && a->show_labels == b->show_labels && a->quality == b->quality;
}

static bool demand_wish_rendering(struct demand *demand, const struct rendering *rendering)
{
    struct demand_slot *slot = demand_find(demand, rendering->id);
    if (slot != NULL && demand_same_look(&slot->rendering, rendering)) {
        slot->until_ns = 0;
        return false;
    }
    if (slot == NULL) {
        slot = demand_add(demand);
    }
    *slot = (struct demand_slot){.rendering = *rendering};
    return true;
}

bool demand_update(struct demand *demand, const struct demand_wish *wish, uint64_t now_ns,
                   uint64_t linger_ns)
{
    bool changed = false;
    for (size_t i = 0; i < demand->count; i++) {
        if (demand->slots[i].until_ns == 0) {
            demand->slots[i].until_ns = now_ns + linger_ns;
        }
    }
    demand->metadata = wish != NULL && wish->metadata;
    if (wish != NULL) {
        demand->rate = wish->rate;
        for (size_t i = 0; i < wish->rendering_count; i++) {
            changed |= demand_wish_rendering(demand, &wish->renderings[i]);
        }
    }
    return changed;
}

uint64_t demand_expire(struct demand *demand, uint64_t now_ns)
{
    uint64_t next = 0;
    for (size_t i = demand->count; i-- > 0;) {
        uint64_t until = demand->slots[i].until_ns;
        if (until == 0) {
            continue;
        }
        if (until <= now_ns) {
            demand_remove(demand, i);
        } else if (next == 0 || until < next) {
            next = until;
        }
    }
    return next;
}

bool demand_any(const struct demand *demand)
{
    return demand->count > 0 || demand->metadata;
}
