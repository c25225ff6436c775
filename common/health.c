#include "common/health.h"

/* A new interval weighs 1/8: a rate that changes is followed within a dozen pictures. */
#define SMOOTHING 8

static uint64_t longest_of(uint64_t least_ns, uint64_t periods, uint64_t period_ns)
{
    return periods * period_ns > least_ns ? periods * period_ns : least_ns;
}

static uint64_t stale_after_ns(const struct health *health)
{
    return longest_of(HEALTH_STALE_NS, HEALTH_STALE_PERIODS, health->period_ns);
}

uint64_t health_patience_ns(const struct health *health)
{
    return longest_of(HEALTH_OFFLINE_NS, HEALTH_OFFLINE_PERIODS, health->period_ns);
}

void health_init(struct health *health, uint64_t period_ns, bool watch_frozen)
{
    *health = (struct health){.state = CAMERA_CONNECTING,
                              .resting = true,
                              .watch_frozen = watch_frozen,
                              .period_ns = period_ns};
}

void health_start(struct health *health, uint64_t now_ns)
{
    if (health->resting) {
        health->resting = false;
        health->awaited_ns = now_ns;
    }
}

void health_rest(struct health *health)
{
    health->resting = true;
    health->state = CAMERA_CONNECTING;
    health->unchanged_ns = 0;
    health_disconnected(health);
}

void health_disconnected(struct health *health)
{
    health->sign_ns = 0;
}

static void measure_period(struct health *health, uint64_t now_ns)
{
    if (health->sign_ns == 0) {
        return;
    }
    uint64_t interval = clock_elapsed_ns(health->sign_ns, now_ns);
    if (interval > health_patience_ns(health)) {
        return; /* an outage, no period */
    }
    if (health->period_ns == 0) {
        health->period_ns = interval;
    } else {
        health->period_ns += interval / SMOOTHING - health->period_ns / SMOOTHING;
    }
}

void health_frame(struct health *health, uint64_t hash, uint64_t now_ns)
{
    measure_period(health, now_ns);
    /* Two alike with an outage between them say nothing of the time in which there were none. */
    bool begins = health->unchanged_ns == 0 || health->state == CAMERA_OFFLINE;
    if (begins || hash != health->hash) {
        health->hash = hash;
        health->unchanged_ns = now_ns;
    }
    health->sign_ns = now_ns;
    health->awaited_ns = now_ns;
    bool frozen =
        health->watch_frozen && clock_elapsed_ns(health->unchanged_ns, now_ns) >= HEALTH_FROZEN_NS;
    health->state = frozen ? CAMERA_FROZEN : CAMERA_ONLINE;
}

void health_alive(struct health *health, uint64_t now_ns)
{
    /* An answer that nothing has changed is a picture as far as the rhythm goes: a scene
     * that changes once in a while does not make the camera a slow one. Before the first
     * picture there is none. */
    if (health->sign_ns != 0) {
        measure_period(health, now_ns);
        health->sign_ns = now_ns;
    }
    health->awaited_ns = now_ns;
    if (health->state == CAMERA_STALE || health->state == CAMERA_OFFLINE) {
        health->state = CAMERA_ONLINE;
    }
}

void health_tick(struct health *health, uint64_t now_ns)
{
    if (health->resting) {
        return;
    }
    uint64_t waited = clock_elapsed_ns(health->awaited_ns, now_ns);
    if (waited >= health_patience_ns(health)) {
        health->state = CAMERA_OFFLINE;
    } else if (waited >= stale_after_ns(health) &&
               (health->state == CAMERA_ONLINE || health->state == CAMERA_FROZEN)) {
        health->state = CAMERA_STALE;
    }
}

uint64_t health_deadline(const struct health *health)
{
    if (health->resting || health->state == CAMERA_OFFLINE) {
        return HEALTH_NEVER;
    }
    bool live = health->state == CAMERA_ONLINE || health->state == CAMERA_FROZEN;
    return health->awaited_ns + (live ? stale_after_ns(health) : health_patience_ns(health));
}
