#include "common/frame_publisher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

struct frame_publisher {
    char *camera;
    size_t max_frame_bytes;
    struct frame_publisher_handlers handlers;
    void *arg;

    struct control_server *server;
    struct frame_ring *ring; /* NULL before the first frame */
    uint64_t generation;     /* of `ring`, or of the one before it */
    struct camera_status status;
    size_t readers; /* attached connections */
};

struct publisher_reader { /* a connection's context */
    int bell_fd;          /* our end of its doorbell; -1: not attached */
};

/* --- attaching --- */

static void publisher_send_ring(struct frame_publisher *publisher, struct control_peer *peer,
                                int bell_fd)
{
    char generation[21]; /* the digits of 2^64 */
    const int descriptors[2] = {frame_ring_descriptor(publisher->ring), bell_fd};
    snprintf(generation, sizeof generation, "%" PRIu64, publisher->generation);
    json_t *body = json_object();
    json_object_set_new(body, "generation", json_string(generation));
    json_object_set_new(body, "size", json_integer((json_int_t)frame_ring_size(publisher->ring)));
    json_object_set_new(body, "bank_size",
                        json_integer((json_int_t)frame_ring_bank_bytes(publisher->ring)));
    json_object_set_new(body, "banks", json_integer(FRAME_RING_BANKS));
    control_send(peer, MESSAGE_RING, body, descriptors);
}

static void publisher_tell_demand(struct frame_publisher *publisher)
{
    if (publisher->handlers.demand != NULL) {
        publisher->handlers.demand(publisher->arg, publisher->readers);
    }
}

static void publisher_attach(struct frame_publisher *publisher, struct control_peer *peer,
                             struct publisher_reader *reader)
{
    if (reader->bell_fd >= 0) {
        return; /* attached already: saying it twice changes nothing */
    }
    int bell_fd = doorbell_create();
    if (bell_fd < 0) {
        log_camera(LOG_ERROR, publisher->camera, "cannot make a doorbell for a reader: %s",
                   strerror(-bell_fd));
        control_send(peer, MESSAGE_ERROR, json_pack("{s:s}", "message", "cannot make a doorbell"),
                     NULL);
        /* Nobody would try again on this connection; on the next one it may go. */
        control_close(peer);
        return;
    }
    reader->bell_fd = bell_fd;
    if (publisher->ring != NULL) {
        publisher_send_ring(publisher, peer, bell_fd);
        doorbell_ring(bell_fd); /* a frame lies ready: a still picture may not change for hours */
    }
    publisher->readers++;
    if (publisher->readers == 1) {
        publisher_tell_demand(publisher);
    }
}

static void publisher_detach(struct frame_publisher *publisher, struct publisher_reader *reader)
{
    if (reader->bell_fd < 0) {
        return;
    }
    fd_close(&reader->bell_fd);
    publisher->readers--;
    if (publisher->readers == 0) {
        publisher_tell_demand(publisher);
    }
}

/* --- connections --- */

static void publisher_on_opened(void *arg, struct control_peer *peer)
{
    const struct frame_publisher *publisher = arg;
    struct publisher_reader *reader = xcalloc(1, sizeof *reader);
    reader->bell_fd = -1;
    control_set_context(peer, reader);
    control_send(peer, MESSAGE_STATUS, camera_status_to_json(&publisher->status), NULL);
}

static void publisher_on_message(void *arg, struct control_peer *peer, enum message_type type,
                                 json_t *body, const int *descriptors)
{
    struct frame_publisher *publisher = arg;
    struct publisher_reader *reader = control_context(peer);
    (void)body;
    (void)descriptors; /* nothing that comes here carries any */
    switch (type) {
    case MESSAGE_ATTACH:
        publisher_attach(publisher, peer, reader);
        break;
    case MESSAGE_DETACH:
        publisher_detach(publisher, reader);
        break;
    case MESSAGE_STATS:
        if (publisher->handlers.stats != NULL) {
            control_send(peer, MESSAGE_STATS_ANSWER, publisher->handlers.stats(publisher->arg),
                         NULL);
        } else {
            control_send(peer, MESSAGE_ERROR,
                         json_pack("{s:s}", "message", "there are no counters"), NULL);
        }
        break;
    default:
        break; /* the table lets nothing else through to a capture's server */
    }
}

static void publisher_on_closed(void *arg, struct control_peer *peer)
{
    struct publisher_reader *reader = control_context(peer);
    publisher_detach(arg, reader);
    free(reader);
}

int frame_publisher_create(struct frame_publisher **publisher, struct event_base *base,
                           const char *run_dir, const char *camera, size_t max_frame_bytes,
                           const struct frame_publisher_handlers *handlers, void *arg)
{
    static const struct control_handlers control_handlers = {
        .opened = publisher_on_opened,
        .message = publisher_on_message,
        .closed = publisher_on_closed,
    };
    struct frame_publisher *made = xcalloc(1, sizeof *made);
    made->camera = xstrdup(camera);
    made->max_frame_bytes =
        max_frame_bytes < FRAME_RING_BANK_BYTES_MAX ? max_frame_bytes : FRAME_RING_BANK_BYTES_MAX;
    made->handlers = *handlers;
    made->arg = arg;
    made->status.state = CAMERA_CONNECTING;
    made->status.since_ns = clock_realtime_ns();

    char *name = xasprintf("capture.%s.sock", camera);
    int result = control_server_create(&made->server, base, run_dir, name, MESSAGE_SERVICE_CAPTURE,
                                       &control_handlers, made);
    free(name);
    if (result < 0) {
        free(made->camera);
        free(made);
        return result;
    }
    *publisher = made;
    return 0;
}

