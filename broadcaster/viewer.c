#include "broadcaster/viewer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/identity.h"
#include "broadcaster/mjpeg.h"
#include "broadcaster/pushed_set.h"
#include "broadcaster/services.h"
#include "broadcaster/subprotocol.h"
#include "broadcaster/viewer_parts.h"
#include "broadcaster/visits.h"
#include "common/log.h"
#include "common/memory.h"

#define VIEWER_MESSAGE_LIMIT     65536
#define VIEWER_STALL_ROUND_TRIPS 20

/* --- serving --- */

/* The lowest of the bits that are set. */
static unsigned lowest_bit(unsigned bits)
{
    return bits & ~(bits - 1);
}

static void viewer_serve_texts(struct viewer *viewer, struct subscription *subscription)
{
    while (subscription->texts_due != 0 && channel_idle(&viewer->channel)) {
        unsigned text = lowest_bit(subscription->texts_due);
        subscription->texts_due &= ~text;
        viewer_say_text(viewer, subscription, (enum subscription_text)text);
    }
}

/* Subscriptions one after the other, each at most one frame. */
void viewer_serve(struct viewer *viewer)
{
    while (viewer->words_due != 0 && channel_idle(&viewer->channel)) {
        unsigned words = lowest_bit(viewer->words_due);
        viewer->words_due &= ~words;
        viewer_say_words(viewer, (enum viewer_words)words);
    }
    for (size_t i = 0; i < viewer->subscription_count && channel_idle(&viewer->channel); i++) {
        struct subscription *each = viewer->turn != NULL ? viewer->turn : viewer->subscriptions;
        viewer_serve_texts(viewer, each);
        if (!channel_idle(&viewer->channel)) {
            return; /* its frame has the next turn */
        }
        viewer->turn = each->next;
        if (each->frame_due) {
            viewer_send_frame(viewer, each, true);
            viewer_serve_texts(viewer, each);
        }
    }
}

void viewer_say_soon(struct viewer *viewer, enum viewer_words words)
{
    viewer->words_due |= words;
    viewer_serve(viewer);
}

/* --- time --- */

static uint64_t viewer_keepalive_ns(const struct viewer *viewer)
{
    double seconds = viewer->services->config->broadcaster.keepalive_s;
    return viewer->heard_ns + (uint64_t)(seconds * (double)NS_PER_SECOND);
}

/* The timer is only ever moved to an earlier moment; when it goes off too early it is set again. So
 * neither a frame nor a message costs a timer operation. */
static void viewer_arm(struct viewer *viewer, uint64_t deadline_ns)
{
    if (viewer->timer_ns != 0 && viewer->timer_ns <= deadline_ns) {
        return;
    }
    struct timeval delay = clock_timeval(clock_elapsed_ns(clock_monotonic_ns(), deadline_ns));
    viewer->timer_ns = deadline_ns;
    event_add(&viewer->timer, &delay);
}

static void viewer_ripen(struct viewer *viewer, uint64_t now)
{
    uint64_t next = viewer_keepalive_ns(viewer);
    for (struct subscription *each = viewer->subscriptions; each != NULL; each = each->next) {
        if (each->early) {
            subscription_ripen(each, stream_frame_number(each->pictures.stream), now);
            uint64_t ripe = subscription_ripe_ns(each);
            next = ripe < next ? ripe : next;
        }
    }
    viewer_arm(viewer, next);
}

static void viewer_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct viewer *viewer = arg;
    uint64_t now = clock_monotonic_ns();
    (void)fd;
    (void)what;
    viewer->timer_ns = 0;
    if (viewer->closing) {
        return;
    }
    if (now >= viewer_keepalive_ns(viewer)) {
        viewer->heard_ns = now;
        viewer->words_due |= WORDS_KEEPALIVE;
    }
    viewer_ripen(viewer, now);
    viewer_serve(viewer);
}

/* --- what streams tell --- */

/* Of a camera that it has several streams of, the first one speaks for it. */
static bool viewer_speaks(const struct viewer *viewer, const struct subscription *subscription)
{
    const struct subscription *each = viewer->subscriptions;
    while (strcmp(each->camera, subscription->camera) != 0) {
        each = each->next;
    }
    return each == subscription;
}

/* Sends the newest frame if the channel takes it; then nothing else waits. Whether another quality would
 * suit the link is asked only of who has to wait, and of who has got a lesser one. */
