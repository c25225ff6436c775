/* What viewers want, as they say it. */
#include "broadcaster/streams/wish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_values(void **state)
{
    static const struct {
        enum wish_field field;
        const char *text;
        bool right;
    } cases[] = {
        {WISH_CONF, "0.05", true},        {WISH_CONF, "0.95", true},
        {WISH_CONF, "5e-1", true},        {WISH_CONF, "0.049", false},
        {WISH_CONF, "0.951", false},      {WISH_CONF, "", false},
        {WISH_CONF, "nan", false},        {WISH_CONF, "0.5x", false},
        {WISH_CONF, "\"0.5\"", false},    {WISH_CONF, "0.5.5", false},
        {WISH_FPS, "0.1", true},          {WISH_FPS, "60", true},
        {WISH_FPS, "0", false},           {WISH_FPS, "60.1", false},
        {WISH_FPS, "0x10", false},        {WISH_FPS, "-5", false},
        {WISH_FPS, "1e999", false},       {WISH_FPS, " 5", false},
        {WISH_SKIP_FRAMES, "1", true},    {WISH_SKIP_FRAMES, "100", true},
        {WISH_SKIP_FRAMES, "2.0", true},  {WISH_SKIP_FRAMES, "0", false},
        {WISH_SKIP_FRAMES, "101", false}, {WISH_SKIP_FRAMES, "1.5", false},
        {WISH_QUALITY, "10", true},       {WISH_QUALITY, "100", true},
        {WISH_QUALITY, "9", false},       {WISH_QUALITY, "101", false},
        {WISH_QUALITY, "60.5", false},    {WISH_QUALITY, "best", false},
        {WISH_LABELS, "true", true},      {WISH_LABELS, "False", true},
        {WISH_LABELS, "0", true},         {WISH_LABELS, "2", false},
        {WISH_LABELS, "", false},         {WISH_METADATA, "on", true},
        {WISH_METADATA, "tru", false},    {WISH_METADATA, "null", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wish_changes changes = {0};
        const char *error = wish_read(&changes, cases[i].field, cases[i].text);
        if ((error == NULL) != cases[i].right) {
            fail_msg("%s=%s: %s", wish_field_name(cases[i].field), cases[i].text,
                     error != NULL ? error : "accepted");
        }
        assert_int_equal(changes.given, cases[i].right ? 1U << cases[i].field : 0);
        if (error != NULL) {
            const char *name = wish_field_name(cases[i].field);
            assert_int_equal(strncmp(error, name, strlen(name)), 0);
        }
    }
}

static void test_only_what_is_said_changes(void **state)
{
    const struct wish before = {.kind = STREAM_RAW, .conf = 0.3, .fps = 7, .skip_frames = 3};
    struct wish wish = before;
    struct wish_changes changes = {0};
    (void)state;
    wish_apply(&wish, &changes);
    assert_memory_equal(&wish, &before, sizeof wish);
    assert_null(wish_read(&changes, WISH_FPS, "12.5"));
    assert_null(wish_read(&changes, WISH_LABELS, "no"));
    assert_non_null(wish_read(&changes, WISH_CONF, "2"));
    wish_apply(&wish, &changes);
    assert_true(wish.fps == 12.5 && wish.conf == 0.3);
    assert_int_equal(wish.labels, WISH_LABELS_HIDDEN);
    assert_int_equal(wish.skip_frames, 3);
    assert_int_equal(wish.kind, STREAM_RAW);
    assert_false(wish.metadata);
    assert_null(wish_read(&changes, WISH_METADATA, "yes"));
    assert_null(wish_read(&changes, WISH_SKIP_FRAMES, "5"));
    assert_null(wish_read(&changes, WISH_CONF, "0.5"));
    assert_int_equal(wish.quality, 0);
    assert_null(wish_read(&changes, WISH_QUALITY, "60"));
    wish_apply(&wish, &changes);
    assert_true(wish.metadata && wish.conf == 0.5);
    assert_int_equal(wish.skip_frames, 5);
    assert_int_equal(wish.quality, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_only_what_is_said_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
