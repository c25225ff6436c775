/* Which frames of a camera are taken: every Nth by its number, and no more per second than wanted.
 *
 * By number: frames come in groups of `skip`, and at most one of a group is taken; which one is
 * left to the clock, so that a busy worker or a missed frame costs no whole group.
 *
 * By time: the next frame is due one interval after the last was due, not after it was taken; so 30
 * frames per second at a wish of 10 give 10, however they jitter. The schedule is never more than
 * one interval behind, and after a pause of more than a second it begins anew: frames in a row
 * would make up for nothing.
 *
 * Pure: the caller brings the time. */
#ifndef COMMON_SCHEDULE_H
#define COMMON_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule {
    uint64_t skip;        /* 1: every frame may be taken */
    uint64_t interval_ns; /* 0: no limit by time */
    uint64_t due_ns;      /* CLOCK_MONOTONIC; 0: nothing taken yet */
    uint64_t last_number; /* of the last frame taken; 0: none */
};

/* Sets or changes the wish; what has been taken stays known. `rate` in frames per second. */
void schedule_set(struct schedule *schedule, uint64_t skip, double rate);

/* Whether the frame `number` may be taken at `now_ns`. A number that is not above the last one
 * begins a new count (the capture started again). */
bool schedule_wants(const struct schedule *schedule, uint64_t number, uint64_t now_ns);

/* Whether it is only the time that keeps the frame `number` from being taken. */
bool schedule_is_early(const struct schedule *schedule, uint64_t number, uint64_t now_ns);

/* When a frame that came before its time is to be taken after all, if none has followed it:
 * one interval after the next is due. Not sooner, for as long as frames keep coming a newer
 * one is worth the wait. */
uint64_t schedule_patience_ns(const struct schedule *schedule);

/* The frame `number` has been taken. */
void schedule_take(struct schedule *schedule, uint64_t number, uint64_t now_ns);

#endif
