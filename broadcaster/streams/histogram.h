/* A histogram of durations with fixed bounds, as Prometheus counts them. Pure;
 * one thread at a time. */
#ifndef BROADCASTER_HISTOGRAM_H
#define BROADCASTER_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* From half a millisecond to ten seconds; what is longer falls behind the last bound. */
#define HISTOGRAM_BOUNDS 14

/* Zeroed is empty. */
struct histogram {
    uint64_t buckets[HISTOGRAM_BOUNDS + 1]; /* each by itself; the last: longer than every bound */
    uint64_t sum_ns;
};

/* A duration that is exactly a bound belongs below it. */
void histogram_observe(struct histogram *histogram, uint64_t duration_ns);

uint64_t histogram_count(const struct histogram *histogram);

/* The upper bound of a bucket; `bucket` < HISTOGRAM_BOUNDS. */
uint64_t histogram_bound_ns(size_t bucket);

#endif
