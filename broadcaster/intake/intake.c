#include "broadcaster/intake/intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "broadcaster/access/limits.h"
#include "broadcaster/history/history.h"
#include "broadcaster/intake/intake_scanner.h"
#include "broadcaster/intake/picture_check.h"
#include "broadcaster/intake/pushed_set.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/frame_stages.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/streams/renderings.h"
#include "broadcaster/text/base64.h"
#include "common/frame_container.h"
#include "common/memory.h"
#include "common/picture_fault.h"

#define INTAKE_JSON_EXTRA 65536 /* beyond the base64 of the largest picture */

struct intake {
    struct services *services;
    struct intake_counters counters;
};

/* One POST on its way in: what it says, or why it is refused. */
struct intake_post {
    struct stream_key key;
    struct posted_frame frame;
    struct byte_span timestamp; /* the JSON value as it came; size 0: none */
    uint64_t posted_ns;         /* CLOCK_REALTIME when the sender began; 0: it did not say */
    enum intake_fault fault;
    const char *message; /* NULL: nothing is wrong so far */
};

static const struct {
    const char *name;
    int status;
} intake_faults[INTAKE_FAULTS] = {
    [INTAKE_BAD_JSON] = {"bad_json", 400},
    [INTAKE_BAD_CAMERA_ID] = {"bad_camera_id", 400},
    [INTAKE_BAD_BASE64] = {"bad_base64", 400},
    [INTAKE_BAD_METADATA] = {"bad_metadata", 400},
    [INTAKE_BAD_CONTAINER] = {"bad_container", 400},
    [INTAKE_BAD_PICTURE] = {"bad_picture", 400},
    [INTAKE_TOO_LARGE] = {"too_large", 413},
    [INTAKE_WRONG_TYPE] = {"wrong_type", 415},
    [INTAKE_FOREIGN_CAMERA] = {"foreign_camera", 409},
    [INTAKE_CAMERA_NOT_ALLOWED] = {"camera_not_allowed", 403},
    [INTAKE_TOO_MANY_STREAMS] = {"too_many_streams", 503},
    [INTAKE_TOO_FAST] = {"too_fast", 429},
};

const char *intake_fault_name(enum intake_fault fault)
{
    return intake_faults[fault].name;
}

static bool intake_fail(struct intake_post *post, enum intake_fault fault, const char *message)
{
    post->fault = fault;
    post->message = message;
    return false;
}

static const char *intake_retry_field(int status)
{
    return status == 503 ? "Retry-After: 5\r\n" : status == 429 ? "Retry-After: 1\r\n" : NULL;
}

static void intake_refuse(struct intake *intake, struct http_session *session,
                          enum intake_fault fault, const char *message)
{
    intake->counters.refused[fault]++;
    http_respond_error(session, intake_faults[fault].status, intake_faults[fault].name,
                       intake_retry_field(intake_faults[fault].status), "%s", message);
}

/* --- the three forms --- */

static bool intake_fail_scan(struct intake_post *post, enum intake_scan_fault fault,
                             const char *message)
{
    static const enum intake_fault faults[] = {
        [INTAKE_SCAN_OK] = INTAKE_BAD_JSON,
        [INTAKE_SCAN_JSON] = INTAKE_BAD_JSON,
        [INTAKE_SCAN_CAMERA_ID] = INTAKE_BAD_CAMERA_ID,
        [INTAKE_SCAN_BASE64] = INTAKE_BAD_BASE64,
        [INTAKE_SCAN_METADATA] = INTAKE_BAD_METADATA,
    };
    return intake_fail(post, faults[fault], message);
}

static bool intake_check_picture(struct intake_post *post, enum jpeg_fault fault,
                                 const struct jpeg_info *info)
{
    if (fault != JPEG_WHOLE) {
        return intake_fail(post, INTAKE_BAD_PICTURE, picture_fault_text(fault));
    }
    post->frame.width = info->width;
    post->frame.height = info->height;
    return true;
}

/* Base64 with JSON escapes in it is written anew, with its metadata behind it, into a body that
 * takes the place of the one that came. */