static void viewer_on_due(struct viewer *viewer, struct subscription *subscription)
{
    if (channel_idle(&viewer->channel)) {
        viewer_send_frame(viewer, subscription, false);
        if (subscription->texts_due != 0) {
            viewer_serve_texts(viewer, subscription);
        }
    } else {
        subscription_wait(subscription);
    }
    if (subscription->frame_due || subscription->lesser) {
        drawing_adapt(subscription, viewer->services, channel_connection(&viewer->channel));
    }
}

static void viewer_on_paced_frame(struct viewer *viewer, struct subscription *subscription)
{
    const struct stream *stream = subscription->pictures.stream;
    switch (
        subscription_offer(subscription, stream_frame_number(stream), stream_frame_ns(stream))) {
    case SUBSCRIPTION_DUE:
        viewer_on_due(viewer, subscription);
        break;
    case SUBSCRIPTION_EARLY:
        viewer_arm(viewer, subscription_ripe_ns(subscription));
        break;
    case SUBSCRIPTION_OVER:
        break;
    }
}

static void viewer_on_frame(struct viewer *viewer, struct subscription *subscription)
{
    if (viewer->paused) {
        return;
    }
    if (subscription->paced) {
        viewer_on_paced_frame(viewer, subscription);
    } else {
        viewer_on_due(viewer, subscription);
    }
}

static void viewer_on_notice(struct stream_subscriber *subscriber, enum stream_notice notice)
{
    struct subscription *subscription = subscriber->owner;
    struct viewer *viewer = subscription->viewer;
    if (subscriber == &subscription->drawing.next) {
        if (notice == STREAM_FRAME && drawing_move(subscription, viewer->services)) {
            viewer_on_frame(viewer, subscription);
        }
        return;
    }
    switch (notice) {
    case STREAM_FRAME:
        viewer_on_frame(viewer, subscription);
        return;
    case STREAM_METADATA:
        subscription->texts_due |= viewer->paused ? 0 : SUBSCRIPTION_DETECTIONS;
        break;
    case STREAM_STARTED:
        subscription_configure(subscription,
                               viewer->services); /* a guest can be drawn from now on */
        __attribute__((fallthrough));
    case STREAM_ENDED:
        subscription->texts_due |= viewer_speaks(viewer, subscription) ? SUBSCRIPTION_STREAM : 0;
        break;
    case STREAM_STATE:
        subscription->texts_due |= viewer_speaks(viewer, subscription) ? SUBSCRIPTION_STATE : 0;
        break;
    case STREAM_GONE:
        viewer_remove(viewer, subscription);
        return;
    }
    viewer_serve_texts(viewer, subscription);
}

/* --- subscriptions --- */

struct subscription *viewer_find(const struct viewer *viewer, const char *camera,
                                 enum stream_kind kind)
{
    struct subscription *each = viewer->subscriptions;
    while (each != NULL && (each->wish.kind != kind || strcmp(each->camera, camera) != 0)) {
        each = each->next;
    }
    return each;
}

/* Nothing is made of an on-demand camera for a viewer that only takes what there is. */
bool viewer_demands(const struct viewer *viewer, const struct subscription *subscription)
{
    const struct config_camera *camera =
        config_find_camera(viewer->services->config, subscription->camera);
    return !viewer->paused &&
           (!subscription->follows || camera == NULL || camera->detect != DETECT_ON_DEMAND);
}

/* What cannot be done for it, in words. */
static unsigned viewer_regrets(const struct viewer *viewer, const struct subscription *subscription)
{
    const struct wish *wish = &subscription->wish;
    if (wish->kind == STREAM_RAW) {
        return services_has_raw(viewer->services, subscription->camera) ? 0 : SUBSCRIPTION_NO_RAW;
    }
    bool asks = viewer->path == VIEWER_STREAM_DETECT || wish->conf > 0 ||
                wish->labels != WISH_LABELS_DEFAULT;
    return asks && !services_is_detected(viewer->services, subscription->camera)
               ? SUBSCRIPTION_NOT_DRAWN
               : 0;
}

