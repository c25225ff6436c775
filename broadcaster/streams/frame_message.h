/* The forms in which a frame goes to viewers, each built once and sent to all: whole WebSocket
 * frames, header included, or a whole part of a multipart answer. Pure. */
#ifndef BROADCASTER_FRAME_MESSAGE_H
#define BROADCASTER_FRAME_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/network/shared_bytes.h"
#include "broadcaster/streams/posted_frame.h"

enum wire_format {
    WIRE_VIEWER_JSON, /* {"type":"frame","camera_id":…,"frame":"data:image/jpeg;base64,…",…} */
    WIRE_STREAM_JSON, /* {"type":"frame","data":"<base64>"} */
    WIRE_BINARY,      /* a frame container */
    WIRE_MJPEG,       /* a part of FRAME_MESSAGE_MULTIPART, and the boundary behind it */
    WIRE_DETECTIONS,  /* {"type":"detections",…}: the metadata alone, beside raw pictures */
    WIRE_FORMATS
};

#define FRAME_MESSAGE_MULTIPART "multipart/x-mixed-replace; boundary=frame"
#define FRAME_MESSAGE_BOUNDARY  "--frame\r\n" /* what the first part stands behind */

/* Room for a private head: a WebSocket header and what it says beyond the shared message. */
#define FRAME_MESSAGE_HEAD_MAX 160

/* What a message is built from. */
struct frame_message {
    const char *camera;
    const struct posted_frame *frame; /* with a picture; WIRE_DETECTIONS: with metadata */
    uint64_t count;                   /* messages of the stream so far, this one included */
    uint32_t rendering;
    bool raw; /* as the camera made it: the JSON says "kind":"raw", the container has its flag */
};

/* The whole message; the reference is the caller's. `sent_ns` (CLOCK_REALTIME) is what a container
 * says of when it was sent. */
struct shared_bytes *frame_message_build(const struct frame_message *message,
                                         enum wire_format format, uint64_t sent_ns);

/* Private heads: bytes to send instead of the first *offset bytes of the shared message. Both
 * return their length. */

/* WIRE_VIEWER_JSON, a viewer's first frame: "camera_state" and, when `stale`, "stale":true
 * stand behind the type. */
size_t frame_message_json_head(const struct shared_bytes *json, const char *camera_state,
                               bool stale, uint8_t head[FRAME_MESSAGE_HEAD_MAX], size_t *offset);

/* WIRE_BINARY, a frame that goes out later than it was built: its own time of sending. */
size_t frame_message_binary_head(const struct frame_message *message, uint64_t sent_ns,
                                 uint8_t head[FRAME_MESSAGE_HEAD_MAX], size_t *offset);

#endif
