#include "tests/camsim/client.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "tests/camsim/auth.h"
#include "tests/camsim/camera.h"
#include "tests/camsim/multipart.h"
#include "tests/camsim/request.h"

#define CLIENT_NOT_SENT_BYTES 16384 /* what the kernel may hold of a frame that is being sent */
#define TRICKLE_TICKS         10    /* a second */

/* What happens when everything written is out. */
enum client_then { THEN_GO_ON, THEN_CLOSE, THEN_RESET, THEN_HANG };

struct client {
    struct camera *camera;
    struct bufferevent *connection;
    struct ev_token_bucket_cfg *trickle; /* NULL: as fast as it goes */
    struct multipart_style style;
    bool streaming;
    bool sending;  /* something is on its way */
    uint64_t last; /* number of the newest frame sent */
    enum client_then then;
};

/* A picture to send with everything that is wrong with it. */
struct client_picture {
    struct camera_frame frame;
    size_t sent;
    bool with_length;
    int64_t length_error;
    enum client_then then;
};

static void client_set_trickle(struct client *client, bool slow)
{
    struct ev_token_bucket_cfg *before = client->trickle;
    client->trickle = NULL;
    if (slow) {
        double rate = faults_number(camera_faults(client->camera), FAULT_TRICKLE) / TRICKLE_TICKS;
        size_t bytes = rate >= 1 ? (size_t)rate : 1;
        struct timeval tick = clock_timeval(NS_PER_SECOND / TRICKLE_TICKS);
        client->trickle =
            ev_token_bucket_cfg_new(EV_RATE_LIMIT_MAX, EV_RATE_LIMIT_MAX, bytes, bytes, &tick);
    }
    if (client->trickle != before) {
        bufferevent_set_rate_limit(client->connection, client->trickle);
    }
    if (before != NULL) {
        ev_token_bucket_cfg_free(before);
    }
}

static struct evbuffer *client_output(struct client *client)
{
    client->sending = true;
    return bufferevent_get_output(client->connection);
}

static void client_replace_picture(struct camera_frame *frame, struct picture *picture)
{
    picture_release(frame->picture);
    frame->picture = picture;
}

/* The newest picture, spoiled as the faults say. The caller releases picture->frame.picture. */
static void client_take_picture(struct client *client, struct client_picture *picture)
{
    struct faults *faults = camera_faults(client->camera);
    struct camera_frame *frame = &picture->frame;
    *picture = (struct client_picture){.then = THEN_GO_ON};
    camera_newest(client->camera, frame);
    if (faults_take(faults, FAULT_TRUNCATED)) {
        client_replace_picture(frame, picture_truncate(frame->picture));
    }
    if (faults_take(faults, FAULT_CORRUPT)) {
        client_replace_picture(frame, picture_corrupt(frame->picture));
    }
    if (faults_take(faults, FAULT_OVERSIZED)) {
        double size = faults_number(faults, FAULT_OVERSIZED);
        client_replace_picture(frame, picture_inflate(frame->picture, size > 0 ? (size_t)size : 0));
    }
    picture->with_length = !faults_take(faults, FAULT_NO_CONTENT_LENGTH);
    if (faults_take(faults, FAULT_WRONG_CONTENT_LENGTH)) {
        picture->length_error = (int64_t)faults_number(faults, FAULT_WRONG_CONTENT_LENGTH);
    }
    if (faults_take(faults, FAULT_CUT)) {
        picture->then = THEN_CLOSE;
    }
    if (faults_take(faults, FAULT_RESET)) {
        picture->then = THEN_RESET;
    }
    picture->sent = picture->then == THEN_GO_ON ? frame->picture->size : frame->picture->size / 2;
    client_set_trickle(client, faults_take(faults, FAULT_TRICKLE));
}

/* --- the stream --- */

static void client_send_part(struct client *client, bool hang)
{
    struct faults *faults = camera_faults(client->camera);
    struct client_picture picture;
    client_take_picture(client, &picture);
    if (hang) {
        picture.then = THEN_HANG;
        picture.sent = picture.frame.picture->size / 2;
    }
    struct multipart_part part = {
        .picture = picture.frame.picture,
        .sent = picture.sent,
        .number = picture.frame.number,
        .time_ns = picture.frame.time_ns,
        .with_length = picture.with_length,
        .length_error = picture.length_error,
    };
    if (faults_take(faults, FAULT_GARBAGE)) {
        double size = faults_number(faults, FAULT_GARBAGE);
        part.garbage = size > 0 ? (size_t)size : 0;
    }
    multipart_write_part(client_output(client), &client->style, &part);
    client->last = part.number;
    client->then = picture.then;
    picture_release(part.picture);
    camera_count_frame(client->camera);
}

