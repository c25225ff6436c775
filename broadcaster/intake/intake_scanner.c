#include "broadcaster/intake/intake_scanner.h"

#include <string.h>
#include <strings.h>

#include "broadcaster/text/base64.h"
#include "common/frame_container.h"

static const char base64_fault[] = "frame_base64 is not base64 of a JPEG";

/* What has been found so far. */
struct intake_scan {
    struct json_scanner scanner;
    struct intake_fields *fields;
    bool have_camera, have_frame, have_metadata;
    enum intake_scan_fault fault; /* the more exact word for a failure than "not JSON" */
    const char *message;
};

static bool intake_fail(struct intake_scan *scan, enum intake_scan_fault fault, const char *message)
{
    scan->fault = fault;
    scan->message = message;
    return false;
}

/* The length of a data-URL prefix, or 0. Case means nothing in it (RFC 2397, RFC 2045). */
static size_t base64_prefix(const uint8_t *data, size_t size)
{
    static const char *const prefixes[] = {"data:image/jpeg;base64,", "data:image/jpg;base64,"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t length = strlen(prefixes[i]);
        if (size >= length && strncasecmp((const char *)data, prefixes[i], length) == 0) {
            return length;
        }
    }
    return 0;
}

/* --- the members --- */

static bool intake_scan_camera(struct intake_scan *scan)
{
    struct json_string id;
    uint8_t plain[6 * CAMERA_ID_MAX];
    if (json_scan_peek(&scan->scanner) != '"') {
        return intake_fail(scan, INTAKE_SCAN_CAMERA_ID, "camera_id is not a string");
    }
    if (!json_scan_string(&scan->scanner, &id)) {
        return false;
    }
    size_t size = id.raw.size;
    if (size <= sizeof plain) {
        size = json_string_unescape(&id, plain);
    }
    if (size > CAMERA_ID_MAX || !camera_id_valid((const char *)plain, size)) {
        return intake_fail(scan, INTAKE_SCAN_CAMERA_ID,
                           "camera_id is not a camera id: [A-Za-z0-9][A-Za-z0-9_.-]{0,63}");
    }
    memcpy(scan->fields->camera, plain, size);
    scan->fields->camera[size] = '\0';
    return true;
}

/* What stands before the next quote is nearly always base64, and then no JSON
 * need be read in it. */
static bool intake_scan_frame(struct intake_scan *scan)
{
    struct json_scanner *scanner = &scan->scanner;
    struct json_string *frame = &scan->fields->frame;
    if (json_scan_peek(scanner) != '"') {
        return intake_fail(scan, INTAKE_SCAN_BASE64, "frame_base64 is not a string");
    }
    const uint8_t *data = scanner->at + 1;
    const uint8_t *quote = memchr(data, '"', (size_t)(scanner->end - data));
    size_t size = quote != NULL ? (size_t)(quote - data) : 0;
    size_t prefix = base64_prefix(data, size);
    if (size > prefix && base64_valid((const char *)data + prefix, size - prefix)) {
        *frame = (struct json_string){.raw = {data + prefix, size - prefix}};
        scanner->at = quote + 1;
        return true;
    }
    if (!json_scan_string(scanner, frame)) {
        return false;
    }
    if (!frame->escaped) {
        return intake_fail(scan, INTAKE_SCAN_BASE64,
                           frame->raw.size == prefix ? "frame_base64 is empty" : base64_fault);
    }
    return true;
}

enum intake_scan_fault intake_unescape_frame(const struct json_string *frame, uint8_t *out,
                                             struct byte_span *base64, const char **message)
{
    size_t size = json_string_unescape(frame, out);
    size_t prefix = base64_prefix(out, size);
    *base64 = (struct byte_span){out + prefix, size - prefix};
    if (base64->size == 0 || !base64_valid((const char *)base64->data, base64->size)) {
        *message = base64_fault;
        return INTAKE_SCAN_BASE64;
    }
    return INTAKE_SCAN_OK;
}

