#include "broadcaster/streams/histogram.h"

#include "common/clock.h"

static const uint64_t bounds_us[HISTOGRAM_BOUNDS] = {
    500,    1000,   2500,   5000,    10000,   25000,   50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

void histogram_observe(struct histogram *histogram, uint64_t duration_ns)
{
    size_t bucket = 0;
    while (bucket < HISTOGRAM_BOUNDS && duration_ns > histogram_bound_ns(bucket)) {
        bucket++;
    }
    histogram->buckets[bucket]++;
    histogram->sum_ns += duration_ns;
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        count += histogram->buckets[i];
    }
    return count;
}

uint64_t histogram_bound_ns(size_t bucket)
{
    return bounds_us[bucket] * NS_PER_US;
}
