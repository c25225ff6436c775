#include "common/camera_feed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

/* How often a capture is asked how it is; what has not been answered by the
 * next time, is missing. */
#define FEED_ASK_NS (2 * NS_PER_SECOND)

struct camera_feed {
    struct event_base *base;
    char *camera;
    struct camera_feed_handlers handlers;
    void *arg;

    struct control_client *client;
    struct camera_status status;
    struct camera_status told; /* what the capture said last, while it does not answer */
    const char *fault;         /* why we ended the connection; NULL: we did not */
    struct event *ask;         /* runs while connected */
    json_t *stats;             /* its last answer; NULL: none since it connected */
    bool asked, silent;

    bool attached;                    /* the wish, whether or not a capture is there to meet it */
    struct frame_ring_reader *reader; /* NULL: no ring */
    struct event *bell_event;         /* NULL: no doorbell */
    int bell_fd;
    uint64_t missed; /* frames of earlier rings that nobody saw */
};

/* --- status --- */

static void feed_go_offline(struct camera_feed *feed, const char *reason)
{
    if (feed->status.state != CAMERA_OFFLINE) {
        feed->status.state = CAMERA_OFFLINE;
        feed->status.since_ns = clock_realtime_ns();
    }
    feed->status.fps = 0;
    snprintf(feed->status.reason, sizeof feed->status.reason, "%s", reason);
}

static void feed_tell_status(struct camera_feed *feed)
{
    if (feed->handlers.status != NULL) {
        feed->handlers.status(feed->arg, &feed->status);
    }
}

static void feed_tell_frame(struct camera_feed *feed)
{
    if (feed->reader != NULL && frame_ring_reader_unseen(feed->reader) > 0 &&
        feed->handlers.frame != NULL) {
        feed->handlers.frame(feed->arg);
    }
}

/* --- a capture that hangs --- */

/* Its connection stands and its last word is "online": only a question shows
 * that nobody is there. */
static void feed_fall_silent(struct camera_feed *feed)
{
    log_camera(LOG_WARN, feed->camera, "its capture does not answer; is it stopped?");
    feed->silent = true;
    feed->told = feed->status;
    if (feed->status.state == CAMERA_ONLINE || feed->status.state == CAMERA_FROZEN) {
        feed->status.state = CAMERA_STALE;
        feed->status.since_ns = clock_realtime_ns();
        snprintf(feed->status.reason, sizeof feed->status.reason, "its capture does not answer");
        feed_tell_status(feed);
    }
}

static void feed_on_ask(evutil_socket_t fd, short what, void *arg)
{
    struct camera_feed *feed = arg;
    struct control_peer *peer = control_client_peer(feed->client);
    (void)fd;
    (void)what;
    if (peer == NULL) {
        return; /* its end is on the way */
    }
    if (!feed->asked) {
        feed->asked = true;
        control_send(peer, MESSAGE_STATS, NULL, NULL);
    } else if (!feed->silent) {
        feed_fall_silent(feed);
    }
}

static void feed_speak_again(struct camera_feed *feed)
{
    feed->asked = false;
    if (!feed->silent) {
        return;
    }
    feed->silent = false;
    log_camera(LOG_INFO, feed->camera, "its capture answers again");
    if (feed->status.state != feed->told.state) {
        feed->status = feed->told;
        feed->status.since_ns = clock_realtime_ns();
        feed_tell_status(feed);
    }
}

/* An answer's numbers are newer than those of the last status. */
static void feed_take_numbers(struct camera_feed *feed, const json_t *body)
{
    const json_t *frames = json_object_get(body, "frames"), *fps = json_object_get(body, "fps");
    if (json_integer_value(frames) > 0) {
        feed->status.frames = (uint64_t)json_integer_value(frames);
    }
    if (json_is_number(fps)) {
        feed->status.fps = json_number_value(fps);
    }
}

/* --- the ring and its doorbell --- */

static void feed_drop_bell(struct camera_feed *feed)
{
    if (feed->bell_event != NULL) {
        event_free(feed->bell_event);
        feed->bell_event = NULL;
    }
    fd_close(&feed->bell_fd);
}

static void feed_drop_ring(struct camera_feed *feed)
{
    frame_ring_reader_destroy(feed->reader);
    feed->reader = NULL;
}

/* The other side has broken the protocol: its connection ends. The client comes back after a while
 * that doubles, for the next ring may well be no better. */
static void feed_refuse(struct camera_feed *feed, const char *fault)
{
    struct control_peer *peer = control_client_peer(feed->client);
    log_camera(LOG_WARN, feed->camera, "refused what its capture sent: %s", fault);
    feed_drop_bell(feed);
    feed_drop_ring(feed);
    if (peer != NULL) {
        feed->fault = fault;
        control_close(peer);
    }
}