static bool intake_unescape(struct intake_post *post, const struct json_string *escaped)
{
    struct posted_frame *frame = &post->frame;
    const char *message;
    struct shared_bytes *body = shared_bytes_create(escaped->raw.size + frame->metadata.size);
    enum intake_scan_fault fault =
        intake_unescape_frame(escaped, body->data, &frame->base64, &message);
    uint8_t *metadata = body->data + escaped->raw.size;
    if (frame->metadata.size > 0) {
        memcpy(metadata, frame->metadata.data, frame->metadata.size);
        if (post->timestamp.size > 0) {
            post->timestamp.data = metadata + (post->timestamp.data - frame->metadata.data);
        }
        frame->metadata.data = metadata;
    }
    shared_bytes_unref(frame->body);
    frame->body = body;
    return fault == INTAKE_SCAN_OK || intake_fail_scan(post, fault, message);
}

static bool intake_read_json(struct intake_post *post)
{
    struct posted_frame *frame = &post->frame;
    struct intake_fields fields;
    struct jpeg_info info;
    const char *message;
    enum intake_scan_fault fault =
        intake_scan(frame->body->data, frame->body->size, &fields, &message);
    if (fault != INTAKE_SCAN_OK) {
        return intake_fail_scan(post, fault, message);
    }
    memcpy(post->key.camera, fields.camera, sizeof post->key.camera);
    frame->metadata = fields.metadata;
    frame->base64 = fields.frame.raw;
    post->timestamp = fields.timestamp;
    if (fields.frame.escaped && !intake_unescape(post, &fields.frame)) {
        return false;
    }
    enum jpeg_fault picture = picture_check_base64(frame->base64, &info);
    frame->jpeg_size = (uint32_t)info.size;
    return intake_check_picture(post, picture, &info);
}

static bool intake_read_container(struct intake_post *post, bool local)
{
    struct posted_frame *frame = &post->frame;
    struct frame_container container;
    const char *message;
    const uint8_t *data = frame->body->data;
    size_t header = frame_container_parse(data, frame->body->size, &container, &message);
    if (header == 0) {
        return intake_fail(post, INTAKE_BAD_CONTAINER, message);
    }
    if (container.flags != 0) {
        return intake_fail(post, INTAKE_BAD_CONTAINER, "raw pictures are not taken by POST");
    }
    memcpy(post->key.camera, container.camera, sizeof post->key.camera);
    post->key.rendering = container.rendering;
    frame->metadata = (struct byte_span){data + header, container.metadata_size};
    frame->jpeg = (struct byte_span){data + header + container.metadata_size, container.jpeg_size};
    frame->jpeg_size = container.jpeg_size;
    frame->number = container.frame_number;
    frame->generation = container.generation;
    post->posted_ns = container.sent_ns;
    frame->timed_here = local && container.captured_ns != 0;
    if (container.captured_ns != 0) {
        frame->captured_ns = container.captured_ns;
    }
    if (frame->metadata.size > 0) {
        enum intake_scan_fault fault = intake_scan_metadata(
            frame->metadata.data, frame->metadata.size, &post->timestamp, &message);
        if (fault != INTAKE_SCAN_OK) {
            return intake_fail_scan(post, fault, message);
        }
    }
    if (frame->jpeg_size == 0) {
        return frame->metadata.size > 0 ||
               intake_fail(post, INTAKE_BAD_CONTAINER, "the container is empty");
    }
    struct jpeg_info info;
    enum jpeg_fault picture = picture_check_bytes(frame->jpeg, &info);
    return intake_check_picture(post, picture, &info);
}

/* The camera id in the query has been checked before the body was read. */
static bool intake_read_jpeg(struct intake_post *post, const struct http_request *request)
{
    struct posted_frame *frame = &post->frame;
    struct jpeg_info info;
    http_request_parameter(request, "camera_id", post->key.camera, sizeof post->key.camera);
    frame->jpeg = (struct byte_span){frame->body->data, frame->body->size};
    frame->jpeg_size = (uint32_t)frame->body->size;
    return intake_check_picture(post, picture_check_bytes(frame->jpeg, &info), &info);
}

