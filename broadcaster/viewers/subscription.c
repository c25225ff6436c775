#include "broadcaster/viewers/subscription.h"

#include <stdlib.h>
#include <string.h>

#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"
#include "common/memory.h"

/* --- which stream --- */

static struct stream_key subscription_key(const struct subscription *subscription)
{
    return stream_key_of(subscription->camera, subscription->wish.kind, subscription->drawing.id);
}

static void subscription_pace(struct subscription *subscription)
{
    const struct wish *wish = &subscription->wish;
    schedule_set(&subscription->pace, wish->skip_frames, wish->fps);
    subscription->paced = wish->fps > 0 || wish->skip_frames > 1;
}

struct subscription *subscription_create(struct services *services, void *viewer,
                                         const char *camera, const struct wish *wish,
                                         void (*notify)(struct stream_subscriber *subscriber,
                                                        enum stream_notice notice))
{
    size_t id_size = strlen(camera) + 1;
    struct subscription *subscription = xcalloc(1, sizeof *subscription + id_size);
    subscription->viewer = viewer;
    subscription->wish = *wish;
    subscription->told_since_ns = UINT64_MAX;
    subscription->since_ns = clock_realtime_ns();
    memcpy(subscription->camera, camera, id_size);
    subscription->all_counters = &services->counters;
    subscription->pictures = (struct stream_subscriber){
        .notify = notify,
        .owner = subscription,
        .wish = &subscription->wish,
        .is_viewer = true,
    };
    subscription_pace(subscription);
    return subscription;
}

void subscription_destroy(struct subscription *subscription)
{
    if (subscription != NULL) {
        drawing_finish(subscription);
        free(subscription->detections);
        free(subscription);
    }
}

/* A frame that lies ready counts as one of those to come. */
static void subscription_begin_count(struct subscription *subscription)
{
    const struct stream *stream = subscription->pictures.stream;
    uint64_t frames = stream_camera_frames(stream);
    subscription->frames_base = stream_frame(stream) != NULL ? frames - 1 : frames;
}

static struct stream_subscriber *
subscription_create_detections(const struct subscription *subscription)
{
    struct stream_subscriber *detections = xcalloc(1, sizeof *detections);
    detections->notify = subscription->pictures.notify;
    detections->owner = subscription->pictures.owner;
    detections->wish = subscription->pictures.wish;
    detections->metadata_only = true;
    detections->holds = true;
    return detections;
}

static void subscription_leave_detections(struct subscription *subscription,
                                          struct services *services)
{
    if (subscription->detections != NULL) {
        hub_unsubscribe(services->hub, subscription->detections);
    }
}

static void subscription_follow_detections(struct subscription *subscription,
                                           struct services *services)
{
    bool wanted = subscription->wish.kind == STREAM_RAW && subscription->wish.metadata &&
                  subscription->pictures.stream != NULL;
    if (!wanted) {
        subscription_leave_detections(subscription, services);
        return;
    }
    if (subscription->detections == NULL) {
        subscription->detections = subscription_create_detections(subscription);
    }
    if (subscription->detections->stream == NULL) {
        struct stream_key key = stream_key_of(subscription->camera, STREAM_DETECT, 0);
        subscription->detections->demands = subscription->pictures.demands;
        hub_subscribe(services->hub, &key, subscription->detections);
    }
}

static void subscription_claim(struct subscription *subscription, struct services *services)
{
    if (!drawing_claim(subscription, services)) {
        subscription->texts_due |= SUBSCRIPTION_TOO_MANY;
    }
}

void subscription_start(struct subscription *subscription, struct services *services, bool demands)
{
    if (!subscription->drawing.held) {
        subscription_claim(subscription, services);
    }
    struct stream_key key = subscription_key(subscription);
    subscription->pictures.demands = demands;
    subscription->pictures.holds = !subscription->follows;
    hub_subscribe(services->hub, &key, &subscription->pictures);
    subscription_begin_count(subscription);
    subscription_follow_detections(subscription, services);
    if (subscription->stats_ns == 0) {
        subscription->stats_ns = clock_monotonic_ns();
        subscription->told_running = stream_is_running(subscription->pictures.stream);
    }
}

void subscription_rest(struct subscription *subscription)
{
    subscription->frame_due = subscription->early = false;
    subscription->texts_due &= ~(unsigned)SUBSCRIPTION_DETECTIONS;
    subscription->pace.due_ns = 0; /* what it misses is not made up for by frames in a row */
}

/* Stays with the rendering that it has. */
static void subscription_leave(struct subscription *subscription, struct services *services)
{
    drawing_settle(subscription, services);
    subscription->frames_before = subscription_total(subscription);
    subscription->frames_base = 0;
    hub_unsubscribe(services->hub, &subscription->pictures);
    subscription_leave_detections(subscription, services);
    subscription_rest(subscription);
}

void subscription_stop(struct subscription *subscription, struct services *services)
{
    subscription_leave(subscription, services);
    drawing_release(subscription, services);
}

void subscription_change_stream(struct subscription *subscription, struct services *services,
                                const struct stream_key *key, uint64_t ahead)
{
    subscription->frames_before = subscription_total(subscription);
    hub_unsubscribe(services->hub, &subscription->pictures);
    hub_subscribe(services->hub, key, &subscription->pictures);
    subscription->frames_base = stream_camera_frames(subscription->pictures.stream) - ahead;
}

/* Moves to the stream that suits the wish now; true when it is another one. It leaves first: a
 * stream whose rendering gives way is removed only when nobody holds it. */
