#include "broadcaster/history/history_query.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/history/history_bucket.h"
#include "broadcaster/history/history_rows.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define QUERY_MOST_NS NS_PER_SECOND /* of CPU */
#define MS_PER_SECOND 1000

void history_query_destroy(struct history_query *query)
{
    for (size_t i = 0; i < query->events.camera_count; i++) {
        free(query->events.cameras[i]);
    }
    free(query->events.cameras);
    free(query->events.space);
    free(query->text);
    free(query);
}

/* --- a chart: adding up --- */

static int64_t query_column(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? -1 : sqlite3_column_int64(row, column);
}

static struct history_sample query_sample(sqlite3_stmt *row)
{
    return (struct history_sample){.at_ms = sqlite3_column_int64(row, 0),
                                   .hold_ms = sqlite3_column_int64(row, 1),
                                   .vehicles = query_column(row, 2),
                                   .occupied = query_column(row, 3),
                                   .total = query_column(row, 4)};
}

/* Row by row, from the one that holds when the chart begins. */
static void chart_add_samples(struct history_buckets *buckets, struct history_database *database,
                              int64_t stream, int64_t to_ms, int64_t now_ms)
{
    struct history_sample last = {0};
    sqlite3_stmt *rows = history_database_query(
        database,
        "SELECT at, hold, vehicles, occupied, total FROM sample WHERE stream = ?1 AND at < ?3 AND "
        "at >= ifnull((SELECT max(at) FROM sample WHERE stream = ?1 AND at <= ?2), 0) ORDER BY at",
        "iii", stream, buckets->from_ms, to_ms);
    while (history_database_next(database, rows)) {
        struct history_sample sample = query_sample(rows);
        history_buckets_add(buckets, &last, history_sample_end(&last, sample.at_ms));
        last = sample;
    }
    history_buckets_add(buckets, &last, history_sample_end(&last, now_ms));
}

static struct history_bucket query_sum(sqlite3_stmt *row)
{
    return (struct history_bucket){
        .vehicles = {sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2),
                     sqlite3_column_int64(row, 3), sqlite3_column_int64(row, 4)},
        .occupied = {sqlite3_column_int64(row, 5), sqlite3_column_int64(row, 6),
                     sqlite3_column_int64(row, 7), sqlite3_column_int64(row, 8)},
        .total = query_column(row, 9),
    };
}

#define SUMS(table)                                                                                \
    "SELECT at, vehicle_time, vehicle_sum, vehicle_least, vehicle_most, occupied_time, "           \
    "occupied_sum, occupied_least, occupied_most, total FROM " table                               \
    " WHERE stream = ? AND at >= ? AND at < ? ORDER BY at"

/* By the sums of a table, whole ones of which make a step; the newest sample is
 * not among them yet. */
static void chart_add_sums(struct history_buckets *buckets, struct history_database *database,
                           const char *sql, int64_t stream, int64_t to_ms, int64_t now_ms)
{
    struct history_sample newest;
    sqlite3_stmt *rows =
        history_database_query(database, sql, "iii", stream, buckets->from_ms, to_ms);
    while (history_database_next(database, rows)) {
        struct history_bucket sum = query_sum(rows);
        int64_t place = (sqlite3_column_int64(rows, 0) - buckets->from_ms) / buckets->step_ms;
        history_bucket_merge(&buckets->buckets[place], &sum);
    }
    if (history_rows_newest(database, stream, &newest)) {
        history_buckets_add(buckets, &newest, history_sample_end(&newest, now_ms));
    }
}

/* From the coarsest rows that the step allows. */
static void chart_add(struct history_buckets *buckets, struct history_database *database,
                      int64_t stream, int64_t to_ms, int64_t now_ms)
{
    static const char hours[] = SUMS("hour"), slots[] = SUMS("slot");
    if (buckets->step_ms % HISTORY_HOUR_MS == 0) {
        chart_add_sums(buckets, database, hours, stream, to_ms, now_ms);
    } else if (buckets->step_ms % HISTORY_SLOT_MS == 0) {
        chart_add_sums(buckets, database, slots, stream, to_ms, now_ms);
    } else {
        chart_add_samples(buckets, database, stream, to_ms, now_ms);
    }
}

