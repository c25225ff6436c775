#include "broadcaster/viewers/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/intake/pushed_set.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/camera_watch.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/text/base64.h"
#include "common/log.h"
#include "common/memory.h"

#define SNAPSHOT_AGE_LIMIT_S 86400.0

/* One request, from the wish to the answer. */
struct snapshot {
    struct services *services;
    struct http_session *session;
    struct stream_key key; /* of the stream that it is taken from, unless from the ring */
    bool from_ring;
    uint64_t max_age_ns;
    struct event *timer;                 /* NULL: nothing is waited for yet */
    struct camera_watch_waiter waiter;   /* for a raw picture */
    struct stream_subscriber subscriber; /* for an annotated one */
};

static void snapshot_destroy(struct snapshot *snapshot)
{
    camera_watch_leave(&snapshot->waiter);
    hub_unsubscribe(snapshot->services->hub, &snapshot->subscriber);
    if (snapshot->timer != NULL) {
        event_free(snapshot->timer);
    }
    free(snapshot);
}

/* --- answers --- */

/* Takes `jpeg`. */
static void snapshot_respond(struct snapshot *snapshot, struct shared_bytes *jpeg,
                             uint64_t captured_ns)
{
    char fields[128];
    snprintf(fields, sizeof fields, API_NOT_STORED "X-Timestamp: %" PRIu64 ".%06u\r\n",
             captured_ns / NS_PER_SECOND, (unsigned)(captured_ns % NS_PER_SECOND / NS_PER_US));
    http_respond(snapshot->session, 200, "image/jpeg", fields, jpeg);
    shared_bytes_unref(jpeg);
}

/* `age_ns` UINT64_MAX: there is no picture at all. */
static void snapshot_respond_stale(struct http_session *session, uint64_t age_ns)
{
    char message[96] = "there is no picture of this camera yet";
    const char *code = age_ns != UINT64_MAX ? "stale" : "no_picture";
    json_t *age = json_null();
    http_count_error(session, code);
    if (age_ns != UINT64_MAX) {
        uint64_t whole_ms = age_ns / NS_PER_MS;
        double seconds = (double)whole_ms / 1000;
        snprintf(message, sizeof message, "the newest picture is %.1f s old", seconds);
        age = json_real(seconds);
    }
    api_json_respond(session, 503, API_NOT_STORED "Retry-After: 1\r\n",
                     json_pack("{s:{s:s,s:s},s:s,s:o}", "error", "code", code, "message", message,
                               "detail", message, "age", age));
}

/* --- the two sources --- */

static bool snapshot_try_ring(struct snapshot *snapshot, uint64_t *age_ns)
{
    struct frame_info info;
    struct shared_bytes *jpeg = camera_watch_frame(&snapshot->waiter, &info);
    *age_ns = UINT64_MAX;
    if (jpeg == NULL) {
        return false;
    }
    *age_ns = clock_elapsed_ns(info.captured_ns, clock_monotonic_ns());
    if (*age_ns > snapshot->max_age_ns) {
        return false;
    }
    snapshot_respond(snapshot, shared_bytes_ref(jpeg), info.captured_realtime_ns);
    return true;
}

static struct shared_bytes *snapshot_copy(const struct posted_frame *frame)
{
    struct shared_bytes *copy = shared_bytes_create(frame->jpeg_size);
    if (frame->jpeg.size > 0) {
        memcpy(copy->data, frame->jpeg.data, frame->jpeg_size);
    } else {
        base64_decode(copy->data, (const char *)frame->base64.data, frame->base64.size);
    }
    return copy;
}

static bool snapshot_try_stream(struct snapshot *snapshot, uint64_t *age_ns)
{
    const struct stream *stream = hub_find(snapshot->services->hub, &snapshot->key);
    *age_ns = stream != NULL ? stream_frame_age_ns(stream) : UINT64_MAX;
    if (*age_ns > snapshot->max_age_ns) {
        return false;
    }
    const struct posted_frame *frame = stream_frame(stream);
    snapshot_respond(snapshot, snapshot_copy(frame), frame->captured_ns);
    return true;
}

static bool snapshot_try(struct snapshot *snapshot, uint64_t *age_ns)
{
    return snapshot->from_ring ? snapshot_try_ring(snapshot, age_ns)
                               : snapshot_try_stream(snapshot, age_ns);
}

/* --- waiting --- */

static void snapshot_on_frame(struct camera_watch_waiter *waiter, bool gone)
{
    struct snapshot *snapshot = waiter->owner;
    uint64_t age_ns;
    if (gone) {
        http_respond_error(snapshot->session, 404, "unknown_camera", NULL,
                           "the camera has been removed");
        snapshot_destroy(snapshot);
    } else if (snapshot_try(snapshot, &age_ns)) {
        snapshot_destroy(snapshot);
    }
}

