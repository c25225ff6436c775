#include "broadcaster/intake/streamer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <jansson.h>

#include "broadcaster/access/visits.h"
#include "broadcaster/intake/pushed_camera.h"
#include "broadcaster/intake/streamer_message.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/protocol/subprotocol.h"
#include "broadcaster/protocol/websocket_session.h"
#include "broadcaster/services.h"
#include "broadcaster/text/base64.h"
#include "common/log.h"
#include "common/memory.h"

#define STREAMER_MESSAGE_EXTRA 65536 /* beyond the base64 of the largest picture */
#define STREAMER_LATE_NS       (500 * NS_PER_MS)
#define STREAMER_ERROR_SIZE    160

/* Texts that wait to be said, one bit each; of each kind only the newest is of any use. */
enum streamer_text {
    TEXT_CONNECTED = 1 << 0,
    TEXT_PONG = 1 << 1,
    TEXT_TIMED_PONG = 1 << 2,
    TEXT_ERROR = 1 << 3,
    TEXT_WARNING = 1 << 4,
};

struct streamer {
    struct services *services;
    streamer_left_fn *left; /* NULL: nobody needs to hear of it any more */
    void *left_arg;
    struct identity *identity; /* a reference */
    struct websocket_session *session;
    struct pushed_camera *camera; /* NULL: not begun, or over */
    char camera_id[CAMERA_ID_SIZE];
    char id[STREAMER_ID_SIZE];
    struct event *silence; /* until the next limit of silence; set again when it fires too early */
    uint64_t armed_ns;     /* when it goes off */
    uint64_t frame_ns;     /* the last picture that could be used, or the beginning */
    bool warned;           /* since then */
    unsigned texts_due;    /* of enum streamer_text */
    char ping_time[CLIENT_TIME_SIZE];
    char error[STREAMER_ERROR_SIZE];
    unsigned bad_in_a_row;
    uint64_t opened_ns;
    uint64_t frames, bad;
};

/* --- what is sent --- */

static void streamer_send_text(struct streamer *streamer, const char *text)
{
    websocket_session_send(streamer->session, WEBSOCKET_TEXT, text, strlen(text));
}

/* Takes `message`. */
static void streamer_send_json(struct streamer *streamer, json_t *message)
{
    char *text = api_json_text(message);
    streamer_send_text(streamer, text);
    free(text);
}

static void streamer_say_time(struct streamer *streamer)
{
    char text[TIMED_PONG_SIZE];
    timed_pong_write(streamer->ping_time, text);
    streamer_send_text(streamer, text);
}

static void streamer_say_warning(struct streamer *streamer)
{
    const struct config_broadcaster *config = &streamer->services->config->broadcaster;
    char text[128];
    snprintf(text, sizeof text, "no frame for %g s: the connection is closed after %g s",
             config->streamer_warn_s, config->streamer_timeout_s);
    streamer_send_json(streamer, json_pack("{s:s,s:s}", "type", "warning", "message", text));
}

static void streamer_say(struct streamer *streamer, enum streamer_text kind)
{
    switch (kind) {
    case TEXT_CONNECTED:
        streamer_send_json(
            streamer, json_pack("{s:s,s:s,s:s,s:I}", "type", "streamer_connected", "camera_id",
                                streamer->camera_id, "streamer_id", streamer->id, "max_frame_bytes",
                                (json_int_t)streamer->services->config->max_frame_bytes));
        break;
    case TEXT_PONG:
        streamer_send_text(streamer, "pong");
        break;
    case TEXT_TIMED_PONG:
        streamer_say_time(streamer);
        break;
    case TEXT_ERROR:
        streamer_send_json(streamer,
                           json_pack("{s:s,s:s}", "type", "error", "message", streamer->error));
        break;
    case TEXT_WARNING:
        streamer_say_warning(streamer);
        break;
    }
}

/* Says what waits, for as long as the connection takes it at once. */
static void streamer_flush(struct streamer *streamer)
{
    while (streamer->texts_due != 0 && websocket_session_idle(streamer->session)) {
        unsigned lowest = streamer->texts_due & ~(streamer->texts_due - 1);
        streamer->texts_due &= ~lowest;
        streamer_say(streamer, (enum streamer_text)lowest);
    }
}

static void streamer_owe(struct streamer *streamer, enum streamer_text text)
{
    streamer->texts_due |= text;
    streamer_flush(streamer);
}

/* --- the end --- */

/* Nothing more is taken from it. */
static void streamer_leave(struct streamer *streamer, const char *reason)
{
    streamer_left_fn *left = streamer->left;
    streamer->camera = NULL;
    streamer->left = NULL;
    event_del(streamer->silence);
    if (left != NULL) {
        left(streamer->left_arg, streamer, reason);
    }
}