/* --- a chart: writing --- */

#define MEAN_DIGITS 5 /* behind the point */
#define MEAN_PARTS  100000

/* `parts` tenths, hundredths, … as a number without zeros at its end: 3.25. printf() would take
 * half the time that a year's chart takes. */
static void put_decimal(FILE *out, int64_t parts, int digits)
{
    char text[24], *at = text + sizeof text;
    for (; digits > 0; digits--, parts /= 10) {
        if (parts % 10 != 0 || at < text + sizeof text) {
            *--at = (char)('0' + parts % 10);
        }
    }
    if (at < text + sizeof text) {
        *--at = '.';
    }
    do {
        *--at = (char)('0' + parts % 10);
        parts /= 10;
    } while (parts > 0);
    fwrite_unlocked(at, 1, (size_t)(text + sizeof text - at), out);
}

static void put_mean(FILE *out, const struct history_tally *tally)
{
    int64_t whole = tally->sum / tally->time_ms, rest = tally->sum % tally->time_ms;
    int64_t parts = (rest * MEAN_PARTS + tally->time_ms / 2) / tally->time_ms;
    put_decimal(out, whole * MEAN_PARTS + parts, MEAN_DIGITS);
}

static void chart_write_tally(FILE *out, const struct history_tally *tally,
                              const char *const keys[3])
{
    bool known = tally->time_ms > 0;
    for (int i = 0; i < 3; i++) {
        fputs_unlocked(keys[i], out);
        if (!known) {
            fputs_unlocked("null", out);
        } else if (i == 0) {
            put_mean(out, tally);
        } else {
            put_decimal(out, i == 1 ? tally->least : tally->most, 0);
        }
    }
}

static const char *bucket_state(const struct history_bucket *bucket)
{
    return bucket->vehicles.time_ms > 0 || bucket->occupied.time_ms > 0 ? "known" : "unknown";
}

/* A clock that was set back has told some time twice: means are over both. */
static void put_known_s(FILE *out, const struct history_bucket *bucket, int64_t step_ms)
{
    int64_t vehicles = bucket->vehicles.time_ms, occupied = bucket->occupied.time_ms;
    int64_t known = vehicles > occupied ? vehicles : occupied;
    put_decimal(out, known < step_ms ? known : step_ms, 3);
}

static void chart_write_json(FILE *out, const struct history_chart *chart,
                             const struct history_buckets *buckets)
{
    static const char *const vehicles[3] = {
        ",\"vehicle_count\":", ",\"vehicle_count_min\":", ",\"vehicle_count_max\":"};
    static const char *const occupied[3] = {
        ",\"occupied_spaces\":", ",\"occupied_spaces_min\":", ",\"occupied_spaces_max\":"};
    fprintf(out,
            "{\"camera_id\":\"%s\",\"from\":%" PRId64 ",\"to\":%" PRId64 ",\"step\":%" PRId64
            ",\"points\":[",
            chart->camera, chart->from_ms / MS_PER_SECOND, chart->to_ms / MS_PER_SECOND,
            chart->step_ms / MS_PER_SECOND);
    for (size_t i = 0; i < buckets->count; i++) {
        const struct history_bucket *bucket = &buckets->buckets[i];
        int64_t at_ms = buckets->from_ms + (int64_t)i * buckets->step_ms;
        fputs_unlocked(i > 0 ? ",{\"time\":" : "{\"time\":", out);
        put_decimal(out, at_ms / MS_PER_SECOND, 0);
        fputs_unlocked(",\"state\":\"", out);
        fputs_unlocked(bucket_state(bucket), out);
        fputs_unlocked("\",\"known_s\":", out);
        put_known_s(out, bucket, buckets->step_ms);
        chart_write_tally(out, &bucket->vehicles, vehicles);
        chart_write_tally(out, &bucket->occupied, occupied);
        fputs_unlocked(",\"total_spaces\":", out);
        if (bucket->total >= 0) {
            put_decimal(out, bucket->total, 0);
        } else {
            fputs_unlocked("null", out);
        }
        fputs_unlocked("}", out);
    }
    fputs_unlocked("]}", out);
}