void client_offer(struct client *client)
{
    struct faults *faults = camera_faults(client->camera);
    if (!client->streaming || client->sending || client->then != THEN_GO_ON ||
        client->last == camera_number(client->camera)) {
        return;
    }
    bool stalled = faults_take(faults, FAULT_STALL);
    bool middle = stalled && strcmp(faults_text(faults, FAULT_STALL), "middle") == 0;
    if (!stalled || middle) {
        client_send_part(client, middle);
    }
}

static void client_start_stream(struct client *client)
{
    const struct faults *faults = camera_faults(client->camera);
    if (!camera_admit(client->camera)) {
        client->then = THEN_RESET;
        return;
    }
    client->style = (struct multipart_style){.boundary = BOUNDARY_STOCK, .chunked = true};
    if (faults_on(faults, FAULT_BOUNDARY)) {
        client->style.boundary = multipart_boundary_from(faults_text(faults, FAULT_BOUNDARY));
    }
    if (faults_on(faults, FAULT_CHUNKED)) {
        client->style.chunked = strcmp(faults_text(faults, FAULT_CHUNKED), "on") == 0;
    }
    client->streaming = true;
    multipart_write_head(client_output(client), &client->style);
}

void client_end_stream(struct client *client)
{
    if (client->streaming && client->then == THEN_GO_ON) {
        multipart_write_end(client_output(client), &client->style);
        client->then = THEN_CLOSE;
    }
}

void client_faults_changed(struct client *client)
{
    if (!faults_on(camera_faults(client->camera), FAULT_TRICKLE)) {
        client_set_trickle(client, false);
    }
}

/* --- answers --- */

static void client_answer(struct client *client, const char *status, const char *type,
                          const char *extra, const char *body)
{
    evbuffer_add_printf(client_output(client),
                        "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n%s",
                        status, type, strlen(body), extra, body);
}

static void client_answer_json(struct client *client, const char *status, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    client_answer(client, status, "application/json", "", text);
    free(text);
    json_decref(body);
}

static void client_answer_snapshot(struct client *client, const struct request *request)
{
    struct client_picture picture;
    struct camera_frame *frame = &picture.frame;
    char etag[32], length[64] = "Connection: close\r\n";
    if (faults_take(camera_faults(client->camera), FAULT_STALL)) {
        client->then = THEN_HANG;
        return;
    }
    client_take_picture(client, &picture);
    snprintf(etag, sizeof etag, "\"%016" PRIx64 "\"", picture_hash(frame->picture));
    bool unchanged = strcmp(etag, request->if_none_match) == 0;
    if (!unchanged && picture.with_length) {
        snprintf(length, sizeof length, "Content-Length: %" PRId64 "\r\n",
                 (int64_t)frame->picture->size + picture.length_error);
    }
    struct evbuffer *out = client_output(client);
    evbuffer_add_printf(out,
                        "HTTP/1.1 %s\r\n%s%sETag: %s\r\nX-Timestamp: %" PRIu64 ".%06" PRIu64
                        "\r\nX-Frame-Number: %" PRIu64 "\r\n\r\n",
                        unchanged ? "304 Not Modified" : "200 OK",
                        unchanged ? "" : "Content-Type: image/jpeg\r\n", unchanged ? "" : length,
                        etag, frame->time_ns / NS_PER_SECOND,
                        frame->time_ns % NS_PER_SECOND / NS_PER_US, frame->number);
    if (!unchanged) {
        multipart_add_picture(out, frame->picture, picture.sent);
        client->then = picture.then;
        if (client->then == THEN_GO_ON && (!picture.with_length || picture.length_error != 0)) {
            client->then = THEN_CLOSE;
        }
    }
    picture_release(frame->picture);
    camera_count_snapshot(client->camera);
}

static void client_answer_fault(struct client *client, const struct request *request)
{
    char error[FAULT_ERROR_SIZE] = "";
    if (camera_set_fault(client->camera, (const char *)request->body, request->body_size, error) <
        0) {
        client_answer_json(client, "400 Bad Request", json_pack("{s:s}", "error", error));
    } else {
        client_answer_json(client, "200 OK", camera_state(client->camera));
    }
}

/* GET /truth[?frame=N] and /spaces.json. False: the path is another. */
static bool client_answer_scene(struct client *client, const struct request *request)
{
    const char *query = strstr(request->target, "?frame="), *body = NULL;
    if (strcmp(request->path, "/spaces.json") == 0) {
        body = camera_spaces(client->camera);
    } else if (strcmp(request->path, "/truth") == 0) {
        uint64_t number = query != NULL ? strtoull(query + strlen("?frame="), NULL, 10) : 0;
        body = query != NULL && number == 0 ? NULL : camera_truth(client->camera, number);
    } else {
        return false;
    }
    client_answer(client, body != NULL ? "200 OK" : "404 Not Found", "application/json", "",
                  body != NULL ? body : "{\"error\":\"no scene, or no such frame\"}");
    return true;
}

