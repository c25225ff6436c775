#include "broadcaster/api/api_cameras.h"

#include <stdio.h>
#include <stdlib.h>

#include "broadcaster/cameras/camera_changes.h"
#include "broadcaster/intake/pushed_set.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"
#include "common/config_url.h"

static const char *source_name(enum camera_source source)
{
    static const char *const names[] = {
        [SOURCE_MJPEG] = "mjpeg",
        [SOURCE_SNAPSHOT] = "snapshot",
        [SOURCE_FILE] = "file",
        [SOURCE_PUSH] = "push",
    };
    return names[source];
}

static json_t *corners_to_json(const struct config_point *corners, size_t count)
{
    json_t *polygon = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(polygon, json_pack("[f,f]", corners[i].x, corners[i].y));
    }
    return polygon;
}

static json_t *polygons_to_json(const struct config_polygons *polygons)
{
    json_t *list = json_array();
    for (size_t i = 0; i < polygons->count; i++) {
        const struct config_polygon *each = &polygons->items[i];
        json_array_append_new(list, corners_to_json(each->corners, each->corner_count));
    }
    return list;
}

static json_t *spaces_to_json(const struct config_camera *camera)
{
    json_t *spaces = json_array();
    for (size_t i = 0; i < camera->space_count; i++) {
        const struct config_space *space = &camera->spaces[i];
        json_t *polygon = corners_to_json(space->corners, space->corner_count);
        json_array_append_new(spaces, json_pack("{s:s,s:s,s:o}", "id", space->id, "name",
                                                space->name, "polygon", polygon));
    }
    return spaces;
}

/* A capture's word, for people: two decimals of anything that can be a rate. */
static double rate_to_show(double fps)
{
    return fps > 0 && fps < 1e6 ? (double)(int64_t)(fps * 100 + 0.5) / 100 : 0;
}

static const char *const capture_names[] = {
    [CAPTURE_ALWAYS] = "always", [CAPTURE_ON_DEMAND] = "on_demand"};

static const char *const detect_names[] = {
    [DETECT_ALWAYS] = "always", [DETECT_ON_DEMAND] = "on_demand", [DETECT_OFF] = "off"};

/* Whether pictures with boxes are there anyway, are made for who asks, or are
 * none of our making. */
static const char *detect_to_show(const struct services *services, const char *id)
{
    const struct config_camera *camera = config_find_camera(services->config, id);
    return !services_is_detected(services, id) ? "off"
           : camera != NULL                    ? detect_names[camera->detect]
                                               : "on_demand";
}

static const char *capture_to_show(const struct services *services, const char *id)
{
    const struct config_camera *camera = config_find_camera(services->config, id);
    return camera != NULL && config_camera_has_capture(camera) ? capture_names[camera->capture]
                                                               : "always";
}

/* What anybody may know of a camera: no address, no password. Takes `spaces`. */
static json_t *camera_to_json(const struct services *services, const char *id, const char *name,
                              const char *source, json_t *spaces)
{
    struct camera_status status;
    services_camera_status(services, id, &status);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:f,s:o}", "id", id, "name", name, "state",
                     camera_state_name(status.state), "source", source, "capture",
                     capture_to_show(services, id), "detect", detect_to_show(services, id), "width",
                     (json_int_t)status.width, "height", (json_int_t)status.height, "fps",
                     rate_to_show(status.fps), "spaces", spaces);
}

/* The user, which may stand in the URL; a new reference, null: none. */
static json_t *user_to_json(const struct config_camera *camera, bool *has_password)
{
    *has_password = camera->password != NULL;
    if (camera->user != NULL || camera->url == NULL) {
        return camera->user != NULL ? json_string(camera->user) : json_null();
    }
    char *user, *password;
    free(config_url_take_user(camera->url, &user, &password));
    *has_password = password != NULL;
    json_t *result = user != NULL ? json_string(user) : NULL; /* NULL too where it is not UTF-8 */
    free(user);
    free(password);
    return result != NULL ? result : json_null();
}

