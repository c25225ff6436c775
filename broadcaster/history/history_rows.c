#include "broadcaster/history/history_rows.h"

#include <string.h>

/* Times are milliseconds since 1970; sums are a number times milliseconds. */
static const char schema_1[] =
    "CREATE TABLE stream (id INTEGER PRIMARY KEY, camera TEXT NOT NULL UNIQUE);"
    "CREATE TABLE sample (stream INTEGER NOT NULL, at INTEGER NOT NULL, hold INTEGER NOT NULL,"
    " vehicles INTEGER, occupied INTEGER, total INTEGER, PRIMARY KEY (stream, at)) WITHOUT ROWID;"
    "CREATE TABLE hour (stream INTEGER NOT NULL, at INTEGER NOT NULL,"
    " vehicle_time INTEGER NOT NULL, vehicle_sum INTEGER NOT NULL,"
    " vehicle_least INTEGER NOT NULL, vehicle_most INTEGER NOT NULL,"
    " occupied_time INTEGER NOT NULL, occupied_sum INTEGER NOT NULL,"
    " occupied_least INTEGER NOT NULL, occupied_most INTEGER NOT NULL,"
    " total INTEGER, PRIMARY KEY (stream, at)) WITHOUT ROWID;"
    "CREATE TABLE event (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, at INTEGER NOT NULL,"
    " space TEXT NOT NULL, name TEXT NOT NULL, old TEXT, new TEXT NOT NULL, held REAL);"
    "CREATE INDEX event_at ON event (at, id);"
    "CREATE INDEX event_stream ON event (stream, at, id);"
    "CREATE TABLE detection (stream INTEGER NOT NULL, at INTEGER NOT NULL,"
    " detections TEXT NOT NULL, PRIMARY KEY (stream, at)) WITHOUT ROWID;";

/* Sums of slots, which rows that are there already are put into: the time that each of them has
 * held is cut at the edges of the slots that it touches, 14 at most with the longest interval. The
 * newest one is added with the next, as ever. */
static const char schema_2[] =
    "CREATE TABLE slot (stream INTEGER NOT NULL, at INTEGER NOT NULL,"
    " vehicle_time INTEGER NOT NULL, vehicle_sum INTEGER NOT NULL,"
    " vehicle_least INTEGER NOT NULL, vehicle_most INTEGER NOT NULL,"
    " occupied_time INTEGER NOT NULL, occupied_sum INTEGER NOT NULL,"
    " occupied_least INTEGER NOT NULL, occupied_most INTEGER NOT NULL,"
    " total INTEGER, PRIMARY KEY (stream, at)) WITHOUT ROWID;"
    "WITH RECURSIVE part(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM part WHERE n < 13),"
    " held AS (SELECT *, min(at + hold, lead(at) OVER (PARTITION BY stream ORDER BY at)) AS until"
    " FROM sample),"
    " piece AS (SELECT stream, vehicles, occupied, total, (at / 300000 + n) * 300000 AS start,"
    " min(until, (at / 300000 + n + 1) * 300000) - max(at, (at / 300000 + n) * 300000) AS time"
    " FROM held JOIN part ON (at / 300000 + n) * 300000 < until WHERE until > at) "
    "INSERT INTO slot SELECT stream, start,"
    " sum(iif(vehicles IS NULL, 0, time)), ifnull(sum(vehicles * time), 0),"
    " ifnull(min(vehicles), 0), ifnull(max(vehicles), 0),"
    " sum(iif(occupied IS NULL, 0, time)), ifnull(sum(occupied * time), 0),"
    " ifnull(min(occupied), 0), ifnull(max(occupied), 0), max(total)"
    " FROM piece GROUP BY stream, start HAVING count(vehicles) > 0 OR count(occupied) > 0;";

const char *const history_schema[] = {schema_1, schema_2};
const size_t history_schema_steps = sizeof history_schema / sizeof history_schema[0];

int64_t history_rows_stream(struct history_database *database, const char *camera, bool make)
{
    int64_t id =
        history_database_number(database, 0, "SELECT id FROM stream WHERE camera = ?", "t", camera);
    if (id != 0 || !make) {
        return id;
    }
    return history_database_number(
        database, 0, "INSERT INTO stream (camera) VALUES (?) RETURNING id", "t", camera);
}

static int64_t rows_column(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? -1
               : sqlite3_column_int64(statement, column);
}

