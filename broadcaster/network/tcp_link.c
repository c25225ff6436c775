#include "broadcaster/network/tcp_link.h"

/* The kernel's own header: the C library's tcp_info ends before the delivery rate. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "common/clock.h"

bool tcp_link_measure(int fd, struct tcp_link *link)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0) {
        return false;
    }
    *link = (struct tcp_link){.round_trip_ns = info.tcpi_rtt * NS_PER_US,
                              .bytes_per_second = (double)info.tcpi_delivery_rate};
    return true;
}
