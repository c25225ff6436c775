#include "broadcaster/intake/pushed_camera.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broadcaster/intake/picture_check.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/counters.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/text/base64.h"
#include "common/frame_publisher.h"
#include "common/health.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/picture_fault.h"
#include "common/picture_hash.h"
#include "common/picture_mask.h"
#include "common/report.h"

#define CHUNK_CHARACTERS 4096 /* of base64, decoded on the stack on their way into the ring */
#define CHUNK_BYTES      (CHUNK_CHARACTERS / 4 * 3)
#define ERROR_SIZE       128
#define LOOK_CHARACTERS  16 /* of base64: enough to tell one kind of picture from another */

_Static_assert(CHUNK_BYTES % sizeof(uint64_t) == 0, "a ring takes whole words");

struct pushed_camera {
    struct services *services;
    char id[CAMERA_ID_SIZE];
    size_t max_frame_bytes; /* of the publisher */
    struct frame_publisher *publisher;
    struct picture_mask *mask; /* NULL: none */
    struct camera_counters *counters;
    struct health health;
    struct report report;
    struct event *watch; /* until time alone changes the health, or before */
    uint64_t watch_ns;   /* when it fires; HEALTH_NEVER: it does not */
    bool live, described, was_live;
    uint64_t ended_ns; /* CLOCK_REALTIME of the last end; 0: none yet */
    char error[ERROR_SIZE];
};

/* --- status --- */

/* Pictures only push the deadline away, and the timer is left to find that out by itself. */
static void pushed_camera_arm(struct pushed_camera *camera, uint64_t now)
{
    uint64_t deadline = health_deadline(&camera->health);
    if (deadline < camera->watch_ns) {
        struct timeval wait = clock_timeval(clock_elapsed_ns(now, deadline) + NS_PER_US);
        camera->watch_ns = deadline;
        event_add(camera->watch, &wait);
    }
}

/* Tells everybody how the camera is. */
static void pushed_camera_tell(struct pushed_camera *camera, uint64_t now)
{
    enum camera_state was = camera->report.status.state;
    report_state(&camera->report, camera->health.state, now);
    frame_publisher_set_status(camera->publisher, &camera->report.status);
    if (was != camera->report.status.state) {
        hub_tell_state(camera->services->hub, camera->id);
    }
    pushed_camera_arm(camera, now);
}

static void pushed_camera_on_watch(evutil_socket_t fd, short what, void *arg)
{
    struct pushed_camera *camera = arg;
    uint64_t now = clock_monotonic_ns();
    (void)fd;
    (void)what;
    camera->watch_ns = HEALTH_NEVER;
    health_tick(&camera->health, now);
    if (camera->health.state == CAMERA_STALE && camera->report.status.reason[0] == '\0') {
        report_set_reason(&camera->report, "no new picture");
    }
    pushed_camera_tell(camera, now);
}

json_t *pushed_camera_stats(const struct pushed_camera *camera)
{
    uint64_t now = clock_monotonic_ns();
    json_t *stats = json_pack("{s:s,s:i,s:I,s:b}", "config_hash", camera->services->config->hash,
                              "pid", (int)getpid(), "uptime_s",
                              (json_int_t)((now - camera->services->started_ns) / NS_PER_SECOND),
                              "connected", camera->live);
    report_add_to(&camera->report, stats, now);
    json_object_set_new(stats, "readers",
                        json_integer((json_int_t)frame_publisher_readers(camera->publisher)));
    return stats;
}

static json_t *pushed_camera_on_stats(void *arg)
{
    return pushed_camera_stats(arg);
}

const struct camera_status *pushed_camera_status(const struct pushed_camera *camera)
{
    return &camera->report.status;
}

/* --- streamers --- */

void pushed_camera_begin(struct pushed_camera *camera)
{
    uint64_t now = clock_monotonic_ns();
    camera->report.status.reconnects += camera->was_live;
    camera->live = camera->was_live = true;
    camera->described = false;
    health_disconnected(&camera->health);
    bool shown = camera->health.state == CAMERA_ONLINE || camera->health.state == CAMERA_FROZEN;
    report_set_reason(&camera->report, shown ? "" : "connected, no picture yet");
    pushed_camera_tell(camera, now);
}

void pushed_camera_end(struct pushed_camera *camera, const char *reason)
{
    if (!camera->live) {
        return;
    }
    camera->live = false;
    camera->ended_ns = clock_realtime_ns();
    health_disconnected(&camera->health);
    report_set_reason(&camera->report, reason);
    pushed_camera_tell(camera, clock_monotonic_ns());
    hub_end_camera(camera->services->hub, camera->id, reason);
}