/* --- a whole POST --- */

static void intake_answer(struct http_session *session, const struct intake_post *post,
                          size_t viewers)
{
    struct byte_span timestamp = post->timestamp;
    if (timestamp.size == 0) {
        timestamp = (struct byte_span){(const uint8_t *)"null", 4};
    }
    size_t room = 192 + sizeof post->key.camera + timestamp.size;
    char *text = xmalloc(room);
    int size = snprintf(text, room,
                        "{\"success\":true,\"viewers\":%zu,\"camera_id\":\"%s\","
                        "\"frame_size\":%" PRIu32 ",\"timestamp\":%.*s}",
                        viewers, post->key.camera, post->frame.jpeg_size, (int)timestamp.size,
                        (const char *)timestamp.data);
    http_respond_text(session, 200, "application/json", NULL, text, (size_t)size);
    free(text);
}

/* What holds for every form: sizes, and who may post the camera. */
static bool intake_admit(struct intake *intake, struct http_session *session,
                         struct intake_post *post)
{
    const struct services *services = intake->services;
    if (post->frame.jpeg_size > services->config->max_frame_bytes) {
        return intake_fail(post, INTAKE_TOO_LARGE, "the JPEG is larger than max_frame_bytes");
    }
    if (!identity_allows_camera(http_session_identity(session), post->key.camera)) {
        return intake_fail(post, INTAKE_CAMERA_NOT_ALLOWED, "this token is not for this camera");
    }
    if (!connection_is_local(http_session_connection(session)) &&
        services_has_local_detector(services, post->key.camera)) {
        return intake_fail(post, INTAKE_FOREIGN_CAMERA,
                           "this camera belongs to the detector of this machine");
    }
    if (!limits_allow_post(services->limits, http_session_identity(session), post->key.camera,
                           clock_monotonic_ns())) {
        return intake_fail(post, INTAKE_TOO_FAST,
                           "this camera is posted faster than max_posts_per_second allows");
    }
    if (post->key.rendering != RENDERINGS_DEFAULT &&
        (!connection_is_local(http_session_connection(session)) ||
         !renderings_exists(services->renderings, post->key.camera, post->key.rendering))) {
        return intake_fail(post, INTAKE_BAD_CONTAINER, "nobody has asked for this rendering");
    }
    return true;
}

/* How long the frame has been on its way. Other machines' clocks are not ours: of the way between
 * two machines nothing is known. */
static void intake_observe(struct intake *intake, const struct intake_post *post, bool local)
{
    struct camera_counters *counters =
        counters_camera(&intake->services->counters, post->key.camera);
    struct frame_stages stages;
    counters->posted++;
    counters->posted_bytes += post->frame.body->size;
    frame_stages_read(post->frame.metadata, &stages);
    if (local && post->posted_ns != 0) {
        stages.known[LATENCY_POSTED] = true;
        stages.duration_ns[LATENCY_POSTED] =
            clock_elapsed_ns(post->posted_ns, post->frame.taken_ns);
    }
    frame_stages_observe(&stages, counters);
}

/* A frame of our own detector, of a pushed camera whose streamer has left meanwhile. */
static bool intake_is_late(const struct intake *intake, struct http_session *session,
                           const struct intake_post *post)
{
    return connection_is_local(http_session_connection(session)) &&
           pushed_set_is_late(intake->services->pushed, post->key.camera, post->frame.captured_ns);
}

