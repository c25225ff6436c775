/* A camera that answers with one JPEG at a time, asked at a rate: at times that lie whole periods
 * apart, never before the last answer is there. A late answer skips slots, it does not shift them.
 * What has not changed since (ETag, Last-Modified: 304) is not sent again. */
#include "capture/source.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "capture/camera_request.h"
#include "capture/mjpeg_part.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define ANSWER_TIMEOUT_S 10L
#define VALIDATOR_SIZE   256

/* What a picture can be recognised by. Empty strings: nothing. */
struct validators {
    char etag[VALIDATOR_SIZE];
    char modified[VALIDATOR_SIZE];
};

struct source {
    struct source_settings settings;
    struct camera_request *request;
    struct event *timer;
    uint64_t started_ns, period_ns; /* the slots are started + n periods */
    bool opened;

    struct validators known;  /* of the last picture published */
    struct validators coming; /* of the answer that is coming in */
    struct mjpeg_part part;   /* its headers that a part of a stream may have too */
    struct curl_slist *headers;

    uint8_t *body;
    size_t size, capacity;
    bool too_large;
    uint64_t captured_ns; /* arrival of the body's first byte */
};

/* --- conditional requests --- */

/* Keeps a header's value where it fits; a cut one would be another's. */
static void validator_take(char out[VALIDATOR_SIZE], const char *value, size_t size)
{
    while (size > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        size--;
    }
    if (size < VALIDATOR_SIZE && memchr(value, '\0', size) == NULL) {
        memcpy(out, value, size);
        out[size] = '\0';
    }
}

/* True for "NAME:…"; *skipped is where the value begins. */
static bool header_is(const char *line, size_t size, const char *name, size_t *skipped)
{
    *skipped = strlen(name) + 1;
    return size >= *skipped && line[*skipped - 1] == ':' &&
           strncasecmp(line, name, *skipped - 1) == 0;
}

static void snapshot_on_header(void *arg, const char *line, size_t size)
{
    struct source *source = arg;
    size_t skipped;
    while (size > 0 && (line[size - 1] == '\r' || line[size - 1] == '\n')) {
        size--;
    }
    if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        source->coming = (struct validators){.etag = ""};
        source->part = (struct mjpeg_part){.content_length = 0};
    } else if (header_is(line, size, "ETag", &skipped)) {
        validator_take(source->coming.etag, line + skipped, size - skipped);
    } else if (header_is(line, size, "Last-Modified", &skipped)) {
        validator_take(source->coming.modified, line + skipped, size - skipped);
    } else {
        mjpeg_part_take_line(&source->part, line, size);
    }
}

