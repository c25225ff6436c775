#include "broadcaster/viewer_message.h"

#include <stdbool.h>
#include <string.h>

#include "broadcaster/json_scanner.h"

static bool is_text(const uint8_t *data, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(data, text, size) == 0;
}

/* A number short enough to be sent back; anything else is as good as none. */
static void take_time(struct byte_span value, char time[VIEWER_TIME_SIZE])
{
    bool number = value.data[0] == '-' || (value.data[0] >= '0' && value.data[0] <= '9');
    if (number && value.size < VIEWER_TIME_SIZE) {
        memcpy(time, value.data, value.size);
        time[value.size] = '\0';
    }
}

/* Goes through the members of an object; *ping: its type is "ping". */
static bool read_members(struct json_scanner *scanner, bool *ping, char time[VIEWER_TIME_SIZE])
{
    struct json_string name, type;
    for (bool first = true;; first = false) {
        enum json_member_result result = json_scan_member(scanner, first, &name);
        if (result != JSON_MEMBER) {
            return result == JSON_MEMBERS_END && json_scan_end(scanner);
        }
        bool is_string = json_scan_peek(scanner) == '"';
        struct byte_span value = {scanner->at, 0};
        struct json_scanner look = *scanner;
        if (!json_scan_value(scanner, JSON_LEVELS_MAX)) {
            return false;
        }
        value.size = (size_t)(scanner->at - value.data);
        if (is_string && json_string_equals(&name, "type") && json_scan_string(&look, &type)) {
            *ping = json_string_equals(&type, "ping");
        } else if (json_string_equals(&name, "t")) {
            take_time(value, time);
        }
    }
}

enum viewer_message viewer_message_read(const uint8_t *data, size_t size,
                                        char time[VIEWER_TIME_SIZE], const char **error)
{
    struct json_scanner scanner;
    bool ping = false;
    if (is_text(data, size, "ping")) {
        return VIEWER_PING;
    }
    if (is_text(data, size, "pong") || is_text(data, size, "keepalive")) {
        return VIEWER_IGNORED;
    }
    json_scanner_init(&scanner, data, size);
    memcpy(time, "null", sizeof "null");
    if (!json_scan_object_begin(&scanner) || !read_members(&scanner, &ping, time)) {
        *error = "a message must be ping or a JSON object";
        return VIEWER_WRONG;
    }
    *error = "unknown message type";
    return ping ? VIEWER_TIMED_PING : VIEWER_WRONG;
}