/* A picture that is old goes out only where it can say so. */
void viewer_greet(struct viewer *viewer, struct subscription *subscription)
{
    const struct stream *stream = subscription->pictures.stream;
    bool tells = viewer->format == WIRE_VIEWER_JSON && subscription->sent == 0;
    bool has_frame = !viewer->paused && stream_frame(stream) != NULL &&
                     (viewer->path == VIEWER_DETECTION || !stream_is_stale(stream));
    bool configured = config_find_camera(viewer->services->config, subscription->camera) != NULL;
    if ((has_frame ? !tells : configured) && viewer_speaks(viewer, subscription)) {
        subscription->texts_due |= SUBSCRIPTION_STATE;
    }
    if (has_frame) {
        switch (
            subscription_offer(subscription, stream_frame_number(stream), clock_monotonic_ns())) {
        case SUBSCRIPTION_DUE:
            subscription_wait(subscription);
            break;
        case SUBSCRIPTION_EARLY:
            viewer_arm(viewer, subscription_ripe_ns(subscription));
            break;
        case SUBSCRIPTION_OVER:
            break;
        }
    }
    viewer_serve(viewer);
}

void viewer_add(struct viewer *viewer, const char *camera, const struct wish *wish, bool follows)
{
    struct subscription *subscription =
        subscription_create(viewer->services, viewer, camera, wish, viewer_on_notice);
    struct subscription **end = &viewer->subscriptions;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = subscription;
    viewer->subscription_count++;
    subscription->follows = follows;
    subscription_start(subscription, viewer->services, viewer_demands(viewer, subscription));
    subscription->texts_due |= viewer_regrets(viewer, subscription);
    viewer_greet(viewer, subscription);
}

void viewer_remove(struct viewer *viewer, struct subscription *subscription)
{
    struct subscription **link = &viewer->subscriptions;
    while (*link != subscription) {
        link = &(*link)->next;
    }
    *link = subscription->next;
    viewer->subscription_count--;
    if (viewer->turn == subscription) {
        viewer->turn = subscription->next;
    }
    viewer->sent += subscription->sent;
    viewer->dropped += subscription->dropped;
    viewer->skipped += subscription->skipped;
    subscription_stop(subscription, viewer->services);
    subscription_destroy(subscription);
}

/* --- all that there are --- */

/* Of a camera the detector's pictures as it draws them by default; where there is no detector, the raw
 * ones of who pushes them, which cost nothing. */
static void viewer_follow(struct viewer *viewer, const struct stream *stream)
{
    const struct stream_key *key = stream_key(stream);
    bool shown = key->kind == STREAM_DETECT
                     ? key->rendering == 0
                     : pushed_set_status(viewer->services->pushed, key->camera) != NULL &&
                           !services_is_detected(viewer->services, key->camera);
    if (shown && viewer_find(viewer, key->camera, key->kind) == NULL &&
        identity_allows_camera(viewer->identity, key->camera)) {
        struct wish wish = viewer_request_defaults(viewer->path, key->kind);
        viewer_add(viewer, key->camera, &wish, true);
    }
}

static void viewer_on_new_stream(struct hub_watcher *watcher, struct stream *stream)
{
    viewer_follow(watcher->owner, stream);
}

static void viewer_follow_all(struct viewer *viewer)
{
    struct hub *hub = viewer->services->hub;
    for (size_t i = 0; i < hub_stream_count(hub); i++) {
        if (stream_frame_count(hub_stream(hub, i)) > 0) {
            viewer_follow(viewer, hub_stream(hub, i));
        }
    }
    viewer->watcher.notify = viewer_on_new_stream;
    viewer->watcher.owner = viewer;
    hub_watch(hub, &viewer->watcher);
}

/* --- what is received --- */

static void viewer_on_message(void *arg, enum websocket_opcode opcode, const uint8_t *data,
                              size_t size)
{
    struct viewer *viewer = arg;
    viewer->heard_ns = clock_monotonic_ns();
    if (viewer->closing) {
        return;
    }
    struct viewer_message message = {.type = VIEWER_WRONG, .error = "a message must be text"};
    if (opcode == WEBSOCKET_TEXT) {
        viewer_message_read(data, size, &message);
    }
    viewer_obey(viewer, &message);
}

static void viewer_on_writable(void *arg)
{
    struct viewer *viewer = arg;
    if (!viewer->closing) {
        viewer_serve(viewer);
    }
}

/* --- life --- */

static double viewer_seconds(const struct viewer *viewer)
{
    return (double)(clock_monotonic_ns() - viewer->opened_ns) / (double)NS_PER_SECOND;
}

