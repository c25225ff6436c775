/* A camera that streams multipart/x-mixed-replace: one long answer, fed to the
 * parser as it comes. */
#include "capture/source.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "capture/camera_request.h"
#include "capture/mjpeg_parser.h"
#include "common/memory.h"

struct source {
    struct source_settings settings;
    struct camera_request *request;
    struct mjpeg_parser *parser; /* NULL before the first bytes */
};

static void mjpeg_on_picture(void *arg, const struct frame_info *info, const uint8_t *jpeg)
{
    const struct source *source = arg;
    source->settings.handlers->picture(source->settings.arg, info, jpeg);
}

static void mjpeg_on_bad(void *arg, enum jpeg_fault fault)
{
    const struct source *source = arg;
    source->settings.handlers->bad(source->settings.arg, fault);
}

/* Cameras also call their streams video/x-motion-jpeg, application/octet-stream or nothing; only
 * what can be no stream is refused. */
static bool mjpeg_accept(struct source *source, const char *type)
{
    if (camera_request_type_is(type, "image/jpeg") || camera_request_type_is(type, "image/jpg")) {
        camera_request_set_reason(source->request,
                                  "a single JPEG, not a stream: set source to snapshot");
        return false;
    }
    if (camera_request_type_is(type, "text/") || camera_request_type_is(type, "image/") ||
        camera_request_type_is(type, "application/json")) {
        camera_request_set_reason(source->request, "not an MJPEG stream: %.*s",
                                  (int)strcspn(type, ";"), type);
        return false;
    }
    return true;
}

static bool mjpeg_on_body(void *arg, const uint8_t *data, size_t size)
{
    static const struct mjpeg_parser_handlers handlers = {.picture = mjpeg_on_picture,
                                                          .bad = mjpeg_on_bad};
    struct source *source = arg;
    if (source->parser == NULL) {
        const char *type = camera_request_content_type(source->request);
        if (!mjpeg_accept(source, type)) {
            return false;
        }
        source->parser =
            mjpeg_parser_create(type, source->settings.max_frame_bytes, &handlers, source);
        source->settings.handlers->opened(source->settings.arg);
    }
    mjpeg_parser_feed(source->parser, data, size, clock_monotonic_ns());
    return true;
}

static void mjpeg_on_done(void *arg, const char *reason)
{
    struct source *source = arg;
    if (source->parser != NULL) {
        mjpeg_parser_finish(source->parser);
    }
    source->settings.handlers->ended(source->settings.arg,
                                     reason != NULL ? reason : "the camera ended the stream");
}

static struct source *mjpeg_create(const struct source_settings *settings)
{
    static const struct camera_request_handlers handlers = {.body = mjpeg_on_body,
                                                            .done = mjpeg_on_done};
    struct source *source = xcalloc(1, sizeof *source);
    source->settings = *settings;
    source->request = camera_request_create(settings->camera, settings->curl, &handlers, source);
    /* The only connection there is: none is kept for later, some cameras have but one socket. */
    curl_easy_setopt(camera_request_easy(source->request), CURLOPT_FORBID_REUSE, 1L);
    camera_request_start(source->request);
    return source;
}

static void mjpeg_destroy(struct source *source)
{
    camera_request_destroy(source->request);
    mjpeg_parser_destroy(source->parser);
    free(source);
}

static const char *mjpeg_framing(const struct source *source)
{
    return mjpeg_parser_is_scanning(source->parser) ? "scanning" : "content-length";
}

static const char *mjpeg_content_type(const struct source *source)
{
    return camera_request_content_type(source->request);
}

const struct source_type mjpeg_source = {.create = mjpeg_create,
                                         .destroy = mjpeg_destroy,
                                         .framing = mjpeg_framing,
                                         .content_type = mjpeg_content_type};
