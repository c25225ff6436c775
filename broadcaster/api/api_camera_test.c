#include "broadcaster/api/api_camera_test.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/cameras/camera_edit.h"
#include "broadcaster/cameras/child_process.h"
#include "broadcaster/intake/pushed_set.h"
#include "broadcaster/protocol/api_body.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/camera_watch.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/text/base64.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define CAPTURE_WAIT_NS  (5 * NS_PER_SECOND)  /* for a configured camera's picture */
#define PICTURE_AGE_NS   (10 * NS_PER_SECOND) /* an older one does not show that it works */
#define PROBE_LIMIT_NS   (11 * NS_PER_SECOND) /* it ends by itself within ten seconds */
#define PROBE_LINE_BYTES 4096                 /* in front of its picture, at most */

#define PICTURE_PREFIX "data:image/jpeg;base64,"

/* One request, from the wish to the answer: by a probe, or by the camera's capture. */
struct camera_test {
    struct services *services;
    struct http_session *session;
    char camera[CAMERA_ID_SIZE];
    struct child_process *probe;       /* NULL: no probe */
    struct camera_watch_waiter waiter; /* for the capture's picture */
    struct event *timer;
};

static void test_destroy(struct camera_test *test)
{
    if (test->probe != NULL) {
        child_process_destroy(test->probe);
        test->services->probing = false;
    }
    camera_watch_leave(&test->waiter);
    if (test->timer != NULL) {
        event_free(test->timer);
    }
    free(test);
}

static void test_on_gone(void *arg)
{
    test_destroy(arg);
}

/* --- answers --- */

static void respond(struct http_session *session, json_t *answer)
{
    api_json_respond(session, 200, API_NOT_STORED, answer);
}

static void respond_error(struct http_session *session, const char *error)
{
    respond(session, json_pack("{s:b,s:s}", "ok", false, "error", error));
}

static json_t *picture_to_json(size_t size, uint32_t width, uint32_t height, double fps)
{
    return json_pack("{s:b,s:I,s:I,s:I,s:s,s:f}", "ok", true, "size", (json_int_t)size, "width",
                     (json_int_t)width, "height", (json_int_t)height, "content_type", "image/jpeg",
                     "fps", fps);
}

/* Adds the picture to `answer`, which is taken; `base64` says that it is that already. */
static void respond_picture(struct http_session *session, json_t *answer, struct byte_span picture,
                            bool base64)
{
    size_t prefix = strlen(PICTURE_PREFIX);
    size_t length = prefix + (base64 ? picture.size : base64_encoded_size(picture.size));
    char *text = xmalloc(length);
    memcpy(text, PICTURE_PREFIX, prefix);
    if (base64) {
        memcpy(text + prefix, picture.data, picture.size);
    } else {
        base64_encode(text + prefix, picture.data, picture.size);
    }
    json_object_set_new(answer, "picture", json_stringn_nocheck(text, length));
    free(text);
    respond(session, answer);
}

/* --- a configured camera, by its capture --- */

static bool test_try_capture(struct camera_test *test)
{
    struct frame_info info;
    const struct shared_bytes *jpeg = camera_watch_frame(&test->waiter, &info);
    uint64_t age_ns = jpeg != NULL ? clock_elapsed_ns(info.captured_ns, clock_monotonic_ns()) : 0;
    if (jpeg == NULL || age_ns > PICTURE_AGE_NS) {
        return false;
    }
    const struct camera_status *status = camera_watch_status(test->services->cameras, test->camera);
    json_t *answer =
        picture_to_json(info.size, info.width, info.height, status != NULL ? status->fps : 0);
    respond_picture(test->session, answer, (struct byte_span){jpeg->data, jpeg->size}, false);
    return true;
}

static void test_on_frame(struct camera_watch_waiter *waiter, bool gone)
{
    struct camera_test *test = waiter->owner;
    if (gone) {
        respond_error(test->session, "the camera has been removed");
        test_destroy(test);
    } else if (test_try_capture(test)) {
        test_destroy(test);
    }
}