void frame_publisher_destroy(struct frame_publisher *publisher)
{
    if (publisher == NULL) {
        return;
    }
    /* The owner is past hearing of it. */
    publisher->handlers = (struct frame_publisher_handlers){0};
    control_server_destroy(publisher->server);
    frame_ring_destroy(publisher->ring);
    free(publisher->camera);
    free(publisher);
}

/* --- frames --- */

/* Readers get the new ring on their old connections and with their old doorbells. Those that have
 * not read the last frame of the old ring yet may miss it: a newer one is coming. */
static int publisher_renew_ring(struct frame_publisher *publisher, const struct frame_info *info)
{
    size_t old_bank = publisher->ring != NULL ? frame_ring_bank_bytes(publisher->ring) : 0;
    size_t bank = frame_ring_bank_size(info->size, old_bank, publisher->max_frame_bytes);
    /* A generation is a time that only grows, even where the clock was set back. */
    uint64_t generation = info->captured_realtime_ns > publisher->generation
                              ? info->captured_realtime_ns
                              : publisher->generation + 1;
    struct frame_ring *ring;
    int result = frame_ring_create(&ring, bank, FRAME_RING_BANKS, generation);
    if (result < 0) {
        log_camera(LOG_ERROR, publisher->camera,
                   "cannot make a frame ring%s bank_bytes=%zu banks=%d: %s",
                   result == -ENOSPC ? ", make room in /dev/shm" : "", bank, FRAME_RING_BANKS,
                   strerror(-result));
        return result;
    }
    log_camera(LOG_INFO, publisher->camera, "new frame ring generation=%" PRIu64 " bank_bytes=%zu",
               generation, bank);
    frame_ring_destroy(publisher->ring);
    publisher->ring = ring;
    publisher->generation = generation;
    struct control_peer *peer = NULL;
    while ((peer = control_server_next(publisher->server, peer)) != NULL) {
        const struct publisher_reader *reader = control_context(peer);
        if (reader->bell_fd >= 0) {
            publisher_send_ring(publisher, peer, reader->bell_fd);
        }
    }
    return 0;
}

static void publisher_ring_doorbells(const struct frame_publisher *publisher)
{
    struct control_peer *peer = NULL;
    while ((peer = control_server_next(publisher->server, peer)) != NULL) {
        const struct publisher_reader *reader = control_context(peer);
        if (reader->bell_fd >= 0) {
            doorbell_ring(reader->bell_fd);
        }
    }
}

/* Sees to it that there is a ring which the frame fits into. */
static int publisher_make_room(struct frame_publisher *publisher, const struct frame_info *info)
{
    if (info->size == 0 || info->size > publisher->max_frame_bytes) {
        return -EMSGSIZE;
    }
    bool fits = publisher->ring != NULL && info->size <= frame_ring_bank_bytes(publisher->ring);
    return fits ? 0 : publisher_renew_ring(publisher, info);
}

int frame_publisher_publish(struct frame_publisher *publisher, struct frame_info *info,
                            const uint8_t *jpeg)
{
    int result = publisher_make_room(publisher, info);
    if (result == 0) {
        result = frame_ring_publish(publisher->ring, info, jpeg);
    }
    if (result == 0) {
        publisher_ring_doorbells(publisher);
    }
    return result;
}

int frame_publisher_begin(struct frame_publisher *publisher, const struct frame_info *info)
{
    int result = publisher_make_room(publisher, info);
    return result < 0 ? result : frame_ring_begin(publisher->ring, info->size);
}

void frame_publisher_add(struct frame_publisher *publisher, const uint8_t *bytes, size_t size)
{
    frame_ring_add(publisher->ring, bytes, size);
}

int frame_publisher_commit(struct frame_publisher *publisher, struct frame_info *info)
{
    int result = frame_ring_commit(publisher->ring, info);
    if (result == 0) {
        publisher_ring_doorbells(publisher);
    }
    return result;
}

int frame_publisher_newest(const struct frame_publisher *publisher, struct frame_info *info,
                           uint8_t **jpeg)
{
    struct frame_ring_reader *reader;
    uint64_t missed;
    *jpeg = NULL;
    if (publisher->ring == NULL) {
        return -EAGAIN;
    }
    int fd = fcntl(frame_ring_descriptor(publisher->ring), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    int result = frame_ring_reader_create(&reader, fd);
    if (result < 0) {
        return result;
    }
    size_t capacity = frame_ring_reader_capacity(reader);
    *jpeg = xmalloc(capacity);
    result = frame_ring_reader_read(reader, info, *jpeg, capacity, &missed);
    frame_ring_reader_destroy(reader);
    if (result < 0) {
        free(*jpeg);
        *jpeg = NULL;
    }
    return result;
}

/* --- status --- */

static bool status_changed(const struct camera_status *old, const struct camera_status *new)
{
    return old->state != new->state || old->width != new->width || old->height != new->height ||
           strcmp(old->reason, new->reason) != 0;
}

void frame_publisher_set_status(struct frame_publisher *publisher,
                                const struct camera_status *status)
{
    bool changed = status_changed(&publisher->status, status);
    publisher->status = *status;
    if (!changed) {
        return;
    }
    struct control_peer *peer = NULL;
    while ((peer = control_server_next(publisher->server, peer)) != NULL) {
        control_send(peer, MESSAGE_STATUS, camera_status_to_json(status), NULL);
    }
}

size_t frame_publisher_readers(const struct frame_publisher *publisher)
{
    return publisher->readers;
}