static void feed_on_bell(evutil_socket_t fd, short what, void *arg)
{
    struct camera_feed *feed = arg;
    (void)what;
    /* Drain, then look: the writer stores the number, then rings. A ring that comes after the drain
     * wakes us once more. */
    if (doorbell_drain(fd) < 0) {
        feed_refuse(feed, "its doorbell cannot be read");
        return;
    }
    feed_tell_frame(feed);
}

/* An eventfd has no file type. What else has none (epoll, signalfd) fails when it is drained; what
 * could block the loop (a pipe, a socket, a terminal) does not come so far. */
static bool feed_is_doorbell(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == 0 && fd_set_nonblocking(fd) == 0;
}

static bool ring_is_as_announced(const struct frame_ring_reader *reader, const json_t *body)
{
    const char *generation = json_string_value(json_object_get(body, "generation"));
    json_int_t bank_size = json_integer_value(json_object_get(body, "bank_size"));
    return strtoull(generation, NULL, 10) == frame_ring_reader_generation(reader) &&
           (uint64_t)bank_size == frame_ring_reader_capacity(reader);
}

/* Takes both descriptors. */
static void feed_on_ring(struct camera_feed *feed, const json_t *body, int ring_fd, int bell_fd)
{
    struct frame_ring_reader *reader;
    if (!feed->attached) { /* sent before our detach arrived */
        fd_close(&ring_fd);
        fd_close(&bell_fd);
        return;
    }
    int result = frame_ring_reader_create(&reader, ring_fd);
    if (result < 0) {
        fd_close(&bell_fd);
        feed_refuse(feed, result == -EBADMSG ? "its descriptor is not a frame ring"
                                             : "its frame ring cannot be mapped");
        return;
    }
    if (!ring_is_as_announced(reader, body) || !feed_is_doorbell(bell_fd)) {
        frame_ring_reader_destroy(reader);
        fd_close(&bell_fd);
        feed_refuse(feed, "its frame ring and doorbell are not as announced");
        return;
    }
    if (feed->reader != NULL) {
        feed->missed += frame_ring_reader_unseen(feed->reader);
        frame_ring_reader_count_all(reader); /* the wish is older than this ring */
    }
    feed_drop_ring(feed);
    feed_drop_bell(feed);
    feed->reader = reader;
    feed->bell_fd = bell_fd;
    feed->bell_event = event_new(feed->base, bell_fd, EV_READ | EV_PERSIST, feed_on_bell, feed);
    if (feed->bell_event == NULL) {
        die("out of memory for an event");
    }
    if (event_add(feed->bell_event, NULL) < 0) {
        feed_refuse(feed, "its doorbell cannot be waited for");
        return;
    }
    log_camera(LOG_DEBUG, feed->camera, "attached to ring generation=%" PRIu64 " bank_bytes=%zu",
               frame_ring_reader_generation(reader), frame_ring_reader_capacity(reader));
    /* One doorbell serves a reader's rings in turn: what rang for this one may have been drained
     * while the last one was still in place. */
    feed_tell_frame(feed);
}

/* --- the connection --- */

static void feed_on_opened(void *arg, struct control_peer *peer)
{
    struct camera_feed *feed = arg;
    struct timeval interval = clock_timeval(FEED_ASK_NS);
    log_camera(LOG_INFO, feed->camera, "its capture answers");
    feed->asked = feed->silent = false;
    event_add(feed->ask, &interval);
    if (feed->attached) {
        control_send(peer, MESSAGE_ATTACH, NULL, NULL);
    }
}

static void feed_on_message(void *arg, struct control_peer *peer, enum message_type type,
                            json_t *body, const int *descriptors)
{
    struct camera_feed *feed = arg;
    (void)peer;
    feed_speak_again(feed);
    switch (type) {
    case MESSAGE_STATUS:
        camera_status_from_json(body, &feed->status);
        feed_tell_status(feed);
        break;
    case MESSAGE_STATS_ANSWER:
        feed_take_numbers(feed, body);
        json_decref(feed->stats);
        feed->stats = json_incref(body);
        break;
    case MESSAGE_RING:
        feed_on_ring(feed, body, descriptors[0], descriptors[1]);
        break;
    case MESSAGE_ERROR:
        log_camera(LOG_WARN, feed->camera, "its capture says: %s",
                   json_string_value(json_object_get(body, "message")));
        break;
    default:
        break; /* answers to what a feed never asks */
    }
}