/* Takes the post's body in any case. */
static void intake_finish(struct intake *intake, struct http_session *session,
                          struct intake_post *post, bool whole)
{
    struct stream *stream;
    size_t body_size = post->frame.body->size;
    if (whole && intake_is_late(intake, session, post)) {
        intake_answer(session, post, 0);
        shared_bytes_unref(post->frame.body);
        return;
    }
    if (whole && intake_admit(intake, session, post)) {
        /* The answer quotes the body, which the hub may drop. */
        struct shared_bytes *body = shared_bytes_ref(post->frame.body);
        if (hub_post(intake->services->hub, &post->key, &post->frame, &stream) == 0) {
            intake->counters.frames++;
            intake->counters.bytes += body_size;
            intake->counters.metadata_only += post->frame.jpeg_size == 0;
            intake_answer(session, post, stream_viewers(stream));
            history_take(intake->services->history, post->key.camera, post->key.rendering,
                         post->frame.metadata, post->frame.taken_ns);
            intake_observe(intake, post, connection_is_local(http_session_connection(session)));
            shared_bytes_unref(body);
            return;
        }
        shared_bytes_unref(body);
        intake_fail(post, INTAKE_TOO_MANY_STREAMS, "Too many active streams. Please try again.");
    }
    shared_bytes_unref(post->frame.body);
    intake_refuse(intake, session, post->fault, post->message);
}

static void intake_begin(struct intake_post *post, struct shared_bytes *body)
{
    uint64_t now = clock_realtime_ns();
    *post = (struct intake_post){.frame = {.body = body, .captured_ns = now, .taken_ns = now}};
}

static void intake_on_json(void *arg, struct http_session *session, struct shared_bytes *body)
{
    struct intake_post post;
    intake_begin(&post, body);
    bool whole = intake_read_json(&post);
    intake_finish(arg, session, &post, whole);
}

static void intake_on_container(void *arg, struct http_session *session, struct shared_bytes *body)
{
    struct intake_post post;
    intake_begin(&post, body);
    bool local = connection_is_local(http_session_connection(session));
    bool whole = intake_read_container(&post, local);
    intake_finish(arg, session, &post, whole);
}

static void intake_on_jpeg(void *arg, struct http_session *session, struct shared_bytes *body)
{
    struct intake_post post;
    intake_begin(&post, body);
    bool whole = intake_read_jpeg(&post, http_session_request(session));
    intake_finish(arg, session, &post, whole);
}

/* --- before the body --- */

static void intake_read_body(struct intake *intake, struct http_session *session,
                             const struct http_request *request, size_t limit, http_body_fn *done)
{
    if (request->framing == HTTP_BODY_LENGTH && request->content_length > limit) {
        intake_refuse(intake, session, INTAKE_TOO_LARGE, "the body is larger than a frame may be");
        return;
    }
    http_read_body(session, limit, done, intake);
}

void intake_handle(struct intake *intake, struct http_session *session,
                   const struct http_request *request)
{
    char camera[CAMERA_ID_SIZE];
    size_t most = (size_t)intake->services->config->max_frame_bytes;
    if (http_request_has_type(request, "application/json")) {
        intake_read_body(intake, session, request, base64_encoded_size(most) + INTAKE_JSON_EXTRA,
                         intake_on_json);
    } else if (http_request_has_type(request, FRAME_CONTAINER_TYPE)) {
        intake_read_body(intake, session, request,
                         most + FRAME_METADATA_MAX + FRAME_CONTAINER_HEADER_MAX,
                         intake_on_container);
    } else if (!http_request_has_type(request, "image/jpeg")) {
        intake_refuse(intake, session, INTAKE_WRONG_TYPE,
                      "Content-Type must be application/json, " FRAME_CONTAINER_TYPE
                      " or image/jpeg");
    } else if (http_request_parameter(request, "camera_id", camera, sizeof camera) < 0 ||
               !camera_id_valid(camera, strlen(camera))) {
        intake_refuse(intake, session, INTAKE_BAD_CAMERA_ID,
                      "image/jpeg needs ?camera_id=: [A-Za-z0-9][A-Za-z0-9_.-]{0,63}");
    } else {
        intake_read_body(intake, session, request, most, intake_on_jpeg);
    }
}

/* --- life --- */

struct intake *intake_create(struct services *services)
{
    struct intake *intake = xcalloc(1, sizeof *intake);
    intake->services = services;
    return intake;
}

void intake_destroy(struct intake *intake)
{
    free(intake);
}

const struct intake_counters *intake_counters(const struct intake *intake)
{
    return &intake->counters;
}
