/* Lets go of what is too old, and of the oldest when there is too much: a little at a time, so that
 * writing and queries hardly wait for it. One thread. */
#ifndef BROADCASTER_HISTORY_RETENTION_H
#define BROADCASTER_HISTORY_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/history/history_database.h"

struct history_limits {
    int64_t age_ms;
    int64_t bytes;
};

/* One step, within a transaction; true when there is more to do. */
bool history_retention_step(struct history_database *database, const struct history_limits *limits,
                            int64_t now_ms);

#endif
