/* The face of the record: which frames it takes, from which drawing, and that it
 * ends what it began. */
#include "broadcaster/history/history.h"

#include "broadcaster/history/history_rows.h"
#include "common/memory.h"
#include "tests/unit/loop_wait.h"

struct fixture {
    char folder[64];
    char path[128];
    struct event_base *base;
    struct history *history;
    struct config_history config;
    unsigned answers;
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    run_dir_make(fixture->folder);
    snprintf(fixture->path, sizeof fixture->path, "%s/history.sqlite", fixture->folder);
    fixture->base = event_base_new();
    fixture->history = history_create(fixture->base);
    fixture->config = (struct config_history){.enabled = true,
                                              .file = fixture->path,
                                              .interval_s = 10,
                                              .retention_days = 1,
                                              .max_bytes = 1 << 30};
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    history_destroy(fixture->history);
    event_base_free(fixture->base);
    run_dir_remove(fixture->folder);
    free(fixture);
    return 0;
}

static void take(struct fixture *fixture, uint32_t rendering, const char *metadata)
{
    history_take(fixture->history, "CAM1", rendering,
                 (struct byte_span){(const uint8_t *)metadata, strlen(metadata)},
                 clock_realtime_ns());
}

static int64_t count_after(struct fixture *fixture, const char *sql)
{
    struct history_database *database =
        history_database_create(fixture->path, history_schema, history_schema_steps);
    int64_t count = history_database_number(database, -1, sql, "");
    history_database_destroy(database);
    return count;
}

static void end(struct fixture *fixture)
{
    history_destroy(fixture->history);
    fixture->history = NULL;
}

static void test_what_says_nothing_is_not_taken(void **state)
{
    struct fixture *fixture = *state;
    history_configure(fixture->history, &fixture->config);
    take(fixture, 0, "{\"number\":1}");
    take(fixture, 0, "");
    end(fixture);
    assert_int_equal(count_after(fixture, "SELECT count(*) FROM stream"), 0);
}

static void test_one_drawing_is_followed(void **state)
{
    struct fixture *fixture = *state;
    history_configure(fixture->history, &fixture->config);
    take(fixture, 3, "{\"space_events\":[{\"space_id\":\"a\",\"to\":\"free\"}]}");
    take(fixture, 4, "{\"space_events\":[{\"space_id\":\"b\",\"to\":\"free\"}]}");
    take(fixture, 0, "{\"space_events\":[{\"space_id\":\"c\",\"to\":\"free\"}]}");
    take(fixture, 3, "{\"space_events\":[{\"space_id\":\"d\",\"to\":\"free\"}]}");
    end(fixture);
    assert_int_equal(count_after(fixture, "SELECT count(*) FROM event"), 2);
    assert_int_equal(count_after(fixture, "SELECT count(*) FROM event WHERE space IN ('a', 'c')"),
                     2);
}

static void test_the_end_is_written(void **state)
{
    struct fixture *fixture = *state;
    history_configure(fixture->history, &fixture->config);
    take(fixture, 0, "{\"vehicle_count\":4}");
    take(fixture, 0, "{\"vehicle_count\":5}"); /* too soon */
    end(fixture);
    assert_int_equal(count_after(fixture, "SELECT count(*) FROM sample"), 2);
    assert_int_equal(count_after(fixture, "SELECT vehicles FROM sample ORDER BY at"), 4);
    assert_int_equal(count_after(fixture, "SELECT hold FROM sample ORDER BY at DESC"), 0);
}

static void test_off_and_on_again(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.enabled = false;
    history_configure(fixture->history, &fixture->config);
    take(fixture, 0, "{\"vehicle_count\":1}");
    assert_false(history_is_on(fixture->history));
    assert_int_equal(access(fixture->path, F_OK), -1);
    fixture->config.enabled = true;
    fixture->config.detections = HISTORY_DETECTIONS_ALL;
    history_configure(fixture->history, &fixture->config);
    take(fixture, 0, "{\"vehicle_count\":2,\"detections\":[]}");
    fixture->config.enabled = false;
    history_configure(fixture->history, &fixture->config);
    take(fixture, 0, "{\"vehicle_count\":3,\"detections\":[]}");
    assert_null(history_mistake(fixture->history));
    end(fixture);
    assert_int_equal(count_after(fixture, "SELECT count(*) FROM sample WHERE vehicles = 2"), 1);
    assert_int_equal(count_after(fixture, "SELECT count(*) FROM sample"), 2);
    assert_int_equal(count_after(fixture, "SELECT count(*) FROM detection"), 1);
}

static void on_answer(void *arg, struct history_query *query)
{
    assert_int_equal(query->answer, HISTORY_ANSWERED);
    ((struct fixture *)arg)->answers++;
}

static void test_questions_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    unsigned asked = 0;
    bool taken = true;
    history_configure(fixture->history, &fixture->config);
    while (taken) {
        struct history_query *query = xcalloc(1, sizeof *query);
        query->question = HISTORY_ASKS_CHART;
        query->chart = (struct history_chart){"CAM1", 0, 1000, 1000, HISTORY_JSON};
        query->done = on_answer;
        query->arg = fixture;
        taken = history_ask(fixture->history, query);
        asked += taken;
        if (!taken) {
            history_query_destroy(query);
        }
    }
    assert_int_equal(asked, 32);
    LOOP_WAIT(fixture->base, fixture->answers == asked);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_says_nothing_is_not_taken),
        TEST(test_one_drawing_is_followed),
        TEST(test_the_end_is_written),
        TEST(test_off_and_on_again),
        TEST(test_questions_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
