/* The file: made, found again, brought to a newer version after a copy, refused, set aside. */
#include "broadcaster/history/history_database.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "broadcaster/history/history_bucket.h"
#include "broadcaster/history/history_retention.h"
#include "broadcaster/history/history_rows.h"
#include "common/memory.h"
#include "tests/unit/loop_wait.h"

static const char *const one_step[] = {"CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);"};
static const char *const two_steps[] = {"CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);",
                                        "CREATE TABLE b AS SELECT x + 1 AS y FROM a;"};
static const char *const bad_steps[] = {
    "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);",
    "CREATE TABLE c (x INTEGER); INSERT INTO nothing VALUES (1);"};

struct fixture {
    char folder[64];
    char path[128];
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    run_dir_make(fixture->folder);
    snprintf(fixture->path, sizeof fixture->path, "%s/history.sqlite", fixture->folder);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    run_dir_remove(fixture->folder);
    free(fixture);
    return 0;
}

static struct history_database *open_well(const struct fixture *fixture, const char *const *steps,
                                          size_t count)
{
    struct history_database *database = history_database_create(fixture->path, steps, count);
    assert_string_equal(history_database_mistake(database), "");
    assert_int_equal(history_database_fault(database), HISTORY_WELL);
    return database;
}

static int64_t number(struct history_database *database, const char *sql)
{
    return history_database_number(database, -1, sql, "");
}

