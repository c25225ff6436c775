/* A series of `demand` messages, one a line, as a detector takes them. What is kept never exceeds its
 * bounds and holds everything that the newest message wishes. */
#include "common/messages.h"
#include "detector/demand.h"
#include "tests/fuzz/fuzz.h"

#define STEP_NS   UINT64_C(1000000000)
#define LINGER_NS UINT64_C(2000000000)

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
static void take_message(const json_t *body, struct demand *demand, uint64_t now_ns)
{
    static const struct rendering defaults = {.conf = 0.25f, .show_labels = true, .quality = 85};
    char error[DEMAND_ERROR_SIZE] = "";
    const json_t *entry;
    size_t i;
    json_array_foreach(json_object_get(body, "cameras"), i, entry)
    {
        struct demand_wish wish;
        if (demand_parse(entry, &defaults, &wish, error) < 0) {
            FUZZ_CHECK(error[0] != '\0');
            continue;
        }
        check_wish(&wish);
        demand_update(demand, &wish, now_ns, LINGER_NS);
        check_demand(demand, &wish);
        FUZZ_CHECK(!demand_update(demand, &wish, now_ns, LINGER_NS) || wish.rendering_count > 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct demand demand = {0};
    char error[MESSAGE_ERROR_SIZE];
    uint64_t now_ns = STEP_NS;
    const char *rest = (const char *)data, *end = rest + size;
    while (rest < end) {
        const char *newline = memchr(rest, '\n', (size_t)(end - rest));
        const char *line_end = newline != NULL ? newline : end;
        json_t *body;
        if (message_parse(rest, (size_t)(line_end - rest), MESSAGE_TO_SERVER,
                          MESSAGE_SERVICE_DETECTOR, 0, &body, error) == MESSAGE_DEMAND) {
            take_message(body, &demand, now_ns);
        }
        json_decref(body);
        now_ns += STEP_NS;
        uint64_t next = demand_expire(&demand, now_ns);
        FUZZ_CHECK(next == 0 || next > now_ns);
        rest = newline != NULL ? newline + 1 : end;
    }
    demand_update(&demand, NULL, now_ns, LINGER_NS);
    demand_expire(&demand, now_ns + LINGER_NS);
    FUZZ_CHECK(!demand_any(&demand));
    return 0;
}
