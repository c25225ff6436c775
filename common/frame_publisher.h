/* Serves one camera to its readers: the socket `capture.<camera>.sock`, the status of the camera,
 * the ring and the doorbells. Used by capture, and by the broadcaster for cameras that push to it.
 * Everything runs on the loop's thread. */
#ifndef COMMON_FRAME_PUBLISHER_H
#define COMMON_FRAME_PUBLISHER_H

#include <event2/event.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/camera_status.h"
#include "common/frame_ring.h"

struct frame_publisher;

struct frame_publisher_handlers {
    /* The number of attached readers went from or to zero. Not called by
     * frame_publisher_destroy(). */
    void (*demand)(void *arg, size_t readers);
    /* Somebody asked for `stats`: the answer's fields, a new reference. May
     * be NULL, like demand. */
    json_t *(*stats)(void *arg);
};

/* 0 or -errno. `camera` is copied. */
int frame_publisher_create(struct frame_publisher **publisher, struct event_base *base,
                           const char *run_dir, const char *camera, size_t max_frame_bytes,
                           const struct frame_publisher_handlers *handlers, void *arg);
void frame_publisher_destroy(struct frame_publisher *publisher); /* NULL is allowed */

/* Publishes a whole JPEG and rings every reader. The ring is made at the first frame and made anew,
 * larger, when a frame does not fit; readers get the new one before anything is published in it.
 * `info` as for frame_ring_publish(). 0, -EMSGSIZE above max_frame_bytes, or -errno of a ring that
 * cannot be made. */
int frame_publisher_publish(struct frame_publisher *publisher, struct frame_info *info,
                            const uint8_t *jpeg);

/* The same in pieces, as frame_ring_begin(), frame_ring_add() and frame_ring_commit() have it:
 * `info` is begun with its size and captured times, and committed whole. */
int frame_publisher_begin(struct frame_publisher *publisher, const struct frame_info *info);
void frame_publisher_add(struct frame_publisher *publisher, const uint8_t *bytes, size_t size);
int frame_publisher_commit(struct frame_publisher *publisher, struct frame_info *info);

/* A copy of the newest frame, as its readers have it; the caller frees *jpeg. 0, -EAGAIN when there
 * is none, or -errno. */
int frame_publisher_newest(const struct frame_publisher *publisher, struct frame_info *info,
                           uint8_t **jpeg);

/* Keeps the status and sends it to every connection when the state, the reason or the picture's
 * size changed; the counters alone travel with the next change, and with `stats`. */
void frame_publisher_set_status(struct frame_publisher *publisher,
                                const struct camera_status *status);

size_t frame_publisher_readers(const struct frame_publisher *publisher);

#endif