static void test_what_is_committed_stays(void **state)
{
    const struct fixture *fixture = *state;
    struct stat info;
    struct history_database *database = open_well(fixture, one_step, 1);
    assert_int_equal(stat(fixture->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    history_database_begin(database);
    assert_int_equal(history_database_run(database, "INSERT INTO a VALUES (?)", "o", (int64_t)-5),
                     1);
    history_database_commit(database);
    history_database_begin(database);
    history_database_run(database, "DELETE FROM a", "");
    history_database_destroy(database); /* not committed */
    database = open_well(fixture, one_step, 1);
    assert_int_equal(number(database, "SELECT count(*) FROM a"), 2);
    assert_int_equal(number(database, "SELECT x FROM a WHERE x IS NULL"), -1);
    history_database_destroy(database);
}

static void test_an_older_version_is_copied_and_changed(void **state)
{
    const struct fixture *fixture = *state;
    history_database_destroy(open_well(fixture, one_step, 1));
    struct history_database *database = open_well(fixture, two_steps, 2);
    assert_int_equal(number(database, "SELECT y FROM b"), 8);
    assert_int_equal(number(database, "PRAGMA user_version"), 2);
    history_database_destroy(database);
    struct fixture old;
    snprintf(old.path, sizeof old.path, "%.100s.v1", fixture->path);
    database = open_well(&old, one_step, 1);
    assert_int_equal(number(database, "SELECT x FROM a"), 7);
    history_database_destroy(database);
}

static void test_a_change_that_fails_changes_nothing(void **state)
{
    const struct fixture *fixture = *state;
    history_database_destroy(open_well(fixture, one_step, 1));
    struct history_database *database = history_database_create(fixture->path, bad_steps, 2);
    assert_int_equal(history_database_fault(database), HISTORY_FAILED);
    history_database_destroy(database);
    database = open_well(fixture, one_step, 1);
    assert_int_equal(number(database, "SELECT count(*) FROM sqlite_master WHERE name = 'c'"), 0);
    history_database_destroy(database);
}

static void test_newer_and_foreign_ones_are_refused(void **state)
{
    const struct fixture *fixture = *state;
    sqlite3 *foreign;
    history_database_destroy(open_well(fixture, two_steps, 2));
    struct history_database *database = history_database_create(fixture->path, one_step, 1);
    assert_int_equal(history_database_fault(database), HISTORY_FAILED);
    assert_non_null(strstr(history_database_mistake(database), "newer"));
    history_database_destroy(database);
    unlink(fixture->path);
    assert_int_equal(sqlite3_open(fixture->path, &foreign), SQLITE_OK);
    assert_int_equal(sqlite3_exec(foreign, "CREATE TABLE z (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(foreign);
    database = history_database_create(fixture->path, one_step, 1);
    assert_int_equal(history_database_fault(database), HISTORY_FAILED);
    assert_non_null(strstr(history_database_mistake(database), "another program"));
    history_database_destroy(database);
}

static void test_rubbish_is_damage_and_is_set_aside(void **state)
{
    const struct fixture *fixture = *state;
    char moved[256];
    FILE *file = fopen(fixture->path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        fprintf(file, "rubbish %d\n", i);
    }
    fclose(file);
    struct history_database *database = history_database_create(fixture->path, one_step, 1);
    assert_int_equal(history_database_fault(database), HISTORY_DAMAGED);
    history_database_destroy(database);
    assert_int_equal(history_database_set_aside(fixture->path, moved, sizeof moved), 0);
    assert_int_equal(access(moved, F_OK), 0);
    history_database_destroy(open_well(fixture, one_step, 1));
}

static void test_no_folder_is_no_reason_to_end(void **state)
{
    const struct fixture *fixture = *state;
    char below[160];
    int fd = open(fixture->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(fd);
    snprintf(below, sizeof below, "%s/file", fixture->path);
    struct history_database *database = history_database_create(below, one_step, 1);
    assert_int_equal(history_database_fault(database), HISTORY_FAILED);
    assert_int_equal(number(database, "SELECT 1"), -1); /* and nothing is done any more */
    history_database_begin(database);
    assert_false(history_database_in_transaction(database));
    history_database_destroy(database);
}

static void test_a_late_query_ends_and_is_forgiven(void **state)
{
    const struct fixture *fixture = *state;
    struct history_database *database = open_well(fixture, one_step, 1);
    history_database_set_budget(database, 1);
    assert_int_equal(number(database, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                                      "FROM n) SELECT count(*) FROM n"),
                     -1);
    assert_int_equal(history_database_fault(database), HISTORY_LATE);
    history_database_forgive(database);
    history_database_set_budget(database, 0);
    assert_int_equal(number(database, "SELECT x FROM a"), 7);
    history_database_destroy(database);
}

/* --- our own schema --- */

#define SUM(column)                                                                                \
    "SELECT sum(" column ") FROM slot WHERE stream = 1",                                           \
        "SELECT sum(" column ") FROM hour WHERE stream = 1"

/* A file of version 1 gets the sums of slots that it would have, had it been
 * of version 2 always. */
static void test_version_1_gets_its_slots(void **state)
{
    static const char *const same[][2] = {
        {SUM("vehicle_time")}, {SUM("vehicle_sum")}, {SUM("occupied_time")}, {SUM("occupied_sum")}};
    const struct fixture *fixture = *state;
    struct history_database *database = open_well(fixture, history_schema, history_schema_steps);
    struct history_sample last = {
        .at_ms = 1800000000123, .hold_ms = 3615000, .vehicles = 2, .occupied = -1, .total = 3};
    history_database_begin(database);
    int64_t stream = history_rows_stream(database, "A", true);
    history_rows_sample(database, stream, NULL, &last);
    for (int i = 0; i < 500; i++) {
        struct history_sample sample = last;
        sample.at_ms += i == 10 ? 7200000 : i == 20 ? 3000000 : 7919 * (i % 13);
        sample.vehicles = i % 5;
        sample.occupied = i % 7 - 1;
        history_rows_sample(database, stream, &last, &sample);
        last = sample;
    }
    history_database_commit(database);
    int64_t slots = number(database, "SELECT count(*) FROM slot");
    int64_t check = number(database, "SELECT sum(at / 1000 * (vehicle_time + 3 * vehicle_sum + 5 * "
                                     "vehicle_least + 7 * vehicle_most)) FROM slot");
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_int_equal(number(database, same[i][0]), number(database, same[i][1]));
    }
    history_database_begin(database);
    history_database_run(database, "DROP TABLE slot", "");
    history_database_run(database, "PRAGMA user_version = 1", "");
    history_database_commit(database);
    history_database_destroy(database);
    database = open_well(fixture, history_schema, history_schema_steps);
    assert_int_equal(number(database, "SELECT count(*) FROM slot"), slots);
    assert_int_equal(number(database,
                            "SELECT sum(at / 1000 * (vehicle_time + 3 * vehicle_sum + 5 * "
                            "vehicle_least + 7 * vehicle_most)) FROM slot"),
                     check);
    history_database_destroy(database);
    struct fixture old;
    struct stat info;
    snprintf(old.path, sizeof old.path, "%.100s.v1", fixture->path);
    assert_int_equal(stat(old.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    database = open_well(&old, history_schema, 1);
    assert_int_equal(number(database, "SELECT count(*) > 400 FROM sample"), 1);
    history_database_destroy(database);
}

/* --- retention --- */

#define DAY (24 * HISTORY_HOUR_MS)

static void retain(struct history_database *database, int64_t age_ms, int64_t bytes, int64_t now_ms)
{
    struct history_limits limits = {.age_ms = age_ms, .bytes = bytes};
    int steps = 0;
    do {
        assert_true(++steps < 10000);
        history_database_begin(database);
    } while (history_retention_step(database, &limits, now_ms));
    history_database_commit(database);
    assert_int_equal(history_database_fault(database), HISTORY_WELL);
}

static void test_the_oldest_go_by_age_and_by_size(void **state)
{
    const struct fixture *fixture = *state;
    const int64_t now = 1000 * DAY;
    struct history_sample sample = {.hold_ms = 1000, .vehicles = 1, .occupied = 1, .total = 2};
    struct history_database *database = open_well(fixture, history_schema, history_schema_steps);
    history_database_begin(database);
    int64_t streams[] = {history_rows_stream(database, "A", true),
                         history_rows_stream(database, "B", true)};
    for (int64_t at = now - 20 * DAY; at < now; at += DAY / 500) {
        struct history_event event = {.at_ms = at, .space = "s", .name = "S", .to = "free"};
        struct history_sample last = sample;
        sample.at_ms = at;
        history_rows_sample(database, streams[at / DAY % 2], &last, &sample);
        history_rows_event(database, streams[0], &event);
    }
    history_database_commit(database);
    assert_int_equal(number(database, "SELECT count(*) FROM sample"), 10000);
    retain(database, 10 * DAY, INT64_MAX, now);
    assert_int_equal(number(database, "SELECT count(*) FROM sample"), 5000);
    assert_int_equal(number(database, "SELECT count(*) FROM event"), 5000);
    assert_int_equal(number(database, "SELECT min(at) FROM sample"), now - 10 * DAY);
    assert_true(number(database, "SELECT min(at) FROM hour") >= now - 10 * DAY);
    assert_true(number(database, "SELECT min(at) FROM slot") >= now - 10 * DAY);
    int64_t hours = number(database, "SELECT count(*) FROM hour");
    int64_t bytes = history_database_bytes(database) / 2;
    retain(database, 10 * DAY, bytes, now);
    assert_true(history_database_bytes(database) <= bytes);
    assert_in_range(number(database, "SELECT count(*) FROM sample"), 500, 4000);
    assert_true(number(database, "SELECT max(at) FROM sample") == now - DAY / 500);
    assert_int_equal(number(database, "SELECT count(*) FROM hour"), hours);
    history_database_destroy(database);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_committed_stays),
        TEST(test_an_older_version_is_copied_and_changed),
        TEST(test_a_change_that_fails_changes_nothing),
        TEST(test_newer_and_foreign_ones_are_refused),
        TEST(test_rubbish_is_damage_and_is_set_aside),
        TEST(test_no_folder_is_no_reason_to_end),
        TEST(test_a_late_query_ends_and_is_forgiven),
        TEST(test_version_1_gets_its_slots),
        TEST(test_the_oldest_go_by_age_and_by_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
