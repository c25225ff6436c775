#include "broadcaster/routes.h"

#include <stdio.h>
#include <string.h>

#include "broadcaster/access/access.h"
#include "broadcaster/access/gate.h"
#include "broadcaster/access/limits.h"
#include "broadcaster/api/api_camera_edit.h"
#include "broadcaster/api/api_camera_test.h"
#include "broadcaster/api/api_cameras.h"
#include "broadcaster/api/api_history.h"
#include "broadcaster/api/api_metrics.h"
#include "broadcaster/api/api_operations.h"
#include "broadcaster/api/api_processes.h"
#include "broadcaster/api/api_session.h"
#include "broadcaster/api/api_status.h"
#include "broadcaster/api/api_tokens.h"
#include "broadcaster/api/api_viewers.h"
#include "broadcaster/api/api_warnings.h"
#include "broadcaster/intake/intake.h"
#include "broadcaster/intake/pushed_set.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/protocol/static_files.h"
#include "broadcaster/services.h"
#include "broadcaster/viewers/mjpeg.h"
#include "broadcaster/viewers/snapshot.h"
#include "broadcaster/viewers/viewer_set.h"
#include "common/camera_id.h"

#define ROUTE_ID     "{id}"
#define ROUTE_VIEWER "{viewer}"

/* `camera`: what stood for {id} or {viewer} in the path, of the form of a camera
 * id; "" without one. */
typedef void route_handler(struct services *services, struct http_session *session,
                           const struct http_request *request, const char *camera);

struct route {
    enum http_method method; /* GET answers HEAD too, unless it opens a WebSocket */
    /* {id} stands for a camera id, {viewer} for a viewer's; behind ? a
     * parameter that must be so. */
    const char *pattern;
    route_handler *handler;
    bool websocket;
    unsigned roles; /* one of these is needed (enum role); ROLE_ANYBODY: none */
};

static void route_viewer(struct services *services, struct http_session *session,
                         const struct http_request *request, const char *camera)
{
    (void)camera;
    viewer_set_open(services->viewers, session, request, VIEWER_DETECTION);
}

static void route_raw(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *camera)
{
    (void)camera;
    viewer_set_open(services->viewers, session, request, VIEWER_STREAM_RAW);
}

static void route_detect(struct services *services, struct http_session *session,
                         const struct http_request *request, const char *camera)
{
    (void)camera;
    viewer_set_open(services->viewers, session, request, VIEWER_STREAM_DETECT);
}

static void route_intake(struct services *services, struct http_session *session,
                         const struct http_request *request, const char *camera)
{
    (void)camera;
    intake_handle(services->intake, session, request);
}

static void route_streamer(struct services *services, struct http_session *session,
                           const struct http_request *request, const char *camera)
{
    (void)camera;
    if (limits_admit_stream(services->limits, session)) {
        pushed_set_open(services->pushed, session, request);
    }
}

