#include "broadcaster/viewers/mjpeg.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "broadcaster/services.h"
#include "broadcaster/viewers/snapshot.h"
#include "broadcaster/viewers/viewer_request.h"
#include "broadcaster/viewers/viewer_set.h"

static void mjpeg_open(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera,
                       enum viewer_path path)
{
    struct viewer_request wanted;
    if (!services->config->broadcaster.mjpeg) {
        http_respond_error(session, 404, "mjpeg_off", NULL,
                           "MJPEG streams are switched off here (broadcaster.mjpeg)");
    } else if (!viewer_request_read_mjpeg(services, session, request, camera, path, &wanted)) {
        return;
    } else if (request->method == HTTP_HEAD) {
        http_respond_stream_head(session, MJPEG_TYPE, MJPEG_FIELDS);
    } else {
        viewer_set_admit(services->viewers, session, &wanted);
    }
}

void mjpeg_handle_raw(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *camera)
{
    char any[2];
    bool named = http_request_parameter(request, "camera_id", any, sizeof any) != -ENOENT;
    if (!named && http_request_wants_page(request)) {
        /* Relative, so that it is right behind a base path too. */
        http_respond_text(session, 303, NULL, "Location: ./publish\r\nVary: Accept\r\n", "", 0);
        return;
    }
    mjpeg_open(services, session, request, camera, VIEWER_STREAM_RAW);
}

void mjpeg_handle_detect(struct services *services, struct http_session *session,
                         const struct http_request *request, const char *camera)
{
    mjpeg_open(services, session, request, camera, VIEWER_STREAM_DETECT);
}

void mjpeg_handle_camera(struct services *services, struct http_session *session,
                         const struct http_request *request, const char *camera)
{
    bool annotated;
    if (snapshot_read_annotated(request, &annotated) < 0) {
        http_respond_error(session, 400, "bad_parameter", NULL, "annotated is 0 or 1");
        return;
    }
    mjpeg_open(services, session, request, camera,
               annotated ? VIEWER_STREAM_DETECT : VIEWER_STREAM_RAW);
}

void mjpeg_handle_action_stream(struct services *services, struct http_session *session,
                                const struct http_request *request, const char *camera)
{
    mjpeg_open(services, session, request, camera, VIEWER_STREAM_RAW);
}

void mjpeg_handle_action_snapshot(struct services *services, struct http_session *session,
                                  const struct http_request *request, const char *camera)
{
    char chosen[CAMERA_ID_SIZE];
    (void)camera;
    if (viewer_request_camera(services, session, request, chosen)) {
        snapshot_handle(services, session, request, chosen);
    }
}
