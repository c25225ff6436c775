/* A text message from a viewer. What is taken for a ping is one to jansson too, and the time in it goes
 * back into an answer, so it must be JSON. */
#include "broadcaster/viewer_message.h"

#include <jansson.h>

#include "tests/fuzz/fuzz.h"

static bool is_number_or_null(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    bool good = value == NULL ? json_error_code(&error) == json_error_numeric_overflow
                              : json_is_number(value) || json_is_null(value);
    json_decref(value);
    return good;
}

/* jansson does not hold every number, nor a NUL in a name; and of two members it takes the last. */
static bool is_beyond_jansson(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           code == json_error_duplicate_key;
}

static void check_ping(const uint8_t *data, size_t size)
{
    json_error_t error;
    json_t *message =
        json_loadb((const char *)data, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (message == NULL) {
        FUZZ_CHECK(is_beyond_jansson(&error));
        return;
    }
    const char *type = json_string_value(json_object_get(message, "type"));
    FUZZ_CHECK(type != NULL && strcmp(type, "ping") == 0);
    json_decref(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char time[VIEWER_TIME_SIZE];
    const char *error = NULL;
    enum viewer_message message = viewer_message_read(data, size, time, &error);
    if (message == VIEWER_WRONG) {
        FUZZ_CHECK(error != NULL);
    } else if (message == VIEWER_TIMED_PING) {
        FUZZ_CHECK(strnlen(time, sizeof time) < sizeof time);
        FUZZ_CHECK(is_number_or_null(time));
        check_ping(data, size);
    } else {
        FUZZ_CHECK(size == 4 || size == 9); /* "ping", "pong", "keepalive" */
    }
    return 0;
}