static void snapshot_add_header(struct source *source, const char *name, const char *value)
{
    if (value[0] == '\0') {
        return;
    }
    char *line = xasprintf("%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(source->headers, line);
    if (longer == NULL) {
        die("out of memory");
    }
    source->headers = longer;
    free(line);
}

static void snapshot_set_condition(struct source *source)
{
    curl_slist_free_all(source->headers);
    source->headers = NULL;
    snapshot_add_header(source, "If-None-Match", source->known.etag);
    snapshot_add_header(source, "If-Modified-Since", source->known.modified);
    curl_easy_setopt(camera_request_easy(source->request), CURLOPT_HTTPHEADER, source->headers);
}

/* --- the answer --- */

static bool snapshot_accept(struct source *source)
{
    const char *type = camera_request_content_type(source->request);
    if (camera_request_type_is(type, "multipart/")) {
        camera_request_set_reason(source->request,
                                  "a stream, not a single JPEG: set source to mjpeg");
        return false;
    }
    if (camera_request_type_is(type, "text/") || camera_request_type_is(type, "application/json")) {
        camera_request_set_reason(source->request, "not a JPEG: %.*s", (int)strcspn(type, ";"),
                                  type);
        return false;
    }
    return true;
}

static void snapshot_make_room(struct source *source, size_t size)
{
    if (source->capacity - source->size < size) {
        source->capacity = 2 * (source->size + size);
        source->body = xreallocarray(source->body, source->capacity, 1);
    }
}

static bool snapshot_on_body(void *arg, const uint8_t *data, size_t size)
{
    struct source *source = arg;
    if (source->captured_ns == 0) {
        if (!snapshot_accept(source)) {
            return false;
        }
        source->captured_ns = clock_monotonic_ns();
    }
    if (size > source->settings.max_frame_bytes - source->size) {
        source->too_large = true;
        return false;
    }
    snapshot_make_room(source, size);
    memcpy(source->body + source->size, data, size);
    source->size += size;
    return true;
}

static void snapshot_report_picture(struct source *source)
{
    const struct source_handlers *handlers = source->settings.handlers;
    struct jpeg_info jpeg;
    enum jpeg_fault fault = jpeg_info_read_framed(source->body, source->size, &jpeg);
    if (fault != JPEG_WHOLE) {
        handlers->bad(source->settings.arg, fault);
        return;
    }
    struct frame_info info = {.captured_ns = source->captured_ns,
                              .received_ns = clock_monotonic_ns(),
                              .source_number = source->part.source_number,
                              .source_time_ns = source->part.source_time_ns,
                              .size = (uint32_t)jpeg.size,
                              .width = jpeg.width,
                              .height = jpeg.height};
    source->known = source->coming;
    handlers->picture(source->settings.arg, &info, source->body);
}

/* --- the schedule --- */

static void snapshot_wait(struct source *source)
{
    uint64_t elapsed = clock_elapsed_ns(source->started_ns, clock_monotonic_ns());
    uint64_t next = (elapsed / source->period_ns + 1) * source->period_ns;
    struct timeval wait = clock_timeval(next - elapsed);
    event_add(source->timer, &wait);
}

static void snapshot_ask(struct source *source)
{
    source->size = 0;
    source->captured_ns = 0;
    source->too_large = false;
    snapshot_set_condition(source);
    camera_request_start(source->request);
}

static void snapshot_on_slot(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    snapshot_ask(arg);
}

static void snapshot_on_done(void *arg, const char *reason)
{
    struct source *source = arg;
    const struct source_handlers *handlers = source->settings.handlers;
    if (reason != NULL && !source->too_large) {
        handlers->ended(source->settings.arg, reason);
        return; /* the source may be gone */
    }
    if (!source->opened) {
        source->opened = true;
        handlers->opened(source->settings.arg);
    }
    if (source->too_large) {
        handlers->bad(source->settings.arg, JPEG_TOO_LARGE);
    } else if (camera_request_status(source->request) == 304) {
        handlers->alive(source->settings.arg);
    } else {
        snapshot_report_picture(source);
    }
    snapshot_wait(source);
}

static struct source *snapshot_create(const struct source_settings *settings)
{
    static const struct camera_request_handlers handlers = {
        .header = snapshot_on_header, .body = snapshot_on_body, .done = snapshot_on_done};
    struct source *source = xcalloc(1, sizeof *source);
    source->settings = *settings;
    source->request = camera_request_create(settings->camera, settings->curl, &handlers, source);
    curl_easy_setopt(camera_request_easy(source->request), CURLOPT_TIMEOUT, ANSWER_TIMEOUT_S);
    source->timer = evtimer_new(settings->base, snapshot_on_slot, source);
    if (source->timer == NULL) {
        die("libevent cannot make a timer");
    }
    source->started_ns = clock_monotonic_ns();
    source->period_ns = (uint64_t)((double)NS_PER_SECOND / settings->camera->source_fps);
    snapshot_ask(source);
    return source;
}

static void snapshot_destroy(struct source *source)
{
    camera_request_destroy(source->request);
    curl_slist_free_all(source->headers);
    event_free(source->timer);
    free(source->body);
    free(source);
}

static const char *snapshot_framing(const struct source *source)
{
    (void)source;
    return "snapshot";
}

static const char *snapshot_content_type(const struct source *source)
{
    return camera_request_content_type(source->request);
}

const struct source_type snapshot_source = {.create = snapshot_create,
                                            .destroy = snapshot_destroy,
                                            .framing = snapshot_framing,
                                            .content_type = snapshot_content_type};
