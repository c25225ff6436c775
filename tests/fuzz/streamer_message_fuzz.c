/* A text message from a streamer. A frame's base64 is the one that jansson reads out of the same
 * text; what is wrong is said in words. */
#include "broadcaster/intake/streamer_message.h"

#include <jansson.h>

#include "broadcaster/text/base64.h"
#include "tests/fuzz/fuzz.h"

/* jansson does not hold every number, nor a NUL in a name; and of two members it takes the last. */
static bool is_beyond_jansson(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           code == json_error_duplicate_key;
}

static void check_base64(const uint8_t *data, size_t size, struct byte_span base64)
{
    json_error_t error;
    json_t *message =
        json_loadb((const char *)data, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (message == NULL) {
        FUZZ_CHECK(is_beyond_jansson(&error));
        return;
    }
    const json_t *frame = json_object_get(message, "frame");
    size_t length = json_string_length(frame);
    FUZZ_CHECK(json_is_string(frame) && length > base64.size);
    const char *end = json_string_value(frame) + length;
    FUZZ_CHECK(memcmp(end - base64.size, base64.data, base64.size) == 0);
    json_decref(message);
}

static void check_frame(const uint8_t *data, size_t size, const struct json_string *frame)
{
    FUZZ_CHECK(frame->raw.data >= data && frame->raw.data + frame->raw.size <= data + size);
    uint8_t *plain = xmalloc(frame->raw.size + 1);
    struct byte_span url = frame->raw, base64 = {0};
    if (frame->escaped) {
        url = (struct byte_span){plain, json_string_unescape(frame, plain)};
        FUZZ_CHECK(url.size <= frame->raw.size);
    }
    const char *error = streamer_frame_base64(url, &base64);
    if (error == NULL) {
        FUZZ_CHECK(base64.size > 0 && base64.data + base64.size == url.data + url.size);
        if (base64_valid((const char *)base64.data, base64.size)) {
            check_base64(data, size, base64);
        }
    }
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct streamer_message message;
    switch (streamer_message_read(data, size, &message)) {
    case STREAMER_FRAME:
        check_frame(data, size, &message.frame);
        break;
    case STREAMER_TIMED_PING: {
        json_t *time = json_loads(message.time, JSON_DECODE_ANY, NULL);
        FUZZ_CHECK(time == NULL || json_is_number(time) || json_is_null(time));
        json_decref(time);
        break;
    }
    case STREAMER_WRONG:
        FUZZ_CHECK(message.error != NULL);
        break;
    case STREAMER_PING:
    case STREAMER_IGNORED:
        FUZZ_CHECK(size == 4 || size == 9);
        break;
    }
    return 0;
}
