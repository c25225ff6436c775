/* What benchmarks measure with: CPU time, medians and percentiles. */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

uint64_t measure_cpu_ns(void); /* CPU time of this process so far */

struct samples {
    uint64_t *values;
    size_t count, capacity;
};

void samples_append(struct samples *samples, uint64_t value);
void samples_finish(struct samples *samples);

/* The value below which `share` (0 to 1) of all values lie; 0 when there are none. Sorts them. */
uint64_t samples_quantile(struct samples *samples, double share);

#endif
