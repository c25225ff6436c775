#include "broadcaster/history/history_scan.h"

#include "broadcaster/text/json_scanner.h"

static int32_t scan_number(struct byte_span value)
{
    int32_t number = 0;
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = value.data[i];
        if (byte < '0' || byte > '9' || number > HISTORY_COUNT_MOST / 10) {
            return HISTORY_COUNT_NONE;
        }
        number = number * 10 + (byte - '0');
    }
    return number;
}

static bool scan_is_array(struct byte_span value)
{
    return value.size >= 2 && value.data[0] == '[';
}

static bool scan_is_filled(struct byte_span array)
{
    struct json_scanner scanner;
    if (!scan_is_array(array)) {
        return false;
    }
    json_scanner_init(&scanner, array.data + 1, array.size - 1);
    return json_scan_peek(&scanner) != ']';
}

static void scan_take(struct history_scan *scan, const struct json_string *name,
                      struct byte_span value)
{
    if (json_string_equals(name, "vehicle_count")) {
        scan->vehicles = scan_number(value);
    } else if (json_string_equals(name, "occupied_spaces")) {
        scan->occupied = scan_number(value);
    } else if (json_string_equals(name, "total_spaces")) {
        scan->total = scan_number(value);
    } else if (json_string_equals(name, "space_occupancy")) {
        scan->spaces = scan_is_filled(value);
    } else if (json_string_equals(name, "space_events")) {
        scan->events = scan_is_filled(value);
    } else if (json_string_equals(name, "detections") && scan_is_array(value)) {
        scan->detections = value;
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
    return scan->vehicles >= 0 || scan->occupied >= 0 || scan->spaces || scan->events;
}
