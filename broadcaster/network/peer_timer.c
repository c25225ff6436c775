#include "broadcaster/network/peer_timer.h"

#include "common/clock.h"

#define PEER_TIMER_LATE_NS (500 * NS_PER_MS)

static void peer_timer_arm(struct peer_timer *timer, uint64_t now_ns, uint64_t at_ns)
{
    struct timeval delay = clock_timeval(clock_elapsed_ns(now_ns, at_ns));
    timer->armed_ns = at_ns;
    event_add(&timer->event, &delay);
}

static void peer_timer_on_event(evutil_socket_t fd, short what, void *arg)
{
    struct peer_timer *timer = arg;
    uint64_t now_ns = clock_monotonic_ns();
    (void)fd;
    (void)what;
    timer->lenient = clock_elapsed_ns(timer->armed_ns, now_ns) >= PEER_TIMER_LATE_NS;
    timer->armed_ns = 0;
    if (timer->lenient) {
        peer_timer_arm(timer, now_ns, now_ns + PEER_TIMER_LATE_NS);
    }
    timer->due(timer->arg, now_ns, timer->lenient);
}

void peer_timer_init(struct peer_timer *timer, struct event_base *base, peer_timer_due_fn *due,
                     void *arg)
{
    *timer = (struct peer_timer){.due = due, .arg = arg};
    evtimer_assign(&timer->event, base, peer_timer_on_event, timer);
}

void peer_timer_finish(struct peer_timer *timer)
{
    event_del(&timer->event);
}

uint64_t peer_timer_earlier(uint64_t one, uint64_t other)
{
    return one == 0 || (other != 0 && other < one) ? other : one;
}

void peer_timer_watch(struct peer_timer *timer, uint64_t deadline_ns)
{
    uint64_t next_ns = peer_timer_earlier(deadline_ns, timer->wake_ns);
    if (!timer->lenient && next_ns != 0 && (timer->armed_ns == 0 || next_ns < timer->armed_ns)) {
        peer_timer_arm(timer, clock_monotonic_ns(), next_ns);
    }
}

void peer_timer_ask(struct peer_timer *timer, uint64_t at_ns)
{
    timer->wake_ns = peer_timer_earlier(timer->wake_ns, at_ns);
}

bool peer_timer_take_moment(struct peer_timer *timer, uint64_t now_ns)
{
    if (timer->wake_ns == 0 || now_ns < timer->wake_ns) {
        return false;
    }
    timer->wake_ns = 0;
    return true;
}
