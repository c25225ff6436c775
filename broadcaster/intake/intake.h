/* Takes frames in: POST /api/broadcast-detection in its three forms. A frame's bytes are touched as
 * little as can be: checked where they lie, kept where they lie. One thread. */
#ifndef BROADCASTER_INTAKE_H
#define BROADCASTER_INTAKE_H

#include <stdint.h>

#include "broadcaster/protocol/http_session.h"

struct services;
struct intake;

/* Why POSTs were refused. */
enum intake_fault {
    INTAKE_BAD_JSON,
    INTAKE_BAD_CAMERA_ID,
    INTAKE_BAD_BASE64,
    INTAKE_BAD_METADATA,
    INTAKE_BAD_CONTAINER,
    INTAKE_BAD_PICTURE,
    INTAKE_TOO_LARGE,
    INTAKE_WRONG_TYPE,
    INTAKE_FOREIGN_CAMERA,     /* it belongs to the local detector */
    INTAKE_CAMERA_NOT_ALLOWED, /* the token is for others */
    INTAKE_TOO_MANY_STREAMS,
    INTAKE_TOO_FAST, /* beyond max_posts_per_second */
    INTAKE_FAULTS
};

struct intake_counters {
    uint64_t frames;        /* taken, those without a picture included */
    uint64_t bytes;         /* of their bodies */
    uint64_t metadata_only; /* of the frames */
    uint64_t refused[INTAKE_FAULTS];
};

struct intake *intake_create(struct services *services);
void intake_destroy(struct intake *intake); /* NULL is allowed */

/* Answers the request, when its body has been read. */
void intake_handle(struct intake *intake, struct http_session *session,
                   const struct http_request *request);

const struct intake_counters *intake_counters(const struct intake *intake);
const char *intake_fault_name(enum intake_fault fault); /* "bad_json": in answers and counters */

#endif