static void chart_write_csv_tally(FILE *out, const struct history_tally *tally)
{
    if (tally->time_ms <= 0) {
        fputs_unlocked(",,,", out);
        return;
    }
    fputs_unlocked(",", out);
    put_mean(out, tally);
    fputs_unlocked(",", out);
    put_decimal(out, tally->least, 0);
    fputs_unlocked(",", out);
    put_decimal(out, tally->most, 0);
}

/* RFC 4180. What is not known is empty. */
static void chart_write_csv(FILE *out, const struct history_buckets *buckets)
{
    fprintf(out, "time,state,known_s,vehicle_count,vehicle_count_min,vehicle_count_max,"
                 "occupied_spaces,occupied_spaces_min,occupied_spaces_max,total_spaces\r\n");
    for (size_t i = 0; i < buckets->count; i++) {
        const struct history_bucket *bucket = &buckets->buckets[i];
        int64_t at_ms = buckets->from_ms + (int64_t)i * buckets->step_ms;
        char time[CLOCK_ISO8601_SIZE];
        clock_iso8601((uint64_t)at_ms * NS_PER_MS, time);
        fprintf(out, "%.19sZ,%s,", time, bucket_state(bucket)); /* whole seconds */
        put_known_s(out, bucket, buckets->step_ms);
        chart_write_csv_tally(out, &bucket->vehicles);
        chart_write_csv_tally(out, &bucket->occupied);
        fputs_unlocked(",", out);
        if (bucket->total >= 0) {
            put_decimal(out, bucket->total, 0);
        }
        fputs_unlocked("\r\n", out);
    }
}

static void query_answer_chart(struct history_query *query, struct history_database *database,
                               int64_t now_ms)
{
    const struct history_chart *chart = &query->chart;
    int64_t count = (chart->to_ms - chart->from_ms + chart->step_ms - 1) / chart->step_ms;
    struct history_buckets buckets = {.from_ms = chart->from_ms,
                                      .step_ms = chart->step_ms,
                                      .count = (size_t)count,
                                      .buckets = xcalloc((size_t)count, sizeof *buckets.buckets)};
    for (size_t i = 0; i < buckets.count; i++) {
        history_bucket_init(&buckets.buckets[i]);
    }
    int64_t stream = history_rows_stream(database, chart->camera, false);
    int64_t end_ms = chart->from_ms + count * chart->step_ms;
    if (stream != 0) {
        chart_add(&buckets, database, stream, end_ms, now_ms);
    }
    FILE *out = open_memstream(&query->text, &query->size);
    if (out == NULL) {
        die("out of memory for an answer");
    }
    if (chart->form == HISTORY_JSON) {
        chart_write_json(out, chart, &buckets);
    } else {
        chart_write_csv(out, &buckets);
    }
    fclose(out);
    free(buckets.buckets);
}

/* --- events --- */

static json_t *event_json(sqlite3_stmt *row)
{
    char at[CLOCK_ISO8601_SIZE], id[48];
    int64_t at_ms = sqlite3_column_int64(row, 1), row_id = sqlite3_column_int64(row, 0);
    clock_iso8601((uint64_t)at_ms * NS_PER_MS, at);
    snprintf(id, sizeof id, "%" PRId64 "-%" PRId64, at_ms, row_id);
    json_t *held = sqlite3_column_type(row, 7) == SQLITE_NULL
                       ? json_null()
                       : json_real(sqlite3_column_double(row, 7));
    return json_pack("{s:s,s:s,s:s,s:s,s:s?,s:s,s:s,s:o}", "id", id, "camera_id",
                     (const char *)sqlite3_column_text(row, 2), "space_id",
                     (const char *)sqlite3_column_text(row, 3), "space_name",
                     (const char *)sqlite3_column_text(row, 4), "from",
                     (const char *)sqlite3_column_text(row, 5), "to",
                     (const char *)sqlite3_column_text(row, 6), "at", at, "held_s", held);
}

