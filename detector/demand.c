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

void demand_page_of(const json_t *message, struct demand_page *page)
{
    const char *after = json_string_value(json_object_get(message, "after"));
    page->after = after != NULL ? after : "";
    page->next = json_string_value(json_object_get(message, "next"));
}

bool demand_page_covers(const struct demand_page *page, const char *camera)
{
    return strcmp(camera, page->after) > 0 &&
           (page->next == NULL || strcmp(camera, page->next) <= 0);
}

/* --- keeping --- */

struct demand_slot *demand_find(struct demand *demand, uint32_t rendering)
{
    for (size_t i = 0; i < demand->count; i++) {
        if (demand->slots[i].rendering.id == rendering) {
            return &demand->slots[i];
        }
    }
    return NULL;
}

static bool demand_same_look(const struct rendering *a, const struct rendering *b)
{
    return a->conf == b->conf && a->show_labels == b->show_labels && a->quality == b->quality;
}

/* Of two renderings with one id the later counts. */
static void demand_wish_rendering(struct demand *demand, struct demand *before,
                                  const struct rendering *rendering)
{
    const struct demand_slot *known = demand_find(before, rendering->id);
    struct demand_slot *slot = demand_find(demand, rendering->id);
    if (slot == NULL) {
        slot = &demand->slots[demand->count++];
    }
    *slot = (struct demand_slot){.rendering = *rendering};
    if (known != NULL) {
        slot->viewers = known->viewers;
        slot->drawn = known->drawn && demand_same_look(&known->rendering, rendering);
    }
}

void demand_set(struct demand *demand, const struct demand_wish *wish)
{
    struct demand before = *demand;
    *demand = (struct demand){0};
    if (wish == NULL) {
        return;
    }
    demand->rate = wish->rate;
    demand->metadata = wish->metadata;
    for (size_t i = 0; i < wish->rendering_count; i++) {
        demand_wish_rendering(demand, &before, &wish->renderings[i]);
    }
}

bool demand_any(const struct demand *demand)
{
    return demand->count > 0 || demand->metadata;
}