bool history_rows_newest(struct history_database *database, int64_t stream,
                         struct history_sample *sample)
{
    sqlite3_stmt *row =
        history_database_query(database,
                               "SELECT at, hold, vehicles, occupied, total FROM sample "
                               "WHERE stream = ? ORDER BY at DESC LIMIT 1",
                               "i", stream);
    if (!history_database_next(database, row)) {
        return false;
    }
    *sample = (struct history_sample){
        .at_ms = sqlite3_column_int64(row, 0),
        .hold_ms = sqlite3_column_int64(row, 1),
        .vehicles = rows_column(row, 2),
        .occupied = rows_column(row, 3),
        .total = rows_column(row, 4),
    };
    sqlite3_reset(row);
    return true;
}

/* A tally that knows nothing stands as 0, 0, 0, 0, and must not count among least and most. */
#define ADD_SUM(table)                                                                             \
    "INSERT INTO " table " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "    \
    "vehicle_least = iif(excluded.vehicle_time = 0, vehicle_least, iif(vehicle_time = 0, "         \
    "excluded.vehicle_least, min(vehicle_least, excluded.vehicle_least))),"                        \
    "vehicle_most = max(vehicle_most, excluded.vehicle_most),"                                     \
    "vehicle_time = vehicle_time + excluded.vehicle_time,"                                         \
    "vehicle_sum = vehicle_sum + excluded.vehicle_sum,"                                            \
    "occupied_least = iif(excluded.occupied_time = 0, occupied_least, iif(occupied_time = 0, "     \
    "excluded.occupied_least, min(occupied_least, excluded.occupied_least))),"                     \
    "occupied_most = max(occupied_most, excluded.occupied_most),"                                  \
    "occupied_time = occupied_time + excluded.occupied_time,"                                      \
    "occupied_sum = occupied_sum + excluded.occupied_sum,"                                         \
    "total = ifnull(excluded.total, total)"

static const struct {
    int64_t length_ms;
    const char *add;
} sums[] = {{HISTORY_SLOT_MS, ADD_SUM("slot")}, {HISTORY_HOUR_MS, ADD_SUM("hour")}};

static void rows_add_sum(struct history_database *database, const char *sql, int64_t stream,
                         int64_t at_ms, const struct history_bucket *bucket)
{
    const struct history_tally *vehicles = &bucket->vehicles, *occupied = &bucket->occupied;
    history_database_run(database, sql, "iiiiiiiiiio", stream, at_ms, vehicles->time_ms,
                         vehicles->sum, vehicles->least, vehicles->most, occupied->time_ms,
                         occupied->sum, occupied->least, occupied->most, bucket->total);
}

/* What a sample was until `end_ms`, in stretches of one length. */
static void rows_add_sums(struct history_database *database, const char *sql, int64_t stream,
                          int64_t length_ms, const struct history_sample *sample, int64_t end_ms)
{
    int64_t at = sample->at_ms - sample->at_ms % length_ms;
    for (; at < end_ms; at += length_ms) {
        struct history_bucket bucket;
        struct history_buckets one = {at, length_ms, 1, &bucket};
        history_bucket_init(&bucket);
        history_buckets_add(&one, sample, end_ms);
        if (bucket.vehicles.time_ms > 0 || bucket.occupied.time_ms > 0) {
            rows_add_sum(database, sql, stream, at, &bucket);
        }
    }
}

void history_rows_sample(struct history_database *database, int64_t stream,
                         const struct history_sample *before, const struct history_sample *sample)
{
    for (size_t i = 0; before != NULL && i < sizeof sums / sizeof sums[0]; i++) {
        rows_add_sums(database, sums[i].add, stream, sums[i].length_ms, before,
                      history_sample_end(before, sample->at_ms));
    }
    history_database_run(database, "INSERT OR REPLACE INTO sample VALUES (?, ?, ?, ?, ?, ?)",
                         "iiiooo", stream, sample->at_ms, sample->hold_ms, sample->vehicles,
                         sample->occupied, sample->total);
}

void history_rows_event(struct history_database *database, int64_t stream,
                        const struct history_event *event)
{
    static const char with_time[] = "INSERT INTO event (stream, at, space, name, old, new, held) "
                                    "VALUES (?, ?, ?, ?, ?, ?, ?)";
    static const char without[] =
        "INSERT INTO event (stream, at, space, name, old, new) VALUES (?, ?, ?, ?, ?, ?)";
    if (event->held_s >= 0) {
        history_database_run(database, with_time, "iittttd", stream, event->at_ms, event->space,
                             event->name, event->from, event->to, event->held_s);
    } else {
        history_database_run(database, without, "iitttt", stream, event->at_ms, event->space,
                             event->name, event->from, event->to);
    }
}

void history_rows_detections(struct history_database *database, int64_t stream, int64_t at_ms,
                             const char *detections)
{
    history_database_run(database, "INSERT OR REPLACE INTO detection VALUES (?, ?, ?)", "iit",
                         stream, at_ms, detections);
}
