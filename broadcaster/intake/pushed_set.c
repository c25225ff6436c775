#include "broadcaster/intake/pushed_set.h"

#include <stdlib.h>
#include <string.h>

#include "broadcaster/intake/pushed_camera.h"
#include "broadcaster/intake/streamer.h"
#include "broadcaster/protocol/websocket_reader.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/demand.h"
#include "broadcaster/text/sorted.h"
#include "common/log.h"
#include "common/memory.h"

#define CLOSE_TAKEN_OVER 4001 /* docs/protocol.md */

struct pushed_entry {
    struct pushed_camera *camera;
    struct streamer *streamer; /* NULL: nobody sends */
    uint64_t left_ns;          /* since when; CLOCK_MONOTONIC */
};

struct pushed_set {
    struct services *services;
    struct sorted entries; /* of struct pushed_entry, by camera; owned */
    struct event *sweep;   /* until the next one may be forgotten */
};

static int pushed_entry_compare(const void *entry, const void *camera)
{
    return strcmp(pushed_camera_id(((const struct pushed_entry *)entry)->camera), camera);
}

static struct pushed_entry *pushed_set_find(const struct pushed_set *set, const char *camera)
{
    return sorted_find(&set->entries, camera, pushed_entry_compare);
}

static struct pushed_camera *pushed_set_camera(const struct pushed_set *set, size_t at)
{
    return ((const struct pushed_entry *)set->entries.items[at])->camera;
}

static bool pushed_set_is_configured(const struct pushed_set *set, const char *camera)
{
    const struct config_camera *configured = config_find_camera(set->services->config, camera);
    return configured != NULL && !config_camera_has_capture(configured);
}

/* --- cameras come and go --- */

static struct pushed_entry *pushed_set_add(struct pushed_set *set, const char *camera)
{
    struct pushed_camera *made;
    bool found;
    if (pushed_camera_create(&made, set->services, camera) < 0) {
        return NULL;
    }
    struct pushed_entry *entry = xcalloc(1, sizeof *entry);
    entry->camera = made;
    entry->left_ns = clock_monotonic_ns();
    sorted_insert(&set->entries, sorted_place(&set->entries, camera, pushed_entry_compare, &found),
                  entry);
    demand_changed(set->services->demand);
    return entry;
}

static void pushed_set_remove(struct pushed_set *set, size_t at)
{
    struct pushed_entry *entry = set->entries.items[at];
    struct pushed_camera *camera = entry->camera;
    if (entry->streamer != NULL) {
        streamer_close(entry->streamer, WEBSOCKET_CLOSE_POLICY, "this camera is captured now");
    }
    sorted_remove(&set->entries, at);
    free(entry);
    log_camera(LOG_DEBUG, pushed_camera_id(camera), "pushed camera removed");
    pushed_camera_destroy(camera);
    demand_changed(set->services->demand);
}

static uint64_t pushed_set_idle_ns(const struct pushed_set *set)
{
    return clock_seconds_ns(set->services->config->broadcaster.stream_idle_s);
}

/* Forgets the cameras that nobody has sent for long. */
static void pushed_set_sweep(struct pushed_set *set)
{
    uint64_t now = clock_monotonic_ns(), idle_ns = pushed_set_idle_ns(set), next = UINT64_MAX;
    for (size_t i = set->entries.count; i-- > 0;) {
        const struct pushed_entry *entry = set->entries.items[i];
        bool stays = entry->streamer != NULL ||
                     pushed_set_is_configured(set, pushed_camera_id(entry->camera));
        uint64_t silent = clock_elapsed_ns(entry->left_ns, now);
        if (!stays && silent >= idle_ns) {
            pushed_set_remove(set, i);
        } else if (!stays && idle_ns - silent < next) {
            next = idle_ns - silent;
        }
    }
    if (next != UINT64_MAX) {
        struct timeval wait = clock_timeval(next + NS_PER_MS);
        event_add(set->sweep, &wait);
    }
}

static void pushed_set_on_sweep(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    pushed_set_sweep(arg);
}

void pushed_set_configure(struct pushed_set *set)
{
    const struct config *config = set->services->config;
    for (size_t i = set->entries.count; i-- > 0;) {
        struct pushed_camera *camera = pushed_set_camera(set, i);
        const struct config_camera *configured =
            config_find_camera(config, pushed_camera_id(camera));
        if (configured != NULL && config_camera_has_capture(configured)) {
            pushed_set_remove(set, i);
        } else {
            pushed_camera_configure(camera);
        }
    }
    for (size_t i = 0; i < config->camera_count; i++) {
        const struct config_camera *each = &config->cameras[i];
        if (!config_camera_has_capture(each) && pushed_set_find(set, each->id) == NULL) {
            pushed_set_add(set, each->id);
        }
    }
    pushed_set_sweep(set);
}

/* --- streamers --- */