static bool subscription_follow_wish(struct subscription *subscription, struct services *services)
{
    bool subscribed = subscription->pictures.stream != NULL;
    bool demands = subscription->pictures.demands;
    bool frame_due = subscription->frame_due, early = subscription->early;
    struct stream_key before = subscription_key(subscription);
    if (!drawing_is_outdated(subscription, services)) {
        return false;
    }
    subscription_leave(subscription, services);
    subscription_claim(subscription, services);
    struct stream_key key = subscription_key(subscription);
    bool moved = stream_key_compare(&before, &key) != 0;
    if (moved) {
        subscription->pace = (struct schedule){0}; /* the other drawing is worth a frame at once */
        subscription_pace(subscription);
    }
    if (subscribed) {
        subscription_start(subscription, services, demands);
    }
    if (subscribed && !moved) { /* it has seen the frame that lies there, or is still to get it */
        subscription->frames_base = stream_camera_frames(subscription->pictures.stream);
        subscription->frame_due = frame_due;
        subscription->early = early;
    }
    return moved && subscribed;
}

void subscription_configure(struct subscription *subscription, struct services *services)
{
    subscription_follow_wish(subscription, services);
}

bool subscription_set(struct subscription *subscription, struct services *services,
                      const struct wish *wish)
{
    subscription->wish = *wish;
    subscription_pace(subscription);
    if (subscription_follow_wish(subscription, services)) {
        return true;
    }
    subscription_follow_detections(subscription, services);
    hub_wish_changed(services->hub, &subscription->pictures);
    if (subscription->detections != NULL) {
        hub_wish_changed(services->hub, subscription->detections);
    }
    return false;
}

void subscription_set_demand(struct subscription *subscription, struct services *services,
                             bool demands)
{
    drawing_settle(subscription, services);
    hub_set_demand(services->hub, &subscription->pictures, demands);
    if (subscription->detections != NULL) {
        hub_set_demand(services->hub, subscription->detections, demands);
    }
}

void subscription_keep(struct subscription *subscription, struct services *services)
{
    if (subscription->follows) {
        bool demands = subscription->pictures.demands;
        subscription_stop(subscription, services);
        subscription->follows = false;
        subscription_start(subscription, services, demands);
    }
}

/* --- the pace --- */

struct camera_counters *subscription_counters(struct subscription *subscription)
{
    if (subscription->counters == NULL) {
        subscription->counters = counters_camera(subscription->all_counters, subscription->camera);
    }
    return subscription->counters;
}

static void subscription_skip(struct subscription *subscription)
{
    subscription->skipped++;
    subscription_counters(subscription)->skipped++;
}

/* The early frame will not be sent any more: one that comes is `number`. */
static void subscription_pass_over(struct subscription *subscription, uint64_t number)
{
    uint64_t skip = subscription->pace.skip;
    subscription->early = false;
    subscription->skipped_fps += subscription->early_number / skip != number / skip;
    subscription_skip(subscription);
}

enum subscription_verdict subscription_offer(struct subscription *subscription, uint64_t number,
                                             uint64_t now_ns)
{
    struct schedule *pace = &subscription->pace;
    if (subscription->early) {
        subscription_pass_over(subscription, number);
    }
    if (schedule_wants(pace, number, now_ns)) {
        schedule_take(pace, number, now_ns);
        return SUBSCRIPTION_DUE;
    }
    if (schedule_wants(pace, number, schedule_patience_ns(pace))) {
        subscription->early = true;
        subscription->early_number = number;
        return SUBSCRIPTION_EARLY;
    }
    subscription_skip(subscription);
    return SUBSCRIPTION_OVER;
}

void subscription_wait(struct subscription *subscription)
{
    if (subscription->frame_due) {
        subscription->dropped++;
        subscription_counters(subscription)->dropped++;
    }
    subscription->frame_due = true;
}

uint64_t subscription_ripe_ns(const struct subscription *subscription)
{
    return subscription->early ? schedule_patience_ns(&subscription->pace) : UINT64_MAX;
}

void subscription_ripen(struct subscription *subscription, uint64_t number, uint64_t now_ns)
{
    if (subscription->early && now_ns >= schedule_patience_ns(&subscription->pace)) {
        schedule_take(&subscription->pace, number, now_ns);
        subscription->early = false;
        subscription->frame_due = true;
    }
}

/* A running mean over about so many frames. */
#define PERIOD_SHARE 8

static void subscription_measure(struct subscription *subscription, uint64_t now_ns)
{
    uint64_t gap = now_ns - subscription->sent_ns;
    if (subscription->sent_ns != 0 && subscription->period_ns == 0) {
        subscription->period_ns = gap;
    } else if (subscription->sent_ns != 0) {
        subscription->period_ns += gap / PERIOD_SHARE - subscription->period_ns / PERIOD_SHARE;
    }
    subscription->sent_ns = now_ns;
}

double subscription_fps(const struct subscription *subscription, uint64_t now_ns)
{
    uint64_t period = subscription->period_ns, since = now_ns - subscription->sent_ns;
    if (period == 0) {
        return 0;
    }
    return (double)NS_PER_SECOND / (double)(since > 2 * period ? since : period);
}

void subscription_sent(struct subscription *subscription, uint64_t bytes, uint64_t now_ns)
{
    subscription_measure(subscription, now_ns);
    subscription->frame_due = false;
    subscription->early = false; /* it was the newest in any case */
    subscription->sent++;
    subscription->bytes += bytes;
    struct camera_counters *counters = subscription_counters(subscription);
    counters->sent++;
    counters->sent_bytes += bytes;
}

/* --- how it has fared --- */

uint64_t subscription_total(const struct subscription *subscription)
{
    const struct stream *stream = subscription->pictures.stream;
    uint64_t frames = stream != NULL ? stream_camera_frames(stream) - subscription->frames_base : 0;
    return subscription->frames_before + frames;
}
