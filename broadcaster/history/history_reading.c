#include "broadcaster/history/history_reading.h"

#include <stdlib.h>
#include <string.h>

#include "broadcaster/history/history_scan.h"
#include "broadcaster/history/history_time.h"
#include "common/memory.h"

const char *history_state(const char *text)
{
    static const char *const states[] = {"occupied", "free", "unknown"};
    for (size_t i = 0; text != NULL && i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(text, states[i]) == 0) {
            return states[i];
        }
    }
    return NULL;
}

static int64_t reading_count(const json_t *document, const char *key)
{
    const json_t *value = json_object_get(document, key);
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    return number >= 0 && number <= HISTORY_COUNT_MOST ? number : -1;
}

/* A text that is neither empty nor too long, or NULL. */
static const char *reading_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    size_t length = json_string_length(value);
    return length > 0 && length <= HISTORY_TEXT_MOST ? json_string_value(value) : NULL;
}

/* Workers that know two states say `is_occupied` alone. */
static const char *reading_state(const json_t *entry)
{
    const char *state = history_state(reading_text(entry, "state"));
    const json_t *occupied = json_object_get(entry, "is_occupied");
    if (state == NULL && json_is_boolean(occupied)) {
        state = json_is_true(occupied) ? "occupied" : "free";
    }
    return state;
}

static size_t reading_room(const json_t *list)
{
    size_t count = json_array_size(list);
    return count < HISTORY_SPACES_MOST ? count : HISTORY_SPACES_MOST;
}

static void reading_take_spaces(struct history_reading *reading, const json_t *list)
{
    size_t room = reading_room(list);
    reading->spaces = xcalloc(room + 1, sizeof *reading->spaces);
    for (size_t i = 0; i < room; i++) {
        const json_t *entry = json_array_get(list, i);
        const char *name = reading_text(entry, "space_name");
        struct history_space space = {.id = reading_text(entry, "space_id"),
                                      .state = reading_state(entry)};
        space.name = name != NULL ? name : space.id;
        if (space.id != NULL && space.state != NULL) {
            reading->spaces[reading->space_count++] = space;
        }
    }
}

static void reading_take_changes(struct history_reading *reading, const json_t *list)
{
    size_t room = reading_room(list);
    reading->changes = xcalloc(room + 1, sizeof *reading->changes);
    for (size_t i = 0; i < room; i++) {
        const json_t *entry = json_array_get(list, i);
        const char *name = reading_text(entry, "space_name"), *at = reading_text(entry, "at");
        const json_t *held = json_object_get(entry, "held_s");
        struct history_change change = {.id = reading_text(entry, "space_id"),
                                        .from = history_state(reading_text(entry, "from")),
                                        .to = history_state(reading_text(entry, "to")),
                                        .held_s =
                                            json_is_number(held) ? json_number_value(held) : -1};
        change.name = name != NULL ? name : change.id;
        if (at == NULL || !history_time_parse(at, &change.at_ms)) {
            change.at_ms = 0;
        }
        if (change.id != NULL && change.to != NULL) {
            reading->changes[reading->change_count++] = change;
        }
    }
}

/* Who lists its spaces without counting them has them counted here; unknown ones are not occupied. */
static void reading_count_spaces(struct history_reading *reading)
{
    int64_t occupied = 0;
    for (size_t i = 0; i < reading->space_count; i++) {
        occupied += strcmp(reading->spaces[i].state, "occupied") == 0;
    }
    if (reading->space_count > 0 && reading->occupied < 0) {
        reading->occupied = occupied;
    }
    if (reading->space_count > 0 && reading->total < 0) {
        reading->total = (int64_t)reading->space_count;
    }
}

bool history_reading_init(struct history_reading *reading, struct byte_span metadata)
{
    *reading = (struct history_reading){
        .document = json_loadb((const char *)metadata.data, metadata.size, 0, NULL)};
    if (!json_is_object(reading->document)) {
        return false;
    }
    reading->vehicles = reading_count(reading->document, "vehicle_count");
    reading->occupied = reading_count(reading->document, "occupied_spaces");
    reading->total = reading_count(reading->document, "total_spaces");
    reading_take_spaces(reading, json_object_get(reading->document, "space_occupancy"));
    reading_take_changes(reading, json_object_get(reading->document, "space_events"));
    reading_count_spaces(reading);
    return true;
}

void history_reading_finish(struct history_reading *reading)
{
    json_decref(reading->document);
    free(reading->spaces);
    free(reading->changes);
}