bool pushed_camera_is_live(const struct pushed_camera *camera)
{
    return camera->live;
}

bool pushed_camera_is_late(const struct pushed_camera *camera, uint64_t captured_ns)
{
    return !camera->live && captured_ns <= camera->ended_ns;
}

/* --- pictures --- */

static enum pushed_result pushed_camera_refuse(struct pushed_camera *camera, enum jpeg_fault fault,
                                               const char *text, const char **error)
{
    report_bad(&camera->report, fault);
    *error = text;
    return PUSHED_BAD;
}

/* `beginning`: of the picture's bytes. */
static enum pushed_result pushed_camera_refuse_picture(struct pushed_camera *camera,
                                                       enum jpeg_fault fault,
                                                       struct byte_span beginning,
                                                       const char **error)
{
    if (fault == JPEG_TOO_LARGE) {
        snprintf(camera->error, sizeof camera->error,
                 "the JPEG is larger than max_frame_bytes, which is %zu", camera->max_frame_bytes);
    } else {
        picture_fault_write(camera->error, fault, beginning.data, beginning.size);
    }
    return pushed_camera_refuse(camera, fault, camera->error, error);
}

static struct frame_info pushed_camera_frame(const struct jpeg_info *info, uint64_t captured_ns)
{
    return (struct frame_info){
        .captured_ns = captured_ns,
        .captured_realtime_ns = clock_to_realtime_ns(captured_ns),
        .received_ns = clock_monotonic_ns(),
        .size = (uint32_t)info->size,
        .width = info->width,
        .height = info->height,
    };
}

/* What is missing is ours; the next picture tries again. The publisher has logged it. */
static enum pushed_result pushed_camera_cannot_share(struct pushed_camera *camera, int result,
                                                     const char **error)
{
    snprintf(camera->error, sizeof camera->error, "its pictures cannot be shared: %s",
             result == -ENOSPC ? "/dev/shm has no room for them" : strerror(-result));
    report_set_reason(&camera->report, camera->error);
    pushed_camera_tell(camera, clock_monotonic_ns());
    *error = camera->error;
    return PUSHED_UNSHARED;
}

/* Viewers of the raw stream get the picture in the form in which it came. */
static enum pushed_result pushed_camera_post(struct pushed_camera *camera,
                                             const struct frame_info *info, struct byte_span source,
                                             bool is_base64, const char **error)
{
    struct stream_key key = {.kind = STREAM_RAW};
    struct shared_bytes *body = shared_bytes_create(source.size);
    struct posted_frame frame = {
        .body = body,
        .jpeg_size = info->size,
        .width = info->width,
        .height = info->height,
        .number = info->number,
        .generation = info->generation,
        .captured_ns = info->captured_realtime_ns,
        .taken_ns = clock_realtime_ns(),
        .timed_here = true,
    };
    struct stream *stream;
    memcpy(key.camera, camera->id, sizeof key.camera);
    memcpy(body->data, source.data, source.size);
    *(is_base64 ? &frame.base64 : &frame.jpeg) = (struct byte_span){body->data, source.size};
    if (hub_post(camera->services->hub, &key, &frame, &stream) < 0) {
        shared_bytes_unref(body);
        *error = "there are too many streams: broadcaster.max_streams";
        return PUSHED_UNSHARED;
    }
    return PUSHED_TAKEN;
}

/* `source`: what the picture came as, by which one that never changes is recognised. */
static enum pushed_result pushed_camera_published(struct pushed_camera *camera,
                                                  const struct frame_info *frame,
                                                  struct byte_span source, bool is_base64,
                                                  const char **error)
{
    health_frame(&camera->health, picture_hash(source.data, source.size), frame->published_ns);
    report_picture(&camera->report, frame);
    report_set_reason(&camera->report, camera->health.state == CAMERA_FROZEN
                                           ? "the picture has not changed for 10 s"
                                           : "");
    camera->counters->pushed++;
    camera->counters->pushed_bytes += frame->size;
    if (!camera->described) {
        camera->described = true;
        log_camera(LOG_INFO, camera->id, "first picture width=%u height=%u bytes=%u", frame->width,
                   frame->height, frame->size);
    }
    pushed_camera_tell(camera, frame->published_ns);
    return pushed_camera_post(camera, frame, source, is_base64, error);
}

/* Paints the mask into a picture that was checked. A picture that cannot be painted
 * is shown to nobody. */
