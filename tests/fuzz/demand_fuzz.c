/* A series of `demand` messages, one a line, as a detector takes them. What is kept never exceeds
 * its bounds and holds everything that the newest message wishes. */
#include "common/messages.h"
#include "detector/demand.h"
#include "tests/fuzz/fuzz.h"

static void check_wish(const struct demand_wish *wish)
{
    FUZZ_CHECK(camera_id_valid(wish->camera, strlen(wish->camera)));
    FUZZ_CHECK(wish->rate >= 0 && wish->rate <= 1000);
    FUZZ_CHECK(wish->rendering_count <= DEMAND_RENDERINGS_MAX);
    for (size_t i = 0; i < wish->rendering_count; i++) {
        const struct rendering *rendering = &wish->renderings[i];
        FUZZ_CHECK(rendering->conf >= 0 && rendering->conf <= 1);
        FUZZ_CHECK(rendering->quality >= 1 && rendering->quality <= 100);
    }
}

static size_t count_slots(const struct demand *demand, uint32_t id)
{
    size_t count = 0;
    for (size_t i = 0; i < demand->count; i++) {
        count += demand->slots[i].rendering.id == id;
    }
    return count;
}

static void check_demand(const struct demand *demand, const struct demand_wish *wish)
{
    FUZZ_CHECK(demand->count <= DEMAND_RENDERINGS_MAX);
    for (size_t i = 0; i < demand->count; i++) {
        FUZZ_CHECK(count_slots(demand, demand->slots[i].rendering.id) == 1);
    }
    for (size_t i = 0; i < wish->rendering_count; i++) {
        FUZZ_CHECK(count_slots(demand, wish->renderings[i].id) == 1);
    }
    FUZZ_CHECK(demand->metadata == wish->metadata && demand->rate == wish->rate);
    FUZZ_CHECK(demand_any(demand) == (demand->count > 0 || wish->metadata));
}

/* Every camera's wish goes to one and the same demand: that is harder on it than one each. */
static void take_message(const json_t *body, struct demand *demand)
{
    static const struct rendering defaults = {.conf = 0.25f, .show_labels = true, .quality = 85};
    char error[DEMAND_ERROR_SIZE] = "";
    struct demand_page page;
    const json_t *entry;
    size_t i;
    demand_page_of(body, &page);
    json_array_foreach(json_object_get(body, "cameras"), i, entry)
    {
        struct demand_wish wish;
        if (demand_parse(entry, &defaults, &wish, error) < 0) {
            FUZZ_CHECK(error[0] != '\0');
            continue;
        }
        check_wish(&wish);
        FUZZ_CHECK(strcmp(wish.camera, page.after) > 0 || !demand_page_covers(&page, wish.camera));
        demand_set(demand, &wish);
        check_demand(demand, &wish);
        for (size_t slot = 0; slot < demand->count; slot++) {
            demand->slots[slot].drawn = true;
        }
        demand_set(demand, &wish);
        for (size_t slot = 0; wish.rendering_count <= 1 && slot < demand->count; slot++) {
            FUZZ_CHECK(demand->slots[slot].drawn); /* said twice, it is drawn once */
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct demand demand = {0};
    char error[MESSAGE_ERROR_SIZE];
    const char *rest = (const char *)data, *end = rest + size;
    while (rest < end) {
        const char *newline = memchr(rest, '\n', (size_t)(end - rest));
        const char *line_end = newline != NULL ? newline : end;
        json_t *body;
        if (message_parse(rest, (size_t)(line_end - rest), MESSAGE_TO_SERVER,
                          MESSAGE_SERVICE_DETECTOR, 0, &body, error) == MESSAGE_DEMAND) {
            take_message(body, &demand);
        }
        json_decref(body);
        rest = newline != NULL ? newline + 1 : end;
    }
    demand_set(&demand, NULL);
    FUZZ_CHECK(!demand_any(&demand));
    return 0;
}