static void pushed_set_on_left(void *arg, struct streamer *streamer, const char *reason)
{
    struct pushed_set *set = arg;
    for (size_t i = 0; i < set->entries.count; i++) {
        struct pushed_entry *entry = set->entries.items[i];
        if (entry->streamer == streamer) {
            entry->streamer = NULL;
            entry->left_ns = clock_monotonic_ns();
            pushed_camera_end(entry->camera, reason);
            pushed_set_sweep(set);
            return;
        }
    }
}

/* By the token, where there is one: a name alone could be anybody's. */
static bool pushed_set_is_same(const struct identity *one, const struct identity *other)
{
    return strcmp(one->user, other->user) == 0 &&
           strcmp(identity_token_name(one), identity_token_name(other)) == 0;
}

/* True when the one who asks may send for the camera; else the session has been answered. */
static bool pushed_set_admit(struct pushed_set *set, struct http_session *session,
                             const char *camera)
{
    const struct config *config = set->services->config;
    const struct config_camera *configured = config_find_camera(config, camera);
    const struct pushed_entry *entry = pushed_set_find(set, camera);
    size_t most = (size_t)config->broadcaster.max_streams;
    if (configured != NULL && config_camera_has_capture(configured)) {
        http_respond_error(session, 409, "captured_camera", NULL,
                           "camera %s is captured by ringcast itself: nobody can send it", camera);
        return false;
    }
    if (entry != NULL && entry->streamer != NULL &&
        !pushed_set_is_same(streamer_identity(entry->streamer), http_session_identity(session))) {
        http_respond_error(session, 409, "camera_in_use", NULL,
                           "somebody else sends camera %s: only the same user takes it over",
                           camera);
        return false;
    }
    if (entry == NULL && most > 0 && set->entries.count >= most) {
        http_respond_error(session, 503, "too_many_streams", "Retry-After: 5\r\n",
                           "Too many active streams. Please try again.");
        return false;
    }
    return true;
}

/* Its handshake was right. The one before, if there is one, has lost the camera. */
static void pushed_set_begin(struct pushed_set *set, const char *camera, struct streamer *streamer)
{
    struct pushed_entry *entry = pushed_set_find(set, camera);
    if (entry == NULL) {
        entry = pushed_set_add(set, camera);
    }
    if (entry == NULL) {
        streamer_close(streamer, WEBSOCKET_CLOSE_INTERNAL,
                       "the camera cannot be served: see the log");
        return;
    }
    if (entry->streamer != NULL) {
        streamer_close(entry->streamer, CLOSE_TAKEN_OVER, "another connection sends this camera");
    }
    entry->streamer = streamer;
    pushed_camera_begin(entry->camera);
    streamer_begin(streamer, entry->camera);
}

void pushed_set_open(struct pushed_set *set, struct http_session *session,
                     const struct http_request *request)
{
    char camera[CAMERA_ID_SIZE];
    if (http_request_parameter(request, "camera_id", camera, sizeof camera) < 0 ||
        !camera_id_valid(camera, strlen(camera))) {
        http_respond_error(session, 400, "bad_camera_id", NULL,
                           "a streamer needs ?camera_id=: [A-Za-z0-9][A-Za-z0-9_.-]{0,63}");
    } else if (pushed_set_admit(set, session, camera)) {
        struct streamer *streamer =
            streamer_open(set->services, session, camera, pushed_set_on_left, set);
        if (streamer != NULL) {
            pushed_set_begin(set, camera, streamer);
        }
    }
}

/* --- for others --- */

const struct camera_status *pushed_set_status(const struct pushed_set *set, const char *camera)
{
    const struct pushed_entry *entry = pushed_set_find(set, camera);
    return entry != NULL ? pushed_camera_status(entry->camera) : NULL;
}

json_t *pushed_set_stats(const struct pushed_set *set, const char *camera)
{
    const struct pushed_entry *entry = pushed_set_find(set, camera);
    return entry != NULL ? pushed_camera_stats(entry->camera) : NULL;
}

bool pushed_set_is_live(const struct pushed_set *set, const char *camera)
{
    const struct pushed_entry *entry = pushed_set_find(set, camera);
    return entry != NULL && pushed_camera_is_live(entry->camera);
}

bool pushed_set_is_late(const struct pushed_set *set, const char *camera, uint64_t captured_ns)
{
    const struct pushed_entry *entry = pushed_set_find(set, camera);
    return entry != NULL && pushed_camera_is_late(entry->camera, captured_ns);
}

/* --- life --- */

struct pushed_set *pushed_set_create(struct services *services)
{
    struct pushed_set *set = xcalloc(1, sizeof *set);
    set->services = services;
    set->sweep = evtimer_new(services->base, pushed_set_on_sweep, set);
    if (set->sweep == NULL) {
        die("out of memory for an event");
    }
    return set;
}

void pushed_set_destroy(struct pushed_set *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->entries.count; i++) {
        pushed_camera_destroy(pushed_set_camera(set, i));
        free(set->entries.items[i]);
    }
    event_free(set->sweep);
    sorted_finish(&set->entries);
    free(set);
}