/* The capture knows why there is no picture. */
static void test_explain(struct camera_test *test, const struct camera_status *status)
{
    bool explained = status != NULL && status->reason[0] != '\0';
    respond_error(test->session, explained ? status->reason : "there is no new picture");
    test_destroy(test);
}

static void test_on_timeout(evutil_socket_t fd, short what, void *arg)
{
    struct camera_test *test = arg;
    (void)fd;
    (void)what;
    if (test_try_capture(test)) {
        test_destroy(test);
    } else {
        test_explain(test, camera_watch_status(test->services->cameras, test->camera));
    }
}

/* Who pushes is not asked for anything: what has come last is all there is. */
static void test_pushed(struct http_session *session, struct services *services, const char *camera)
{
    struct stream_key key = stream_key_of(camera, STREAM_RAW, 0);
    const struct stream *stream = hub_find(services->hub, &key);
    const struct camera_status *status = pushed_set_status(services->pushed, camera);
    const struct posted_frame *frame = stream != NULL ? stream_frame(stream) : NULL;
    if (frame == NULL || stream_frame_age_ns(stream) > PICTURE_AGE_NS) {
        respond_error(session, status != NULL && status->reason[0] != '\0'
                                   ? status->reason
                                   : "nobody sends its pictures");
        return;
    }
    json_t *answer = picture_to_json(frame->jpeg_size, frame->width, frame->height,
                                     status != NULL ? status->fps : 0);
    bool base64 = frame->base64.size > 0; /* as a page sends it */
    respond_picture(session, answer, base64 ? frame->base64 : frame->jpeg, base64);
}

static void test_capture(struct camera_test *test)
{
    const struct camera_status *status = camera_watch_status(test->services->cameras, test->camera);
    test->waiter.notify = test_on_frame;
    test->waiter.owner = test;
    camera_watch_wait(test->services->cameras, test->camera, &test->waiter);
    if (test_try_capture(test)) { /* somebody else waits for the same camera */
        test_destroy(test);
        return;
    }
    if (status->state == CAMERA_OFFLINE) {
        test_explain(test, status);
        return;
    }
    struct timeval most = clock_timeval(CAPTURE_WAIT_NS);
    test->timer = evtimer_new(test->services->base, test_on_timeout, test);
    if (test->timer == NULL) {
        die("out of memory for an event");
    }
    event_add(test->timer, &most);
    http_defer_while_open(test->session, test_on_gone, test);
}

/* --- any other camera, by a probe --- */

/* What it has written: a line of JSON, and the picture behind it. */
static void test_answer_probe(struct camera_test *test, const struct child_result *result)
{
    const uint8_t *end = memchr(result->output, '\n', result->output_size);
    json_t *answer = end != NULL ? json_loadb((const char *)result->output,
                                              (size_t)(end - result->output), 0, NULL)
                                 : NULL;
    if (!json_is_object(answer)) {
        respond_error(test->session, result->late ? "no answer for 10 s"
                                                  : "the probe has failed; the log says why");
        json_decref(answer);
        return;
    }
    size_t size = result->output_size - (size_t)(end + 1 - result->output);
    if (size > 0) {
        respond_picture(test->session, answer, (struct byte_span){end + 1, size}, false);
    } else {
        respond(test->session, answer);
    }
}

static void test_on_probed(void *arg, const struct child_result *result)
{
    struct camera_test *test = arg;
    test->probe = NULL;
    test->services->probing = false;
    test_answer_probe(test, result);
    test_destroy(test);
}

/* The description for the probe's stdin; the caller frees it. */
static char *probe_description(const struct services *services, const struct config_camera *camera)
{
    json_t *description = json_pack("{s:s,s:s,s:s*,s:s*,s:b,s:I}", "source",
                                    camera->source == SOURCE_SNAPSHOT ? "snapshot" : "mjpeg", "url",
                                    camera->url, "user", camera->user, "password", camera->password,
                                    "tls_verify", camera->tls_verify, "max_frame_bytes",
                                    (json_int_t)services->config->max_frame_bytes);
    return api_json_text(description);
}

