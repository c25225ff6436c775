#include "common/schedule.h"

#include "common/clock.h"

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

void schedule_take(struct schedule *schedule, uint64_t number, uint64_t now_ns)
{
    uint64_t next = (schedule->due_ns > 0 ? schedule->due_ns : now_ns) + schedule->interval_ns;
    uint64_t oldest = now_ns > schedule->interval_ns ? now_ns - schedule->interval_ns : 0;
    schedule->due_ns = next > oldest ? next : oldest;
    schedule->last_number = number;
}
