#include "broadcaster/services.h"
#include "broadcaster/viewers/viewer_parts.h"

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
    for (size_t i = 0; i < viewer->subscriptions.count && channel_idle(&viewer->channel); i++) {
        viewer->turn = viewer->turn < viewer->subscriptions.count ? viewer->turn : 0;
        struct subscription *each = viewer_at(viewer, viewer->turn);
        viewer_serve_texts(viewer, each);
        if (!channel_idle(&viewer->channel)) {
            return; /* its frame has the next turn */
        }
        viewer->turn++;
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

uint64_t viewer_keepalive_ns(const struct viewer *viewer)
{
    double seconds = viewer->services->config->broadcaster.keepalive_s;
    return viewer->heard_ns + clock_seconds_ns(seconds);
}

static void viewer_ripen(struct viewer *viewer, uint64_t now)
{
    uint64_t next = viewer_keepalive_ns(viewer);
    for (size_t i = 0; i < viewer->subscriptions.count; i++) {
        struct subscription *each = viewer_at(viewer, i);
        if (each->early) {
            subscription_ripen(each, stream_frame_number(each->pictures.stream), now);
            uint64_t ripe = subscription_ripe_ns(each);
            next = ripe < next ? ripe : next;
        }
    }
    channel_wake(&viewer->channel, next);
}

void viewer_on_woken(void *arg)
{
    struct viewer *viewer = arg;
    uint64_t now = clock_monotonic_ns();
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

/* Sends the newest frame if the channel takes it; then nothing else waits. Whether another quality
 * would suit the link is asked only of who has to wait, and of who has got a lesser one. */
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

bool viewer_offer(struct viewer *viewer, struct subscription *subscription, uint64_t now_ns)
{
    const struct stream *stream = subscription->pictures.stream;
    switch (subscription_offer(subscription, stream_frame_number(stream), now_ns)) {
    case SUBSCRIPTION_DUE:
        return true;
    case SUBSCRIPTION_EARLY:
        channel_wake(&viewer->channel, subscription_ripe_ns(subscription));
        break;
    case SUBSCRIPTION_OVER:
        break;
    }
    return false;
}

static void viewer_on_frame(struct viewer *viewer, struct subscription *subscription)
{
    if (!viewer->paused &&
        (!subscription->paced ||
         viewer_offer(viewer, subscription, stream_frame_ns(subscription->pictures.stream)))) {
        viewer_on_due(viewer, subscription);
    }
}

/* The stream has begun or ended. A camera that pushes can be drawn as one
 * likes once it is there. */
static void viewer_on_change(struct viewer *viewer, struct subscription *subscription)
{
    if (!subscription->drawing.held) {
        subscription_configure(subscription, viewer->services);
    }
    subscription->texts_due |= subscription->speaks ? SUBSCRIPTION_STREAM : 0;
}

void viewer_on_notice(struct stream_subscriber *subscriber, enum stream_notice notice)
{
    struct subscription *subscription = subscriber->owner;
    struct viewer *viewer = subscription->viewer;
    if (drawing_is_next(subscription, subscriber)) {
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
    case STREAM_ENDED:
        viewer_on_change(viewer, subscription);
        break;
    case STREAM_STATE:
        subscription->texts_due |= subscription->speaks ? SUBSCRIPTION_STATE : 0;
        break;
    case STREAM_GONE:
        viewer_remove(viewer, subscription);
        return;
    }
    viewer_serve_texts(viewer, subscription);
}
