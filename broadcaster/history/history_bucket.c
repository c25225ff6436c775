#include "broadcaster/history/history_bucket.h"

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void history_bucket_init(struct history_bucket *bucket)
{
    *bucket = (struct history_bucket){.total = -1};
}

static void tally_merge(struct history_tally *tally, const struct history_tally *other)
{
    if (other->time_ms <= 0) {
        return;
    }
    tally->least = tally->time_ms > 0 ? lesser(tally->least, other->least) : other->least;
    tally->most = tally->time_ms > 0 ? greater(tally->most, other->most) : other->most;
    tally->time_ms += other->time_ms;
    tally->sum += other->sum;
}

void history_tally_add(struct history_tally *tally, int64_t number, int64_t duration_ms)
{
    if (number >= 0) {
        tally_merge(tally, &(struct history_tally){.time_ms = duration_ms,
                                                   .sum = number * duration_ms,
                                                   .least = number,
                                                   .most = number});
    }
}

void history_bucket_merge(struct history_bucket *bucket, const struct history_bucket *other)
{
    tally_merge(&bucket->vehicles, &other->vehicles);
    tally_merge(&bucket->occupied, &other->occupied);
    bucket->total = other->total >= 0 ? other->total : bucket->total;
}

int64_t history_sample_end(const struct history_sample *sample, int64_t next_ms)
{
    return lesser(next_ms, sample->at_ms + sample->hold_ms);
}

void history_buckets_add(struct history_buckets *buckets, const struct history_sample *sample,
                         int64_t end_ms)
{
    int64_t step = buckets->step_ms;
    int64_t last = buckets->from_ms + step * (int64_t)buckets->count;
    int64_t at = greater(sample->at_ms, buckets->from_ms);
    for (end_ms = lesser(end_ms, last); at < end_ms;) {
        int64_t place = (at - buckets->from_ms) / step;
        int64_t until = lesser(end_ms, buckets->from_ms + (place + 1) * step);
        struct history_bucket *bucket = &buckets->buckets[place];
        history_tally_add(&bucket->vehicles, sample->vehicles, until - at);
        history_tally_add(&bucket->occupied, sample->occupied, until - at);
        bucket->total = sample->total >= 0 ? sample->total : bucket->total;
        at = until;
    }
}
