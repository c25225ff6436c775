#include <stdlib.h>
#include <string.h>

#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "broadcaster/viewers/viewer_parts.h"
#include "common/memory.h"

static void viewer_refuse(struct viewer *viewer, const char *error)
{
    viewer->error = error;
    viewer_say_soon(viewer, WORDS_ERROR);
}

/* The message is about this subscription: it names its camera or none, its kind or none. */
static bool is_meant(const struct viewer_message *message, const struct subscription *subscription)
{
    return (message->camera[0] == '\0' || strcmp(message->camera, subscription->camera) == 0) &&
           (!message->has_kind || message->kind == subscription->wish.kind);
}

/* What the other stream has already is due. */
static void viewer_set_wish(struct viewer *viewer, struct subscription *subscription,
                            const struct wish *wish)
{
    if (subscription_set(subscription, viewer->services, wish) && !viewer->paused) {
        viewer_greet(viewer, subscription);
    }
}

/* --- subscribe --- */

static enum stream_kind kind_wanted(const struct viewer *viewer,
                                    const struct viewer_message *message)
{
    if (message->has_kind) {
        return message->kind;
    }
    return viewer->path == VIEWER_STREAM_RAW ? STREAM_RAW : STREAM_DETECT;
}

/* Why the viewer may not have one more subscription; NULL: it may. */
static const char *subscribe_refusal(const struct viewer *viewer,
                                     const struct viewer_message *message)
{
    size_t named = 0;
    for (size_t i = 0; i < viewer->subscriptions.count; i++) {
        named += !viewer_at(viewer, i)->follows;
    }
    if (!identity_allows_camera(viewer->identity, message->camera)) {
        return "this token is not for that camera";
    }
    if (viewer->path != VIEWER_DETECTION &&
        !services_has_camera(viewer->services, message->camera)) {
        return "there is no such camera";
    }
    if (viewer->format == WIRE_STREAM_JSON && viewer->subscriptions.count > 0) {
        return "frames do not name their camera here: use the subprotocol ringcast.binary.v1 or "
               "/ws/viewer/detection for several";
    }
    if (!services_may_wait(viewer->services, message->camera)) {
        return "too many viewers wait for cameras that do not exist";
    }
    return named < VIEWER_SUBSCRIPTIONS_MOST ? NULL : "there are too many subscriptions";
}

static void viewer_subscribe(struct viewer *viewer, const struct viewer_message *message)
{
    enum stream_kind kind = kind_wanted(viewer, message);
    struct subscription *subscription = viewer_find(viewer, message->camera, kind);
    struct wish wish = viewer_request_defaults(viewer->path, kind);
    wish_apply(&wish, &message->changes);
    if (subscription != NULL) {
        subscription_keep(subscription, viewer->services);
        subscription_set_demand(subscription, viewer->services,
                                viewer_demands(viewer, subscription));
        viewer_set_wish(viewer, subscription, &wish);
        viewer_serve(viewer);
        return;
    }
    const char *refusal = subscribe_refusal(viewer, message);
    if (refusal != NULL) {
        viewer_refuse(viewer, refusal);
    } else {
        viewer_add(viewer, message->camera, &wish, false);
        viewer_serve(viewer);
    }
}

/* One that takes whatever there is remembers what it does not want, whether
 * or not that is there. */
static bool viewer_decline_meant(struct viewer *viewer, const struct viewer_message *message)
{
    static const enum stream_kind kinds[] = {STREAM_DETECT, STREAM_RAW};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool meant = !message->has_kind || message->kind == kinds[i];
        if (meant && viewer_decline(viewer, message->camera, kinds[i]) < 0) {
            return false;
        }
    }
    return true;
}

static void viewer_unsubscribe(struct viewer *viewer, const struct viewer_message *message)
{
    bool found = viewer->following != NULL;
    if (found && !viewer_decline_meant(viewer, message)) {
        viewer_refuse(viewer, "too many streams are unsubscribed from: subscribe to those that are "
                              "wanted, on a connection of its own");
        return;
    }
    for (size_t i = viewer->subscriptions.count; i-- > 0;) {
        struct subscription *each = viewer_at(viewer, i);
        if (is_meant(message, each)) {
            found = true;
            viewer_remove(viewer, each);
        }
    }
    if (!found) {
        viewer_refuse(viewer, "there is no such subscription");
    }
}

/* --- changes --- */

static void viewer_set(struct viewer *viewer, const struct viewer_message *message)
{
    bool found = false;
    for (size_t i = 0; i < viewer->subscriptions.count; i++) {
        struct subscription *each = viewer_at(viewer, i);
        if (is_meant(message, each)) {
            struct wish wish = each->wish;
            wish_apply(&wish, &message->changes);
            viewer_set_wish(viewer, each, &wish);
            found = true;
        }
    }
    if (found) {
        viewer_serve(viewer); /* once for all of them, of which there may be a thousand */
    } else {
        viewer_refuse(viewer, "there is no such subscription");
    }
}

static void viewer_set_paused(struct viewer *viewer, bool paused)
{
    if (viewer->paused == paused) {
        return;
    }
    viewer->paused = paused;
    for (size_t i = 0; i < viewer->subscriptions.count; i++) {
        struct subscription *each = viewer_at(viewer, i);
        subscription_set_demand(each, viewer->services, viewer_demands(viewer, each));
        if (paused) {
            subscription_rest(each);
        } else {
            viewer_greet(viewer, each);
        }
    }
    viewer_serve(viewer);
}

void viewer_obey(struct viewer *viewer, const struct viewer_message *message)
{
    switch (message->type) {
    case VIEWER_IGNORED:
        break;
    case VIEWER_PING:
        viewer_say_soon(viewer, WORDS_PONG);
        break;
    case VIEWER_TIMED_PING:
        free(viewer->ping_time);
        viewer->ping_time = xstrdup(message->time);
        viewer_say_soon(viewer, WORDS_TIMED_PONG);
        break;
    case VIEWER_SUBSCRIBE:
        viewer_subscribe(viewer, message);
        break;
    case VIEWER_UNSUBSCRIBE:
        viewer_unsubscribe(viewer, message);
        break;
    case VIEWER_SET:
        viewer_set(viewer, message);
        break;
    case VIEWER_PAUSE:
        viewer_set_paused(viewer, true);
        break;
    case VIEWER_RESUME:
        viewer_set_paused(viewer, false);
        break;
    case VIEWER_WRONG:
        viewer_refuse(viewer, message->error);
        break;
    }
}
