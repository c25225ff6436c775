#include "broadcaster/intake/streamer_message.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "broadcaster/protocol/timed_pong.h"
#include "broadcaster/text/base64.h"

#define URL_HEAD_MAX 128 /* of a data URL as far as its comma */
#define LOOK_SIZE    16  /* characters of bare base64 that are looked at */

/* What has been found so far. */
struct streamer_scan {
    struct json_scanner scanner;
    struct streamer_message *message;
    bool have_frame, is_ping;
    const char *error; /* the more exact word for a failure than "not JSON" */
};

static bool is_text(const uint8_t *data, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(data, text, size) == 0;
}

static bool streamer_fail(struct streamer_scan *scan, const char *error)
{
    scan->error = error;
    return false;
}

/* Nearly always no backslash stands before the next quote, and then no JSON need
 * be read in between. */
static bool streamer_scan_frame(struct streamer_scan *scan)
{
    struct json_scanner *scanner = &scan->scanner;
    struct json_string *frame = &scan->message->frame;
    if (scan->have_frame) {
        return streamer_fail(scan, "the member frame comes twice");
    }
    if (json_scan_peek(scanner) != '"') {
        return streamer_fail(scan, "frame is not a string");
    }
    scan->have_frame = true;
    const uint8_t *data = scanner->at + 1;
    const uint8_t *quote = memchr(data, '"', (size_t)(scanner->end - data));
    if (quote == NULL || memchr(data, '\\', (size_t)(quote - data)) != NULL) {
        return json_scan_string(scanner, frame);
    }
    *frame = (struct json_string){.raw = {data, (size_t)(quote - data)}};
    scanner->at = quote + 1;
    return true;
}

/* At the value of a member. */
static bool streamer_scan_member(void *arg, const struct json_string *name)
{
    struct streamer_scan *scan = arg;
    struct json_scanner *scanner = &scan->scanner;
    if (json_string_equals(name, "frame")) {
        return streamer_scan_frame(scan);
    }
    bool is_string = json_scan_peek(scanner) == '"';
    if (is_string && json_string_equals(name, "type")) {
        struct json_string type;
        bool good = json_scan_string(scanner, &type);
        scan->is_ping = good && json_string_equals(&type, "ping");
        return good;
    }
    struct byte_span value = {scanner->at, 0};
    if (!json_scan_value(scanner, JSON_LEVELS_MAX)) {
        return false;
    }
    value.size = (size_t)(scanner->at - value.data);
    if (json_string_equals(name, "t")) {
        timed_pong_take(value, scan->message->time);
    }
    return true;
}

enum streamer_message_kind streamer_message_read(const uint8_t *data, size_t size,
                                                 struct streamer_message *message)
{
    struct streamer_scan scan = {.message = message};
    *message = (struct streamer_message){.time = "null"};
    if (is_text(data, size, "ping")) {
        return STREAMER_PING;
    }
    if (is_text(data, size, "pong") || is_text(data, size, "keepalive")) {
        return STREAMER_IGNORED;
    }
    if (size > 5 && memcmp(data, "data:", 5) == 0) {
        message->error = "the data URL stands alone: send {\"frame\":\"data:image/jpeg;base64,…\"}";
        return STREAMER_WRONG;
    }
    json_scanner_init(&scan.scanner, data, size);
    if (!json_scan_members(&scan.scanner, streamer_scan_member, &scan)) {
        message->error =
            scan.error != NULL ? scan.error : "a message must be a JSON object with a frame";
        return STREAMER_WRONG;
    }
    if (scan.have_frame) {
        return STREAMER_FRAME;
    }
    message->error = "the message has no frame";
    return scan.is_ping ? STREAMER_TIMED_PING : STREAMER_WRONG;
}

/* --- data URLs --- */

static bool span_starts(struct byte_span span, const char *text)
{
    size_t size = strlen(text);
    return span.size >= size && strncasecmp((const char *)span.data, text, size) == 0;
}

/* What is wrong with a text that is no data URL. */
static const char *streamer_no_url(struct byte_span text)
{
    size_t look = text.size / 4 * 4;
    look = look < LOOK_SIZE ? look : LOOK_SIZE;
    if (look > 0 && base64_valid((const char *)text.data, look)) {
        return "frame is bare base64: put data:image/jpeg;base64, before it";
    }
    return text.size == 0 ? "frame is empty" : "frame is not a data URL: data:image/jpeg;base64,…";
}

/* No URL has white space or control characters in it, and nobody has looked
 * for them in this one. */
static bool span_is_printable(struct byte_span span)
{
    for (size_t i = 0; i < span.size; i++) {
        if (span.data[i] <= 0x20 || span.data[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* What is wrong with a data URL of this media type; NULL: nothing. */
static const char *streamer_wrong_type(struct byte_span type)
{
    static const struct {
        const char *type, *error;
    } types[] = {
        {"image/jpeg", NULL},
        {"image/jpg", NULL},
        {"image/png", "frame is a PNG: only JPEG is taken, as of canvas.toDataURL(\"image/jpeg\")"},
        {"image/webp",
         "frame is a WebP: only JPEG is taken, as of canvas.toDataURL(\"image/jpeg\")"},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (type.size == strlen(types[i].type) && span_starts(type, types[i].type)) {
            return types[i].error;
        }
    }
    return "frame is a data URL of another type than image/jpeg";
}

const char *streamer_frame_base64(struct byte_span url, struct byte_span *base64)
{
    static const char scheme[] = "data:", encoding[] = ";base64";
    const size_t scheme_size = sizeof scheme - 1, encoding_size = sizeof encoding - 1;
    if (!span_starts(url, scheme)) {
        return streamer_no_url(url);
    }
    struct byte_span head = {url.data + scheme_size, url.size - scheme_size};
    const uint8_t *comma =
        memchr(head.data, ',', head.size < URL_HEAD_MAX ? head.size : URL_HEAD_MAX);
    if (comma == NULL) {
        return "frame is a data URL without data";
    }
    *base64 = (struct byte_span){comma + 1, (size_t)(url.data + url.size - (comma + 1))};
    head.size = (size_t)(comma - head.data);
    if (!span_is_printable(head)) {
        return streamer_no_url(url);
    }
    const uint8_t *parameters = memchr(head.data, ';', head.size);
    size_t type_size = parameters != NULL ? (size_t)(parameters - head.data) : head.size;
    const char *error = streamer_wrong_type((struct byte_span){head.data, type_size});
    if (error != NULL) {
        return error;
    }
    struct byte_span tail = {comma - encoding_size, encoding_size};
    if (head.size < type_size + encoding_size || !span_starts(tail, encoding)) {
        return "frame is a data URL, but not in base64";
    }
    return base64->size > 0 ? NULL : "frame is a data URL without data";
}
