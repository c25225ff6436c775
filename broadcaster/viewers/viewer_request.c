#include "broadcaster/viewers/viewer_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"

#define RAW_FPS            30.0
#define DETECT_FPS         10.0
#define DETECT_SKIP_FRAMES 2

struct wish viewer_request_defaults(enum viewer_path path, enum stream_kind kind)
{
    struct wish wish = {.kind = kind, .skip_frames = 1};
    if (kind == STREAM_RAW) {
        wish.fps = RAW_FPS;
    } else if (path != VIEWER_DETECTION) {
        wish.fps = DETECT_FPS;
        wish.skip_frames = DETECT_SKIP_FRAMES;
    }
    return wish;
}

/* --- the camera --- */

/* The only camera that whoever asks may have, else the first configured one;
 * false: there is none. */
static bool choose_camera(const struct services *services, const struct identity *identity,
                          char camera[CAMERA_ID_SIZE])
{
    const struct config *config = services->config;
    const struct config_camera *first = NULL;
    for (size_t i = 0; i < config->camera_count; i++) {
        const struct config_camera *each = &config->cameras[i];
        if (identity_allows_camera(identity, each->id) &&
            (first == NULL || each->place < first->place)) {
            first = each;
        }
    }
    const char *chosen = first != NULL ? first->id : NULL;
    struct hub_camera posted;
    for (size_t at = 0; chosen == NULL && hub_next_camera(services->hub, &at, &posted);) {
        bool usable =
            stream_frame_count(posted.stream) > 0 && identity_allows_camera(identity, posted.id);
        chosen = usable ? posted.id : NULL;
    }
    if (chosen != NULL) {
        snprintf(camera, CAMERA_ID_SIZE, "%s", chosen);
    }
    return chosen != NULL;
}

static bool refuse_camera(struct http_session *session)
{
    http_respond_error(session, 400, "bad_camera_id", NULL,
                       "camera_id is not a camera id: [A-Za-z0-9][A-Za-z0-9_.-]{0,63}");
    return false;
}

/* /ws/stream/…: a camera that exists. */
static bool read_stream_camera(const struct services *services, struct http_session *session,
                               bool given, char camera[CAMERA_ID_SIZE])
{
    if (given ? services_has_camera(services, camera)
              : choose_camera(services, http_session_identity(session), camera)) {
        return true;
    }
    if (given) {
        http_respond_error(session, 404, "unknown_camera", NULL, "there is no camera %s", camera);
    } else {
        http_respond_error(session, 404, "unknown_camera", NULL, "there is no camera");
    }
    return false;
}

/* What the query says; "": nothing. */
static bool read_camera_id(struct http_session *session, const struct http_request *request,
                           char camera[CAMERA_ID_SIZE])
{
    int result = http_request_parameter(request, "camera_id", camera, CAMERA_ID_SIZE);
    if (result == -ENOENT) {
        camera[0] = '\0';
        return true;
    }
    return (result == 0 && camera_id_valid(camera, strlen(camera))) || refuse_camera(session);
}

bool viewer_request_camera(const struct services *services, struct http_session *session,
                           const struct http_request *request, char camera[CAMERA_ID_SIZE])
{
    return read_camera_id(session, request, camera) &&
           read_stream_camera(services, session, camera[0] != '\0', camera);
}

static bool read_camera(const struct services *services, struct http_session *session,
                        const struct http_request *request, struct viewer_request *out)
{
    return out->path == VIEWER_DETECTION
               ? read_camera_id(session, request, out->camera)
               : viewer_request_camera(services, session, request, out->camera);
}

/* `follow=false`. */
static bool read_follow(struct http_session *session, const struct http_request *request,
                        bool *by_name)
{
    char text[8] = "";
    int result = http_request_parameter(request, "follow", text, sizeof text);
    *by_name = result == 0 && strcmp(text, "false") == 0;
    if (result == -ENOENT || *by_name || (result == 0 && strcmp(text, "true") == 0)) {
        return true;
    }
    http_respond_error(session, 400, "bad_parameter", NULL, "follow must be true or false");
    return false;
}

/* --- the wish --- */

static bool read_wish(struct http_session *session, const struct http_request *request,
                      struct wish *wish)
{
    struct wish_changes changes = {0};
    for (int i = 0; i < WISH_FIELDS; i++) {
        enum wish_field field = (enum wish_field)i;
        char text[32] = "";
        int result = http_request_parameter(request, wish_field_name(field), text, sizeof text);
        if (result == -ENOENT) {
            continue;
        }
        const char *error = wish_read(&changes, field, result < 0 ? "" : text);
        if (error != NULL) {
            http_respond_error(session, 400, "bad_parameter", NULL, "%s", error);
            return false;
        }
    }
    wish_apply(wish, &changes);
    return true;
}

bool viewer_request_read(const struct services *services, struct http_session *session,
                         const struct http_request *request, enum viewer_path path,
                         struct viewer_request *out)
{
    enum stream_kind kind = path == VIEWER_STREAM_RAW ? STREAM_RAW : STREAM_DETECT;
    *out = (struct viewer_request){
        .path = path,
        .wish = viewer_request_defaults(path, kind),
    };
    return read_camera(services, session, request, out) &&
           read_follow(session, request, &out->by_name) && read_wish(session, request, &out->wish);
}

bool viewer_request_read_mjpeg(const struct services *services, struct http_session *session,
                               const struct http_request *request, const char *camera,
                               enum viewer_path path, struct viewer_request *out)
{
    *out = (struct viewer_request){.mjpeg = true};
    snprintf(out->camera, sizeof out->camera, "%s", camera);
    if (camera[0] != '\0' ? !read_stream_camera(services, session, true, out->camera)
                          : !viewer_request_camera(services, session, request, out->camera)) {
        return false;
    }
    bool raw = path == VIEWER_STREAM_RAW && services_has_raw(services, out->camera);
    out->path = raw ? VIEWER_STREAM_RAW : VIEWER_STREAM_DETECT;
    out->wish = viewer_request_defaults(out->path, raw ? STREAM_RAW : STREAM_DETECT);
    if (!read_wish(session, request, &out->wish)) {
        return false;
    }
    out->wish.metadata = false; /* there is no place for it beside the pictures */
    return true;
}