static void test_probe(struct camera_test *test, const struct config_camera *camera)
{
    static const char *const arguments[] = {"--probe", NULL};
    struct services *services = test->services;
    char *description = probe_description(services, camera);
    const struct child_command command = {
        .program = "ringcast-capture",
        .arguments = arguments,
        .input = description,
        .input_size = strlen(description),
        .output_limit = (size_t)services->config->max_frame_bytes + PROBE_LINE_BYTES,
        .limit_ns = PROBE_LIMIT_NS,
    };
    test->probe = child_process_start(services->base, &command, test_on_probed, test);
    free(description);
    if (test->probe == NULL) {
        log_error("ringcast-capture cannot be run: %s", strerror(errno));
        http_respond_error(test->session, 503, "no_probe", NULL,
                           "the probe cannot be started; the log says why");
        test_destroy(test);
        return;
    }
    services->probing = true;
    http_defer_while_open(test->session, test_on_gone, test);
}

/* --- the request --- */

static struct camera_test *test_create(struct services *services, struct http_session *session,
                                       const char *camera)
{
    struct camera_test *test = xcalloc(1, sizeof *test);
    test->services = services;
    test->session = session;
    memccpy(test->camera, camera, '\0', sizeof test->camera - 1);
    return test;
}

/* An id under which a camera without one can be checked. */
static void unused_id(const struct config *config, char camera[CAMERA_ID_SIZE])
{
    size_t length = 3;
    memcpy(camera, "new", length + 1);
    while (config_find_camera(config, camera) != NULL && length < CAMERA_ID_SIZE - 1) {
        camera[length++] = 'w';
        camera[length] = '\0';
    }
}

/* Checks what the camera would be, and looks at it. */
static void test_fields(struct services *services, struct http_session *session, const char *camera,
                        json_t *fields)
{
    struct camera_edit edit;
    bool exists = config_find_camera(services->config, camera) != NULL;
    if (services->probing) {
        http_respond_error(session, 429, "test_in_progress", "Retry-After: 10\r\n",
                           "another camera is being tested: try again");
        return;
    }
    camera_edit_init(&edit, services, exists ? CAMERA_CHANGE : CAMERA_ADD, camera, fields);
    const struct config_camera *described =
        edit.config != NULL ? config_find_camera(edit.config, camera) : NULL;
    if (described == NULL) {
        api_respond_mistakes(session, camera, &edit.errors);
    } else if (described->url == NULL) {
        api_respond_mistake(session, "url", "a url is needed: there is nothing else to connect to");
    } else {
        test_probe(test_create(services, session, camera), described);
    }
    camera_edit_finish(&edit);
}

static void test_handle(struct services *services, struct http_session *session, json_t *fields)
{
    char camera[CAMERA_ID_SIZE];
    const json_t *id = json_object_get(fields, "id");
    if (!json_is_object(fields) || json_object_size(fields) == 0) {
        api_respond_mistake(session, "", "the body must be {\"id\": …}, or the fields of a camera");
        return;
    }
    if (id == NULL) {
        unused_id(services->config, camera);
    } else if (!json_is_string(id) ||
               !camera_id_valid(json_string_value(id), json_string_length(id))) {
        api_respond_bad_id(session);
        return;
    } else {
        memccpy(camera, json_string_value(id), '\0', sizeof camera);
        json_object_del(fields, "id");
    }
    if (!identity_check_camera(session, camera)) {
        return;
    }
    if (json_object_size(fields) > 0) {
        test_fields(services, session, camera, fields);
    } else if (pushed_set_status(services->pushed, camera) != NULL) {
        test_pushed(session, services, camera);
    } else if (camera_watch_status(services->cameras, camera) != NULL) {
        test_capture(test_create(services, session, camera));
    } else {
        http_respond_error(session, 404, "unknown_camera", NULL, "no camera %s is configured",
                           camera);
    }
}

static void test_on_body(void *arg, struct http_session *session, struct shared_bytes *body)
{
    json_t *fields = api_body_read(session, body);
    if (fields != NULL) {
        test_handle(arg, session, fields);
        json_decref(fields);
    }
}

void api_camera_test_handle(struct services *services, struct http_session *session,
                            const struct http_request *request, const char *camera)
{
    (void)camera;
    api_body_receive(session, request, test_on_body, services);
}
