/* How often something happens, by name: a token bucket for each. The table never has more than its
 * bound of entries: the one that was asked for longest ago makes room, so whoever brings many names
 * only forgets his own. Pure: the time is the caller's. */
#ifndef BROADCASTER_RATE_TABLE_H
#define BROADCASTER_RATE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate_table;

struct rate {
    double per_second;
    double burst; /* so many at once, at least 1 */
};

struct rate_table *rate_table_create(size_t most);
void rate_table_destroy(struct rate_table *table); /* NULL is allowed */
size_t rate_table_size(const struct rate_table *table);

/* True when it may happen now, which counts; else *wait_s says in how many seconds it may. `now_ns`
 * never runs backwards. */
bool rate_table_take(struct rate_table *table, const char *name, const struct rate *rate,
                     uint64_t now_ns, double *wait_s);

#endif