static const struct route routes[] = {
    {HTTP_GET, "/?action=snapshot", mjpeg_handle_action_snapshot, false, ROLE_VIEWER},
    {HTTP_GET, "/?action=stream", mjpeg_handle_action_stream, false, ROLE_VIEWER},
    {HTTP_POST, "/api/broadcast-detection", route_intake, false, ROLE_PUBLISHER},
    {HTTP_GET, "/api/broadcast-status", api_status_handle, false, ROLE_VIEWER},
    {HTTP_GET, "/api/cameras", api_cameras_handle, false, ROLE_VIEWER | ROLE_PUBLISHER},
    {HTTP_POST, "/api/cameras", api_camera_add_handle, false, ROLE_ADMIN},
    {HTTP_POST, "/api/cameras/test", api_camera_test_handle, false, ROLE_ADMIN},
    {HTTP_GET, "/api/cameras/" ROUTE_ID, api_camera_handle, false, ROLE_VIEWER},
    {HTTP_PUT, "/api/cameras/" ROUTE_ID, api_camera_change_handle, false, ROLE_ADMIN},
    {HTTP_DELETE, "/api/cameras/" ROUTE_ID, api_camera_remove_handle, false, ROLE_ADMIN},
    {HTTP_PUT, "/api/cameras/" ROUTE_ID "/spaces", api_camera_spaces_handle, false, ROLE_ADMIN},
    {HTTP_GET, "/api/cameras/" ROUTE_ID "/snapshot.jpg", snapshot_handle, false, ROLE_VIEWER},
    {HTTP_GET, "/api/cameras/" ROUTE_ID "/stream.mjpeg", mjpeg_handle_camera, false, ROLE_VIEWER},
    {HTTP_GET, "/api/events", api_events_handle, false, ROLE_VIEWER},
    {HTTP_GET, "/api/history", api_history_handle, false, ROLE_VIEWER},
    {HTTP_GET, "/api/history.csv", api_history_csv_handle, false, ROLE_VIEWER},
    {HTTP_GET, "/api/processes", api_processes_handle, false, ROLE_ADMIN | ROLE_EVERY_CAMERA},
    {HTTP_GET, "/api/session", api_session_handle, false, ROLE_ANYBODY},
    {HTTP_POST, "/api/tokens", api_tokens_handle, false, ROLE_ALL},
    {HTTP_GET, "/api/version", api_version_handle, false, ROLE_ANYBODY},
    {HTTP_GET, "/api/viewers", api_viewers_list, false, ROLE_ADMIN},
    {HTTP_DELETE, "/api/viewers/" ROUTE_VIEWER, api_viewers_kick, false, ROLE_ADMIN},
    {HTTP_GET, "/api/warnings", api_warnings_handle, false, ROLE_ADMIN | ROLE_EVERY_CAMERA},
    {HTTP_GET, "/debug/streams", api_streams_list, false, ROLE_ADMIN},
    {HTTP_GET, "/healthz", api_health_handle, false, ROLE_ANYBODY},
    {HTTP_GET, "/metrics", api_metrics_handle, false, ROLE_VIEWER | ROLE_EVERY_CAMERA},
    {HTTP_GET, "/readyz", api_ready_handle, false, ROLE_ANYBODY},
    {HTTP_GET, "/stream", mjpeg_handle_raw, false, ROLE_VIEWER},
    {HTTP_GET, "/stream/detect", mjpeg_handle_detect, false, ROLE_VIEWER},
    {HTTP_GET, "/ws/health", api_websocket_health_handle, false, ROLE_ANYBODY},
    {HTTP_GET, "/ws/stream/detect", route_detect, true, ROLE_VIEWER},
    {HTTP_GET, "/ws/stream/raw", route_raw, true, ROLE_VIEWER},
    {HTTP_GET, "/ws/streamer", route_streamer, true, ROLE_PUBLISHER},
    {HTTP_GET, "/ws/viewer/detection", route_viewer, true, ROLE_VIEWER},
};

#define ROUTE_COUNT (sizeof routes / sizeof routes[0])

/* The path of the pattern, and its parameter: "/?action=stream". */
static bool route_matches_query(const char *pattern, const struct http_request *request)
{
    char name[16], value[16];
    size_t path = strcspn(pattern, "?"), length = strcspn(pattern + path + 1, "=");
    snprintf(name, sizeof name, "%.*s", (int)length, pattern + path + 1);
    return strncmp(pattern, request->path, path) == 0 && request->path[path] == '\0' &&
           http_request_parameter(request, name, value, sizeof value) == 0 &&
           strcmp(value, pattern + path + 1 + length + 1) == 0;
}

/* True when the request is of the pattern; `id` gets what stands for its hole. */
static bool route_matches(const char *pattern, const struct http_request *request,
                          struct http_text *id)
{
    const char *hole = strchr(pattern, '{'), *path = request->path;
    *id = (struct http_text){NULL, 0};
    if (strchr(pattern, '?') != NULL) {
        return route_matches_query(pattern, request);
    }
    if (hole == NULL) {
        return strcmp(pattern, path) == 0;
    }
    size_t before = (size_t)(hole - pattern);
    if (strncmp(pattern, path, before) != 0) {
        return false;
    }
    *id = (struct http_text){path + before, strcspn(path + before, "/")};
    return strcmp(strchr(hole, '}') + 1, id->data + id->size) == 0;
}

static bool route_takes(const struct route *route, enum http_method method)
{
    return route->method == method ||
           (route->method == HTTP_GET && method == HTTP_HEAD && !route->websocket);
}

