/* Moments as people and workers write them. Pure. */
#ifndef BROADCASTER_HISTORY_TIME_H
#define BROADCASTER_HISTORY_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Beyond the years 1970 to 9999 nothing is taken. */
#define HISTORY_TIME_MOST INT64_C(253402300799999)

/* Seconds since 1970 ("1767787845.25"), or ISO 8601: a day ("2026-01-07", its first moment in UTC),
 * or a day and a time of it with a zone ("2026-01-07T12:30:45.5Z", "2026-01-07T12:30:45+01:00").
 * *ms are milliseconds since 1970. */
bool history_time_parse(const char *text, int64_t *ms);

#endif
