/* Time. Inside a machine everything is CLOCK_MONOTONIC nanoseconds; what leaves the machine, or is
 * shown to people, is CLOCK_REALTIME nanoseconds since 1970. Thread-safe. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>
#include <sys/time.h>

#define NS_PER_US     UINT64_C(1000)
#define NS_PER_MS     UINT64_C(1000000)
#define NS_PER_SECOND UINT64_C(1000000000)

/* Size of a buffer for clock_iso8601(), terminating NUL included. */
#define CLOCK_ISO8601_SIZE 32

uint64_t clock_monotonic_ns(void);
uint64_t clock_realtime_ns(void);

/* The wall-clock time of a monotonic moment of this machine, by the clocks as they stand now. */
uint64_t clock_to_realtime_ns(uint64_t monotonic_ns);

/* Writes "2026-01-07T12:30:45.123456Z" (UTC, microseconds). */
void clock_iso8601(uint64_t realtime_ns, char out[CLOCK_ISO8601_SIZE]);

/* Of the configuration and of queries, where durations are seconds: 0 or more, and
 * less than 500 years. */
static inline uint64_t clock_seconds_ns(double seconds)
{
    return (uint64_t)(seconds * (double)NS_PER_SECOND);
}

/* For libevent's timers. */
struct timeval clock_timeval(uint64_t duration_ns);

/* later - earlier, or 0 when that is negative: durations from two processes may cross. */
static inline uint64_t clock_elapsed_ns(uint64_t earlier_ns, uint64_t later_ns)
{
    return later_ns > earlier_ns ? later_ns - earlier_ns : 0;
}

#endif
