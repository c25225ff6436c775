/* The request with which a viewer comes: which of the three paths, which camera,
 * what it wants to see. */
#ifndef BROADCASTER_VIEWER_REQUEST_H
#define BROADCASTER_VIEWER_REQUEST_H

#include <stdbool.h>

#include "broadcaster/protocol/http_session.h"
#include "broadcaster/streams/wish.h"
#include "common/camera_id.h"

struct services;

enum viewer_path {
    VIEWER_DETECTION,     /* /ws/viewer/detection */
    VIEWER_STREAM_RAW,    /* /ws/stream/raw */
    VIEWER_STREAM_DETECT, /* /ws/stream/detect */
};

struct viewer_request {
    enum viewer_path path;
    char camera[CAMERA_ID_SIZE]; /* "": all that there are */
    bool by_name;                /* without a camera: none but those that it will subscribe to */
    struct wish wish;
    bool mjpeg; /* in an HTTP answer without an end; else over a WebSocket */
};

/* What a viewer on this path wants of a camera when it says no more than the kind. */
struct wish viewer_request_defaults(enum viewer_path path, enum stream_kind kind);

/* Reads the query. False when something is wrong with it: the session has been answered. */
bool viewer_request_read(const struct services *services, struct http_session *session,
                         const struct http_request *request, enum viewer_path path,
                         struct viewer_request *out);

/* The same for a viewer of MJPEG. `camera` stood in the path; "": it is in the query, or left out.
 * Of a camera that is only posted the posted pictures are the raw ones. */
bool viewer_request_read_mjpeg(const struct services *services, struct http_session *session,
                               const struct http_request *request, const char *camera,
                               enum viewer_path path, struct viewer_request *out);

/* The camera in the query, which exists, or the one that is meant when there is none. False: the
 * session has been answered. */
bool viewer_request_camera(const struct services *services, struct http_session *session,
                           const struct http_request *request, char camera[CAMERA_ID_SIZE]);

#endif
