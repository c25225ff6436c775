#include "broadcaster/api/api_camera_edit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/api/api_cameras.h"
#include "broadcaster/cameras/camera_changes.h"
#include "broadcaster/protocol/api_body.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "common/memory.h"

#define CAMERAS_PATH "/api/cameras/"

/* An answer that waits until its change has been applied. */
struct edit_answer {
    struct services *services;
    struct http_session *session;
    enum camera_edit_kind kind;
    char camera[CAMERA_ID_SIZE];
};

/* --- the answer --- */

static void edit_respond_failed(struct http_session *session, const char *reason)
{
    http_respond_error(session, 503, "not_applied", "Retry-After: 1\r\n", "nothing has changed: %s",
                       reason);
}

/* What the camera is now; for one that was removed only its name. */
static json_t *edit_outcome(const struct edit_answer *answer)
{
    const struct config_camera *camera =
        config_find_camera(answer->services->config, answer->camera);
    if (answer->kind == CAMERA_REMOVE || camera == NULL) {
        return json_pack("{s:s}", "removed", answer->camera);
    }
    return json_pack("{s:o}", "camera", api_camera_to_json(answer->services, camera, true));
}

static void edit_add_missing(const struct edit_answer *answer, json_t *outcome,
                             const json_t *missing)
{
    bool supervised = camera_changes_are_supervised(answer->services->camera_changes);
    json_object_set(outcome, "missing", (json_t *)missing);
    json_object_set_new(
        outcome, "message",
        json_string(supervised ? "it is in force, but these processes do not work with it "
                                 "yet; the log says why"
                               : "it is in force here; there is no supervisor to tell these "
                                 "processes: send them SIGHUP"));
}

/* The field that says where the new camera is; "" for another answer. The caller frees it. */
static char *edit_location(const struct edit_answer *answer, int status)
{
    const char *base = answer->services->config->broadcaster.base_path;
    bool local = connection_is_local(http_session_connection(answer->session));
    return status == 201 ? xasprintf("Location: %s" CAMERAS_PATH "%s\r\n",
                                     base != NULL && !local ? base : "", answer->camera)
                         : xstrdup("");
}

static void edit_on_done(void *arg, const struct camera_change_result *result)
{
    struct edit_answer *answer = arg;
    char revision[CAMERA_REVISION_SIZE];
    if (result->end == CHANGE_FAILED) {
        edit_respond_failed(answer->session, result->reason);
        free(answer);
        return;
    }
    int status = result->end == CHANGE_LAGGING ? 202 : answer->kind == CAMERA_ADD ? 201 : 200;
    json_t *outcome = edit_outcome(answer);
    json_object_set_new(outcome, "applied", json_boolean(result->end == CHANGE_APPLIED));
    if (result->missing != NULL) {
        edit_add_missing(answer, outcome, result->missing);
    }
    camera_changes_revision(answer->services->camera_changes, revision);
    char *location = edit_location(answer, status);
    char *fields = xasprintf(API_NOT_STORED "ETag: \"%s\"\r\n%s", revision, location);
    api_json_respond(answer->session, status, fields, outcome);
    free(fields);
    free(location);
    free(answer);
}

/* The change goes on without anybody to answer. */
static void edit_on_gone(void *arg)
{
    struct edit_answer *answer = arg;
    camera_changes_forget(answer->services->camera_changes);
    free(answer);
}

/* --- the change --- */

/* False when it may not begin now, which has been answered. */
static bool edit_may_begin(struct services *services, struct http_session *session)
{
    const struct http_request *request = http_session_request(session);
    char revision[CAMERA_REVISION_SIZE], tag[CAMERA_REVISION_SIZE + 2];
    camera_changes_revision(services->camera_changes, revision);
    snprintf(tag, sizeof tag, "\"%s\"", revision);
    if (http_request_field_count(request, "If-Match") > 0 &&
        !http_request_has_token(request, "If-Match", tag) &&
        !http_request_has_token(request, "If-Match", "*")) {
        http_respond_error(session, 412, "changed_meanwhile", NULL,
                           "somebody else has changed the cameras: get them again");
        return false;
    }
    if (camera_changes_are_busy(services->camera_changes)) {
        http_respond_error(session, 409, "change_in_progress", "Retry-After: 1\r\n",
                           "another change of the cameras is being applied: try again");
        return false;
    }
    return true;
}

static void edit_start(struct services *services, struct http_session *session,
                       struct camera_edit *edit)
{
    struct edit_answer *answer = xcalloc(1, sizeof *answer);
    answer->services = services;
    answer->session = session;
    answer->kind = edit->kind;
    memcpy(answer->camera, edit->camera, sizeof answer->camera);
    http_defer(session, edit_on_gone, answer);
    camera_changes_start(services->camera_changes, edit, edit_on_done, answer);
}

/* Checks, and begins or refuses. Takes `fields` (NULL for CAMERA_REMOVE). */
static void edit_handle(struct services *services, struct http_session *session,
                        enum camera_edit_kind kind, const char *camera, json_t *fields)
{
    struct camera_edit edit;
    if (!edit_may_begin(services, session)) {
        json_decref(fields);
        return;
    }
    camera_edit_init(&edit, services, kind, camera, fields);
    if (edit.config == NULL) {
        api_respond_mistakes(session, camera, &edit.errors);
    } else if (camera_edit_needs_supervisor(&edit, services) &&
               !camera_changes_are_supervised(services->camera_changes)) {
        http_respond_error(session, 409, "no_supervisor", NULL,
                           "this needs a capture process to be started or ended, and there is no "
                           "supervisor that would: start ringcast with `ringcast up`");
    } else {
        snprintf(edit.user, sizeof edit.user, "%s", http_session_identity(session)->user);
        edit_start(services, session, &edit);
    }
    camera_edit_finish(&edit);
    json_decref(fields);
}

