#include "broadcaster/streams/camera_watch.h"

#include <stdlib.h>
#include <string.h>

#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/text/sorted.h"
#include "common/camera_feed.h"
#include "common/memory.h"

struct camera_watch {
    struct camera_watch_set *set;
    char camera[CAMERA_ID_SIZE];
    struct camera_feed *feed;
    struct camera_watch_waiter *waiters;
    struct shared_bytes *picture; /* the newest; NULL: none yet */
    struct frame_info info;       /* of it */
};

struct camera_watch_set {
    struct services *services;
    struct sorted watches; /* of struct camera_watch, by camera; owned */
};

static int camera_watch_compare(const void *watch, const void *camera)
{
    return strcmp(((const struct camera_watch *)watch)->camera, camera);
}

static struct camera_watch *camera_watch_find(const struct camera_watch_set *set,
                                              const char *camera)
{
    return sorted_find(&set->watches, camera, camera_watch_compare);
}

/* --- what the captures say --- */

static void camera_watch_on_status(void *arg, const struct camera_status *status)
{
    struct camera_watch *watch = arg;
    struct hub *hub = watch->set->services->hub;
    hub_tell_state(hub, watch->camera);
    /* A capture that died is started again at once: its camera is not gone with it. */
    if (status->state == CAMERA_OFFLINE && camera_feed_connected(watch->feed)) {
        hub_end_camera(hub, watch->camera,
                       status->reason[0] != '\0' ? status->reason : "the camera is offline");
    }
}

static void camera_watch_tell(struct camera_watch *watch, bool gone)
{
    struct camera_watch_waiter *next;
    for (struct camera_watch_waiter *each = watch->waiters; each != NULL; each = next) {
        next = each->next; /* `each` may leave */
        each->notify(each, gone);
    }
}

/* Copied once, into the bytes that go to everybody. */
static void camera_watch_on_frame(void *arg)
{
    struct camera_watch *watch = arg;
    struct frame_info info;
    uint64_t missed;
    size_t capacity = camera_feed_capacity(watch->feed);
    struct shared_bytes *picture = shared_bytes_create(capacity);
    if (camera_feed_read_into(watch->feed, &info, picture->data, capacity, &missed) != 0) {
        shared_bytes_unref(picture);
        return;
    }
    shared_bytes_unref(watch->picture);
    watch->picture = shared_bytes_resize(picture, info.size);
    watch->info = info;
    camera_watch_tell(watch, false);
}

const struct camera_status *camera_watch_status(const struct camera_watch_set *set,
                                                const char *camera)
{
    const struct camera_watch *watch = camera_watch_find(set, camera);
    return watch != NULL ? camera_feed_status(watch->feed) : NULL;
}

const json_t *camera_watch_stats(const struct camera_watch_set *set, const char *camera)
{
    const struct camera_watch *watch = camera_watch_find(set, camera);
    return watch != NULL ? camera_feed_stats(watch->feed) : NULL;
}

bool camera_watch_is_captured(const struct camera_watch_set *set, const char *camera)
{
    const struct camera_watch *watch = camera_watch_find(set, camera);
    return watch != NULL && camera_feed_connected(watch->feed);
}

/* --- waiting for a frame --- */

bool camera_watch_wait(struct camera_watch_set *set, const char *camera,
                       struct camera_watch_waiter *waiter)
{
    struct camera_watch *watch = camera_watch_find(set, camera);
    if (watch == NULL) {
        return false;
    }
    waiter->watch = watch;
    waiter->next = watch->waiters;
    waiter->previous = &watch->waiters;
    if (watch->waiters != NULL) {
        watch->waiters->previous = &waiter->next;
    }
    watch->waiters = waiter;
    camera_feed_set_attached(watch->feed, true);
    return true;
}

static void camera_watch_drop_frame(struct camera_watch *watch)
{
    shared_bytes_unref(watch->picture);
    watch->picture = NULL;
}

void camera_watch_leave(struct camera_watch_waiter *waiter)
{
    struct camera_watch *watch = waiter->watch;
    if (watch == NULL) {
        return;
    }
    *waiter->previous = waiter->next;
    if (waiter->next != NULL) {
        waiter->next->previous = waiter->previous;
    }
    waiter->watch = NULL;
    if (watch->waiters == NULL) {
        camera_feed_set_attached(watch->feed, false);
        camera_watch_drop_frame(watch);
    }
}

struct shared_bytes *camera_watch_frame(const struct camera_watch_waiter *waiter,
                                        struct frame_info *info)
{
    if (waiter->watch == NULL || waiter->watch->picture == NULL) {
        return NULL;
    }
    *info = waiter->watch->info;
    return waiter->watch->picture;
}

/* --- which cameras --- */

static void camera_watch_add(struct camera_watch_set *set, const char *camera, size_t at)
{
    static const struct camera_feed_handlers handlers = {
        .status = camera_watch_on_status,
        .frame = camera_watch_on_frame,
    };
    struct camera_watch *watch = xcalloc(1, sizeof *watch);
    watch->set = set;
    memccpy(watch->camera, camera, '\0', sizeof watch->camera - 1);
    sorted_insert(&set->watches, at, watch);
    watch->feed = camera_feed_create(set->services->base, set->services->config->run_dir, camera,
                                     NULL, &handlers, watch);
}

static void camera_watch_remove(struct camera_watch *watch)
{
    camera_watch_tell(watch, true);
    while (watch->waiters != NULL) {
        camera_watch_leave(watch->waiters);
    }
    camera_feed_destroy(watch->feed);
    camera_watch_drop_frame(watch);
    free(watch);
}

void camera_watch_configure(struct camera_watch_set *set)
{
    const struct config *config = set->services->config;
    for (size_t i = set->watches.count; i-- > 0;) {
        struct camera_watch *watch = set->watches.items[i];
        const struct config_camera *camera = config_find_camera(config, watch->camera);
        if (camera != NULL && config_camera_has_capture(camera)) {
            continue;
        }
        /* Out of the set first: whoever is told of its end may ask the set for it. */
        sorted_remove(&set->watches, i);
        hub_end_camera(set->services->hub, watch->camera, "the camera is no longer configured");
        camera_watch_remove(watch);
    }
    for (size_t i = 0; i < config->camera_count; i++) {
        const struct config_camera *camera = &config->cameras[i];
        bool found;
        size_t at = sorted_place(&set->watches, camera->id, camera_watch_compare, &found);
        if (config_camera_has_capture(camera) && !found) {
            camera_watch_add(set, camera->id, at);
        }
    }
}

struct camera_watch_set *camera_watch_create(struct services *services)
{
    struct camera_watch_set *set = xcalloc(1, sizeof *set);
    set->services = services;
    return set;
}

void camera_watch_destroy(struct camera_watch_set *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->watches.count; i++) {
        camera_watch_remove(set->watches.items[i]);
    }
    sorted_finish(&set->watches);
    free(set);
}
