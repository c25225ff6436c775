/* The record's thread, with a real loop: what is handed over comes back in answers, by the minute
 * and by the hour alike; nobody waits; a lost file costs its rows alone. */
#include "broadcaster/history/history_writer.h"

#include <fcntl.h>
#include <jansson.h>

#include "broadcaster/history/history_rows.h"
#include "common/memory.h"
#include "tests/unit/loop_wait.h"

#define HOLD_MS 25000

struct fixture {
    char folder[64];
    char path[128];
    struct event_base *base;
    struct history_writer *writer;
    json_t *answer; /* of the newest question; NULL: it was not answered */
    enum history_answer result;
    unsigned answers;
};

static const struct history_limits limits = {.age_ms = INT64_MAX / 4, .bytes = INT64_MAX};

static void start(struct fixture *fixture)
{
    fixture->writer = history_writer_create(fixture->base, fixture->path, &limits);
}

static void restart(struct fixture *fixture)
{
    history_writer_destroy(fixture->writer);
    start(fixture);
}

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    run_dir_make(fixture->folder);
    snprintf(fixture->path, sizeof fixture->path, "%s/history.sqlite", fixture->folder);
    fixture->base = event_base_new();
    start(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    history_writer_destroy(fixture->writer);
    json_decref(fixture->answer);
    event_base_free(fixture->base);
    run_dir_remove(fixture->folder);
    free(fixture);
    return 0;
}

static void say(struct fixture *fixture, enum history_record_kind kind, int64_t at_ms,
                const char *text)
{
    struct history_record *record = history_record_create(strlen(text));
    record->kind = kind;
    memcpy(record->camera, "CAM1", 5);
    record->at_ms = at_ms;
    record->interval_ms = 10000;
    record->hold_ms = HOLD_MS;
    record->keeps_detections = true;
    memcpy(record->text, text, strlen(text));
    history_writer_record(fixture->writer, record);
}

static void on_answer(void *arg, struct history_query *query)
{
    struct fixture *fixture = arg;
    json_decref(fixture->answer);
    fixture->answer = NULL;
    fixture->result = query->answer;
    if (query->answer == HISTORY_ANSWERED) {
        fixture->answer = json_loadb(query->text, query->size, 0, NULL);
        assert_non_null(fixture->answer);
    }
    fixture->answers++;
}

static struct history_query *ask(struct fixture *fixture, struct history_query question)
{
    struct history_query *query = xcalloc(1, sizeof *query);
    *query = question;
    query->done = on_answer;
    query->arg = fixture;
    history_writer_ask(fixture->writer, query);
    return query;
}

static void wait_answer(struct fixture *fixture)
{
    unsigned before = fixture->answers;
    LOOP_WAIT(fixture->base, fixture->answers > before);
}

static const json_t *points(struct fixture *fixture, int64_t from_ms, int64_t to_ms,
                            int64_t step_ms)
{
    ask(fixture, (struct history_query){.question = HISTORY_ASKS_CHART,
                                        .chart = {"CAM1", from_ms, to_ms, step_ms, HISTORY_JSON}});
    wait_answer(fixture);
    assert_int_equal(fixture->result, HISTORY_ANSWERED);
    return json_object_get(fixture->answer, "points");
}

static double value(const json_t *points, size_t at, const char *key)
{
    const json_t *found = json_object_get(json_array_get(points, at), key);
    return json_is_null(found) ? -1 : json_number_value(found);
}

static size_t events(struct fixture *fixture)
{
    ask(fixture, (struct history_query){.question = HISTORY_ASKS_EVENTS,
                                        .events = {.to_ms = INT64_MAX,
                                                   .before_ms = INT64_MAX,
                                                   .before_id = INT64_MAX,
                                                   .limit = 100}});
    wait_answer(fixture);
    return json_array_size(json_object_get(fixture->answer, "events"));
}

#define DAY_MS INT64_C(86400000)
#define START  (20000 * DAY_MS)