#define EVENTS_SELECT                                                                              \
    "SELECT event.id, event.at, camera, space, name, old, new, held FROM event "                   \
    "JOIN stream ON stream.id = event.stream WHERE "
#define EVENTS_FILTER                                                                              \
    "event.at >= ?1 AND event.at < ?2 AND (event.at, event.id) < (?3, ?4) "                        \
    "AND (?5 IS NULL OR space = ?5) AND (?6 IS NULL OR new = ?6) "
#define EVENTS_ORDER "ORDER BY event.at DESC, event.id DESC LIMIT ?7"

/* For one camera its own index serves, for all or several the one by time. */
static sqlite3_stmt *events_rows(const struct history_events *events,
                                 struct history_database *database, const char *cameras,
                                 int64_t stream)
{
    static const char all[] = EVENTS_SELECT EVENTS_FILTER EVENTS_ORDER;
    static const char one[] = EVENTS_SELECT "event.stream = ?8 AND " EVENTS_FILTER EVENTS_ORDER;
    static const char some[] =
        EVENTS_SELECT EVENTS_FILTER "AND camera IN (SELECT value FROM json_each(?8)) " EVENTS_ORDER;
    int64_t limit = (int64_t)events->limit + 1;
    if (events->camera_count == 1) {
        return history_database_query(database, one, "iiiittii", events->from_ms, events->to_ms,
                                      events->before_ms, events->before_id, events->space,
                                      events->state, limit, stream);
    }
    return history_database_query(database, events->cameras == NULL ? all : some,
                                  events->cameras == NULL ? "iiiitti" : "iiiittit", events->from_ms,
                                  events->to_ms, events->before_ms, events->before_id,
                                  events->space, events->state, limit, cameras);
}

/* The cameras as a JSON array; the caller frees it. */
static char *events_cameras(const struct history_events *events)
{
    json_t *list = json_array();
    for (size_t i = 0; i < events->camera_count; i++) {
        json_array_append_new(list, json_string(events->cameras[i]));
    }
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

static void query_answer_events(struct history_query *query, struct history_database *database)
{
    const struct history_events *events = &query->events;
    json_t *list = json_array();
    char *cameras = events_cameras(events);
    const char *next = NULL;
    int64_t stream =
        events->camera_count == 1 ? history_rows_stream(database, events->cameras[0], false) : 0;
    sqlite3_stmt *rows = events_rows(events, database, cameras, stream);
    while (history_database_next(database, rows)) {
        if (json_array_size(list) == events->limit) { /* there is another page */
            const json_t *last = json_array_get(list, events->limit - 1);
            next = json_string_value(json_object_get(last, "id"));
            sqlite3_reset(rows);
            break;
        }
        json_array_append_new(list, event_json(rows));
    }
    json_t *document = json_pack("{s:O,s:s?}", "events", list, "next", next);
    query->text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(15));
    query->size = query->text != NULL ? strlen(query->text) : 0;
    json_decref(document);
    json_decref(list);
    free(cameras);
}

/* --- both --- */

void history_query_answer(struct history_query *query, struct history_database *database,
                          int64_t now_ms)
{
    history_database_set_budget(database, QUERY_MOST_NS);
    if (query->question == HISTORY_ASKS_CHART) {
        query_answer_chart(query, database, now_ms);
    } else {
        query_answer_events(query, database);
    }
    history_database_set_budget(database, 0);
    enum history_fault fault = history_database_fault(database);
    query->answer = fault == HISTORY_WELL && query->text != NULL ? HISTORY_ANSWERED
                    : fault == HISTORY_LATE                      ? HISTORY_TOO_MUCH
                                                                 : HISTORY_UNAVAILABLE;
    history_database_forgive(database);
}
