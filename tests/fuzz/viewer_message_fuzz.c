/* A text message from a viewer. What is taken for a message is that one to jansson too,
 * what is wanted is within its bounds, and the time in a ping goes back into an answer,
 * so it must be JSON. */
#include "broadcaster/viewers/viewer_message.h"

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

static void check_type(const uint8_t *data, size_t size, const char *expected)
{
    json_error_t error;
    json_t *message =
        json_loadb((const char *)data, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (message == NULL) {
        FUZZ_CHECK(is_beyond_jansson(&error));
        return;
    }
    const char *type = json_string_value(json_object_get(message, "type"));
    FUZZ_CHECK(type != NULL && strcmp(type, expected) == 0);
    json_decref(message);
}

/* Whatever was said, what is wanted is within its bounds. */
static void check_wish(const struct wish_changes *changes)
{
    struct wish wish = {.skip_frames = 1, .fps = WISH_FPS_MOST, .conf = WISH_CONF_MOST};
    wish_apply(&wish, changes);
    FUZZ_CHECK(wish.fps >= WISH_FPS_LEAST && wish.fps <= WISH_FPS_MOST);
    FUZZ_CHECK(wish.conf >= WISH_CONF_LEAST && wish.conf <= WISH_CONF_MOST);
    FUZZ_CHECK(wish.skip_frames >= 1 && wish.skip_frames <= WISH_SKIP_MOST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct viewer_message message;
    viewer_message_read(data, size, &message);
    switch (message.type) {
    case VIEWER_WRONG:
        FUZZ_CHECK(message.error != NULL);
        break;
    case VIEWER_IGNORED:
    case VIEWER_PING:
        FUZZ_CHECK(size == 4 || size == 9); /* "ping", "pong", "keepalive" */
        break;
    case VIEWER_TIMED_PING:
        FUZZ_CHECK(strnlen(message.time, sizeof message.time) < sizeof message.time);
        FUZZ_CHECK(is_number_or_null(message.time));
        check_type(data, size, "ping");
        break;
    case VIEWER_SUBSCRIBE:
        FUZZ_CHECK(camera_id_valid(message.camera, strlen(message.camera)));
        check_type(data, size, "subscribe");
        check_wish(&message.changes);
        break;
    case VIEWER_UNSUBSCRIBE:
        FUZZ_CHECK(camera_id_valid(message.camera, strlen(message.camera)));
        check_type(data, size, "unsubscribe");
        break;
    case VIEWER_SET:
        check_type(data, size, "set");
        check_wish(&message.changes);
        break;
    case VIEWER_PAUSE:
        check_type(data, size, "pause");
        break;
    case VIEWER_RESUME:
        check_type(data, size, "resume");
        break;
    }
    return 0;
}
