/* What the kernel has measured of the way to a peer. */
#ifndef BROADCASTER_TCP_LINK_H
#define BROADCASTER_TCP_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct tcp_link {
    uint64_t round_trip_ns;  /* smoothed */
    double bytes_per_second; /* delivered of late, while there was something to send */
};

/* False for what is not TCP. */
bool tcp_link_measure(int fd, struct tcp_link *link);

#endif
