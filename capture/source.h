/* Where pictures come from. A source is one attempt: it is created, it connects or opens, gives
 * pictures, and once it says `ended` it is of no further use. Its owner destroys it then, or
 * before. Everything runs on the loop's thread. */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "common/curl_loop.h"
#include "common/frame_ring.h"
#include "common/jpeg_info.h"

struct source_handlers {
    /* The source answers: there is a connection, or a file. */
    void (*opened)(void *arg);
    /* A whole picture; `jpeg` is valid during the call. What the ring sets is not set yet, nor
     * captured_realtime_ns. The source may not be destroyed from here. */
    void (*picture)(void *arg, const struct frame_info *info, const uint8_t *jpeg);
    /* A picture was dropped. As above. */
    void (*bad)(void *arg, enum jpeg_fault fault);
    /* It is alive without a new picture: the last one has not changed, or the first is being looked
     * for. As above. */
    void (*alive)(void *arg);
    /* It is over; `reason` says why, in words. Only ever called from the loop; the source may be
     * destroyed from here. */
    void (*ended)(void *arg, const char *reason);
};

/* What a source is made from. The camera's options are copied where they are needed longer. */
struct source_settings {
    struct event_base *base;
    struct curl_loop *curl;
    const struct config_camera *camera;
    size_t max_frame_bytes;
    const struct source_handlers *handlers; /* must outlive the source */
    void *arg;
};

struct source;

struct source_type {
    struct source *(*create)(const struct source_settings *settings);
    void (*destroy)(struct source *source);
    /* How pictures are told apart just now, for the log: "content-length". */
    const char *(*framing)(const struct source *source);
    /* Of the last answer; "": none. NULL for a source that is no request. */
    const char *(*content_type)(const struct source *source);
};

extern const struct source_type mjpeg_source;
extern const struct source_type snapshot_source;
extern const struct source_type file_source;

/* The one that gives the pictures of a camera which has a capture. */
const struct source_type *source_type_of(const struct config_camera *camera);

/* Whether a source made from `a` would not do for `b`. */
bool source_differs(const struct config_camera *a, const struct config_camera *b);

#endif