/* Where it is looked at, and what nobody sees. A region of nothing is none: null. */
static void add_view(json_t *settings, const struct config_camera *camera)
{
    const struct config_polygon *region = &camera->region;
    json_object_set_new(
        settings, "tiles",
        json_pack("[I,I]", (json_int_t)camera->tiles.columns, (json_int_t)camera->tiles.rows));
    json_object_set_new(settings, "tile_overlap", json_real(camera->tile_overlap));
    json_object_set_new(settings, "tile_whole", json_boolean(camera->tile_whole));
    json_object_set_new(settings, "region",
                        region->corner_count > 0
                            ? corners_to_json(region->corners, region->corner_count)
                            : json_null());
    json_object_set_new(settings, "ignore", polygons_to_json(&camera->ignore));
    json_object_set_new(settings, "mask", polygons_to_json(&camera->mask));
}

/* What may be changed, as it is in force: the names are those of PUT. Only what is named here
 * leaves the configuration; of a password no more than that there is one. */
static json_t *settings_to_json(const struct config_camera *camera)
{
    bool has_password;
    json_t *user = user_to_json(camera, &has_password);
    char *url = camera->url != NULL ? config_redact_url(camera->url) : NULL;
    json_t *settings =
        json_pack("{s:s?,s:o,s:b,s:b,s:s,s:f,s:f,s:f,s:f,s:I,s:s}", "url", url, "user", user,
                  "has_password", has_password, "tls_verify", camera->tls_verify, "capture",
                  capture_names[camera->capture], "linger_s", camera->linger_s, "source_fps",
                  camera->source_fps, "fps", camera->fps, "max_fps", camera->max_fps, "skip_frames",
                  (json_int_t)camera->skip_frames, "detect", detect_names[camera->detect]);
    add_view(settings, camera);
    free(url);
    return settings;
}

json_t *api_camera_to_json(const struct services *services, const struct config_camera *camera,
                           bool admin)
{
    static const char *const origins[] = {
        [ORIGIN_FILE] = "file", [ORIGIN_CHANGED] = "changed", [ORIGIN_ADDED] = "added"};
    json_t *json =
        camera_to_json(services, camera->id, camera->name != NULL ? camera->name : camera->id,
                       source_name(camera->source), spaces_to_json(camera));
    if (admin) {
        json_object_set_new(json, "origin", json_string(origins[camera->origin]));
        json_object_set_new(json, "settings", settings_to_json(camera));
    }
    return json;
}

/* --- the answers --- */

static bool asked_by_admin(const struct http_session *session)
{
    return identity_has_role(http_session_identity(session), ROLE_ADMIN);
}

/* With the revision of the configured cameras, for If-Match of a change. */
static void respond_with_revision(const struct services *services, struct http_session *session,
                                  json_t *document)
{
    char fields[128], revision[CAMERA_REVISION_SIZE];
    camera_changes_revision(services->camera_changes, revision);
    snprintf(fields, sizeof fields, API_NOT_STORED "ETag: \"%s\"\r\n", revision);
    api_json_respond(session, 200, fields, document);
}

void api_cameras_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera)
{
    const struct config *config = services->config;
    const struct identity *identity = http_session_identity(session);
    json_t *cameras = json_array();
    struct hub_camera posted;
    (void)request;
    (void)camera;
    for (size_t i = 0; i < config->camera_count; i++) {
        if (identity_allows_camera(identity, config->cameras[i].id)) {
            json_array_append_new(cameras, api_camera_to_json(services, &config->cameras[i],
                                                              asked_by_admin(session)));
        }
    }
    for (size_t at = 0; hub_next_camera(services->hub, &at, &posted);) {
        if (stream_is_running(posted.stream) && config_find_camera(config, posted.id) == NULL &&
            identity_allows_camera(identity, posted.id)) {
            const char *source =
                pushed_set_status(services->pushed, posted.id) != NULL ? "push" : "post";
            json_array_append_new(
                cameras, camera_to_json(services, posted.id, posted.id, source, json_array()));
        }
    }
    respond_with_revision(services, session, json_pack("{s:o}", "cameras", cameras));
}

void api_camera_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera)
{
    const struct config_camera *found = config_find_camera(services->config, camera);
    (void)request;
    if (found == NULL) {
        http_respond_error(session, 404, "unknown_camera", NULL, "no camera %s is configured",
                           camera);
        return;
    }
    respond_with_revision(services, session,
                          api_camera_to_json(services, found, asked_by_admin(session)));
}