/* By us, for what it does or does not do. */
static void streamer_give_up(struct streamer *streamer, const char *reason, enum connection_end end)
{
    log_camera(LOG_WARN, streamer->camera_id, "streamer closed id=%s: %s", streamer->id, reason);
    websocket_session_close(streamer->session, WEBSOCKET_CLOSE_POLICY, reason, end);
    streamer_leave(streamer, reason);
}

void streamer_close(struct streamer *streamer, uint16_t code, const char *reason)
{
    streamer->left = NULL;
    websocket_session_close(streamer->session, code, reason, CONNECTION_FINISHED);
    streamer_leave(streamer, reason);
}

/* --- silence --- */

static void streamer_arm(struct streamer *streamer, uint64_t now)
{
    const struct config_broadcaster *config = &streamer->services->config->broadcaster;
    uint64_t warn = streamer->frame_ns + clock_seconds_ns(config->streamer_warn_s);
    uint64_t end = streamer->frame_ns + clock_seconds_ns(config->streamer_timeout_s);
    streamer->armed_ns = streamer->warned || end < warn ? end : warn;
    struct timeval wait = clock_timeval(clock_elapsed_ns(now, streamer->armed_ns) + NS_PER_US);
    event_add(streamer->silence, &wait);
}

static void streamer_on_silence(evutil_socket_t fd, short what, void *arg)
{
    struct streamer *streamer = arg;
    const struct config_broadcaster *config = &streamer->services->config->broadcaster;
    uint64_t now = clock_monotonic_ns(), late = clock_elapsed_ns(streamer->armed_ns, now);
    (void)fd;
    (void)what;
    if (late > STREAMER_LATE_NS) {
        streamer->frame_ns += late; /* it is we who stood still */
    }
    uint64_t silent = clock_elapsed_ns(streamer->frame_ns, now);
    if (silent >= clock_seconds_ns(config->streamer_timeout_s)) {
        char reason[64];
        snprintf(reason, sizeof reason, "no frame for %g s", config->streamer_timeout_s);
        streamer_give_up(streamer, reason, CONNECTION_TIMED_OUT);
        return;
    }
    if (silent >= clock_seconds_ns(config->streamer_warn_s) && !streamer->warned) {
        streamer->warned = true;
        log_camera(LOG_WARN, streamer->camera_id, "no frame from its streamer id=%s seconds=%g",
                   streamer->id, config->streamer_warn_s);
        streamer_owe(streamer, TEXT_WARNING);
    }
    streamer_arm(streamer, now);
}

/* --- what is received --- */

static void streamer_refuse(struct streamer *streamer, const char *error)
{
    streamer->bad++;
    streamer->bad_in_a_row++;
    snprintf(streamer->error, sizeof streamer->error, "%s", error);
    log_camera(LOG_DEBUG, streamer->camera_id, "bad frame id=%s: %s", streamer->id, error);
    streamer_owe(streamer, TEXT_ERROR);
    if (streamer->bad_in_a_row == STREAMER_BAD_MOST) {
        char reason[120];
        snprintf(reason, sizeof reason, "%d bad frames in a row: %.80s", STREAMER_BAD_MOST, error);
        streamer_give_up(streamer, reason, CONNECTION_PROTOCOL);
    }
}

static void streamer_taken(struct streamer *streamer, enum pushed_result result, const char *error)
{
    if (result == PUSHED_BAD) {
        streamer_refuse(streamer, error);
        return;
    }
    /* Also one that could not be shared: that is our trouble, and no silence. */
    streamer->frame_ns = clock_monotonic_ns();
    streamer->bad_in_a_row = 0;
    if (streamer->warned) {
        streamer->warned = false;
        streamer_arm(streamer, streamer->frame_ns);
    }
    if (result == PUSHED_TAKEN) {
        streamer->frames++;
        return;
    }
    snprintf(streamer->error, sizeof streamer->error, "%s", error);
    streamer_owe(streamer, TEXT_ERROR);
}

static void streamer_take_url(struct streamer *streamer, struct byte_span url)
{
    struct byte_span base64;
    const char *error = streamer_frame_base64(url, &base64);
    if (error != NULL) {
        streamer_refuse(streamer, error);
        return;
    }
    enum pushed_result result = pushed_camera_take_base64(
        streamer->camera, base64, websocket_session_message_ns(streamer->session), &error);
    streamer_taken(streamer, result, error);
}

static void streamer_take_frame(struct streamer *streamer, const struct json_string *frame)
{
    if (!frame->escaped) {
        streamer_take_url(streamer, frame->raw);
        return;
    }
    uint8_t *plain = xmalloc(frame->raw.size);
    streamer_take_url(streamer, (struct byte_span){plain, json_string_unescape(frame, plain)});
    free(plain);
}

