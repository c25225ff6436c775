#include "common/frame_rate.h"

#include "common/clock.h"

#define WINDOW_NS (5 * NS_PER_SECOND)

void frame_rate_add(struct frame_rate *rate, uint64_t now_ns)
{
    rate->moments_ns[rate->count % FRAME_RATE_MOMENTS] = now_ns;
    rate->count++;
}

double frame_rate_per_second(const struct frame_rate *rate, uint64_t now_ns)
{
    size_t kept = rate->count < FRAME_RATE_MOMENTS ? rate->count : FRAME_RATE_MOMENTS;
    size_t seen = 0;
    uint64_t oldest = now_ns, newest = 0;
    for (; seen < kept; seen++) {
        uint64_t moment = rate->moments_ns[(rate->count - 1 - seen) % FRAME_RATE_MOMENTS];
        if (clock_elapsed_ns(moment, now_ns) > WINDOW_NS) {
            break;
        }
        newest = seen == 0 ? moment : newest;
        oldest = moment;
    }
    if (seen == 0) {
        return 0;
    }
    /* From the first picture to now, so that a camera that stops counts down at once; but a picture
     * that is not due yet may not count as missing. */
    uint64_t span = clock_elapsed_ns(oldest, newest);
    if (seen >= 2) {
        uint64_t period = span / (seen - 1);
        uint64_t silent = clock_elapsed_ns(newest, now_ns);
        span += silent > period ? silent - period : 0;
    }
    return span > 0 ? (double)(seen - 1) * (double)NS_PER_SECOND / (double)span
                    : (double)NS_PER_SECOND / (double)WINDOW_NS;
}