/* True when the camera is configured; else answered with 404. */
static bool edit_camera_exists(struct services *services, struct http_session *session,
                               const char *camera)
{
    if (config_find_camera(services->config, camera) != NULL) {
        return true;
    }
    http_respond_error(session, 404, "unknown_camera", NULL, "no camera %s is configured", camera);
    return false;
}

/* Behind a body: the camera that the path names, which the route has checked. */
static bool edit_camera_of_path(struct services *services, struct http_session *session,
                                char camera[CAMERA_ID_SIZE])
{
    const char *id =
        strstr(http_session_request(session)->path, CAMERAS_PATH) + strlen(CAMERAS_PATH);
    snprintf(camera, CAMERA_ID_SIZE, "%.*s", (int)strcspn(id, "/"), id);
    return edit_camera_exists(services, session, camera);
}

/* --- POST --- */

/* The new camera's id, taken out of the fields; false when there is none,
 * which has been answered. */
static bool edit_take_id(struct http_session *session, json_t *fields, char camera[CAMERA_ID_SIZE])
{
    const json_t *value = json_object_get(fields, "id");
    const char *id = json_string_value(value);
    if (!json_is_object(fields)) {
        api_respond_mistake(session, "", "the body must be an object: {\"id\": …, \"url\": …}");
        return false;
    }
    if (id == NULL || !camera_id_valid(id, json_string_length(value))) {
        api_respond_bad_id(session);
        return false;
    }
    snprintf(camera, CAMERA_ID_SIZE, "%s", id);
    json_object_del(fields, "id");
    return true;
}

static void edit_add(struct services *services, struct http_session *session, json_t *fields)
{
    char camera[CAMERA_ID_SIZE];
    if (!edit_take_id(session, fields, camera) || !identity_check_camera(session, camera)) {
        return;
    }
    if (config_find_camera(services->config, camera) != NULL) {
        http_respond_error(session, 409, "camera_exists", NULL,
                           "there is a camera %s already: change it with PUT", camera);
        return;
    }
    edit_handle(services, session, CAMERA_ADD, camera, json_incref(fields));
}

static void edit_on_add(void *arg, struct http_session *session, struct shared_bytes *body)
{
    json_t *fields = api_body_read(session, body);
    if (fields != NULL) {
        edit_add(arg, session, fields);
        json_decref(fields);
    }
}

void api_camera_add_handle(struct services *services, struct http_session *session,
                           const struct http_request *request, const char *camera)
{
    (void)camera;
    api_body_receive(session, request, edit_on_add, services);
}

/* --- PUT --- */

static void edit_change(struct services *services, struct http_session *session, json_t *fields)
{
    char camera[CAMERA_ID_SIZE];
    if (!edit_camera_of_path(services, session, camera)) {
        return;
    }
    if (!json_is_object(fields)) {
        api_respond_mistake(session, "", "the body must be an object of the fields that change");
        return;
    }
    const json_t *id = json_object_get(fields, "id");
    if (id != NULL && (!json_is_string(id) || strcmp(json_string_value(id), camera) != 0)) {
        api_respond_mistake(session, "id", "the id of a camera does not change");
        return;
    }
    json_object_del(fields, "id");
    edit_handle(services, session, CAMERA_CHANGE, camera, json_incref(fields));
}

static void edit_on_change(void *arg, struct http_session *session, struct shared_bytes *body)
{
    json_t *fields = api_body_read(session, body);
    if (fields != NULL) {
        edit_change(arg, session, fields);
        json_decref(fields);
    }
}

void api_camera_change_handle(struct services *services, struct http_session *session,
                              const struct http_request *request, const char *camera)
{
    (void)camera;
    api_body_receive(session, request, edit_on_change, services);
}

static void edit_on_spaces(void *arg, struct http_session *session, struct shared_bytes *body)
{
    char camera[CAMERA_ID_SIZE];
    json_t *document = api_body_read(session, body);
    json_t *spaces = json_is_array(document) ? document : json_object_get(document, "spaces");
    if (document == NULL || !edit_camera_of_path(arg, session, camera)) {
        json_decref(document);
        return;
    }
    if (spaces == NULL || (json_is_object(document) && json_object_size(document) != 1)) {
        api_respond_mistake(session, "spaces",
                            "the body must be the list of spaces, or {\"spaces\": the list}");
    } else {
        edit_handle(arg, session, CAMERA_CHANGE, camera, json_pack("{s:O}", "spaces", spaces));
    }
    json_decref(document);
}

void api_camera_spaces_handle(struct services *services, struct http_session *session,
                              const struct http_request *request, const char *camera)
{
    (void)camera;
    api_body_receive(session, request, edit_on_spaces, services);
}

/* --- DELETE --- */

void api_camera_remove_handle(struct services *services, struct http_session *session,
                              const struct http_request *request, const char *camera)
{
    (void)request;
    if (edit_camera_exists(services, session, camera)) {
        edit_handle(services, session, CAMERA_REMOVE, camera, NULL);
    }
}
