/* The body of a posted frame. What the scanner accepts, jansson accepts too, with the same members.
 * Two things are JSON (RFC 8259) and still too much for jansson: numbers beyond its types, and
 * names with a NUL in them. */
#include "broadcaster/intake/intake_scanner.h"

#include <jansson.h>
#include <strings.h>

#include "broadcaster/text/base64.h"
#include "common/frame_container.h"
#include "tests/fuzz/fuzz.h"

/* NULL: only jansson cannot hold it. */
static json_t *load(const uint8_t *data, size_t size)
{
    json_error_t error;
    json_t *value = json_loadb((const char *)data, size, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (value == NULL) {
        enum json_error_code code = json_error_code(&error);
        if (code != json_error_numeric_overflow && code != json_error_null_byte_in_key) {
            fprintf(stderr, "jansson: %s\n", error.text);
        }
        FUZZ_CHECK(code == json_error_numeric_overflow || code == json_error_null_byte_in_key);
    }
    return value;
}

static void check_base64(struct byte_span base64, const json_t *member)
{
    const char *text = json_string_value(member);
    size_t size = json_string_length(member);
    FUZZ_CHECK(text != NULL);
    if (strncasecmp(text, "data:", 5) == 0) {
        const char *comma = memchr(text, ',', size);
        FUZZ_CHECK(comma != NULL && strncasecmp(text, "data:image/jp", 13) == 0);
        size -= (size_t)(comma + 1 - text);
        text = comma + 1;
    }
    FUZZ_CHECK(base64.size == size && memcmp(base64.data, text, size) == 0);
    FUZZ_CHECK(base64_valid(text, size));
    uint8_t *bytes = xmalloc(base64_decoded_size_max(size));
    ssize_t count = base64_decode(bytes, text, size);
    FUZZ_CHECK(count > 0 && base64_encoded_size((size_t)count) == size);
    char *encoded = xmalloc(size);
    FUZZ_CHECK(base64_encode(encoded, bytes, (size_t)count) == size);
    FUZZ_CHECK(memcmp(encoded, text, size) == 0);
    free(encoded);
    free(bytes);
}

static void check_frame(const struct intake_fields *fields, const json_t *member)
{
    const char *message = NULL;
    if (!fields->frame.escaped) {
        check_base64(fields->frame.raw, member);
        return;
    }
    struct byte_span base64;
    uint8_t *plain = xmalloc(fields->frame.raw.size);
    if (intake_unescape_frame(&fields->frame, plain, &base64, &message) == INTAKE_SCAN_OK) {
        check_base64(base64, member);
    } else {
        FUZZ_CHECK(message != NULL);
    }
    free(plain);
}

static void check_same(struct byte_span span, const json_t *member)
{
    FUZZ_CHECK((span.size > 0) == (member != NULL));
    if (member != NULL) {
        json_t *value = load(span.data, span.size);
        FUZZ_CHECK(value != NULL && json_equal(value, member));
        json_decref(value);
    }
}

static void check_fields(const struct intake_fields *fields, const json_t *root)
{
    const json_t *metadata = json_object_get(root, "metadata");
    FUZZ_CHECK(json_is_object(root));
    const char *camera = json_string_value(json_object_get(root, "camera_id"));
    FUZZ_CHECK(camera != NULL && strcmp(camera, fields->camera) == 0);
    check_frame(fields, json_object_get(root, "frame_base64"));
    check_same(fields->metadata, metadata);
    check_same(fields->timestamp, json_object_get(metadata, "timestamp"));
}

/* A posted frame container has its metadata without JSON around it. */
static void check_metadata(const uint8_t *data, size_t size, bool accepted)
{
    struct byte_span timestamp;
    const char *message = NULL;
    enum intake_scan_fault fault = intake_scan_metadata(data, size, &timestamp, &message);
    FUZZ_CHECK((fault == INTAKE_SCAN_OK) == (message == NULL));
    FUZZ_CHECK(fault == INTAKE_SCAN_OK || !accepted);
    json_t *metadata = fault == INTAKE_SCAN_OK ? load(data, size) : NULL;
    if (metadata != NULL) {
        FUZZ_CHECK(json_is_object(metadata));
        check_same(timestamp, json_object_get(metadata, "timestamp"));
    }
    json_decref(metadata);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct intake_fields fields;
    const char *message = NULL;
    enum intake_scan_fault fault = intake_scan(data, size, &fields, &message);
    FUZZ_CHECK((fault == INTAKE_SCAN_OK) == (message == NULL));
    if (fault == INTAKE_SCAN_OK) {
        FUZZ_CHECK(camera_id_valid(fields.camera, strlen(fields.camera)));
        FUZZ_CHECK(fields.metadata.size <= FRAME_METADATA_MAX);
        json_t *root = load(data, size);
        if (root != NULL) {
            check_fields(&fields, root);
        }
        json_decref(root);
        if (fields.metadata.size > 0) {
            check_metadata(fields.metadata.data, fields.metadata.size, true);
        }
    }
    check_metadata(data, size, false);
    return 0;
}
