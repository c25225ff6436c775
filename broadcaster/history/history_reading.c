#include "broadcaster/history/history_reading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/history/history_scan.h"
#include "broadcaster/history/history_time.h"
#include "broadcaster/text/json_scanner.h"
#include "common/memory.h"

#define NUMBER_SIZE 64 /* of a number that is read; a longer one is none */

/* An entry of `space_occupancy` or of `space_events`: they have most members in common. */
struct reading_entry {
    const char *id, *name, *state, *from, *to, *at; /* in `texts`; NULL: not said */
    bool told_occupied, occupied;
    double held_s;
};

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

/* --- values --- */

/* The string as a C string; NULL: it is empty, too long, or has a NUL in it. `texts` has room for
 * all strings of the metadata: a NUL takes less than the quotes did. */
static const char *reading_text(struct history_reading *reading, const struct json_string *string)
{
    char *text = reading->texts + reading->texts_size;
    if (string->raw.size > 6 * HISTORY_TEXT_MOST) { /* \u0061 is six bytes of one */
        return NULL;
    }
    size_t length = json_string_unescape(string, (uint8_t *)text);
    if (length == 0 || length > HISTORY_TEXT_MOST || memchr(text, '\0', length) != NULL) {
        return NULL;
    }
    text[length] = '\0';
    reading->texts_size += length + 1;
    return text;
}

/* Negative: it is no number that means a duration. */
static double reading_duration(struct byte_span value)
{
    char text[NUMBER_SIZE];
    if (value.size >= sizeof text || value.data[0] < '0' || value.data[0] > '9') {
        return -1;
    }
    memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    double number = strtod(text, NULL);
    return isfinite(number) ? number : -1;
}

/* Where the text called `name` goes; NULL: it is none of those that matter. */
static const char **entry_text(struct reading_entry *entry, const struct json_string *name)
{
    const struct {
        const char *name;
        const char **text;
    } texts[] = {
        {"space_id", &entry->id}, {"space_name", &entry->name}, {"state", &entry->state},
        {"from", &entry->from},   {"to", &entry->to},           {"at", &entry->at},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (json_string_equals(name, texts[i].name)) {
            return texts[i].text;
        }
    }
    return NULL;
}

/* At the value of a member of an entry. */
static bool entry_take(struct history_reading *reading, struct reading_entry *entry,
                       struct json_scanner *scanner, const struct json_string *name)
{
    struct json_string string;
    int first = json_scan_peek(scanner);
    const uint8_t *start = scanner->at;
    if (first == '"') {
        const char **text = entry_text(entry, name);
        if (!json_scan_string(scanner, &string)) {
            return false;
        }
        if (text != NULL) {
            *text = reading_text(reading, &string);
        }
        return true;
    }
    if (!json_scan_value(scanner, JSON_LEVELS_MAX)) {
        return false;
    }
    if (json_string_equals(name, "is_occupied")) {
        entry->told_occupied = first == 't' || first == 'f';
        entry->occupied = first == 't';
    } else if (json_string_equals(name, "held_s")) {
        entry->held_s = reading_duration((struct byte_span){start, (size_t)(scanner->at - start)});
    }
    return true;
}

/* --- lists --- */

typedef void reading_add_fn(struct history_reading *reading, const struct reading_entry *entry);

/* At an entry. */
static bool reading_take_entry(struct history_reading *reading, struct json_scanner *scanner,
                               struct reading_entry *entry)
{
    struct json_string name;
    *entry = (struct reading_entry){.held_s = -1};
    if (json_scan_peek(scanner) != '{') {
        return json_scan_value(scanner, JSON_LEVELS_MAX);
    }
    json_scan_object_begin(scanner);
    for (bool first = true;; first = false) {
        enum json_member_result result = json_scan_member(scanner, first, &name);
        if (result != JSON_MEMBER) {
            return result == JSON_MEMBERS_END;
        }
        if (!entry_take(reading, entry, scanner, &name)) {
            return false;
        }
    }
}

/* `list`: an array that is not empty, or nothing. */
static void reading_take_list(struct history_reading *reading, struct byte_span list,
                              reading_add_fn *add)
{
    struct json_scanner scanner;
    struct reading_entry entry;
    if (list.size == 0) {
        return;
    }
    json_scanner_init(&scanner, list.data, list.size);
    do {
        scanner.at++; /* the bracket, or a comma */
        if (!reading_take_entry(reading, &scanner, &entry)) {
            return;
        }
        add(reading, &entry);
    } while (json_scan_peek(&scanner) == ',');
}

/* Room for one more in a list that doubles. */
static void *reading_grow(void *items, size_t count, size_t item_size)
{
    bool full = (count & (count - 1)) == 0; /* 0, 1, 2, 4, 8, … */
    return full ? xreallocarray(items, count > 0 ? 2 * count : 1, item_size) : items;
}

/* Workers that know two states say `is_occupied` alone. */
static const char *entry_state(const struct reading_entry *entry)
{
    const char *state = history_state(entry->state);
    if (state == NULL && entry->told_occupied) {
        state = history_state(entry->occupied ? "occupied" : "free");
    }
    return state;
}

static void reading_add_space(struct history_reading *reading, const struct reading_entry *entry)
{
    struct history_space space = {.id = entry->id,
                                  .name = entry->name != NULL ? entry->name : entry->id,
                                  .state = entry_state(entry)};
    if (space.id != NULL && space.state != NULL) {
        reading->spaces = reading_grow(reading->spaces, reading->space_count, sizeof space);
        reading->spaces[reading->space_count++] = space;
    }
}

static void reading_add_change(struct history_reading *reading, const struct reading_entry *entry)
{
    struct history_change change = {.id = entry->id,
                                    .name = entry->name != NULL ? entry->name : entry->id,
                                    .from = history_state(entry->from),
                                    .to = history_state(entry->to),
                                    .held_s = entry->held_s};
    if (entry->at == NULL || !history_time_parse(entry->at, &change.at_ms)) {
        change.at_ms = 0;
    }
    if (change.id != NULL && change.to != NULL) {
        reading->changes = reading_grow(reading->changes, reading->change_count, sizeof change);
        reading->changes[reading->change_count++] = change;
    }
}

/* Who lists its spaces without counting them has them counted here; unknown
 * ones are not occupied. */
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
    struct history_scan scan;
    *reading = (struct history_reading){0};
    if (!history_scan_metadata(metadata, &scan)) {
        return false;
    }
    reading->vehicles = scan.vehicles;
    reading->occupied = scan.occupied;
    reading->total = scan.total;
    reading->detections = scan.detections;
    reading->texts = xmalloc(scan.spaces.size + scan.events.size + 1);
    reading_take_list(reading, scan.spaces, reading_add_space);
    reading_take_list(reading, scan.events, reading_add_change);
    reading_count_spaces(reading);
    return true;
}

void history_reading_finish(struct history_reading *reading)
{
    free(reading->texts);
    free(reading->spaces);
    free(reading->changes);
}