static enum jpeg_fault pushed_camera_paint(struct pushed_camera *camera, struct byte_span *jpeg,
                                           struct jpeg_info *info)
{
    const uint8_t *painted;
    size_t size;
    if (picture_mask_paint(camera->mask, jpeg->data, info->size, &painted, &size) < 0) {
        return JPEG_UNPAINTED;
    }
    *jpeg = (struct byte_span){painted, size};
    info->size = size;
    return size > camera->max_frame_bytes ? JPEG_TOO_LARGE : JPEG_WHOLE;
}

enum pushed_result pushed_camera_take_jpeg(struct pushed_camera *camera, struct byte_span jpeg,
                                           uint64_t captured_ns, const char **error)
{
    struct jpeg_info info;
    enum jpeg_fault fault = picture_check_bytes(jpeg, &info);
    if (fault == JPEG_WHOLE && info.size > camera->max_frame_bytes) {
        fault = JPEG_TOO_LARGE;
    }
    if (fault == JPEG_WHOLE && camera->mask != NULL) {
        fault = pushed_camera_paint(camera, &jpeg, &info);
    }
    if (fault != JPEG_WHOLE) {
        return pushed_camera_refuse_picture(camera, fault, jpeg, error);
    }
    struct frame_info frame = pushed_camera_frame(&info, captured_ns);
    int result = frame_publisher_publish(camera->publisher, &frame, jpeg.data);
    if (result < 0) {
        return pushed_camera_cannot_share(camera, result, error);
    }
    struct byte_span whole = {jpeg.data, frame.size}; /* without padding behind it */
    return pushed_camera_published(camera, &frame, whole, false, error);
}

static enum pushed_result pushed_camera_refuse_base64(struct pushed_camera *camera,
                                                      enum jpeg_fault fault,
                                                      struct byte_span base64, const char **error)
{
    uint8_t beginning[LOOK_CHARACTERS];
    const char *text = (const char *)base64.data;
    if (!base64_valid(text, base64.size)) {
        return pushed_camera_refuse(camera, JPEG_CORRUPT, "the frame's base64 is wrong", error);
    }
    size_t look = base64.size < LOOK_CHARACTERS ? base64.size : LOOK_CHARACTERS;
    ssize_t size = base64_decode(beginning, text, look);
    struct byte_span seen = {beginning, size > 0 ? (size_t)size : 0};
    return pushed_camera_refuse_picture(camera, fault, seen, error);
}

/* What a mask is painted into is bytes. */
static enum pushed_result pushed_camera_take_decoded(struct pushed_camera *camera,
                                                     struct byte_span base64, uint64_t captured_ns,
                                                     const char **error)
{
    uint8_t *bytes = xmalloc(base64.size);
    ssize_t size = base64_decode(bytes, (const char *)base64.data, base64.size);
    enum pushed_result result =
        size < 0 ? pushed_camera_refuse_base64(camera, JPEG_CORRUPT, base64, error)
                 : pushed_camera_take_jpeg(camera, (struct byte_span){bytes, (size_t)size},
                                           captured_ns, error);
    free(bytes);
    return result;
}

/* False when it was not base64 after all. */
static bool pushed_camera_decode(struct pushed_camera *camera, struct byte_span base64)
{
    uint8_t bytes[CHUNK_BYTES];
    for (size_t at = 0; at < base64.size; at += CHUNK_CHARACTERS) {
        size_t left = base64.size - at;
        size_t characters = left < CHUNK_CHARACTERS ? left : CHUNK_CHARACTERS;
        ssize_t size = base64_decode(bytes, (const char *)base64.data + at, characters);
        if (size < 0) {
            return false;
        }
        frame_publisher_add(camera->publisher, bytes, (size_t)size);
    }
    return true;
}

enum pushed_result pushed_camera_take_base64(struct pushed_camera *camera, struct byte_span base64,
                                             uint64_t captured_ns, const char **error)
{
    struct jpeg_info info = {0};
    enum jpeg_fault fault =
        base64.size % 4 == 0 ? picture_check_base64(base64, &info) : JPEG_TRUNCATED;
    if (fault == JPEG_WHOLE && info.size > camera->max_frame_bytes) {
        fault = JPEG_TOO_LARGE;
    }
    if (fault != JPEG_WHOLE) {
        return pushed_camera_refuse_base64(camera, fault, base64, error);
    }
    if (camera->mask != NULL) {
        return pushed_camera_take_decoded(camera, base64, captured_ns, error);
    }
    struct frame_info frame = pushed_camera_frame(&info, captured_ns);
    int result = frame_publisher_begin(camera->publisher, &frame);
    if (result < 0) {
        return pushed_camera_cannot_share(camera, result, error);
    }
    if (!pushed_camera_decode(camera, base64) ||
        frame_publisher_commit(camera->publisher, &frame) < 0) {
        return pushed_camera_refuse_base64(camera, JPEG_CORRUPT, base64, error);
    }
    return pushed_camera_published(camera, &frame, base64, true, error);
}

