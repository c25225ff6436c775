/* Moments: as many ways to write one as people use, and nothing that is none. */
#include "broadcaster/history/history_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_moments(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"0", 0},
        {"1767787845", 1767787845000},
        {"1767787845.25", 1767787845250},
        {"1767787845.1239", 1767787845123},
        {"2026-01-07", 1767744000000},
        {"2026-01-07T12:10:45Z", 1767787845000},
        {"2026-01-07T12:10:45z", 1767787845000},
        {"2026-01-07T12:10:45.123456Z", 1767787845123},
        {"2026-01-07T13:10:45+01:00", 1767787845000},
        {"2026-01-07T13:40:45.5+0130", 1767787845500},
        {"2026-01-07T04:10:45-08:00", 1767787845000},
        {"2026-01-07T13:10:45 01:00", 1767787845000},
        {"9999-12-31T23:59:59.999Z", HISTORY_TIME_MOST},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = -1;
        assert_true(history_time_parse(cases[i].text, &ms));
        assert_int_equal(ms, cases[i].ms);
    }
}

static void test_what_is_none(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "-1",
        "+1",
        "1e9",
        "0x10",
        "12.",
        "12.x",
        ".5",
        "yesterday",
        "253402300800",
        "99999999999999999999",
        "2026-13-01",
        "2026-01-07 12:10:45Z",
        "2026-01-07T",
        "2026-01-07T12:10:45",
        "2026-01-07T12:10Z",
        "2026-01-07T25:10:45Z",
        "2026-01-07T12:10:45Zx",
        "2026-01-07T12:10:45.Z",
        "2026-01-07T12:10:45+",
        "2026-01-07T12:10:45 ",
        "2026-01-07T12:10:45 Z",
        "2026-01-07T12:10:45+0x",
        "1969-12-31T23:59:59Z",
    };
    int64_t ms;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (history_time_parse(texts[i], &ms)) {
            fail_msg("taken: \"%s\"", texts[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
