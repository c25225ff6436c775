#include "broadcaster/viewers/drawing.h"

#include <math.h>
#include <stdlib.h>

#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/streams/renderings.h"
#include "broadcaster/viewers/subscription.h"
#include "common/log.h"
#include "common/memory.h"

/* --- which one --- */

/* Only what our own detector draws can be drawn in another way; and who takes whatever there
 * is asks for nothing. */
static bool drawing_may_choose(const struct subscription *subscription,
                               const struct services *services)
{
    return subscription->wish.kind == STREAM_DETECT && !subscription->follows &&
           services_is_detected(services, subscription->camera);
}

/* What the wish asks for; false: the default, whatever it looks like. */
static bool drawing_wished(const struct subscription *subscription, const struct services *services,
                           struct rendering_look *look)
{
    const struct wish *wish = &subscription->wish;
    *look = renderings_default_look(services->renderings);
    if (wish->conf > 0) {
        look->conf_percent = (uint8_t)lround(wish->conf * 100);
    }
    if (wish->labels != WISH_LABELS_DEFAULT) {
        look->show_labels = wish->labels == WISH_LABELS_SHOWN;
    }
    if (wish->quality > 0 && wish->quality < look->quality) {
        look->quality = (uint8_t)wish->quality;
    }
    return wish->conf > 0 || wish->labels != WISH_LABELS_DEFAULT || wish->quality > 0;
}

/* The step of quality that it has, unless a reload has put an end to that. */
static unsigned drawing_step(const struct subscription *subscription,
                             const struct services *services)
{
    const struct drawing_fit *fit = subscription->drawing.fit;
    return services->config->broadcaster.adaptive && fit != NULL ? fit->adaptation.step : 0;
}

static unsigned drawing_steps(const struct subscription *subscription,
                              const struct services *services)
{
    struct rendering_look best;
    unsigned steps = 1;
    drawing_wished(subscription, services, &best);
    while (steps < ADAPTATION_STEPS && adaptation_quality(best.quality, steps) > 0) {
        steps++;
    }
    return steps;
}

/* Holds what the wish looks like at a step of quality. `instead_of` as in renderings_acquire(). */
static bool drawing_acquire(const struct subscription *subscription,
                            const struct services *services, unsigned step,
                            const uint32_t *instead_of, uint32_t *id)
{
    struct rendering_look look;
    bool asks = drawing_wished(subscription, services, &look);
    if (!asks && step == 0) {
        renderings_acquire_default(services->renderings, subscription->camera);
        *id = RENDERINGS_DEFAULT;
        return true;
    }
    look.quality = (uint8_t)adaptation_quality(look.quality, step);
    return look.quality > 0 &&
           renderings_acquire(services->renderings, subscription->camera, &look,
                              step == 0 ? RENDERING_WISHED : RENDERING_SPARE, instead_of, id) == 0;
}

/* Takes over a rendering that has been acquired. */
static void drawing_take(struct subscription *subscription, struct services *services, uint32_t id,
                         unsigned step)
{
    struct drawing *drawing = &subscription->drawing;
    drawing_release(subscription, services);
    drawing->held = true;
    drawing->id = id;
    if (drawing->fit != NULL) {
        drawing->fit->adaptation.step = step;
    }
    subscription->lesser = step > 0;
}

bool drawing_claim(struct subscription *subscription, struct services *services)
{
    const struct drawing *drawing = &subscription->drawing;
    const uint32_t *old = drawing->held ? &drawing->id : NULL;
    unsigned step = drawing_step(subscription, services);
    uint32_t id;
    drawing_settle(subscription, services);
    if (!drawing_may_choose(subscription, services)) {
        drawing_release(subscription, services);
        return true;
    }
    if (drawing_acquire(subscription, services, step, old, &id)) {
        drawing_take(subscription, services, id, step);
        return true;
    }
    if (step > 0 && drawing_acquire(subscription, services, 0, old, &id)) {
        subscription->drawing.fit->adaptation = (struct adaptation){0};
        drawing_take(subscription, services, id, 0);
        return true;
    }
    if (old == NULL) {
        renderings_acquire_default(services->renderings, subscription->camera);
        drawing_take(subscription, services, RENDERINGS_DEFAULT, 0);
    }
    return false;
}

bool drawing_is_outdated(const struct subscription *subscription, const struct services *services)
{
    const struct drawing *drawing = &subscription->drawing;
    struct rendering_look wished;
    if (!drawing->held || !drawing_may_choose(subscription, services)) {
        return drawing->held || drawing_may_choose(subscription, services);
    }
    struct rendering_look look =
        renderings_look_of(services->renderings, subscription->camera, drawing->id);
    drawing_wished(subscription, services, &wished);
    return look.conf_percent != wished.conf_percent || look.show_labels != wished.show_labels ||
           look.quality != adaptation_quality(wished.quality, drawing_step(subscription, services));
}

