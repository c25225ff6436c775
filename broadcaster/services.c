#include "broadcaster/services.h"

#include <stdio.h>
#include <string.h>

#include "broadcaster/camera_watch.h"
#include "broadcaster/hub.h"

void services_camera_status(const struct services *services, const char *camera,
                            struct camera_status *status)
{
    const struct camera_status *captured = camera_watch_status(services->cameras, camera);
    if (captured != NULL) {
        *status = *captured;
        return;
    }
    struct stream_key key = {0};
    snprintf(key.camera, sizeof key.camera, "%s", camera);
    struct stream *stream = hub_find(services->hub, &key);
    if (stream != NULL) {
        stream_status(stream, status);
        return;
    }
    *status = (struct camera_status){.state = CAMERA_CONNECTING};
}

bool services_has_local_detector(const struct services *services, const char *camera)
{
    const struct config *config = services->config;
    const struct config_camera *configured = config_find_camera(config, camera);
    return config->detector.model != NULL && config->detector.post_url == NULL &&
           configured != NULL && config_camera_has_capture(configured) &&
           configured->detect != DETECT_OFF;
}
