/* Metadata of our detector and of others, and rubbish. */
#include "broadcaster/history/history_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool read_text(struct history_reading *reading, const char *text)
{
    return history_reading_init(reading, (struct byte_span){(const uint8_t *)text, strlen(text)});
}

static void test_our_detector(void **state)
{
    struct history_reading reading;
    (void)state;
    assert_true(read_text(
        &reading,
        "{\"vehicle_count\":2,\"occupied_spaces\":1,\"total_spaces\":3,\"space_occupancy\":["
        "{\"space_id\":\"a\",\"space_name\":\"A1\",\"is_occupied\":true,\"state\":\"occupied\"},"
        "{\"space_id\":\"b\",\"is_occupied\":true,\"state\":\"unknown\"}],\"space_events\":["
        "{\"space_id\":\"a\",\"space_name\":\"A1\",\"from\":\"free\",\"to\":\"occupied\","
        "\"at\":\"2026-01-07T12:10:45.5Z\",\"held_s\":7.5}]}"));
    assert_int_equal(reading.vehicles, 2);
    assert_int_equal(reading.occupied, 1);
    assert_int_equal(reading.total, 3);
    assert_int_equal(reading.space_count, 2);
    assert_string_equal(reading.spaces[0].name, "A1");
    assert_string_equal(reading.spaces[1].name, "b");
    assert_string_equal(reading.spaces[1].state, "unknown");
    assert_int_equal(reading.change_count, 1);
    assert_string_equal(reading.changes[0].from, "free");
    assert_string_equal(reading.changes[0].to, "occupied");
    assert_int_equal(reading.changes[0].at_ms, 1767787845500);
    assert_true(reading.changes[0].held_s == 7.5);
    history_reading_finish(&reading);
}

static void test_a_worker_with_two_states(void **state)
{
    struct history_reading reading;
    (void)state;
    assert_true(read_text(&reading,
                          "{\"space_occupancy\":[{\"space_id\":\"a\",\"is_occupied\":true},"
                          "{\"space_id\":\"b\",\"is_occupied\":false}]}"));
    assert_int_equal(reading.vehicles, -1);
    assert_int_equal(reading.occupied, 1);
    assert_int_equal(reading.total, 2);
    assert_string_equal(reading.spaces[0].state, "occupied");
    assert_string_equal(reading.spaces[1].state, "free");
    history_reading_finish(&reading);
}

static void test_rubbish(void **state)
{
    static const char *const texts[] = {
        "{\"total_spaces\":3}",
        "{\"vehicle_count\":-1,\"occupied_spaces\":1e9,\"total_spaces\":99999999}",
        "{\"space_occupancy\":7,\"space_events\":\"x\"}",
        "{\"space_occupancy\":[1,null,[],{}],\"space_events\":[1,null,[],{}]}",
        "{\"space_occupancy\":[{\"space_id\":\"\",\"state\":\"free\"},{\"space_id\":\"a\"}]}",
        "{\"space_events\":[{\"space_id\":\"a\",\"to\":\"full\"},{\"to\":\"free\"}]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct history_reading reading;
        read_text(&reading, texts[i]);
        assert_true(reading.vehicles <= 0 && reading.occupied <= 0);
        assert_int_equal(reading.space_count + reading.change_count, 0);
        history_reading_finish(&reading);
    }
    struct history_reading reading;
    assert_false(read_text(&reading, "{}"));
    history_reading_finish(&reading);
}

/* JSON allows what other readers of it refuse whole: one such value costs itself alone. */
static void test_odd_values_cost_themselves_alone(void **state)
{
    struct history_reading reading;
    (void)state;
    assert_true(read_text(
        &reading,
        "{\"vehicle_count\":4,\"a\":1e999,\"b\":99999999999999999999999,\"c\":\"\\u0000\","
        "\"space_occupancy\":[{\"space_id\":\"a\\u0000b\",\"state\":\"free\"},"
        "{\"space_id\":\"\\u00e4\\ud83d\\ude97\",\"space_name\":\"=1+1\\n\",\"state\":7,"
        "\"is_occupied\":true,\"bbox\":{\"space_id\":\"x\"}},"
        "{\"space_id\":\"c\",\"state\":\"free\",\"state\":\"occupied\"}],"
        "\"space_events\":[{\"space_id\":\"c\",\"to\":\"free\",\"held_s\":1e999},"
        "{\"space_id\":\"d\",\"to\":\"free\",\"held_s\":-3}, "
        "{\"space_id\":\"e\",\"to\":\"free\",\"held_s\":\"3\"} ]}"));
    assert_int_equal(reading.vehicles, 4);
    assert_int_equal(reading.space_count, 2);
    assert_string_equal(reading.spaces[0].id, "ä🚗");
    assert_string_equal(reading.spaces[0].name, "=1+1\n");
    assert_string_equal(reading.spaces[0].state, "occupied");
    assert_string_equal(reading.spaces[1].state, "occupied");
    assert_int_equal(reading.occupied, 2);
    assert_int_equal(reading.change_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(reading.changes[i].held_s < 0);
    }
    history_reading_finish(&reading);
}

#define MANY 1600 /* there is room for so many in 64 kB */

static void test_a_great_many(void **state)
{
    struct history_reading reading;
    char *text = malloc(MANY * 64);
    size_t size = 0;
    (void)state;
    assert_non_null(text);
    size += (size_t)sprintf(text, "{\"space_occupancy\":[");
    for (int i = 0; i < MANY; i++) {
        size += (size_t)sprintf(text + size, "%s{\"space_id\":\"%d\",\"is_occupied\":true}",
                                i > 0 ? "," : "", i);
    }
    size += (size_t)sprintf(text + size, "]}");
    char *exact = malloc(size); /* a reader that runs over the end is caught by the sanitizer */
    assert_non_null(exact);
    memcpy(exact, text, size);
    assert_true(history_reading_init(&reading, (struct byte_span){(const uint8_t *)exact, size}));
    assert_int_equal(reading.space_count, MANY);
    assert_string_equal(reading.spaces[MANY - 1].id, "1599");
    history_reading_finish(&reading);
    free(exact);
    for (int length = HISTORY_TEXT_MOST; length <= HISTORY_TEXT_MOST + 1; length++) {
        sprintf(text, "{\"space_events\":[{\"to\":\"free\",\"space_id\":\"%0*d\"}]}", length, 7);
        assert_true(read_text(&reading, text));
        assert_int_equal(reading.change_count, length == HISTORY_TEXT_MOST);
        history_reading_finish(&reading);
    }
    free(text);
}

static void test_an_event_without_much(void **state)
{
    struct history_reading reading;
    (void)state;
    assert_true(read_text(
        &reading, "{\"space_events\":[{\"space_id\":\"a\",\"to\":\"free\",\"at\":\"soon\"}]}"));
    assert_int_equal(reading.change_count, 1);
    assert_null(reading.changes[0].from);
    assert_int_equal(reading.changes[0].at_ms, 0);
    assert_true(reading.changes[0].held_s < 0);
    history_reading_finish(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_our_detector),
        cmocka_unit_test(test_a_worker_with_two_states),
        cmocka_unit_test(test_rubbish),
        cmocka_unit_test(test_odd_values_cost_themselves_alone),
        cmocka_unit_test(test_a_great_many),
        cmocka_unit_test(test_an_event_without_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
