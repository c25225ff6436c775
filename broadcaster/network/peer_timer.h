/* The one timer of a session with a peer: for the earliest of the peer's deadlines and of the
 * moment that the session's user asked for. It is only ever moved to an earlier moment, and
 * what it was set for in vain is looked at when it goes off; so neither a message nor a frame
 * costs a timer operation.
 *
 * It forgives: when it goes off late by half a second, this process stood still (it was stopped, or
 * the machine slept), and deadlines that passed meanwhile say nothing about the peer. Then it is
 * set for half a second later, and nothing moves it before: the peer is heard first. One thread. */
#ifndef BROADCASTER_PEER_TIMER_H
#define BROADCASTER_PEER_TIMER_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

/* It has gone off, and is not set any more unless `stood_still`: then no deadline
 * is to be judged now. */
typedef void peer_timer_due_fn(void *arg, uint64_t now_ns, bool stood_still);

/* All times are CLOCK_MONOTONIC; 0 is never. */
struct peer_timer {
    struct event event;
    peer_timer_due_fn *due;
    void *arg;
    uint64_t armed_ns; /* when it goes off */
    uint64_t wake_ns;  /* what the user asked for */
    bool lenient;      /* this process stood still: nothing moves it for a while */
};

void peer_timer_init(struct peer_timer *timer, struct event_base *base, peer_timer_due_fn *due,
                     void *arg);
void peer_timer_finish(struct peer_timer *timer);

/* The earlier of two moments. */
uint64_t peer_timer_earlier(uint64_t one, uint64_t other);

/* Goes off at `deadline_ns`, or before: at the user's moment, or when it was set
 * for something earlier. */
void peer_timer_watch(struct peer_timer *timer, uint64_t deadline_ns);

/* The user's moment: this one, or the one asked for before, if that is earlier.
 * peer_timer_watch() sees to it. */
void peer_timer_ask(struct peer_timer *timer, uint64_t at_ns);

/* True when the user's moment has come; it is over then. */
bool peer_timer_take_moment(struct peer_timer *timer, uint64_t now_ns);

#endif
