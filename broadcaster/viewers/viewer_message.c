#include "broadcaster/viewers/viewer_message.h"

#include <string.h>

#include "broadcaster/text/json_scanner.h"

#define TYPE_SIZE 16 /* longer than all types there are */

static const char not_understood[] = "a message must be ping or a JSON object";

static bool is_text(const uint8_t *data, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(data, text, size) == 0;
}

/* A short string, unescaped; false when it is none or longer. */
static bool take_string(struct json_scanner look, char *out, size_t size)
{
    struct json_string string;
    out[0] = '\0';
    if (json_scan_peek(&look) != '"' || !json_scan_string(&look, &string) ||
        string.raw.size >= size) {
        return false;
    }
    size_t length = json_string_unescape(&string, (uint8_t *)out);
    out[length] = '\0';
    return memchr(out, '\0', length) == NULL;
}

static const char *take_camera(struct json_scanner look, char camera[CAMERA_ID_SIZE])
{
    /* Escapes only make it longer: nobody writes an id with them. */
    return take_string(look, camera, CAMERA_ID_SIZE) && camera_id_valid(camera, strlen(camera))
               ? NULL
               : "camera_id is not a camera id";
}

static const char *take_kind(struct json_scanner look, struct viewer_message *message)
{
    char kind[TYPE_SIZE];
    message->has_kind = take_string(look, kind, sizeof kind) &&
                        (strcmp(kind, "raw") == 0 || strcmp(kind, "detect") == 0);
    message->kind = strcmp(kind, "raw") == 0 ? STREAM_RAW : STREAM_DETECT;
    return message->has_kind ? NULL : "kind must be raw or detect";
}

/* A value as it stands in the message: a word or a number of JSON. */
static const char *take_wish(struct byte_span value, enum wish_field field,
                             struct wish_changes *changes)
{
    char text[32] = "";
    if (value.size < sizeof text) {
        memcpy(text, value.data, value.size);
    }
    return wish_read(changes, field, text);
}

/* NULL, or what is wrong with the member. */
static const char *take_member(const struct json_string *name, struct byte_span value,
                               struct json_scanner look, char type[TYPE_SIZE],
                               struct viewer_message *message)
{
    if (json_string_equals(name, "type")) {
        take_string(look, type, TYPE_SIZE);
    } else if (json_string_equals(name, "t")) {
        timed_pong_take(value, message->time);
    } else if (json_string_equals(name, "camera_id")) {
        return take_camera(look, message->camera);
    } else if (json_string_equals(name, "kind")) {
        return take_kind(look, message);
    }
    for (int field = 0; field < WISH_FIELDS; field++) {
        if (json_string_equals(name, wish_field_name((enum wish_field)field))) {
            return take_wish(value, (enum wish_field)field, &message->changes);
        }
    }
    return NULL;
}

/* Goes through the members of an object; false when it is not a whole one. */
static bool read_members(struct json_scanner *scanner, char type[TYPE_SIZE],
                         struct viewer_message *message)
{
    for (bool first = true;; first = false) {
        struct json_string name;
        enum json_member_result result = json_scan_member(scanner, first, &name);
        if (result != JSON_MEMBER) {
            return result == JSON_MEMBERS_END && json_scan_end(scanner);
        }
        json_scan_peek(scanner);
        struct json_scanner look = *scanner;
        if (!json_scan_value(scanner, JSON_LEVELS_MAX)) {
            return false;
        }
        struct byte_span value = {look.at, (size_t)(scanner->at - look.at)};
        const char *error = take_member(&name, value, look, type, message);
        message->error = message->error != NULL ? message->error : error;
    }
}

static enum viewer_message_type type_of(const char *name)
{
    static const struct {
        const char *name;
        enum viewer_message_type type;
    } types[] = {
        {"ping", VIEWER_TIMED_PING},
        {"subscribe", VIEWER_SUBSCRIBE},
        {"unsubscribe", VIEWER_UNSUBSCRIBE},
        {"set", VIEWER_SET},
        {"pause", VIEWER_PAUSE},
        {"resume", VIEWER_RESUME},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return types[i].type;
        }
    }
    return VIEWER_WRONG;
}

static void read_object(const uint8_t *data, size_t size, struct viewer_message *message)
{
    struct json_scanner scanner;
    char type[TYPE_SIZE] = "";
    json_scanner_init(&scanner, data, size);
    if (!json_scan_object_begin(&scanner) || !read_members(&scanner, type, message)) {
        message->error = not_understood;
        return;
    }
    message->type = type_of(type);
    bool names_one = message->type == VIEWER_SUBSCRIBE || message->type == VIEWER_UNSUBSCRIBE;
    if (message->type == VIEWER_WRONG) {
        message->error = "unknown message type";
    } else if (message->type == VIEWER_TIMED_PING) {
        message->error = NULL; /* the other members are not for us */
    } else if (message->error != NULL) {
        message->type = VIEWER_WRONG;
    } else if (names_one && message->camera[0] == '\0') {
        message->type = VIEWER_WRONG;
        message->error = "camera_id is missing";
    }
}

void viewer_message_read(const uint8_t *data, size_t size, struct viewer_message *message)
{
    *message = (struct viewer_message){.type = VIEWER_WRONG, .time = "null"};
    if (is_text(data, size, "ping")) {
        message->type = VIEWER_PING;
    } else if (is_text(data, size, "pong") || is_text(data, size, "keepalive")) {
        message->type = VIEWER_IGNORED;
    } else {
        read_object(data, size, message);
    }
}
