#include "broadcaster/streams/frame_stages.h"

#include <string.h>

#include "broadcaster/text/json_scanner.h"
#include "common/clock.h"

/* Beyond it a clock was wrong, not a frame late. */
#define STAGE_LONGEST_US (3600 * UINT64_C(1000000))

/* A number of digits only, up to the limit. The JSON around it has been checked. */
static bool stage_read_duration(const uint8_t *text, const uint8_t *end, uint64_t *duration_us)
{
    *duration_us = 0;
    for (; text < end && *text >= '0' && *text <= '9'; text++) {
        *duration_us = *duration_us * 10 + (uint64_t)(*text - '0');
        if (*duration_us > STAGE_LONGEST_US) {
            return false;
        }
    }
    return text == end;
}

/* What comes behind the encoding is measured here, whatever a worker says of it. */
static void stages_take(struct frame_stages *stages, const struct json_string *name,
                        uint64_t duration_us)
{
    for (enum latency_stage stage = 0; stage < LATENCY_POSTED; stage++) {
        if (json_string_equals(name, latency_stage_name(stage))) {
            stages->known[stage] = true;
            stages->duration_ns[stage] = duration_us * NS_PER_US;
        }
    }
}

static void stages_read_object(struct json_scanner *scanner, struct frame_stages *stages)
{
    struct json_string name;
    uint64_t duration_us;
    if (json_scan_peek(scanner) != '{' || !json_scan_object_begin(scanner)) {
        return;
    }
    for (bool first = true; json_scan_member(scanner, first, &name) == JSON_MEMBER; first = false) {
        json_scan_peek(scanner); /* skips white space */
        const uint8_t *value = scanner->at;
        if (!json_scan_value(scanner, JSON_LEVELS_MAX)) {
            return;
        }
        if (scanner->at > value && stage_read_duration(value, scanner->at, &duration_us)) {
            stages_take(stages, &name, duration_us);
        }
    }
}

void frame_stages_read(struct byte_span metadata, struct frame_stages *stages)
{
    struct json_scanner scanner;
    struct json_string name;
    memset(stages, 0, sizeof *stages);
    if (metadata.size == 0) {
        return;
    }
    json_scanner_init(&scanner, metadata.data, metadata.size);
    if (!json_scan_object_begin(&scanner)) {
        return;
    }
    for (bool first = true; json_scan_member(&scanner, first, &name) == JSON_MEMBER;
         first = false) {
        if (json_string_equals(&name, "stages")) {
            stages_read_object(&scanner, stages);
            return;
        }
        if (!json_scan_value(&scanner, JSON_LEVELS_MAX)) {
            return;
        }
    }
}

void frame_stages_observe(const struct frame_stages *stages, struct camera_counters *counters)
{
    for (enum latency_stage stage = 0; stage < LATENCY_STAGES; stage++) {
        if (stages->known[stage]) {
            histogram_observe(&counters->latency[stage], stages->duration_ns[stage]);
        }
    }
}
