/* A camera whose pictures come to the broadcaster itself, from a streamer. To other processes it is
 * one more camera: it is served on `capture.<camera>.sock` as a capture process serves one, with
 * the same ring, states and counters. In this process its pictures go into its raw stream at once,
 * not by way of the ring. One thread. */
#ifndef BROADCASTER_PUSHED_CAMERA_H
#define BROADCASTER_PUSHED_CAMERA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/text/byte_span.h"
#include "common/camera_status.h"

struct services;
struct pushed_camera;

enum pushed_result {
    PUSHED_TAKEN,
    PUSHED_BAD,      /* the sender's fault */
    PUSHED_UNSHARED, /* ours: the ring cannot be made */
};

/* Serves the socket. 0 or -errno. The id is copied. */
int pushed_camera_create(struct pushed_camera **camera, struct services *services, const char *id);
void pushed_camera_destroy(struct pushed_camera *camera); /* NULL is allowed */

const char *pushed_camera_id(const struct pushed_camera *camera);
const struct camera_status *pushed_camera_status(const struct pushed_camera *camera);

/* What a capture would answer to `stats`. The caller owns the reference. */
json_t *pushed_camera_stats(const struct pushed_camera *camera);

/* Follows the configuration after a reload. */
void pushed_camera_configure(struct pushed_camera *camera);

/* A streamer begins to send, perhaps in the place of another one. */
void pushed_camera_begin(struct pushed_camera *camera);

/* Nobody sends any more: the camera's streams end, for this reason in words. */
void pushed_camera_end(struct pushed_camera *camera, const char *reason);

bool pushed_camera_is_live(const struct pushed_camera *camera); /* begun and not ended */

/* True for what was captured (CLOCK_REALTIME ns) before the end: a picture that was still on its
 * way then must not begin the streams anew. */
bool pushed_camera_is_late(const struct pushed_camera *camera, uint64_t captured_ns);

/* A picture as it came: a JPEG, or the base64 of one, which is decoded straight into the ring.
 * `captured_ns` (CLOCK_MONOTONIC): when its first byte came. Unless it was taken, *error says why,
 * for people; it lives until the next call. */
enum pushed_result pushed_camera_take_jpeg(struct pushed_camera *camera, struct byte_span jpeg,
                                           uint64_t captured_ns, const char **error);
enum pushed_result pushed_camera_take_base64(struct pushed_camera *camera, struct byte_span base64,
                                             uint64_t captured_ns, const char **error);

#endif
