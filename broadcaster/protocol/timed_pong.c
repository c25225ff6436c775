#include "broadcaster/protocol/timed_pong.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

void timed_pong_take(struct byte_span value, char time[CLIENT_TIME_SIZE])
{
    bool number = value.data[0] == '-' || (value.data[0] >= '0' && value.data[0] <= '9');
    if (number && value.size < CLIENT_TIME_SIZE) {
        memcpy(time, value.data, value.size);
        time[value.size] = '\0';
    }
}

void timed_pong_write(const char *time, char text[TIMED_PONG_SIZE])
{
    uint64_t us = clock_realtime_ns() / NS_PER_US;
    snprintf(text, TIMED_PONG_SIZE, "{\"type\":\"pong\",\"t\":%s,\"server_time\":%" PRIu64 ".%06u}",
             time, us / 1000000, (unsigned)(us % 1000000));
}
