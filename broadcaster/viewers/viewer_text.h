/* What is said to viewers in words, beside frames: each function makes one message
 * (docs/protocol.md). The caller owns it. One thread. */
#ifndef BROADCASTER_VIEWER_TEXT_H
#define BROADCASTER_VIEWER_TEXT_H

#include <jansson.h>
#include <stdint.h>

#include "broadcaster/protocol/identity.h"
#include "broadcaster/streams/stream.h"
#include "common/camera_status.h"

struct services;

json_t *viewer_text_error(const char *message);

/* camera_state */
json_t *viewer_text_state(const char *camera, const struct camera_status *status);

/* error: "camera CAM1 is offline since 12:03:10", with the date when that is
 * another day; local time. */
json_t *viewer_text_offline(const char *camera, uint64_t since_ns);

/* stream_started or stream_ended, whichever is true of it. */
json_t *viewer_text_stream(const struct stream *stream);

/* error: why a stream that others post is shown as it comes, or not at all. */
json_t *viewer_text_not_drawn(const char *camera);
json_t *viewer_text_not_detected(const char *camera);
json_t *viewer_text_no_raw(const char *camera);

/* error: what it asked to be drawn would be one too many. */
json_t *viewer_text_too_many(const char *camera);

struct viewer_stats {
    uint64_t processed, total, skipped_fps;
    double fps;
};

json_t *viewer_text_stats(const struct viewer_stats *stats);

/* viewer_connected, with the streams that there are and that it may know of. */
json_t *viewer_text_connected(const struct services *services, const struct identity *identity);

#endif