static void streamer_take_text(struct streamer *streamer, const uint8_t *data, size_t size)
{
    struct streamer_message message;
    switch (streamer_message_read(data, size, &message)) {
    case STREAMER_FRAME:
        streamer_take_frame(streamer, &message.frame);
        break;
    case STREAMER_PING:
        streamer_owe(streamer, TEXT_PONG);
        break;
    case STREAMER_TIMED_PING:
        memcpy(streamer->ping_time, message.time, sizeof streamer->ping_time);
        streamer_owe(streamer, TEXT_TIMED_PONG);
        break;
    case STREAMER_IGNORED:
        break;
    case STREAMER_WRONG:
        streamer_refuse(streamer, message.error);
        break;
    }
}

static void streamer_on_message(void *arg, enum websocket_opcode opcode, const uint8_t *data,
                                size_t size)
{
    struct streamer *streamer = arg;
    if (streamer->camera == NULL) {
        return; /* being closed */
    }
    if (opcode == WEBSOCKET_TEXT) {
        streamer_take_text(streamer, data, size);
        return;
    }
    const char *error;
    enum pushed_result result =
        pushed_camera_take_jpeg(streamer->camera, (struct byte_span){data, size},
                                websocket_session_message_ns(streamer->session), &error);
    streamer_taken(streamer, result, error);
}

static void streamer_on_writable(void *arg)
{
    streamer_flush(arg);
}

/* --- life --- */

static void streamer_destroy(struct streamer *streamer)
{
    event_free(streamer->silence);
    identity_unref(streamer->identity);
    free(streamer);
}

static void streamer_on_closing(void *arg)
{
    streamer_leave(arg, "the streamer has left");
}

static void streamer_on_closed(void *arg, enum connection_end end, uint16_t close_code)
{
    struct streamer *streamer = arg;
    streamer_leave(streamer, end == CONNECTION_PEER_CLOSED ? "the streamer has left"
                                                           : "the streamer was cut off");
    visit_ends(streamer->services, VISIT_STREAMER, streamer->identity, streamer->camera_id, end,
               false);
    log_camera(LOG_INFO, streamer->camera_id,
               "streamer gone id=%s reason=%s code=%u seconds=%.1f frames=%" PRIu64 " bad=%" PRIu64,
               streamer->id, connection_end_name(end), close_code,
               (double)(clock_monotonic_ns() - streamer->opened_ns) / (double)NS_PER_SECOND,
               streamer->frames, streamer->bad);
    streamer_destroy(streamer);
}

static struct streamer *streamer_create(struct services *services, const char *camera)
{
    struct streamer *streamer = xcalloc(1, sizeof *streamer);
    uint32_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
        die("no random numbers");
    }
    snprintf(streamer->id, sizeof streamer->id, "%08" PRIx32, number);
    snprintf(streamer->camera_id, sizeof streamer->camera_id, "%s", camera);
    streamer->services = services;
    streamer->opened_ns = streamer->frame_ns = clock_monotonic_ns();
    streamer->silence = evtimer_new(services->base, streamer_on_silence, streamer);
    if (streamer->silence == NULL) {
        die("out of memory for an event");
    }
    return streamer;
}

struct streamer *streamer_open(struct services *services, struct http_session *session,
                               const char *camera, streamer_left_fn *left, void *arg)
{
    static const struct websocket_handlers handlers = {
        .message = streamer_on_message,
        .writable = streamer_on_writable,
        .closing = streamer_on_closing,
        .closed = streamer_on_closed,
    };
    const struct config_broadcaster *config = &services->config->broadcaster;
    struct websocket_config websocket = {
        .message_limit =
            base64_encoded_size((size_t)services->config->max_frame_bytes) + STREAMER_MESSAGE_EXTRA,
        .budget = http_server_bodies(services->http),
        .ping_interval_ns = clock_seconds_ns(config->ping_interval_s),
        .ping_timeout_ns = clock_seconds_ns(config->ping_timeout_s),
        .stall_ns = clock_seconds_ns(config->viewer_stall_s),
    };
    struct streamer *streamer = streamer_create(services, camera);
    streamer->identity = identity_ref(http_session_identity(session));
    streamer->session = http_upgrade(session, subprotocol_choose(http_session_request(session)),
                                     &websocket, &handlers, streamer);
    if (streamer->session == NULL) {
        streamer_destroy(streamer);
        return NULL;
    }
    streamer->left = left;
    streamer->left_arg = arg;
    visit_begins(services, VISIT_STREAMER, streamer->identity, camera);
    log_camera(LOG_INFO, camera, "streamer came id=%s user=%s peer=%s", streamer->id,
               streamer->identity->user,
               connection_peer_name(websocket_session_connection(streamer->session)));
    return streamer;
}

void streamer_begin(struct streamer *streamer, struct pushed_camera *camera)
{
    streamer->camera = camera;
    streamer_arm(streamer, clock_monotonic_ns());
    streamer_owe(streamer, TEXT_CONNECTED);
}

const struct identity *streamer_identity(const struct streamer *streamer)
{
    return streamer->identity;
}
