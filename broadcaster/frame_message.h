/* The two forms in which a frame goes to viewers, each built once and sent to all: whole WebSocket
 * frames, header included. Pure. */
#ifndef BROADCASTER_FRAME_MESSAGE_H
#define BROADCASTER_FRAME_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/posted_frame.h"
#include "broadcaster/shared_bytes.h"

/* Room for a private head: a WebSocket header and what it says beyond the shared message. */
#define FRAME_MESSAGE_HEAD_MAX 160

/* What a message is built from. */
struct frame_message {
    const char *camera;
    const struct posted_frame *frame; /* with a picture */
    uint64_t count;                   /* messages of the stream so far, this one included */
    uint32_t rendering;
};

/* {"type":"frame","camera_id":…,"frame":"data:image/jpeg;base64,…","metadata":…,"frame_count":…,
 * "timestamp":…} as one text message. The reference is the caller's. */
struct shared_bytes *frame_message_json(const struct frame_message *message);

/* A frame container (docs/protocol.md) as one binary message, `sent_ns` (CLOCK_REALTIME) in it. */
struct shared_bytes *frame_message_binary(const struct frame_message *message, uint64_t sent_ns);

/* Private heads: bytes to send instead of the first *offset bytes of the shared message. Both return
 * their length. */

/* A viewer's first frame: "camera_state" and, when `stale`, "stale":true stand behind the type. */
size_t frame_message_json_head(const struct shared_bytes *json, const char *camera_state,
                               bool stale, uint8_t head[FRAME_MESSAGE_HEAD_MAX], size_t *offset);

/* A frame that goes out later than it was built: its own time of sending. */
size_t frame_message_binary_head(const struct frame_message *message, uint64_t sent_ns,
                                 uint8_t head[FRAME_MESSAGE_HEAD_MAX], size_t *offset);

#endif