static void test_rows_and_hours_say_the_same(void **state)
{
    struct fixture *fixture = *state;
    char text[96];
    for (int i = 0; i < 1000; i++) { /* 10000 s: 2 h 46 min 40 s; and a break of ten minutes */
        snprintf(text, sizeof text,
                 "{\"vehicle_count\":%d,\"occupied_spaces\":%d,\"total_spaces\":9}", i % 7, i % 3);
        say(fixture, HISTORY_READING, START + i * 10000 + (i >= 500 ? 600000 : 0), text);
    }
    say(fixture, HISTORY_END, START + 10600000, "");
    restart(fixture); /* and all is written */
    double sums[2] = {0}, known[2] = {0};
    for (size_t hour = 0; hour < 3; hour++) {
        int64_t from = START + (int64_t)hour * HISTORY_HOUR_MS;
        const json_t *fine = points(fixture, from, from + HISTORY_HOUR_MS, 1000);
        double most = 0;
        for (size_t i = 0; i < 3600; i++) {
            double here = value(fine, i, "known_s");
            known[0] += here;
            sums[0] += here > 0 ? here * value(fine, i, "vehicle_count") : 0;
            most = value(fine, i, "occupied_spaces_max") > most
                       ? value(fine, i, "occupied_spaces_max")
                       : most;
        }
        assert_true(most == 2);
    }
    double between = 0, between_sum = 0;
    const json_t *slots = points(fixture, START, START + 4 * HISTORY_HOUR_MS, HISTORY_SLOT_MS);
    for (size_t slot = 0; slot < 48; slot++) {
        double here = value(slots, slot, "known_s");
        between += here;
        between_sum += here > 0 ? here * value(slots, slot, "vehicle_count") : 0;
        assert_true(here <= 300);
    }
    const json_t *coarse = points(fixture, START, START + 4 * HISTORY_HOUR_MS, HISTORY_HOUR_MS);
    for (size_t hour = 0; hour < 3; hour++) {
        double here = value(coarse, hour, "known_s");
        known[1] += here;
        sums[1] += here * value(coarse, hour, "vehicle_count");
        assert_true(value(coarse, hour, "vehicle_count_min") == 0);
        assert_true(value(coarse, hour, "vehicle_count_max") == 6);
        assert_true(value(coarse, hour, "total_spaces") == 9);
    }
    assert_true(value(coarse, 3, "known_s") == 0);
    assert_true(value(coarse, 3, "vehicle_count") == -1);
    /* The row before the break holds for 25 s. */
    assert_true(known[0] == 10015 && between == 10015 && known[1] == 10015);
    assert_in_range((long)(sums[0] - sums[1] + 1000), 999, 1001);
    assert_in_range((long)(between_sum - sums[1] + 1000), 999, 1001);
}

/* An hour is told twice: what was known does not become more than there was time, and
 * means are over both. */
static void test_a_clock_is_set_back(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 2 * 360; i++) {
        say(fixture, HISTORY_READING, START + i % 360 * 10000,
            i < 360 ? "{\"vehicle_count\":2}" : "{\"vehicle_count\":4}");
    }
    say(fixture, HISTORY_END, START + HISTORY_HOUR_MS, "");
    restart(fixture);
    const int64_t steps[] = {60000, HISTORY_SLOT_MS, HISTORY_HOUR_MS};
    for (size_t i = 0; i < 3; i++) {
        const json_t *found = points(fixture, START, START + HISTORY_HOUR_MS, steps[i]);
        for (size_t at = 0; at < json_array_size(found); at++) {
            assert_true(value(found, at, "known_s") == (double)steps[i] / 1000);
            assert_true(value(found, at, "vehicle_count") >= 2);
            assert_true(value(found, at, "vehicle_count") <= 4);
        }
    }
}

static void test_a_row_only_for_a_change_or_a_while(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 100; i++) {
        say(fixture, HISTORY_READING, START + i * 1000,
            i < 50 ? "{\"vehicle_count\":1,\"detections\":[1.0]}"
                   : "{\"vehicle_count\":2,\"detections\":[2.0]}");
    }
    say(fixture, HISTORY_END, START + 100000, "");
    history_writer_destroy(fixture->writer);
    fixture->writer = NULL;
    struct history_database *database =
        history_database_create(fixture->path, history_schema, history_schema_steps);
    /* At 0, 10, ..., 90 s, and the end; the change comes with a row that was due. */
    assert_int_equal(history_database_number(database, 0, "SELECT count(*) FROM sample", ""), 11);
    assert_int_equal(history_database_number(database, 0, "SELECT count(*) FROM detection", ""),
                     10);
    assert_int_equal(
        history_database_number(database, 0,
                                "SELECT count(*) FROM detection WHERE detections = '[2.0]'", ""),
        5);
    history_database_destroy(database);
}

