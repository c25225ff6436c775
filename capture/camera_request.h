/* An HTTP request to a camera, by libcurl: http and https only, also where it is redirected to
 * (three times at most); basic and digest authentication; bounded answers. What goes wrong is put
 * into words for the status of the camera; neither URLs nor passwords are in them. Everything runs
 * on the loop's thread. */
#ifndef CAPTURE_CAMERA_REQUEST_H
#define CAPTURE_CAMERA_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "common/curl_loop.h"

struct camera_request;

struct camera_request_handlers {
    /* A header line of an answer, also of those on the way to the final one; a line "HTTP/…" begins
     * each. Not NUL-terminated. May be NULL. */
    void (*header)(void *arg, const char *line, size_t size);
    /* Bytes of the body of an answer with status 200. False breaks the request off. */
    bool (*body)(void *arg, const uint8_t *data, size_t size);
    /* The request is over. `reason` is NULL after a whole answer with status 200 or 304. The
     * request may be started again or destroyed from here. */
    void (*done)(void *arg, const char *reason);
};

struct camera_request *camera_request_create(const struct config_camera *camera,
                                             struct curl_loop *curl,
                                             const struct camera_request_handlers *handlers,
                                             void *arg);
void camera_request_destroy(struct camera_request *request); /* NULL is allowed */

/* For options of one source alone; not while it is running. */
CURL *camera_request_easy(struct camera_request *request);

/* `done` follows, once, from the loop. */
void camera_request_start(struct camera_request *request);

/* In a `body` handler that is about to break off: why. */
void camera_request_set_reason(struct camera_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* In handlers: the status of the last answer, and its Content-Type ("": none). */
long camera_request_status(const struct camera_request *request);
const char *camera_request_content_type(const struct camera_request *request);

/* True when the media type is `wanted`, or begins with it where `wanted` ends in '/'. Parameters
 * and case do not count. */
bool camera_request_type_is(const char *content_type, const char *wanted);

#endif
