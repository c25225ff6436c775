/* One camera's life: when to connect, when to give a connection up, how long to wait, what
 * to publish and what to say about it. Exactly one source exists at a time. Everything runs
 * on the loop's thread. */
#ifndef CAPTURE_CAMERA_H
#define CAPTURE_CAMERA_H

#include "common/program.h"

struct camera;

/* Serves the camera that `program` names, which must be configured and have a capture. 0, or -errno
 * when its socket cannot be served. */
int camera_create(struct camera **camera, const struct program *program);
void camera_destroy(struct camera *camera); /* NULL is allowed */

/* program->config is another one now; `old` is the one before it, still there. Readers stay
 * attached unless max_frame_bytes changed; the source is made anew only where its own options
 * changed. The camera must still be configured. */
void camera_reload(struct camera *camera, const struct config *old);

#endif