/* --- life --- */

static const struct config_polygons *pushed_camera_mask(const struct pushed_camera *camera)
{
    return &config_camera_or_guest(camera->services->config, camera->id)->mask;
}

/* A new mask holds for the picture that everybody is shown until the next one comes, too. */
static void pushed_camera_paint_newest(struct pushed_camera *camera)
{
    struct frame_info frame;
    struct jpeg_info info;
    uint8_t *bytes;
    const char *error;
    if (camera->mask == NULL || frame_publisher_newest(camera->publisher, &frame, &bytes) < 0) {
        return;
    }
    struct byte_span jpeg = {bytes, frame.size};
    info.size = frame.size;
    enum jpeg_fault fault = pushed_camera_paint(camera, &jpeg, &info);
    frame.size = (uint32_t)info.size;
    if (fault != JPEG_WHOLE) {
        pushed_camera_refuse_picture(camera, fault, jpeg, &error);
    } else if (frame_publisher_publish(camera->publisher, &frame, jpeg.data) == 0 && camera->live) {
        pushed_camera_post(camera, &frame, jpeg, false, &error);
    }
    free(bytes);
}

static void pushed_camera_take_mask(struct pushed_camera *camera)
{
    const struct config_polygons *polygons = pushed_camera_mask(camera);
    if (!picture_mask_is_of(camera->mask, polygons)) {
        picture_mask_destroy(camera->mask);
        camera->mask = picture_mask_create(polygons);
        pushed_camera_paint_newest(camera);
    }
}

static int pushed_camera_serve(struct pushed_camera *camera)
{
    static const struct frame_publisher_handlers handlers = {.stats = pushed_camera_on_stats};
    const struct config *config = camera->services->config;
    size_t max_frame_bytes = (size_t)config->max_frame_bytes;
    int result = frame_publisher_create(&camera->publisher, camera->services->base, config->run_dir,
                                        camera->id, max_frame_bytes, &handlers, camera);
    if (result < 0) {
        log_camera(LOG_ERROR, camera->id, "cannot serve its socket run_dir=%s: %s", config->run_dir,
                   strerror(-result));
        return result;
    }
    camera->max_frame_bytes = max_frame_bytes;
    return 0;
}

int pushed_camera_create(struct pushed_camera **camera, struct services *services, const char *id)
{
    struct pushed_camera *made = xcalloc(1, sizeof *made);
    uint64_t now = clock_monotonic_ns();
    made->services = services;
    snprintf(made->id, sizeof made->id, "%s", id);
    int result = pushed_camera_serve(made);
    if (result < 0) {
        free(made);
        return result;
    }
    made->mask = picture_mask_create(pushed_camera_mask(made));
    made->counters = counters_camera(&services->counters, id);
    made->report.camera = made->id;
    made->watch_ns = HEALTH_NEVER;
    made->watch = evtimer_new(services->base, pushed_camera_on_watch, made);
    if (made->watch == NULL) {
        die("out of memory for an event");
    }
    health_init(&made->health, 0, true);
    health_start(&made->health, now);
    report_set_reason(&made->report, "nobody sends its pictures");
    pushed_camera_tell(made, now);
    *camera = made;
    return 0;
}

void pushed_camera_destroy(struct pushed_camera *camera)
{
    if (camera == NULL) {
        return;
    }
    pushed_camera_end(camera, "the camera is no longer served");
    event_free(camera->watch);
    frame_publisher_destroy(camera->publisher);
    picture_mask_destroy(camera->mask);
    free(camera);
}

const char *pushed_camera_id(const struct pushed_camera *camera)
{
    return camera->id;
}

void pushed_camera_configure(struct pushed_camera *camera)
{
    struct frame_publisher *old = camera->publisher;
    pushed_camera_take_mask(camera);
    if (camera->max_frame_bytes != (size_t)camera->services->config->max_frame_bytes &&
        pushed_camera_serve(camera) == 0) {
        /* The ring's limit is the publisher's; readers find the new one by themselves. */
        frame_publisher_set_status(camera->publisher, &camera->report.status);
        frame_publisher_destroy(old);
    }
}
