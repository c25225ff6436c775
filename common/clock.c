#include "common/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t clock_read_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_realtime_ns(void)
{
    return clock_read_ns(CLOCK_REALTIME);
}

uint64_t clock_to_realtime_ns(uint64_t monotonic_ns)
{
    /* Unsigned arithmetic wraps, so the sum is right on both sides of "now". */
    return clock_realtime_ns() - clock_monotonic_ns() + monotonic_ns;
}

void clock_iso8601(uint64_t realtime_ns, char out[CLOCK_ISO8601_SIZE])
{
    time_t seconds = (time_t)(realtime_ns / NS_PER_SECOND);
    struct tm utc;
    char date[20];
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, CLOCK_ISO8601_SIZE, "%s.%06uZ", date,
             (unsigned)(realtime_ns % NS_PER_SECOND / NS_PER_US));
}

struct timeval clock_timeval(uint64_t duration_ns)
{
    return (struct timeval){.tv_sec = (time_t)(duration_ns / NS_PER_SECOND),
                            .tv_usec = (suseconds_t)(duration_ns % NS_PER_SECOND / NS_PER_US)};
}
