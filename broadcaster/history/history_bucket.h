/* Sums over time: what the counts were in a stretch of it, weighted by how long
 * they were so. Pure. */
#ifndef BROADCASTER_HISTORY_BUCKET_H
#define BROADCASTER_HISTORY_BUCKET_H

#include <stddef.h>
#include <stdint.h>

/* The stretches of which sums are kept. */
#define HISTORY_SLOT_MS INT64_C(300000)
#define HISTORY_HOUR_MS INT64_C(3600000)

/* Of one number. `least` and `most` mean something only with a time. */
struct history_tally {
    int64_t time_ms; /* for which it was known */
    int64_t sum;     /* of the number times ms */
    int64_t least, most;
};

struct history_bucket {
    struct history_tally vehicles, occupied;
    int64_t total; /* spaces, the newest number of them; -1: not known */
};

/* What was said at one moment, and for how long it holds unless something else is said before. */
struct history_sample {
    int64_t at_ms, hold_ms;
    int64_t vehicles, occupied, total; /* -1: not known */
};

/* Neighbouring buckets of one length: the first begins at `from_ms`. */
struct history_buckets {
    int64_t from_ms, step_ms;
    size_t count;
    struct history_bucket *buckets;
};

void history_bucket_init(struct history_bucket *bucket);

void history_tally_add(struct history_tally *tally, int64_t number, int64_t duration_ms);

/* Adds what `other` knows to `bucket`; `other` is the newer one. */
void history_bucket_merge(struct history_bucket *bucket, const struct history_bucket *other);

/* When the sample stops to hold, `next_ms` being the moment of the next one (or now). */
int64_t history_sample_end(const struct history_sample *sample, int64_t next_ms);

/* Adds the sample to the buckets that it touches up to `end_ms`. */
void history_buckets_add(struct history_buckets *buckets, const struct history_sample *sample,
                         int64_t end_ms);

#endif
