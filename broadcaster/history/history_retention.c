#include "broadcaster/history/history_retention.h"

#include "broadcaster/history/history_bucket.h"

#define ROWS_AT_A_TIME "500"

/* The keys begin with the stream: for each of them, one look. */
#define OLDEST(table)                                                                              \
    "SELECT min((SELECT min(at) FROM " table " WHERE " table ".stream = stream.id)) FROM stream"
#define DELETE(table)                                                                              \
    "DELETE FROM " table " WHERE (stream, at) IN (SELECT " table ".stream, " table ".at "          \
    "FROM stream CROSS JOIN " table " ON " table ".stream = stream.id AND " table ".at < ? "       \
    "LIMIT " ROWS_AT_A_TIME ")"

static const char *const oldest[] = {OLDEST("sample"), OLDEST("slot"), OLDEST("detection"),
                                     OLDEST("event")};
static const char *const deletions[] = {DELETE("sample"), DELETE("slot"), DELETE("detection"),
                                        DELETE("event")};
static const char delete_hours[] = DELETE("hour");

#define TABLES (sizeof oldest / sizeof oldest[0])

/* The moment before which rows go so that it becomes less: an hour behind the oldest, or an eighth
 * of the way from there to now. */
static int64_t retention_cutoff(struct history_database *database, int64_t now_ms)
{
    int64_t first = now_ms;
    for (size_t i = 0; i < TABLES; i++) {
        int64_t at = history_database_number(database, INT64_MAX, oldest[i], "");
        first = at < first ? at : first;
    }
    int64_t share = (now_ms - first) / 8;
    return first + (share < HISTORY_HOUR_MS ? share : HISTORY_HOUR_MS);
}

bool history_retention_step(struct history_database *database, const struct history_limits *limits,
                            int64_t now_ms)
{
    int64_t too_old = now_ms - limits->age_ms, cutoff = too_old;
    int deleted = history_database_run(database, delete_hours, "i", too_old);
    if (history_database_bytes(database) > limits->bytes) {
        int64_t surplus = retention_cutoff(database, now_ms);
        cutoff = surplus > cutoff ? surplus : cutoff;
    }
    for (size_t i = 0; i < TABLES; i++) {
        deleted += history_database_run(database, deletions[i], "i", cutoff);
    }
    history_database_shrink(database);
    return deleted > 0;
}
