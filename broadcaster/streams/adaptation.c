#include "broadcaster/streams/adaptation.h"

#include <stdbool.h>

#include "common/clock.h"

#define WINDOW_NS     NS_PER_SECOND
#define WINDOW_MOST   4 /* so many times as long it may be, when nobody asked meanwhile */
#define WINDOW_FRAMES 8
#define DROPPED_SHARE 8             /* one in so many */
#define DROPPED_LEAST 2             /* one alone is an accident */
#define SETTLE_NS     NS_PER_SECOND /* what still waits in the socket is of the step before */
#define HOLD_FIRST_NS (8 * NS_PER_SECOND)
#define HOLD_LAST_NS  (256 * NS_PER_SECOND)
#define ASCENT_NS     (30 * NS_PER_SECOND) /* by then it has succeeded */
#define QUALITY_GAP   10                   /* less is not worth another encoding */
#define SPARE_RATE    (4.0 / 3.0)
#define BYTES_GROWTH  2.0 /* of a step upwards, where it has not been measured */

unsigned adaptation_quality(unsigned best, unsigned step)
{
    static const unsigned lesser[] = {60, 40};
    if (step == 0) {
        return best;
    }
    for (unsigned i = 0; i < sizeof lesser / sizeof lesser[0]; i++) {
        if (lesser[i] + QUALITY_GAP <= best && --step == 0) {
            return lesser[i];
        }
    }
    return 0;
}

static void adaptation_begin(struct adaptation *adaptation, const struct adaptation_counts *counts,
                             uint64_t begun_ns)
{
    adaptation->begun_ns = begun_ns;
    adaptation->sent = counts->sent;
    adaptation->dropped = counts->dropped;
    adaptation->bytes = counts->bytes;
}

/* The link has carried what the better step needs at the rate of this window. */
static bool adaptation_may_rise(const struct adaptation *adaptation,
                                const struct adaptation_counts *counts, double frames_per_second)
{
    unsigned better = adaptation->step - 1;
    double bytes = adaptation->frame_bytes[better] > 0
                       ? adaptation->frame_bytes[better]
                       : adaptation->frame_bytes[adaptation->step] * BYTES_GROWTH;
    return clock_elapsed_ns(adaptation->clean_ns, counts->now_ns) >= adaptation->hold_ns &&
           (counts->link_rate <= 0 || counts->link_rate >= bytes * frames_per_second * SPARE_RATE);
}

unsigned adaptation_judge(struct adaptation *adaptation, const struct adaptation_counts *counts,
                          unsigned steps)
{
    unsigned step = adaptation->step;
    if (adaptation->begun_ns == 0) {
        adaptation->hold_ns = HOLD_FIRST_NS;
        adaptation->clean_ns = counts->now_ns;
        adaptation_begin(adaptation, counts, counts->now_ns);
    }
    if (counts->now_ns < adaptation->begun_ns) { /* the change before has not settled */
        adaptation_begin(adaptation, counts, adaptation->begun_ns);
        return step;
    }
    uint64_t elapsed_ns = counts->now_ns - adaptation->begun_ns;
    uint64_t sent = counts->sent - adaptation->sent;
    uint64_t dropped = counts->dropped - adaptation->dropped;
    if (elapsed_ns > WINDOW_MOST * WINDOW_NS && sent + dropped > WINDOW_MOST * WINDOW_FRAMES) {
        adaptation_begin(adaptation, counts, counts->now_ns); /* what was long ago says nothing */
        return step;
    }
    if (elapsed_ns < WINDOW_NS || sent + dropped < WINDOW_FRAMES) {
        return step;
    }
    if (sent > 0) {
        adaptation->frame_bytes[step] = (double)(counts->bytes - adaptation->bytes) / (double)sent;
    }
    if (dropped > 0) {
        adaptation->clean_ns = counts->now_ns;
    }
    adaptation_begin(adaptation, counts, counts->now_ns);
    if (dropped >= DROPPED_LEAST && dropped * DROPPED_SHARE >= sent + dropped) {
        return step + 1 < steps ? step + 1 : step;
    }
    double seconds = (double)elapsed_ns / (double)NS_PER_SECOND;
    if (step > 0 && adaptation_may_rise(adaptation, counts, (double)(sent + dropped) / seconds)) {
        return step - 1;
    }
    return step;
}

void adaptation_move(struct adaptation *adaptation, const struct adaptation_counts *counts,
                     unsigned step)
{
    uint64_t since_rise_ns = clock_elapsed_ns(adaptation->raised_ns, counts->now_ns);
    if (step < adaptation->step) {
        adaptation->raised_ns = counts->now_ns;
    } else if (step > adaptation->step && adaptation->raised_ns > 0) {
        uint64_t longer_ns =
            adaptation->hold_ns < HOLD_LAST_NS ? 2 * adaptation->hold_ns : HOLD_LAST_NS;
        adaptation->hold_ns = since_rise_ns < ASCENT_NS ? longer_ns : HOLD_FIRST_NS;
        adaptation->raised_ns = 0; /* one failure is counted once */
    }
    adaptation->step = step;
    adaptation->clean_ns = counts->now_ns;
    adaptation_begin(adaptation, counts, counts->now_ns + SETTLE_NS);
}
