#include "common/messages.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 10

/* What a field's value must be. */
enum field_kind {
    FIELD_STRING,
    FIELD_STRING_OR_NULL,
    FIELD_DECIMAL, /* a string of digits up to 2^64 - 1: JSON's numbers are not exact that far */
    FIELD_COUNT,   /* an integer, 0 or more */
    FIELD_NUMBER,
    FIELD_BOOLEAN,
    FIELD_ARRAY,
};

struct field_rule {
    const char *name; /* NULL ends the list */
    enum field_kind kind;
    bool optional;
};

struct message_rule {
    const char *name;
    enum message_direction direction;
    unsigned services; /* of enum message_service */
    unsigned descriptors;
    bool newest_only;
    bool free_form; /* carries more fields than are listed */
    struct field_rule fields[FIELDS_MAX];
};

#define ANY_SERVICE                                                                                \
    (MESSAGE_SERVICE_CAPTURE | MESSAGE_SERVICE_DETECTOR | MESSAGE_SERVICE_BROADCASTER)

static const struct message_rule message_rules[MESSAGE_TYPES] = {
    [MESSAGE_STATUS] = {.name = "status",
                        .direction = MESSAGE_TO_CLIENT,
                        .services = MESSAGE_SERVICE_CAPTURE,
                        .newest_only = true,
                        .fields = {{"state", FIELD_STRING, false},
                                   {"since", FIELD_DECIMAL, false},
                                   {"frames", FIELD_COUNT, false},
                                   {"bad", FIELD_COUNT, false},
                                   {"reconnects", FIELD_COUNT, false},
                                   {"width", FIELD_COUNT, false},
                                   {"height", FIELD_COUNT, false},
                                   {"fps", FIELD_NUMBER, false},
                                   {"reason", FIELD_STRING, false},
                                   {"version", FIELD_COUNT, false}}},
    [MESSAGE_ATTACH] = {.name = "attach",
                        .direction = MESSAGE_TO_SERVER,
                        .services = MESSAGE_SERVICE_CAPTURE},
    [MESSAGE_RING] = {.name = "ring",
                      .direction = MESSAGE_TO_CLIENT,
                      .services = MESSAGE_SERVICE_CAPTURE,
                      .descriptors = 2,
                      .fields = {{"generation", FIELD_DECIMAL, false},
                                 {"size", FIELD_COUNT, false},
                                 {"bank_size", FIELD_COUNT, false},
                                 {"banks", FIELD_COUNT, false}}},
    [MESSAGE_DETACH] = {.name = "detach",
                        .direction = MESSAGE_TO_SERVER,
                        .services = MESSAGE_SERVICE_CAPTURE},
    [MESSAGE_DEMAND] = {.name = "demand",
                        .direction = MESSAGE_TO_SERVER,
                        .services = MESSAGE_SERVICE_DETECTOR,
                        .newest_only = true,
                        .fields = {{"cameras", FIELD_ARRAY, false},
                                   {"after", FIELD_STRING, true},
                                   {"next", FIELD_STRING_OR_NULL, true}}},
    [MESSAGE_STATS] = {.name = "stats", .direction = MESSAGE_TO_SERVER, .services = ANY_SERVICE},
    [MESSAGE_STATS_ANSWER] = {.name = "stats",
                              .direction = MESSAGE_TO_CLIENT,
                              .services = ANY_SERVICE,
                              .free_form = true,
                              .fields = {{"config_hash", FIELD_STRING, false}}},
    [MESSAGE_VIEWERS] = {.name = "viewers",
                         .direction = MESSAGE_TO_SERVER,
                         .services = MESSAGE_SERVICE_BROADCASTER,
                         .fields = {{"after", FIELD_STRING, true}, {"limit", FIELD_COUNT, true}}},
    [MESSAGE_VIEWERS_ANSWER] = {.name = "viewers",
                                .direction = MESSAGE_TO_CLIENT,
                                .services = MESSAGE_SERVICE_BROADCASTER,
                                .fields = {{"viewers", FIELD_ARRAY, false},
                                           {"next", FIELD_STRING_OR_NULL, true}}},
    [MESSAGE_KICK] = {.name = "kick",
                      .direction = MESSAGE_TO_SERVER,
                      .services = MESSAGE_SERVICE_BROADCASTER,
                      .fields = {{"id", FIELD_STRING, false}}},
    [MESSAGE_KICK_ANSWER] = {.name = "kick",
                             .direction = MESSAGE_TO_CLIENT,
                             .services = MESSAGE_SERVICE_BROADCASTER,
                             .fields = {{"kicked", FIELD_BOOLEAN, false}}},
    [MESSAGE_ERROR] = {.name = "error",
                       .direction = MESSAGE_TO_CLIENT,
                       .services = ANY_SERVICE,
                       .fields = {{"message", FIELD_STRING, false}}},
};

/* A stranger's text as it may stand in a log and in an `error` message. */
struct quoted_text {
    char text[120];
};

static struct quoted_text message_quote(const char *text)
{
    struct quoted_text quoted = {""};
    for (size_t i = 0; i < sizeof quoted.text - 1 && text[i] != '\0'; i++) {
        bool plain = text[i] >= ' ' && text[i] < 0x7f;
        quoted.text[i] = plain ? text[i] : '?';
    }
    return quoted;
}

static const char *field_kind_name(enum field_kind kind)
{
    switch (kind) {
    case FIELD_STRING:
        return "a string";
    case FIELD_STRING_OR_NULL:
        return "a string or null";
    case FIELD_DECIMAL:
        return "a string of digits below 2^64";
    case FIELD_COUNT:
        return "an integer, 0 or more";
    case FIELD_NUMBER:
        return "a number";
    case FIELD_BOOLEAN:
        return "true or false";
    case FIELD_ARRAY:
        return "an array";
    }
    return "";
}

