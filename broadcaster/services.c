#include "broadcaster/services.h"

#include <string.h>

#include "broadcaster/intake/pushed_set.h"
#include "broadcaster/streams/camera_watch.h"
#include "broadcaster/streams/hub.h"

#define WAITING_MOST 1000 /* streams that only wait for their first frame */

void services_camera_status(const struct services *services, const char *camera,
                            struct camera_status *status)
{
    const struct camera_status *captured = pushed_set_status(services->pushed, camera);
    bool pushed = captured != NULL;
    if (!pushed) {
        captured = camera_watch_status(services->cameras, camera);
    }
    struct hub_camera posted;
    bool has_stream = hub_find_camera(services->hub, camera, &posted);
    /* While nobody pushes its pictures, somebody else may post them. */
    if (captured != NULL && (!pushed || pushed_set_is_live(services->pushed, camera) ||
                             !has_stream || !stream_is_running(posted.stream))) {
        *status = *captured;
    } else if (has_stream) {
        stream_status(posted.stream, status);
    } else {
        *status = (struct camera_status){.state = CAMERA_CONNECTING};
    }
}

bool services_has_camera(const struct services *services, const char *camera)
{
    struct hub_camera posted;
    return config_find_camera(services->config, camera) != NULL ||
           pushed_set_status(services->pushed, camera) != NULL ||
           (hub_find_camera(services->hub, camera, &posted) &&
            stream_frame_count(posted.stream) > 0);
}

bool services_may_wait(const struct services *services, const char *camera)
{
    struct hub_camera awaited;
    return services_has_camera(services, camera) ||
           hub_find_camera(services->hub, camera, &awaited) ||
           hub_streams_waiting(services->hub) < WAITING_MOST;
}

bool services_has_raw(const struct services *services, const char *camera)
{
    struct stream_key key = stream_key_of(camera, STREAM_RAW, 0);
    const struct stream *stream = hub_find(services->hub, &key);
    return config_find_camera(services->config, camera) != NULL ||
           pushed_set_status(services->pushed, camera) != NULL ||
           (stream != NULL && stream_frame_count(stream) > 0);
}

static bool services_have_detector(const struct config *config)
{
    return config->detector.model != NULL && config->detector.post_url == NULL;
}

bool services_has_local_detector(const struct services *services, const char *camera)
{
    const struct config_camera *configured = config_find_camera(services->config, camera);
    return services_have_detector(services->config) && configured != NULL &&
           configured->detect != DETECT_OFF;
}

bool services_is_detected(const struct services *services, const char *camera)
{
    if (config_find_camera(services->config, camera) != NULL) {
        return services_has_local_detector(services, camera);
    }
    return services_have_detector(services->config) &&
           pushed_set_status(services->pushed, camera) != NULL;
}