static void feed_on_closed(void *arg, struct control_peer *peer)
{
    struct camera_feed *feed = arg;
    const char *reason = feed->fault != NULL ? feed->fault : "its capture is gone";
    (void)peer;
    feed->fault = NULL;
    event_del(feed->ask);
    json_decref(feed->stats);
    feed->stats = NULL;
    feed_drop_bell(feed);
    feed_go_offline(feed, reason);
    log_camera(LOG_INFO, feed->camera, "waiting for its capture: %s", reason);
    feed_tell_status(feed);
    feed_tell_frame(feed); /* published before the end, and its ring not heard yet */
}

struct camera_feed *camera_feed_create(struct event_base *base, const char *run_dir,
                                       const char *camera, const char *socket_name,
                                       const struct camera_feed_handlers *handlers, void *arg)
{
    static const struct control_handlers control_handlers = {
        .opened = feed_on_opened,
        .message = feed_on_message,
        .closed = feed_on_closed,
    };
    struct camera_feed *feed = xcalloc(1, sizeof *feed);
    feed->base = base;
    feed->camera = xstrdup(camera);
    feed->handlers = *handlers;
    feed->arg = arg;
    feed->bell_fd = -1;
    feed->ask = event_new(base, -1, EV_PERSIST, feed_on_ask, feed);
    if (feed->ask == NULL) {
        die("out of memory for an event");
    }
    feed_go_offline(feed, "its capture is not running");

    char *name = socket_name != NULL ? xstrdup(socket_name) : xasprintf("capture.%s.sock", camera);
    feed->client = control_client_create(base, run_dir, name, MESSAGE_SERVICE_CAPTURE,
                                         &control_handlers, feed);
    free(name);
    return feed;
}

void camera_feed_destroy(struct camera_feed *feed)
{
    if (feed == NULL) {
        return;
    }
    feed->handlers = (struct camera_feed_handlers){0}; /* the owner is past hearing of it */
    control_client_destroy(feed->client);
    event_free(feed->ask);
    json_decref(feed->stats);
    feed_drop_bell(feed);
    feed_drop_ring(feed);
    free(feed->camera);
    free(feed);
}

void camera_feed_set_attached(struct camera_feed *feed, bool attached)
{
    struct control_peer *peer = control_client_peer(feed->client);
    if (attached == feed->attached) {
        return;
    }
    feed->attached = attached;
    if (!attached) {
        feed_drop_bell(feed);
        feed_drop_ring(feed);
        feed->missed = 0; /* what nobody wants is not missed */
    }
    if (peer != NULL) {
        control_send(peer, attached ? MESSAGE_ATTACH : MESSAGE_DETACH, NULL, NULL);
    }
}

const struct camera_status *camera_feed_status(const struct camera_feed *feed)
{
    return &feed->status;
}

bool camera_feed_connected(const struct camera_feed *feed)
{
    return control_client_peer(feed->client) != NULL;
}

const json_t *camera_feed_stats(const struct camera_feed *feed)
{
    return feed->silent ? NULL : feed->stats;
}

/* --- frames --- */

static void frame_buffer_reserve(struct frame_buffer *buffer, size_t capacity)
{
    if (buffer->capacity < capacity) {
        free(buffer->bytes); /* its old content is of no use: no copy */
        buffer->bytes = xmalloc(capacity);
        buffer->capacity = capacity;
    }
}

size_t camera_feed_capacity(const struct camera_feed *feed)
{
    return feed->reader != NULL ? frame_ring_reader_capacity(feed->reader) : 0;
}

int camera_feed_read_into(struct camera_feed *feed, struct frame_info *info, uint8_t *bytes,
                          size_t capacity, uint64_t *missed)
{
    if (feed->reader == NULL) {
        return -ENOTCONN;
    }
    int result = frame_ring_reader_read(feed->reader, info, bytes, capacity, missed);
    if (result == 0) {
        *missed += feed->missed;
        feed->missed = 0;
    } else if (result == -EBADMSG) {
        feed_refuse(feed, "its frame ring contradicts itself");
    }
    return result;
}

int camera_feed_read(struct camera_feed *feed, struct frame_info *info, struct frame_buffer *buffer,
                     uint64_t *missed)
{
    if (feed->reader != NULL) {
        frame_buffer_reserve(buffer, frame_ring_reader_capacity(feed->reader));
    }
    return camera_feed_read_into(feed, info, buffer->bytes, buffer->capacity, missed);
}

uint64_t camera_feed_newest(const struct camera_feed *feed)
{
    return feed->reader != NULL ? frame_ring_reader_newest(feed->reader) : 0;
}