void drawing_release(struct subscription *subscription, struct services *services)
{
    struct drawing *drawing = &subscription->drawing;
    drawing_settle(subscription, services);
    if (drawing->held) {
        renderings_release(services->renderings, subscription->camera, drawing->id);
    }
    drawing->held = false;
    drawing->id = RENDERINGS_DEFAULT;
}

/* --- another quality --- */

static struct adaptation_counts drawing_counts(const struct subscription *subscription)
{
    return (struct adaptation_counts){.now_ns = clock_monotonic_ns(),
                                      .sent = subscription->sent,
                                      .dropped = subscription->dropped,
                                      .bytes = subscription->bytes};
}

static struct stream_key drawing_next_key(const struct subscription *subscription)
{
    return stream_key_of(subscription->camera, STREAM_DETECT, subscription->drawing.fit->next_id);
}

static bool drawing_is_between(const struct drawing *drawing)
{
    return drawing->fit != NULL && drawing->fit->next.stream != NULL;
}

static void drawing_begin_move(struct subscription *subscription, struct services *services,
                               unsigned step, uint32_t id)
{
    struct drawing_fit *fit = subscription->drawing.fit;
    fit->next_id = id;
    fit->next_step = step;
    struct stream_key key = drawing_next_key(subscription);
    fit->next = subscription->pictures;
    fit->next.is_viewer = false;
    fit->next.holds = true;
    hub_subscribe(services->hub, &key, &fit->next);
}

void drawing_adapt(struct subscription *subscription, struct services *services,
                   const struct connection *connection)
{
    struct drawing *drawing = &subscription->drawing;
    if (!drawing->held || drawing_is_between(drawing) || !services->config->broadcaster.adaptive) {
        return;
    }
    if (drawing->fit == NULL) {
        drawing->fit = xcalloc(1, sizeof *drawing->fit);
    }
    struct adaptation *adaptation = &drawing->fit->adaptation;
    struct adaptation_counts counts = drawing_counts(subscription);
    if (adaptation->step > 0) {
        struct tcp_link link;
        counts.link_rate = connection_measure_link(connection, &link) ? link.bytes_per_second : 0;
    }
    unsigned step = adaptation_judge(adaptation, &counts, drawing_steps(subscription, services));
    uint32_t id;
    if (step == adaptation->step) {
        return;
    }
    if (drawing_acquire(subscription, services, step, NULL, &id)) { /* for a while it has both */
        drawing_begin_move(subscription, services, step, id);
    } else {
        adaptation_move(adaptation, &counts, adaptation->step); /* no place: asked again later */
    }
}

void drawing_settle(struct subscription *subscription, struct services *services)
{
    struct drawing *drawing = &subscription->drawing;
    if (drawing_is_between(drawing)) {
        hub_unsubscribe(services->hub, &drawing->fit->next);
        renderings_release(services->renderings, subscription->camera, drawing->fit->next_id);
    }
}

bool drawing_is_next(const struct subscription *subscription,
                     const struct stream_subscriber *subscriber)
{
    return subscription->drawing.fit != NULL && subscriber == &subscription->drawing.fit->next;
}

/* Frames that the camera has made between the newest ones of two streams; < 0:
 * the other is behind. */
static int64_t drawing_ahead(const struct stream *stream, const struct stream *other)
{
    const struct posted_frame *frame = stream_frame(stream), *newer = stream_frame(other);
    if (frame == NULL || newer->generation > frame->generation) {
        return 1;
    }
    return newer->generation < frame->generation ? -1 : (int64_t)(newer->number - frame->number);
}

bool drawing_move(struct subscription *subscription, struct services *services)
{
    struct drawing *drawing = &subscription->drawing;
    struct drawing_fit *fit = drawing->fit;
    struct stream_key key = drawing_next_key(subscription);
    int64_t ahead = drawing_ahead(subscription->pictures.stream, fit->next.stream);
    if (ahead < 0) {
        return false;
    }
    subscription_change_stream(subscription, services, &key, (uint64_t)ahead);
    hub_unsubscribe(services->hub, &fit->next);
    renderings_release(services->renderings, subscription->camera, drawing->id);
    drawing->id = fit->next_id;
    struct adaptation_counts counts = drawing_counts(subscription);
    adaptation_move(&fit->adaptation, &counts, fit->next_step);
    subscription->lesser = fit->next_step > 0;
    log_camera(LOG_DEBUG, subscription->camera,
               "another quality suits the link rendering=%u step=%u", drawing->id, fit->next_step);
    return ahead > 0;
}

void drawing_finish(struct subscription *subscription)
{
    free(subscription->drawing.fit);
}