/* The metadata's own members: one of them is wanted. */
static bool intake_scan_metadata_members(struct json_scanner *scanner, struct byte_span *timestamp)
{
    struct json_string name;
    *timestamp = (struct byte_span){0};
    json_scan_object_begin(scanner);
    for (bool first = true;; first = false) {
        enum json_member_result result = json_scan_member(scanner, first, &name);
        if (result != JSON_MEMBER) {
            return result == JSON_MEMBERS_END;
        }
        json_scan_peek(scanner);
        const uint8_t *value = scanner->at;
        if (!json_scan_value(scanner, JSON_LEVELS_MAX - 1)) {
            return false;
        }
        if (json_string_equals(&name, "timestamp")) {
            *timestamp = (struct byte_span){value, (size_t)(scanner->at - value)};
        }
    }
}

static bool intake_scan_metadata_member(struct intake_scan *scan)
{
    struct json_scanner *scanner = &scan->scanner;
    if (json_scan_peek(scanner) != '{') {
        return intake_fail(scan, INTAKE_SCAN_METADATA, "metadata is not an object");
    }
    const uint8_t *start = scanner->at;
    if (!intake_scan_metadata_members(scanner, &scan->fields->timestamp)) {
        return false;
    }
    scan->fields->metadata = (struct byte_span){start, (size_t)(scanner->at - start)};
    return scan->fields->metadata.size <= FRAME_METADATA_MAX ||
           intake_fail(scan, INTAKE_SCAN_METADATA, "metadata has more than 65536 bytes");
}

/* At the value of a member. */
static bool intake_scan_member(void *arg, const struct json_string *name)
{
    struct intake_scan *scan = arg;
    bool *have = NULL;
    bool (*take)(struct intake_scan *) = NULL;
    if (json_string_equals(name, "camera_id")) {
        have = &scan->have_camera;
        take = intake_scan_camera;
    } else if (json_string_equals(name, "frame_base64")) {
        have = &scan->have_frame;
        take = intake_scan_frame;
    } else if (json_string_equals(name, "metadata")) {
        have = &scan->have_metadata;
        take = intake_scan_metadata_member;
    } else {
        return json_scan_value(&scan->scanner, JSON_LEVELS_MAX);
    }
    if (*have) {
        return json_scan_fail(&scan->scanner, "camera_id, frame_base64 or metadata comes twice");
    }
    *have = true;
    return take(scan);
}

enum intake_scan_fault intake_scan(const uint8_t *data, size_t size, struct intake_fields *fields,
                                   const char **message)
{
    struct intake_scan scan = {.fields = fields};
    json_scanner_init(&scan.scanner, data, size);
    *fields = (struct intake_fields){0};
    bool whole = json_scan_members(&scan.scanner, intake_scan_member, &scan);
    if (whole && !scan.have_camera) {
        whole = intake_fail(&scan, INTAKE_SCAN_CAMERA_ID, "camera_id is missing");
    } else if (whole && !scan.have_frame) {
        whole = intake_fail(&scan, INTAKE_SCAN_BASE64, "frame_base64 is missing");
    }
    if (whole) {
        return INTAKE_SCAN_OK;
    }
    *message = scan.message != NULL ? scan.message : scan.scanner.error;
    return scan.fault != INTAKE_SCAN_OK ? scan.fault : INTAKE_SCAN_JSON;
}

enum intake_scan_fault intake_scan_metadata(const uint8_t *data, size_t size,
                                            struct byte_span *timestamp, const char **message)
{
    struct json_scanner scanner;
    json_scanner_init(&scanner, data, size);
    if (json_scan_peek(&scanner) != '{') {
        *message = "metadata is not an object";
        return INTAKE_SCAN_METADATA;
    }
    if (!intake_scan_metadata_members(&scanner, timestamp) || !json_scan_end(&scanner)) {
        *message = scanner.error;
        return INTAKE_SCAN_METADATA;
    }
    return INTAKE_SCAN_OK;
}
