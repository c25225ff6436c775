#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/intake/pushed_set.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "broadcaster/viewers/viewer_parts.h"
#include "common/memory.h"

/* By camera and kind. */
static int subscription_compare(const void *item, const void *key)
{
    const struct subscription *subscription = item;
    const struct stream_key *wanted = key;
    int order = strcmp(subscription->camera, wanted->camera);
    return order != 0 ? order : (int)subscription->wish.kind - (int)wanted->kind;
}

struct subscription *viewer_find(const struct viewer *viewer, const char *camera,
                                 enum stream_kind kind)
{
    struct stream_key key = stream_key_of(camera, kind, 0);
    return sorted_find(&viewer->subscriptions, &key, subscription_compare);
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
    if ((has_frame ? !tells : configured) && subscription->speaks) {
        subscription->texts_due |= SUBSCRIPTION_STATE;
    }
    if (has_frame && viewer_offer(viewer, subscription, clock_monotonic_ns())) {
        subscription_wait(subscription);
    }
}

/* One of the camera, of whichever kind; NULL: none. */
static struct subscription *viewer_find_camera(const struct viewer *viewer, const char *camera)
{
    struct subscription *detected = viewer_find(viewer, camera, STREAM_DETECT);
    return detected != NULL ? detected : viewer_find(viewer, camera, STREAM_RAW);
}

void viewer_add(struct viewer *viewer, const char *camera, const struct wish *wish, bool follows)
{
    struct subscription *subscription =
        subscription_create(viewer->services, viewer, camera, wish, viewer_on_notice);
    struct stream_key key = stream_key_of(camera, wish->kind, 0);
    bool found;
    size_t at = sorted_place(&viewer->subscriptions, &key, subscription_compare, &found);
    subscription->speaks = viewer_find_camera(viewer, camera) == NULL;
    sorted_insert(&viewer->subscriptions, at, subscription);
    viewer->turn += at < viewer->turn;
    subscription->follows = follows;
    subscription_start(subscription, viewer->services, viewer_demands(viewer, subscription));
    subscription->texts_due |= viewer_regrets(viewer, subscription);
    viewer_greet(viewer, subscription);
}

void viewer_remove(struct viewer *viewer, struct subscription *subscription)
{
    struct stream_key key = stream_key_of(subscription->camera, subscription->wish.kind, 0);
    bool found;
    size_t at = sorted_place(&viewer->subscriptions, &key, subscription_compare, &found);
    sorted_remove(&viewer->subscriptions, at);
    viewer->turn -= at < viewer->turn;
    viewer->sent += subscription->sent;
    viewer->dropped += subscription->dropped;
    viewer->skipped += subscription->skipped;
    struct subscription *other = viewer_find_camera(viewer, subscription->camera);
    if (other != NULL) {
        other->speaks = true;
    }
    subscription_stop(subscription, viewer->services);
    subscription_destroy(subscription);
}

/* --- all that there are --- */

static int declined_compare(const void *item, const void *key)
{
    return stream_key_compare(item, key);
}

int viewer_decline(struct viewer *viewer, const char *camera, enum stream_kind kind)
{
    struct stream_key key = stream_key_of(camera, kind, 0);
    bool found;
    struct sorted *all = &viewer->following->declined;
    size_t at = sorted_place(all, &key, declined_compare, &found);
    if (found) {
        return 0;
    }
    if (all->count == VIEWER_DECLINED_MOST) {
        return -ENOSPC;
    }
    struct stream_key *declined = xmalloc(sizeof *declined);
    *declined = key;
    sorted_insert(all, at, declined);
    return 0;
}

/* Of a camera the detector's pictures as it draws them by default; where there is no detector, the
 * raw ones of who pushes them, which cost nothing. */
static void viewer_follow(struct viewer *viewer, const struct stream *stream)
{
    const struct stream_key *key = stream_key(stream);
    bool shown = key->kind == STREAM_DETECT
                     ? key->rendering == 0
                     : pushed_set_status(viewer->services->pushed, key->camera) != NULL &&
                           !services_is_detected(viewer->services, key->camera);
    struct stream_key plain = stream_key_of(key->camera, key->kind, 0);
    if (shown && viewer_find(viewer, key->camera, key->kind) == NULL &&
        sorted_find(&viewer->following->declined, &plain, declined_compare) == NULL &&
        identity_allows_camera(viewer->identity, key->camera)) {
        struct wish wish = viewer_request_defaults(viewer->path, key->kind);
        viewer_add(viewer, key->camera, &wish, true);
    }
}

static void viewer_on_new_stream(struct hub_watcher *watcher, struct stream *stream)
{
    viewer_follow(watcher->owner, stream);
    viewer_serve(watcher->owner);
}

void viewer_follow_all(struct viewer *viewer)
{
    struct hub *hub = viewer->services->hub;
    viewer->following = xcalloc(1, sizeof *viewer->following);
    for (size_t i = 0; i < hub_stream_count(hub); i++) {
        if (stream_frame_count(hub_stream(hub, i)) > 0) {
            viewer_follow(viewer, hub_stream(hub, i));
        }
    }
    viewer->following->watcher.notify = viewer_on_new_stream;
    viewer->following->watcher.owner = viewer;
    hub_watch(hub, &viewer->following->watcher);
}

void viewer_follow_no_more(struct viewer *viewer)
{
    struct viewer_following *following = viewer->following;
    if (following == NULL) {
        return;
    }
    hub_unwatch(&following->watcher);
    for (size_t i = 0; i < following->declined.count; i++) {
        free(following->declined.items[i]);
    }
    sorted_finish(&following->declined);
    free(following);
    viewer->following = NULL;
}
