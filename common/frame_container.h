/* One frame on the wire, `application/vnd.ringcast.frame`: in by POST, out by WebSocket, the same
 * bytes. All numbers big-endian.
 *
 *   offset size
 *        0    4  "RCF1"
 *        4    1  version, 1
 *        5    1  flags: FRAME_CONTAINER_RAW, or 0
 *        6    2  header length: 64 + camera id, padded with zeros to a multiple of 8
 *        8    4  metadata length in bytes
 *       12    4  JPEG length in bytes; 0 is allowed in a POST (metadata alone)
 *       16    8  frame number
 *       24    8  generation (CLOCK_REALTIME ns of the ring's first frame)
 *       32    8  captured (CLOCK_REALTIME ns)
 *       40    8  sent (CLOCK_REALTIME ns, set by whoever sends)
 *       48    8  frame count of the stream (0 in a POST)
 *       56    4  rendering
 *       60    2  camera id length
 *       62    2  zero
 *       64       camera id, padding, metadata (a JSON object or nothing), JPEG
 *
 * Pure functions, thread-safe. */
#ifndef COMMON_FRAME_CONTAINER_H
#define COMMON_FRAME_CONTAINER_H

#include <stddef.h>
#include <stdint.h>

#include "common/camera_id.h"

#define FRAME_CONTAINER_TYPE       "application/vnd.ringcast.frame"
#define FRAME_CONTAINER_FIXED      64
#define FRAME_CONTAINER_HEADER_MAX (FRAME_CONTAINER_FIXED + CAMERA_ID_MAX)
#define FRAME_METADATA_MAX         65536

#define FRAME_CONTAINER_RAW 1 /* the picture as the camera made it; never in a POST */

struct frame_container {
    uint64_t frame_number, generation, captured_ns, sent_ns, frame_count;
    uint32_t rendering;
    uint32_t metadata_size, jpeg_size; /* bytes */
    uint8_t flags;
    char camera[CAMERA_ID_SIZE];
};

/* Writes the header with the camera's id and its padding; returns its length, a multiple of 8.
 * The camera id must be valid. */
size_t frame_container_write_header(const struct frame_container *container,
                                    uint8_t out[FRAME_CONTAINER_HEADER_MAX]);

/* Checks `size` bytes that claim to be one whole container: magic, version, lengths that add up to
 * `size` exactly, a valid camera id, zero padding, metadata within FRAME_METADATA_MAX. Returns the
 * header's length, or 0 with the reason in *error (a literal). The metadata begins at the header's
 * length, the JPEG behind it. */
size_t frame_container_parse(const uint8_t *data, size_t size, struct frame_container *container,
                             const char **error);

#endif
