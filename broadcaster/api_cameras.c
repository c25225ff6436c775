#include "broadcaster/api_cameras.h"

#include <jansson.h>

#include "broadcaster/api_json.h"
#include "broadcaster/hub.h"
#include "broadcaster/services.h"

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

static json_t *spaces_to_json(const struct config_camera *camera)
{
    json_t *spaces = json_array();
    for (size_t i = 0; i < camera->space_count; i++) {
        const struct config_space *space = &camera->spaces[i];
        json_t *polygon = json_array();
        for (size_t k = 0; k < space->corner_count; k++) {
            json_array_append_new(polygon,
                                  json_pack("[f,f]", space->corners[k].x, space->corners[k].y));
        }
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

/* Only what is named here leaves the configuration: no address, no password. Takes `spaces`. */
static json_t *camera_to_json(const struct services *services, const char *id, const char *name,
                              const char *source, json_t *spaces)
{
    struct camera_status status;
    services_camera_status(services, id, &status);
    return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:f,s:o}", "id", id, "name", name, "state",
                     camera_state_name(status.state), "source", source, "width",
                     (json_int_t)status.width, "height", (json_int_t)status.height, "fps",
                     rate_to_show(status.fps), "spaces", spaces);
}

void api_cameras_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera)
{
    const struct config *config = services->config;
    json_t *cameras = json_array();
    struct hub_camera posted;
    (void)request;
    (void)camera;
    for (size_t i = 0; i < config->camera_count; i++) {
        const struct config_camera *each = &config->cameras[i];
        json_array_append_new(
            cameras, camera_to_json(services, each->id, each->name != NULL ? each->name : each->id,
                                    source_name(each->source), spaces_to_json(each)));
    }
    for (size_t at = 0; hub_next_camera(services->hub, &at, &posted);) {
        if (stream_frame_count(posted.stream) > 0 &&
            config_find_camera(config, posted.id) == NULL) {
            json_array_append_new(
                cameras, camera_to_json(services, posted.id, posted.id, "post", json_array()));
        }
    }
    api_json_respond(session, 200, "Cache-Control: no-store\r\n",
                     json_pack("{s:o}", "cameras", cameras));
}