static const char *viewer_path_name(const struct viewer *viewer)
{
    static const char *const names[] = {
        [VIEWER_DETECTION] = "detection",
        [VIEWER_STREAM_RAW] = "raw",
        [VIEWER_STREAM_DETECT] = "detect",
    };
    return names[viewer->path];
}

static const char *viewer_format_name(const struct viewer *viewer)
{
    return viewer->format == WIRE_BINARY  ? "binary"
           : viewer->format == WIRE_MJPEG ? "mjpeg"
                                          : "json";
}

static const char *viewer_peer(const struct viewer *viewer)
{
    return connection_peer_name(channel_connection(&viewer->channel));
}

/* It counts no longer, whatever is still in flight. */
static void viewer_leave(struct viewer *viewer)
{
    viewer->closing = true;
    hub_unwatch(&viewer->watcher);
    while (viewer->subscriptions != NULL) {
        viewer_remove(viewer, viewer->subscriptions);
    }
}

static void viewer_destroy(struct viewer *viewer)
{
    event_del(&viewer->timer);
    identity_unref(viewer->identity);
    free(viewer);
}

static void viewer_on_closing(void *arg)
{
    viewer_leave(arg);
}

static size_t viewer_neighbours(const struct viewer *viewer)
{
    struct hub_camera camera;
    return hub_find_camera(viewer->services->hub, viewer->camera, &camera) ? camera.viewers : 0;
}

static void viewer_on_closed(void *arg, enum connection_end end, uint16_t close_code)
{
    struct viewer *viewer = arg;
    viewer_leave(viewer);
    log_camera(LOG_INFO, viewer->camera,
               "viewer gone id=%s reason=%s code=%u seconds=%.1f sent=%" PRIu64 " dropped=%" PRIu64
               " skipped=%" PRIu64 " left=%zu",
               viewer->id, connection_end_name(end), close_code, viewer_seconds(viewer),
               viewer->sent, viewer->dropped, viewer->skipped, viewer_neighbours(viewer));
    visit_ends(viewer->services, VISIT_VIEWER, viewer->identity, viewer->camera, end,
               viewer->kicked);
    viewer->gone(viewer->gone_arg, viewer);
    viewer_destroy(viewer);
}

static struct viewer *viewer_create(struct services *services, const char *id,
                                    const struct viewer_request *request)
{
    struct viewer *viewer = xcalloc(1, sizeof *viewer);
    viewer->services = services;
    viewer->path = request->path;
    viewer->format = request->mjpeg                      ? WIRE_MJPEG
                     : request->path == VIEWER_DETECTION ? WIRE_VIEWER_JSON
                                                         : WIRE_STREAM_JSON;
    snprintf(viewer->id, sizeof viewer->id, "%s", id);
    snprintf(viewer->camera, sizeof viewer->camera, "%s",
             request->camera[0] != '\0' ? request->camera : "*");
    viewer->opened_ns = viewer->heard_ns = viewer->measure_ns = clock_monotonic_ns();
    evtimer_assign(&viewer->timer, services->base, viewer_on_timer, viewer);
    return viewer;
}

/* True when the connection is a viewer's now. */
static bool viewer_upgrade(struct viewer *viewer, struct http_session *session)
{
    static const struct websocket_handlers handlers = {
        .message = viewer_on_message,
        .writable = viewer_on_writable,
        .closing = viewer_on_closing,
        .closed = viewer_on_closed,
    };
    const struct config_broadcaster *config = &viewer->services->config->broadcaster;
    struct websocket_config websocket = {
        .message_limit = VIEWER_MESSAGE_LIMIT,
        .ping_interval_ns = (uint64_t)(config->ping_interval_s * (double)NS_PER_SECOND),
        .ping_timeout_ns = (uint64_t)(config->ping_timeout_s * (double)NS_PER_SECOND),
        .stall_ns = (uint64_t)(config->viewer_stall_s * (double)NS_PER_SECOND),
        .stall_round_trips = config->adaptive ? VIEWER_STALL_ROUND_TRIPS : 0,
    };
    const char *subprotocol = subprotocol_choose(http_session_request(session));
    if (subprotocol != NULL && strcmp(subprotocol, SUBPROTOCOL_BINARY) == 0) {
        viewer->format = WIRE_BINARY;
    }
    viewer->channel.websocket = http_upgrade(session, subprotocol, &websocket, &handlers, viewer);
    return viewer->channel.websocket != NULL;
}

static void viewer_on_stream_closed(void *arg, enum connection_end end)
{
    viewer_on_closed(arg, end, 0);
}

