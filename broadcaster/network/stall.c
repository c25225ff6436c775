#include "broadcaster/network/stall.h"

#include "broadcaster/network/tcp_link.h"
#include "common/clock.h"

#define STALL_MARGIN_NS   (10 * NS_PER_SECOND)
#define STALL_ORDINARY_NS (20 * NS_PER_SECOND) /* covered by the transport's own limit */

static void stall_set(struct stall *stall, uint64_t limit_ns)
{
    stall->limit_ns = limit_ns;
    if (limit_ns == 0 || limit_ns > STALL_ORDINARY_NS) {
        connection_set_user_timeout(stall->connection,
                                    limit_ns == 0 ? 0 : limit_ns + STALL_MARGIN_NS);
    }
}

void stall_init(struct stall *stall, struct connection *connection, uint64_t least_ns,
                unsigned round_trips)
{
    *stall =
        (struct stall){.connection = connection, .least_ns = least_ns, .round_trips = round_trips};
    stall_set(stall, least_ns);
}

uint64_t stall_deadline_ns(const struct stall *stall)
{
    bool waits = stall->limit_ns > 0 && connection_pending(stall->connection) > 0;
    return waits ? connection_progress_ns(stall->connection) + stall->limit_ns : 0;
}

static bool stall_is_past(const struct stall *stall, uint64_t now_ns)
{
    uint64_t deadline_ns = stall_deadline_ns(stall);
    return deadline_ns != 0 && now_ns >= deadline_ns;
}

bool stall_is_over(struct stall *stall, uint64_t now_ns)
{
    struct tcp_link link;
    if (!stall_is_past(stall, now_ns)) {
        return false;
    }
    if (stall->round_trips > 0 && connection_measure_link(stall->connection, &link)) {
        uint64_t trips_ns = link.round_trip_ns * stall->round_trips;
        stall_set(stall, trips_ns > stall->least_ns ? trips_ns : stall->least_ns);
    }
    return stall_is_past(stall, now_ns);
}
