/* Finds the three members of a posted frame in its JSON text in one pass, without building or
 * copying anything: {"camera_id":"…","frame_base64":"…","metadata":{…}}. The whole text is
 * checked to be JSON (RFC 8259); other members are allowed and skipped, the three may not come
 * twice. Pure, thread-safe. */
#ifndef BROADCASTER_INTAKE_SCANNER_H
#define BROADCASTER_INTAKE_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/text/byte_span.h"
#include "broadcaster/text/json_scanner.h"
#include "common/camera_id.h"

/* Why a body was refused. */
enum intake_scan_fault {
    INTAKE_SCAN_OK,
    INTAKE_SCAN_JSON,      /* not JSON, or not an object with the members */
    INTAKE_SCAN_CAMERA_ID, /* missing, or not a camera id */
    INTAKE_SCAN_BASE64,    /* frame_base64 missing, empty, or not base64 */
    INTAKE_SCAN_METADATA,  /* not an object, above FRAME_METADATA_MAX, nested too deeply */
};

struct intake_fields {
    char camera[CAMERA_ID_SIZE];
    /* The base64, padded and of the right alphabet, without a data-URL prefix. When it is `escaped`
     * it still has JSON escapes in it and is not checked: intake_unescape_frame(). */
    struct json_string frame;
    struct byte_span metadata;  /* the object as it came; size 0: there is none */
    struct byte_span timestamp; /* metadata.timestamp, the JSON value as it came; size 0: none */
};

/* On a fault *message says what is wrong, for people; a literal. */
enum intake_scan_fault intake_scan(const uint8_t *data, size_t size, struct intake_fields *fields,
                                   const char **message);

/* The slow way for a frame that has escapes in it ("\/"): writes it to `out`, which has room for
 * frame->raw.size bytes, and checks it. *base64 is the part of `out` behind a data-URL prefix. */
enum intake_scan_fault intake_unescape_frame(const struct json_string *frame, uint8_t *out,
                                             struct byte_span *base64, const char **message);

/* Checks metadata that came without JSON around it (in a frame container); *timestamp as above. */
enum intake_scan_fault intake_scan_metadata(const uint8_t *data, size_t size,
                                            struct byte_span *timestamp, const char **message);

#endif