/* Faults that answer instead of the picture. False: none of them is on. */
static bool client_answer_refusal(struct client *client, const struct request *request)
{
    struct faults *faults = camera_faults(client->camera);
    char extra[2 * REQUEST_FIELD_SIZE];
    const char *scheme = faults_text(faults, FAULT_401);
    if (faults_on(faults, FAULT_401) &&
        !auth_granted(scheme, camera_settings(client->camera)->credentials, request)) {
        snprintf(extra, sizeof extra, "WWW-Authenticate: %s\r\n", auth_challenge(scheme));
        client_answer(client, "401 Unauthorized", "text/html", extra, "<h1>Unauthorized</h1>");
        return true;
    }
    if (faults_take(faults, FAULT_500)) {
        client_answer(client, "500 Internal Server Error", "text/plain", "", "camera error\n");
        return true;
    }
    if (faults_take(faults, FAULT_REDIRECT)) {
        const char *target = faults_text(faults, FAULT_REDIRECT);
        snprintf(extra, sizeof extra, "Location: %s%s\r\n", target[0] != '\0' ? target : "/moved",
                 target[0] != '\0' ? "" : request->target);
        client_answer(client, "302 Found", "text/plain", extra, "");
        return true;
    }
    return false;
}

static void client_route(struct client *client, const struct request *request)
{
    static const char moved[] = "/moved";
    const char *path = request->path;
    bool get = strcmp(request->method, "GET") == 0;
    bool was_moved = strncmp(path, moved, strlen(moved)) == 0;
    path += was_moved ? strlen(moved) : 0;
    bool stream = strcmp(path, "/stream") == 0, snapshot = strcmp(path, "/capture") == 0;
    if (get && client_answer_scene(client, request)) {
        /* That was all. */
    } else if (get && strcmp(path, "/state") == 0) {
        client_answer_json(client, "200 OK", camera_state(client->camera));
    } else if (strcmp(request->method, "POST") == 0 && strcmp(path, "/fault") == 0) {
        client_answer_fault(client, request);
    } else if (!get || (!stream && !snapshot)) {
        client_answer(client, "404 Not Found", "text/plain", "",
                      "GET /stream, /capture, /state, /truth, /spaces.json; POST /fault\n");
    } else if (was_moved || !client_answer_refusal(client, request)) {
        if (stream) {
            client_start_stream(client);
        } else {
            client_answer_snapshot(client, request);
        }
    }
    if (!client->streaming && client->then == THEN_GO_ON && request->close) {
        client->then = THEN_CLOSE;
    }
}

/* --- the connection --- */

static void client_reset(struct client *client)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(bufferevent_getfd(client->connection), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    client_destroy(client);
}

static void client_on_drained(struct bufferevent *connection, void *arg)
{
    struct client *client = arg;
    (void)connection;
    client->sending = false;
    switch (client->then) {
    case THEN_GO_ON:
        client_offer(client);
        return;
    case THEN_CLOSE:
        client_destroy(client);
        return;
    case THEN_RESET:
        client_reset(client);
        return;
    case THEN_HANG:
        return;
    }
}

static void client_on_readable(struct bufferevent *connection, void *arg)
{
    struct client *client = arg;
    struct evbuffer *input = bufferevent_get_input(connection);
    struct request request;
    while (!client->streaming && client->then == THEN_GO_ON) {
        enum request_result result = request_take(&request, input);
        if (result == REQUEST_MORE) {
            return;
        }
        if (result == REQUEST_BAD) {
            client_destroy(client);
            return;
        }
        client_route(client, &request);
        request_finish(&request);
    }
    evbuffer_drain(input, evbuffer_get_length(input));
    if (!client->sending && client->then == THEN_RESET) {
        client_reset(client);
    }
}

static void client_on_event(struct bufferevent *connection, short events, void *arg)
{
    (void)connection;
    if ((events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) {
        client_destroy(arg);
    }
}

struct client *client_create(struct camera *camera, struct event_base *base, int fd)
{
    struct client *client = xcalloc(1, sizeof *client);
    int yes = 1, not_sent = CLIENT_NOT_SENT_BYTES;
    client->camera = camera;
    /* So that a slow reader finds the newest frame behind the one it is reading, not old ones. */
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &not_sent, sizeof not_sent);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    client->connection = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (client->connection == NULL) {
        die("cannot watch a connection");
    }
    bufferevent_setcb(client->connection, client_on_readable, client_on_drained, client_on_event,
                      client);
    bufferevent_enable(client->connection, EV_READ | EV_WRITE);
    return client;
}

void client_destroy(struct client *client)
{
    if (client->streaming) {
        camera_leave(client->camera);
    }
    camera_forget(client->camera, client);
    bufferevent_free(client->connection);
    if (client->trickle != NULL) {
        ev_token_bucket_cfg_free(client->trickle);
    }
    free(client);
}
