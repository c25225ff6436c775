#include "detector/chain_quality.h"

#include "common/clock.h"

/* Of a moving mean: the last dozen frames matter. */
#define SHARE      0.125
#define FALL_ABOVE 0.6
#define RISE_BELOW 0.2

void chain_quality_set(struct chain_quality *chain, int best, int least)
{
    if (best == chain->best && least == chain->least) {
        return;
    }
    *chain = (struct chain_quality){.best = best, .least = least, .quality = best};
}

static int chain_quality_wish(const struct chain_quality *chain, uint64_t now_ns)
{
    uint64_t since_ns = clock_elapsed_ns(chain->stepped_ns, now_ns);
    int lower = chain->quality - CHAIN_QUALITY_STEP, higher = chain->quality + CHAIN_QUALITY_STEP;
    if (chain->behind > FALL_ABOVE && since_ns >= CHAIN_FALL_AFTER_NS &&
        chain->quality > chain->least) {
        return lower > chain->least ? lower : chain->least;
    }
    if (chain->behind < RISE_BELOW && since_ns >= CHAIN_RISE_AFTER_NS &&
        chain->quality < chain->best) {
        return higher < chain->best ? higher : chain->best;
    }
    return chain->quality;
}

bool chain_quality_note(struct chain_quality *chain, bool behind, uint64_t now_ns)
{
    chain->behind += SHARE * ((behind ? 1 : 0) - chain->behind);
    int wish = chain_quality_wish(chain, now_ns);
    if (wish == chain->quality) {
        return false;
    }
    chain->quality = wish;
    chain->stepped_ns = now_ns;
    return true;
}

int chain_quality_limit(const struct chain_quality *chain)
{
    return chain->quality < chain->best ? chain->quality : CHAIN_QUALITY_FREE;
}