static void test_nobody_waits_and_nobody_is_called(void **state)
{
    struct fixture *fixture = *state;
    struct history_query *query =
        ask(fixture,
            (struct history_query){.question = HISTORY_ASKS_CHART,
                                   .chart = {"CAM1", START, START + 1000, 1000, HISTORY_JSON}});
    query->done = NULL; /* its client has left */
    LOOP_WAIT(fixture->base, history_writer_questions(fixture->writer) == 0);
    assert_int_equal(fixture->answers, 0);
    for (int i = 0; i < 20; i++) { /* the end comes before the answers */
        ask(fixture,
            (struct history_query){.question = HISTORY_ASKS_CHART,
                                   .chart = {"CAM1", START, START + 1000, 1000, HISTORY_JSON}});
    }
}

static void test_states_that_differ_are_events(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, HISTORY_READING, START,
        "{\"space_occupancy\":[{\"space_id\":\"a\",\"is_occupied\":false}]}");
    assert_int_equal(events(fixture), 0);
    say(fixture, HISTORY_READING, START + 1,
        "{\"space_occupancy\":[{\"space_id\":\"b\",\"is_occupied\":false},"
        "{\"space_id\":\"a\",\"is_occupied\":true}]}");
    assert_int_equal(events(fixture), 1);
    /* Told, and then shown: once. */
    say(fixture, HISTORY_READING, START + 2,
        "{\"space_occupancy\":[{\"space_id\":\"b\",\"state\":\"unknown\"}],"
        "\"space_events\":[{\"space_id\":\"b\",\"from\":\"free\",\"to\":\"unknown\"}]}");
    assert_int_equal(events(fixture), 2);
    const json_t *newest = json_array_get(json_object_get(fixture->answer, "events"), 0);
    assert_string_equal(json_string_value(json_object_get(newest, "space_id")), "b");
    assert_string_equal(json_string_value(json_object_get(newest, "to")), "unknown");
}

static void test_a_file_damaged_while_it_is_used_is_set_aside(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, HISTORY_READING, START, "{\"vehicle_count\":1}");
    history_writer_destroy(fixture->writer);
    int fd = open(fixture->path, O_WRONLY | O_CLOEXEC);
    char rubbish[4096];
    memset(rubbish, 0x5a, sizeof rubbish);
    for (off_t at = 4096; at < 10 * 4096; at += 4096) { /* all but the first page */
        assert_int_equal(pwrite(fd, rubbish, sizeof rubbish, at), sizeof rubbish);
    }
    close(fd);
    start(fixture);
    say(fixture, HISTORY_READING, START + 5000, "{\"vehicle_count\":2}");
    say(fixture, HISTORY_READING, START + 6000, "{\"vehicle_count\":3}");
    const json_t *found = points(fixture, START, START + 10000, 1000);
    assert_true(value(found, 6, "vehicle_count") == 3);
    assert_string_equal(history_writer_mistake(fixture->writer), "");
    char moved[256];
    snprintf(moved, sizeof moved, "%s", history_writer_set_aside(fixture->writer));
    assert_memory_equal(moved, fixture->path, strlen(fixture->path));
    assert_int_equal(unlink(moved), 0); /* somebody has seen to it */
    assert_null(history_writer_set_aside(fixture->writer));
}

static void test_a_file_that_cannot_be_is_said(void **state)
{
    struct fixture *fixture = *state;
    char path[160];
    history_writer_destroy(fixture->writer);
    int fd = open(fixture->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(fd);
    snprintf(path, sizeof path, "%s/history.sqlite/x", fixture->folder); /* below a file */
    fixture->writer = history_writer_create(fixture->base, path, &limits);
    say(fixture, HISTORY_READING, START, "{\"vehicle_count\":1}");
    LOOP_WAIT(fixture->base, history_writer_mistake(fixture->writer)[0] != '\0');
    assert_int_equal(events(fixture), 0);
    assert_int_equal(fixture->result, HISTORY_UNAVAILABLE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rows_and_hours_say_the_same),
        TEST(test_a_clock_is_set_back),
        TEST(test_a_row_only_for_a_change_or_a_while),
        TEST(test_nobody_waits_and_nobody_is_called),
        TEST(test_states_that_differ_are_events),
        TEST(test_a_file_damaged_while_it_is_used_is_set_aside),
        TEST(test_a_file_that_cannot_be_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