/* What the Allow field says of a path; "" when nothing is there. */
static void routes_allowed(struct services *services, const struct http_request *request,
                           char allow[64])
{
    static const struct {
        enum http_method method;
        const char *name;
    } methods[] = {{HTTP_GET, "GET"},
                   {HTTP_HEAD, "HEAD"},
                   {HTTP_POST, "POST"},
                   {HTTP_PUT, "PUT"},
                   {HTTP_DELETE, "DELETE"}};
    bool file = static_files_have(services->files, request->path);
    size_t size = 0;
    allow[0] = '\0';
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        enum http_method method = methods[i].method;
        bool allowed = file && (method == HTTP_GET || method == HTTP_HEAD);
        for (size_t at = 0; at < ROUTE_COUNT && !allowed; at++) {
            struct http_text id;
            allowed =
                route_matches(routes[at].pattern, request, &id) && route_takes(&routes[at], method);
        }
        if (allowed) {
            size += (size_t)snprintf(allow + size, 64 - size, "%s, ", methods[i].name);
        }
    }
    if (size > 0) {
        snprintf(allow + size, 64 - size, "OPTIONS");
    }
}

/* No route takes this method on this path: a file, another method, or nothing. */
static void routes_handle_other(struct services *services, struct http_session *session,
                                const struct http_request *request)
{
    char allow[64], preflight[GATE_PREFLIGHT_SIZE], fields[GATE_PREFLIGHT_SIZE + 96];
    routes_allowed(services, request, allow);
    gate_preflight(services, request, allow, preflight);
    snprintf(fields, sizeof fields, "Allow: %s\r\n%s", allow, preflight);
    if (allow[0] == '\0') {
        static_files_handle_missing(services->files, session, request, NULL, STATIC_NOTHING);
    } else if (request->method == HTTP_OPTIONS) {
        http_respond_text(session, 204, NULL, fields, "", 0);
    } else if ((request->method == HTTP_GET || request->method == HTTP_HEAD) &&
               static_files_have(services->files, request->path)) {
        static_files_handle(services->files, session, request);
    } else {
        http_respond_not_allowed(session, allow);
    }
}

/* --- the rules for all --- */

/* The camera in the path and the one in `camera_id` must be the asker's to have. Whether they are
 * right otherwise is the handler's business. */
static bool routes_check_camera(struct http_session *session, const struct http_request *request,
                                const struct route *route, const char *camera)
{
    char wanted[CAMERA_ID_SIZE];
    if (route->roles == ROLE_ANYBODY) {
        return true;
    }
    if ((route->roles & ROLE_EVERY_CAMERA) && !http_session_identity(session)->every_camera) {
        http_respond_error(session, 403, "camera_not_allowed", NULL,
                           "this tells of every camera, and this token is for some");
        return false;
    }
    bool named = strstr(route->pattern, ROUTE_ID) != NULL;
    if (named && !identity_check_camera(session, camera)) {
        return false;
    }
    return http_request_parameter(request, "camera_id", wanted, sizeof wanted) < 0 ||
           wanted[0] == '\0' || identity_check_camera(session, wanted);
}

static void route_call(const struct route *route, struct services *services,
                       struct http_session *session, const struct http_request *request,
                       const struct forwarded *forwarded, struct http_text id)
{
    char camera[CAMERA_ID_SIZE] = "";
    bool changes = request->method != HTTP_GET && request->method != HTTP_HEAD;
    if ((changes || route->websocket) &&
        !gate_check_origin(services, session, request, forwarded)) {
        return;
    }
    if (!access_admit(services->access, session, request, forwarded, route->roles)) {
        return;
    }
    if (id.data != NULL) {
        if (!camera_id_valid(id.data, id.size)) {
            http_respond_error(session, 400, "bad_camera_id", NULL,
                               "the camera id in the path is not one");
            return;
        }
        memcpy(camera, id.data, id.size);
        camera[id.size] = '\0';
    }
    if (routes_check_camera(session, request, route, camera)) {
        route->handler(services, session, request, camera);
    }
}

void routes_handle(void *arg, struct http_session *session, const struct http_request *request)
{
    struct services *services = arg;
    struct forwarded forwarded;
    access_forwarded(services->access, session, request, &forwarded);
    if (!gate_enter(services, session, request, &forwarded)) {
        return;
    }
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        struct http_text id;
        if (route_takes(&routes[i], request->method) &&
            route_matches(routes[i].pattern, request, &id)) {
            route_call(&routes[i], services, session, request, &forwarded, id);
            return;
        }
    }
    routes_handle_other(services, session, request);
}
