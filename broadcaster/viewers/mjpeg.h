/* Streams for all that speak no WebSocket: multipart/x-mixed-replace over HTTP. Their
 * viewers are viewers like any other (viewer.h); here are the paths and what is answered
 * to them. One thread. */
#ifndef BROADCASTER_MJPEG_H
#define BROADCASTER_MJPEG_H

#include "broadcaster/protocol/http_session.h"
#include "broadcaster/streams/frame_message.h"

struct services;

#define MJPEG_TYPE      FRAME_MESSAGE_MULTIPART
#define MJPEG_BEGINNING FRAME_MESSAGE_BOUNDARY
/* The last one is for nginx, which else collects pictures. */
#define MJPEG_FIELDS                                                                               \
    "Cache-Control: no-store, no-cache, no-transform\r\nPragma: no-cache\r\n"                      \
    "X-Accel-Buffering: no\r\n"

/* Each answers the request or takes its connection over. `camera`: from the path, or "". */

/* /stream; a browser that asks for a page and no camera is sent to the page for streamers. */
void mjpeg_handle_raw(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *camera);
/* /stream/detect */
void mjpeg_handle_detect(struct services *services, struct http_session *session,
                         const struct http_request *request, const char *camera);
/* /api/cameras/{id}/stream.mjpeg: raw, or drawn with ?annotated=1, as snapshot.jpg has it */
void mjpeg_handle_camera(struct services *services, struct http_session *session,
                         const struct http_request *request, const char *camera);
/* /?action=stream, /?action=snapshot: as mjpg-streamer has them */
void mjpeg_handle_action_stream(struct services *services, struct http_session *session,
                                const struct http_request *request, const char *camera);
void mjpeg_handle_action_snapshot(struct services *services, struct http_session *session,
                                  const struct http_request *request, const char *camera);

#endif
