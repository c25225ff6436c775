/* The other end of a frame publisher: one camera as a reader sees it. Keeps a connection to
 * `capture.<camera>.sock`, follows its status, attaches when frames are wanted and reads the
 * newest. A capture that dies is noticed at once and found again when it is back; the wish to be
 * attached survives it. The ring of a capture that is gone stays readable until the next one
 * arrives or the wish ends, so its last whole frame is not lost. A ring or doorbell that is not
 * what it should be ends that connection; the next one waits 50 ms, doubling to 2 s. A capture that
 * stands still (stopped, or waiting for a disk) is noticed within 4 s by the `stats` that it does
 * not answer: a camera that was online is CAMERA_STALE then.
 *
 * Handlers may call anything here except camera_feed_destroy(). Everything runs on the loop's
 * thread. */
#ifndef COMMON_CAMERA_FEED_H
#define COMMON_CAMERA_FEED_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/camera_status.h"
#include "common/frame_ring.h"

struct camera_feed;

struct camera_feed_handlers {
    /* The status changed; while no capture answers it is CAMERA_OFFLINE with a reason, and the rest
     * of it is what was known last. */
    void (*status)(void *arg, const struct camera_status *status);
    /* A newer frame can be read. */
    void (*frame)(void *arg);
};

/* `socket_name` NULL: "capture.<camera>.sock". Strings are copied. */
struct camera_feed *camera_feed_create(struct event_base *base, const char *run_dir,
                                       const char *camera, const char *socket_name,
                                       const struct camera_feed_handlers *handlers, void *arg);
void camera_feed_destroy(struct camera_feed *feed); /* NULL is allowed */

/* Attaching is demand: it may make an on_demand capture connect to its camera. */
void camera_feed_set_attached(struct camera_feed *feed, bool attached);

const struct camera_status *camera_feed_status(const struct camera_feed *feed);

/* True while a capture answers: what it says of its camera is first hand. */
bool camera_feed_connected(const struct camera_feed *feed);

/* What it answered to `stats`, two seconds ago or less; NULL while it has not.
 * The feed's reference. */
const json_t *camera_feed_stats(const struct camera_feed *feed);

/* A buffer that grows to what the ring may hold; zeroed at first, freed with free(bytes). */
struct frame_buffer {
    uint8_t *bytes;
    size_t capacity;
};

/* As frame_ring_reader_read(); -ENOTCONN without a ring. *missed counts across a change of rings. A
 * ring that contradicts itself (-EBADMSG) has its connection closed before this returns. */
int camera_feed_read(struct camera_feed *feed, struct frame_info *info, struct frame_buffer *buffer,
                     uint64_t *missed);

/* The same into memory of the caller's: at least camera_feed_capacity() bytes, which
 * is 0 without a ring. */
size_t camera_feed_capacity(const struct camera_feed *feed);
int camera_feed_read_into(struct camera_feed *feed, struct frame_info *info, uint8_t *bytes,
                          size_t capacity, uint64_t *missed);

/* Number of the newest frame in the ring; 0: none. A look without a copy. */
uint64_t camera_feed_newest(const struct camera_feed *feed);

#endif
