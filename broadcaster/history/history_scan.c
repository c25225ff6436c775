#include "broadcaster/history/history_scan.h"

#include "broadcaster/text/json_scanner.h"

/* A JSON value that is a whole number, be it written as 3 or, as some do, as 3.0. */
static int32_t scan_count(struct byte_span value)
{
    const uint8_t *at = value.data, *end = at + value.size;
    int32_t number = 0;
    if (*at < '0' || *at > '9') {
        return HISTORY_COUNT_NONE;
    }
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (*at - '0');
        if (number > HISTORY_COUNT_MOST) {
            return HISTORY_COUNT_NONE;
        }
    }
    if (at < end && *at == '.') {
        for (at++; at < end && *at == '0'; at++) {
        }
    }
    return at == end ? number : HISTORY_COUNT_NONE;
}

static struct byte_span scan_array(struct byte_span value)
{
    return value.data[0] == '[' ? value : (struct byte_span){NULL, 0};
}

static struct byte_span scan_filled_array(struct byte_span value)
{
    struct byte_span array = scan_array(value);
    struct json_scanner scanner;
    if (array.size > 0) {
        json_scanner_init(&scanner, array.data + 1, array.size - 1);
        array.size = json_scan_peek(&scanner) == ']' ? 0 : array.size;
    }
    return array;
}

static void scan_take(struct history_scan *scan, const struct json_string *name,
                      struct byte_span value)
{
    if (json_string_equals(name, "vehicle_count")) {
        scan->vehicles = scan_count(value);
    } else if (json_string_equals(name, "occupied_spaces")) {
        scan->occupied = scan_count(value);
    } else if (json_string_equals(name, "total_spaces")) {
        scan->total = scan_count(value);
    } else if (json_string_equals(name, "space_occupancy")) {
        scan->spaces = scan_filled_array(value);
    } else if (json_string_equals(name, "space_events")) {
        scan->events = scan_filled_array(value);
    } else if (json_string_equals(name, "detections")) {
        scan->detections = scan_array(value);
    }
}

bool history_scan_metadata(struct byte_span metadata, struct history_scan *scan)
{
    struct json_scanner scanner;
    struct json_string name;
    *scan = (struct history_scan){.vehicles = HISTORY_COUNT_NONE,
                                  .occupied = HISTORY_COUNT_NONE,
                                  .total = HISTORY_COUNT_NONE};
    json_scanner_init(&scanner, metadata.data, metadata.size);
    if (!json_scan_object_begin(&scanner)) {
        return false;
    }
    for (bool first = true; json_scan_member(&scanner, first, &name) == JSON_MEMBER;
         first = false) {
        json_scan_peek(&scanner); /* skips white space */
        const uint8_t *value = scanner.at;
        if (!json_scan_value(&scanner, JSON_LEVELS_MAX)) {
            break;
        }
        scan_take(scan, &name, (struct byte_span){value, (size_t)(scanner.at - value)});
    }
    return scan->vehicles >= 0 || scan->occupied >= 0 || scan->spaces.size > 0 ||
           scan->events.size > 0;
}
