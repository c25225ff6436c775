/* Memory that many peers fill while they send: what all of them hold together is
 * limited. One thread. */
#ifndef BROADCASTER_MEMORY_BUDGET_H
#define BROADCASTER_MEMORY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct memory_budget {
    size_t limit; /* bytes; may be set below what is used: then nothing more is given */
    size_t used;
};

/* False when that would be too much: nothing was taken. */
static inline bool memory_budget_take(struct memory_budget *budget, size_t bytes)
{
    if (budget->used > budget->limit || bytes > budget->limit - budget->used) {
        return false;
    }
    budget->used += bytes;
    return true;
}

static inline void memory_budget_return(struct memory_budget *budget, size_t bytes)
{
    budget->used -= bytes;
}

#endif