/* The same for one that gets an answer without an end. */
static bool viewer_begin_mjpeg(struct viewer *viewer, struct http_session *session)
{
    static const struct http_stream_handlers handlers = {
        .writable = viewer_on_writable,
        .closed = viewer_on_stream_closed,
    };
    const struct config_broadcaster *config = &viewer->services->config->broadcaster;
    struct http_stream_config stream = {
        .stall_ns = (uint64_t)(config->viewer_stall_s * (double)NS_PER_SECOND),
        .stall_round_trips = config->adaptive ? VIEWER_STALL_ROUND_TRIPS : 0,
    };
    viewer->channel.stream = http_begin_stream(session, MJPEG_TYPE, MJPEG_FIELDS, MJPEG_BEGINNING,
                                               &stream, &handlers, viewer);
    return viewer->channel.stream != NULL;
}

struct viewer *viewer_open(struct services *services, struct http_session *session, const char *id,
                           const struct viewer_request *request, viewer_gone_fn *gone, void *arg)
{
    struct viewer *viewer = viewer_create(services, id, request);
    viewer->gone = gone;
    viewer->gone_arg = arg;
    viewer->identity = identity_ref(http_session_identity(session));
    if (!(request->mjpeg ? viewer_begin_mjpeg(viewer, session) : viewer_upgrade(viewer, session))) {
        viewer_destroy(viewer);
        return NULL;
    }
    visit_begins(services, VISIT_VIEWER, viewer->identity, viewer->camera);
    viewer_arm(viewer, viewer_keepalive_ns(viewer));
    log_camera(LOG_INFO, viewer->camera, "viewer came id=%s peer=%s user=%s path=%s format=%s",
               viewer->id, viewer_peer(viewer), viewer->identity->user, viewer_path_name(viewer),
               viewer_format_name(viewer));
    if (request->camera[0] != '\0') {
        viewer_add(viewer, request->camera, &request->wish, false);
    } else {
        viewer->words_due |= WORDS_CONNECTED;
        viewer_follow_all(viewer);
        viewer_serve(viewer);
    }
    return viewer;
}

void viewer_configure(struct viewer *viewer)
{
    for (struct subscription *each = viewer->subscriptions; each != NULL; each = each->next) {
        subscription_configure(each, viewer->services);
        subscription_set_demand(each, viewer->services, viewer_demands(viewer, each));
    }
    viewer_serve(viewer);
}

void viewer_kick(struct viewer *viewer)
{
    viewer->kicked = true;
    viewer_leave(viewer);
    channel_close(&viewer->channel, "closed by the operator");
}

/* --- for operators --- */
const char *viewer_id(const struct viewer *viewer)
{
    return viewer->id;
}

const struct subscription *viewer_subscriptions(const struct viewer *viewer)
{
    return viewer->subscriptions;
}

static double viewer_throughput(const struct viewer *viewer, uint64_t bytes)
{
    uint64_t elapsed = clock_monotonic_ns() - viewer->measure_ns;
    return elapsed < 2 * NS_PER_SECOND || viewer->bytes_per_second == 0
               ? viewer->bytes_per_second
               : (double)(bytes - viewer->measure_bytes) * (double)NS_PER_SECOND / (double)elapsed;
}

void viewer_describe(const struct viewer *viewer, struct viewer_description *description)
{
    uint64_t bytes = connection_bytes_sent(channel_connection(&viewer->channel));
    *description = (struct viewer_description){
        .id = viewer->id,
        .peer = viewer_peer(viewer),
        .camera = viewer->camera,
        .path = viewer_path_name(viewer),
        .user = viewer->identity->user,
        .format = viewer_format_name(viewer),
        .seconds = viewer_seconds(viewer),
        .subscriptions = viewer->subscription_count,
        .paused = viewer->paused,
        .sent = viewer->sent,
        .dropped = viewer->dropped,
        .skipped = viewer->skipped,
        .bytes = bytes,
        .bytes_per_second = viewer_throughput(viewer, bytes),
        .age_ms = -1,
    };
    for (const struct subscription *each = viewer->subscriptions; each != NULL; each = each->next) {
        description->sent += each->sent;
        description->dropped += each->dropped;
        description->skipped += each->skipped;
    }
    if (description->sent > 0) {
        description->age_ms = (double)viewer->age_ns / (double)NS_PER_MS;
    }
}
