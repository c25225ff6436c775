/* What metadata says for the record, without taking it apart. */
#include "broadcaster/history/history_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool scan(const char *text, struct history_scan *found)
{
    return history_scan_metadata((struct byte_span){(const uint8_t *)text, strlen(text)}, found);
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        bool any;
        int32_t vehicles, occupied, total;
    } cases[] = {
        {"{}", false, -1, -1, -1},
        {"{\"a\":{\"vehicle_count\":3}}", false, -1, -1, -1},
        {"{\"total_spaces\":3}", false, -1, -1, 3},
        {"{\"vehicle_count\":0}", true, 0, -1, -1},
        {" { \"vehicle_count\" : 12 , \"x\" : [1] }", true, 12, -1, -1},
        {"{\"vehicle_count\":3,\"occupied_spaces\":2,\"total_spaces\":40}", true, 3, 2, 40},
        {"{\"vehicle\\u005fcount\":3}", true, 3, -1, -1},
        {"{\"vehicle_count\":-3}", false, -1, -1, -1},
        {"{\"vehicle_count\":3.5}", false, -1, -1, -1},
        {"{\"vehicle_count\":3.0,\"total_spaces\":4.00}", true, 3, -1, 4},
        {"{\"vehicle_count\":3e0,\"occupied_spaces\":2}", true, -1, 2, -1},
        {"{\"vehicle_count\":1000001}", false, -1, -1, -1},
        {"{\"vehicle_count\":1000000}", true, 1000000, -1, -1},
        {"{\"vehicle_count\":99999999999}", false, -1, -1, -1},
        {"{\"vehicle_count\":null,\"occupied_spaces\":\"2\"}", false, -1, -1, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct history_scan found;
        assert_int_equal(scan(cases[i].text, &found), cases[i].any);
        assert_int_equal(found.vehicles, cases[i].vehicles);
        assert_int_equal(found.occupied, cases[i].occupied);
        assert_int_equal(found.total, cases[i].total);
    }
}

static void test_lists(void **state)
{
    struct history_scan found;
    (void)state;
    assert_false(scan("{\"space_events\":[ ],\"space_occupancy\":[]}", &found));
    assert_true(scan("{\"space_events\":[{}]}", &found));
    assert_true(found.events.size == strlen("[{}]") && found.spaces.size == 0);
    assert_true(scan("{\"space_occupancy\":[{\"space_id\":\"a\"}]}", &found));
    assert_true(found.spaces.size > 0 && found.events.size == 0);
    assert_false(scan("{\"space_occupancy\":{},\"space_events\":7}", &found));
}

static void test_detections_are_found_byte_for_byte(void **state)
{
    static const char text[] = "{\"vehicle_count\":1,\"detections\": [ {\"c\":0.90} ] ,\"z\":1}";
    struct history_scan found;
    (void)state;
    assert_true(scan(text, &found));
    assert_int_equal(found.detections.size, strlen("[ {\"c\":0.90} ]"));
    assert_memory_equal(found.detections.data, "[ {\"c\":0.90} ]", found.detections.size);
    assert_true(scan("{\"vehicle_count\":1,\"detections\":null}", &found));
    assert_int_equal(found.detections.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_detections_are_found_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