static void snapshot_on_notice(struct stream_subscriber *subscriber, enum stream_notice notice)
{
    struct snapshot *snapshot = subscriber->owner;
    uint64_t age_ns;
    if (notice == STREAM_FRAME && snapshot_try(snapshot, &age_ns)) {
        snapshot_destroy(snapshot);
    }
}

static void snapshot_on_timeout(evutil_socket_t fd, short what, void *arg)
{
    struct snapshot *snapshot = arg;
    uint64_t age_ns;
    (void)fd;
    (void)what;
    if (!snapshot_try(snapshot, &age_ns)) {
        snapshot_respond_stale(snapshot->session, age_ns);
    }
    snapshot_destroy(snapshot);
}

static void snapshot_on_gone(void *arg)
{
    snapshot_destroy(arg);
}

static void snapshot_wait(struct snapshot *snapshot)
{
    struct timeval most = clock_timeval(SNAPSHOT_WAIT_NS);
    snapshot->timer = evtimer_new(snapshot->services->base, snapshot_on_timeout, snapshot);
    if (snapshot->timer == NULL) {
        die("out of memory for an event");
    }
    event_add(snapshot->timer, &most);
    http_defer(snapshot->session, snapshot_on_gone, snapshot);
}

/* Asks the source for a picture; false when asking would bring none. */
static bool snapshot_ask(struct snapshot *snapshot)
{
    struct services *services = snapshot->services;
    if (snapshot->from_ring) {
        snapshot->waiter.notify = snapshot_on_frame;
        snapshot->waiter.owner = snapshot;
        return camera_watch_wait(services->cameras, snapshot->key.camera, &snapshot->waiter);
    }
    if (snapshot->key.kind == STREAM_RAW || !services_is_detected(services, snapshot->key.camera)) {
        return false; /* newer ones come without our asking */
    }
    snapshot->subscriber.notify = snapshot_on_notice;
    snapshot->subscriber.owner = snapshot;
    snapshot->subscriber.demands = true;
    snapshot->subscriber.holds = true;
    hub_subscribe(services->hub, &snapshot->key, &snapshot->subscriber);
    return true;
}

static void snapshot_start(struct snapshot *snapshot)
{
    uint64_t age_ns;
    if (!snapshot->from_ring && snapshot_try(snapshot, &age_ns)) {
        snapshot_destroy(snapshot);
        return;
    }
    if (!snapshot_ask(snapshot)) {
        snapshot_try(snapshot, &age_ns);
        snapshot_respond_stale(snapshot->session, age_ns);
        snapshot_destroy(snapshot);
        return;
    }
    if (snapshot_try(snapshot, &age_ns)) { /* somebody else waits for the same camera */
        snapshot_destroy(snapshot);
        return;
    }
    snapshot_wait(snapshot);
}

/* --- the request --- */

int snapshot_read_annotated(const struct http_request *request, bool *on)
{
    char text[8];
    int result = http_request_parameter(request, "annotated", text, sizeof text);
    *on = result == 0 && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
    return result == -ENOENT || *on ||
                   (result == 0 && (strcmp(text, "0") == 0 || strcmp(text, "false") == 0))
               ? 0
               : -EINVAL;
}

static int read_max_age(const struct http_request *request, uint64_t *max_age_ns)
{
    char text[32], *end;
    double seconds = SNAPSHOT_MAX_AGE_S;
    int result = http_request_parameter(request, "max_age", text, sizeof text);
    if (result == 0) {
        bool number = text[0] != '\0' && strspn(text, "0123456789.") == strlen(text);
        seconds = strtod(text, &end);
        result = number && *end == '\0' && seconds <= SNAPSHOT_AGE_LIMIT_S ? 0 : -EINVAL;
    }
    *max_age_ns = clock_seconds_ns(seconds);
    return result == -ENOENT ? 0 : result;
}

void snapshot_handle(struct services *services, struct http_session *session,
                     const struct http_request *request, const char *camera)
{
    bool annotated;
    uint64_t max_age_ns;
    if (!services_has_camera(services, camera)) {
        http_respond_error(session, 404, "unknown_camera", NULL, "there is no camera %s", camera);
        return;
    }
    if (snapshot_read_annotated(request, &annotated) < 0 ||
        read_max_age(request, &max_age_ns) < 0) {
        http_respond_error(session, 400, "bad_parameter", NULL,
                           "annotated is 0 or 1, max_age is seconds, at most 86400");
        return;
    }
    struct snapshot *snapshot = xcalloc(1, sizeof *snapshot);
    snapshot->services = services;
    snapshot->session = session;
    memccpy(snapshot->key.camera, camera, '\0', sizeof snapshot->key.camera - 1);
    snapshot->from_ring = !annotated && camera_watch_status(services->cameras, camera) != NULL;
    /* A camera that is only posted has no other pictures. */
    snapshot->key.kind = !annotated && pushed_set_status(services->pushed, camera) != NULL
                             ? STREAM_RAW
                             : STREAM_DETECT;
    snapshot->max_age_ns = max_age_ns;
    snapshot_start(snapshot);
}
