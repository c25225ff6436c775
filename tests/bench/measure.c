#include "tests/bench/measure.h"

#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/memory.h"

uint64_t measure_cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

void samples_append(struct samples *samples, uint64_t value)
{
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity > 0 ? samples->capacity * 2 : 1024;
        samples->values =
            xreallocarray(samples->values, samples->capacity, sizeof *samples->values);
    }
    samples->values[samples->count++] = value;
}

void samples_finish(struct samples *samples)
{
    free(samples->values);
    *samples = (struct samples){.values = NULL};
}

static int compare_values(const void *left, const void *right)
{
    uint64_t one = *(const uint64_t *)left;
    uint64_t other = *(const uint64_t *)right;
    return (one > other) - (one < other);
}

uint64_t samples_quantile(struct samples *samples, double share)
{
    if (samples->count == 0) {
        return 0;
    }
    qsort(samples->values, samples->count, sizeof *samples->values, compare_values);
    return samples->values[(size_t)(share * (double)(samples->count - 1) + 0.5)];
}