static bool decimal_valid(const char *text)
{
    uint64_t value = 0;
    if (text[0] == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    return true;
}

static bool field_valid(enum field_kind kind, const json_t *value)
{
    switch (kind) {
    case FIELD_STRING:
        return json_is_string(value);
    case FIELD_STRING_OR_NULL:
        return json_is_string(value) || json_is_null(value);
    case FIELD_DECIMAL:
        return json_is_string(value) && decimal_valid(json_string_value(value));
    case FIELD_COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case FIELD_NUMBER:
        return json_is_number(value);
    case FIELD_BOOLEAN:
        return json_is_boolean(value);
    case FIELD_ARRAY:
        return json_is_array(value);
    }
    return false;
}

static bool message_has_field(const struct message_rule *rule, const char *name)
{
    for (size_t i = 0; i < FIELDS_MAX && rule->fields[i].name != NULL; i++) {
        if (strcmp(rule->fields[i].name, name) == 0) {
            return true;
        }
    }
    return strcmp(name, "type") == 0;
}

static bool message_has_unknown_field(const struct message_rule *rule, json_t *body,
                                      char error[MESSAGE_ERROR_SIZE])
{
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        if (!message_has_field(rule, name)) {
            snprintf(error, MESSAGE_ERROR_SIZE, "%s: unknown field \"%.64s\"", rule->name,
                     message_quote(name).text);
            return true;
        }
    }
    return false;
}

static bool message_fields_valid(const struct message_rule *rule, const json_t *body,
                                 char error[MESSAGE_ERROR_SIZE])
{
    for (size_t i = 0; i < FIELDS_MAX && rule->fields[i].name != NULL; i++) {
        const struct field_rule *field = &rule->fields[i];
        const json_t *value = json_object_get(body, field->name);
        if (value == NULL && field->optional) {
            continue;
        }
        if (value == NULL || !field_valid(field->kind, value)) {
            snprintf(error, MESSAGE_ERROR_SIZE, "%s: %s must be %s", rule->name, field->name,
                     field_kind_name(field->kind));
            return false;
        }
    }
    return true;
}

/* The type, or -1: one name may stand for a request and for its answer. */
static int message_find(const char *name, enum message_direction direction,
                        enum message_service service)
{
    for (int type = 0; type < MESSAGE_TYPES; type++) {
        const struct message_rule *rule = &message_rules[type];
        if (rule->direction == direction && (rule->services & (unsigned)service) != 0 &&
            strcmp(rule->name, name) == 0) {
            return type;
        }
    }
    return -1;
}

/* An old client may talk to a newer server, whose answers say more; but a request with a field that
 * nobody knows would be half understood. */
static bool message_body_valid(const struct message_rule *rule, json_t *body,
                               char error[MESSAGE_ERROR_SIZE])
{
    if (rule->direction == MESSAGE_TO_SERVER && message_has_unknown_field(rule, body, error)) {
        return false;
    }
    return message_fields_valid(rule, body, error);
}

static int message_judge(json_t *body, enum message_direction direction,
                         enum message_service service, size_t descriptors,
                         char error[MESSAGE_ERROR_SIZE])
{
    const char *name = json_string_value(json_object_get(body, "type"));
    if (name == NULL) {
        snprintf(error, MESSAGE_ERROR_SIZE, "not an object with a \"type\"");
        return -1;
    }
    int type = message_find(name, direction, service);
    if (type < 0) {
        snprintf(error, MESSAGE_ERROR_SIZE, "no message \"%.64s\" here in this direction",
                 message_quote(name).text);
        return -1;
    }
    const struct message_rule *rule = &message_rules[type];
    if (descriptors != rule->descriptors) {
        snprintf(error, MESSAGE_ERROR_SIZE, "%s: %zu descriptors instead of %u", rule->name,
                 descriptors, rule->descriptors);
        return -1;
    }
    return message_body_valid(rule, body, error) ? type : -1;
}

int message_parse(const char *bytes, size_t size, enum message_direction direction,
                  enum message_service service, size_t descriptors, json_t **body,
                  char error[MESSAGE_ERROR_SIZE])
{
    *body = NULL;
    if (size > MESSAGE_BYTES_MAX) {
        snprintf(error, MESSAGE_ERROR_SIZE, "more than %d bytes", MESSAGE_BYTES_MAX);
        return -1;
    }
    json_error_t fault;
    json_t *value = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &fault);
    if (value == NULL) {
        snprintf(error, MESSAGE_ERROR_SIZE, "not JSON: %s", message_quote(fault.text).text);
        return -1;
    }
    int type = message_judge(value, direction, service, descriptors, error);
    if (type < 0) {
        json_decref(value);
        return -1;
    }
    *body = value;
    return type;
}

const char *message_name(enum message_type type)
{
    return message_rules[type].name;
}

size_t message_descriptors(enum message_type type)
{
    return message_rules[type].descriptors;
}

bool message_newest_only(enum message_type type)
{
    return message_rules[type].newest_only;
}

bool message_check(enum message_type type, json_t *body, char error[MESSAGE_ERROR_SIZE])
{
    const struct message_rule *rule = &message_rules[type];
    if (!json_is_object(body)) {
        snprintf(error, MESSAGE_ERROR_SIZE, "%s: not an object", rule->name);
        return false;
    }
    if (!rule->free_form && message_has_unknown_field(rule, body, error)) {
        return false;
    }
    return message_fields_valid(rule, body, error);
}
