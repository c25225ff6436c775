#include "common/schedule.h"

#include "common/clock.h"

/* A frame that comes so long after it was due, and two intervals at least, ends a pause. What is
 * shorter is a hiccup of a busy machine or network, and made up for. */
#define SCHEDULE_PAUSE_NS NS_PER_SECOND

void schedule_set(struct schedule *schedule, uint64_t skip, double rate)
{
    uint64_t interval_ns = rate > 0 ? (uint64_t)((double)NS_PER_SECOND / rate) : 0;
    if (interval_ns < schedule->interval_ns && schedule->due_ns > 0) {
        /* A viewer who wishes more must not wait for the end of a long interval. */
        uint64_t shorter = schedule->interval_ns - interval_ns;
        schedule->due_ns = schedule->due_ns > shorter ? schedule->due_ns - shorter : 1;
    }
    schedule->skip = skip > 0 ? skip : 1;
    schedule->interval_ns = interval_ns;
}

static bool schedule_is_new_group(const struct schedule *schedule, uint64_t number)
{
    return number <= schedule->last_number || schedule->last_number == 0 ||
           number / schedule->skip != schedule->last_number / schedule->skip;
}

bool schedule_wants(const struct schedule *schedule, uint64_t number, uint64_t now_ns)
{
    return schedule_is_new_group(schedule, number) && now_ns >= schedule->due_ns;
}

bool schedule_is_early(const struct schedule *schedule, uint64_t number, uint64_t now_ns)
{
    return schedule_is_new_group(schedule, number) && now_ns < schedule->due_ns;
}

uint64_t schedule_patience_ns(const struct schedule *schedule)
{
    return schedule->due_ns + schedule->interval_ns;
}

static bool schedule_paused(const struct schedule *schedule, uint64_t late_ns)
{
    return late_ns > SCHEDULE_PAUSE_NS && late_ns > 2 * schedule->interval_ns;
}

void schedule_take(struct schedule *schedule, uint64_t number, uint64_t now_ns)
{
    uint64_t interval_ns = schedule->interval_ns;
    uint64_t due_ns = schedule->due_ns > 0 ? schedule->due_ns : now_ns;
    uint64_t oldest_ns = now_ns > interval_ns ? now_ns - interval_ns : 0;
    schedule->last_number = number;
    if (schedule_paused(schedule, clock_elapsed_ns(due_ns, now_ns))) {
        /* In the middle of an interval: of frames that then come as often as they are wanted, some
         * a little sooner and some a little later, none comes before its time. */
        schedule->due_ns = now_ns + interval_ns / 2;
    } else {
        schedule->due_ns = due_ns + interval_ns > oldest_ns ? due_ns + interval_ns : oldest_ns;
    }
}
