/* The option table, row by row: every bound, every type, every default. */
#include "common/config_options.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/config_value.h"
#include "tests/unit/config_file.h"

/* Loads a configuration in which only this row is given; takes the reference `value`. */
static void load_value(struct config_file *file, const struct config_option *option, json_t *value)
{
    json_t *document = json_object(), *section = document;
    const char *name = config_section_name(option->section);
    if (option->section == SECTION_CAMERA) {
        section = json_object();
        json_object_set_new(document, name, json_pack("{s:o}", "CAM1", section));
    } else if (option->section != SECTION_TOP) {
        section = json_object();
        json_object_set_new(document, name, section);
    }
    json_object_set_new(section, option->key, value);
    char *text = json_dumps(document, 0);
    config_file_load(file, text);
    free(text);
    json_decref(document);
}

static const char *path_of(const struct config_option *option)
{
    static char path[128];
    const char *section = config_section_name(option->section);
    snprintf(path, sizeof path, "%s%s%s%s", section,
             option->section == SECTION_CAMERA ? ".CAM1" : "", section[0] != '\0' ? "." : "",
             option->key);
    return path;
}

/* True when a mistake in this row is told in these words. */
static bool complains(const struct config_file *file, const char *path, const char *words)
{
    for (size_t i = 0; i < file->errors.count; i++) {
        const char *line = file->errors.lines[i];
        if (strncmp(line, path, strlen(path)) == 0 && strstr(line, words) != NULL) {
            return true;
        }
    }
    return false;
}

/* Whether the row takes the value; what it does to other rows is another matter. */
static void expect_taken(struct config_file *file, const struct config_option *option,
                         json_t *value)
{
    static const char *const words[] = {": must ", " is below ", " is above ", " is longer than "};
    const char *path = path_of(option);
    load_value(file, option, value);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (complains(file, path, words[i])) {
            config_file_show_errors(file);
            fail_msg("%s refuses what it should take", path);
        }
    }
}

static void expect_refused(struct config_file *file, const struct config_option *option,
                           json_t *value, const char *words)
{
    const char *path = path_of(option);
    load_value(file, option, value);
    assert_int_not_equal(file->result, 0);
    if (!complains(file, path, words)) {
        config_file_show_errors(file);
        fail_msg("%s: nobody says \"%s\"", path, words);
    }
}

static json_t *number_of(const struct config_option *option, double number)
{
    return option->type == CONFIG_NUMBER ? json_real(number) : json_integer((json_int_t)number);
}

static bool is_number(const struct config_option *option)
{
    return option->type == CONFIG_NUMBER || option->type == CONFIG_INTEGER ||
           option->type == CONFIG_BYTES;
}

static void test_bounds_of_numbers(void **state)
{
    struct config_file *file = *state;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (!is_number(option)) {
            continue;
        }
        double step = option->type == CONFIG_NUMBER ? 1e-6 : 1;
        assert_true(option->minimum < option->maximum);
        expect_taken(file, option, number_of(option, option->minimum));
        expect_taken(file, option, number_of(option, option->maximum));
        expect_refused(file, option, number_of(option, option->minimum - step), "is below");
        expect_refused(file, option, number_of(option, option->maximum + step), "is above");
    }
}

/* A text of `length` bytes that is right for the row but for its length. */
static json_t *text_of_length(const struct config_option *option, size_t length)
{
    const char *beginning = option->type == CONFIG_URL ? "http://h/" : "";
    char *text = xmalloc(length + 1);
    memset(text, 'x', length);
    memcpy(text, beginning, strlen(beginning) < length ? strlen(beginning) : length);
    text[length] = '\0';
    json_t *value = json_string(text);
    free(text);
    return option->type == CONFIG_STRINGS ? json_pack("[o]", value) : value;
}

/* Origins and addresses have a form that leaves no room for length. */
static bool has_full_length(const struct config_option *option)
{
    return option->type == CONFIG_STRING || option->type == CONFIG_PATH ||
           option->type == CONFIG_URL || option->type == CONFIG_STRINGS;
}

static void test_lengths_of_texts(void **state)
{
    struct config_file *file = *state;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (!has_full_length(option)) {
            continue;
        }
        size_t maximum = (size_t)option->maximum;
        expect_taken(file, option, text_of_length(option, maximum));
        expect_refused(file, option, text_of_length(option, maximum + 1), " is longer than ");
        expect_refused(file, option, text_of_length(option, 0), ": must not be empty");
    }
}

static void test_names_of_enums(void **state)
{
    struct config_file *file = *state;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (option->type != CONFIG_ENUM && option->type != CONFIG_CHOICE) {
            continue;
        }
        for (size_t j = 0; option->names[j] != NULL; j++) {
            expect_taken(file, option, json_string(option->names[j]));
        }
        expect_refused(file, option, json_string("nothing"), "must be one of");
        expect_refused(file, option, json_string(""), "must be one of");
    }
}

static void test_wrong_types(void **state)
{
    struct config_file *file = *state;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        expect_refused(file, option, json_object(), "must be");
        expect_refused(file, option, json_null(), "must be");
        if (option->type == CONFIG_BOOL) {
            expect_refused(file, option, json_integer(1), "must be true or false");
            expect_refused(file, option, json_string("true"), "must be true or false");
        } else {
            expect_refused(file, option, json_true(), "must be");
        }
        if (is_number(option)) {
            expect_refused(file, option, json_string("seven"), "must be");
            expect_refused(file, option, json_string(""), "must be");
        } else {
            expect_refused(file, option, json_integer(7), "must be");
        }
        if (option->type == CONFIG_INTEGER || option->type == CONFIG_BYTES) {
            expect_refused(file, option, json_real(7.5), "must be");
        }
    }
}

/* Every default is what the row itself would take, and the row either has one
 * or says what holds. */
static void test_defaults_are_right(void **state)
{
    struct config_file *file = *state;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (option->fallback == NULL) {
            assert_non_null(option->fallback_note);
            continue;
        }
        json_t *value = config_value_from_text(option, option->fallback);
        assert_non_null(value);
        expect_taken(file, option, value);
    }
}

/* What other people's programs and the documents rely on. */
static void test_defaults_that_were_promised(void **state)
{
    static const struct {
        const char *key, *text;
    } promised[] = {
        {"max_frame_bytes", "4194304"},
        {"log_level", "info"},
        {"log_format", "text"},
        {"detector.layout", "auto"},
        {"detector.conf", "0.25"},
        {"detector.iou", "0.45"},
        {"detector.processes", "1"},
        {"detector.workers", "1"},
        {"detector.threads", "1"},
        {"detector.quality", "85"},
        {"detector.vehicle_classes", "car,truck,bus,motorbike,motorcycle"},
        {"broadcaster.listen", "127.0.0.1:8069"},
        {"broadcaster.max_viewers", "20000"},
        {"broadcaster.max_streams", "1000"},
        {"broadcaster.intake_memory", "67108864"},
        {"broadcaster.head_timeout_s", "10"},
        {"broadcaster.body_timeout_s", "30"},
        {"broadcaster.idle_timeout_s", "60"},
        {"broadcaster.ping_interval_s", "10"},
        {"broadcaster.ping_timeout_s", "30"},
        {"broadcaster.keepalive_s", "30"},
        {"broadcaster.viewer_stall_s", "10"},
        {"broadcaster.linger_s", "2"},
        {"broadcaster.adaptive", "true"},
        {"broadcaster.stream_idle_s", "300"},
        {"cameras.CAM1.capture", "always"},
        {"cameras.CAM1.linger_s", "10"},
        {"cameras.CAM1.fps", "10"},
        {"cameras.CAM1.max_fps", "10"},
        {"cameras.CAM1.skip_frames", "1"},
        {"cameras.CAM1.tls_verify", "true"},
    };
    struct config_file *file = *state;
    config_file_load(file, "{'cameras': {'CAM1': {}}}");
    assert_int_equal(file->result, 0);
    for (size_t i = 0; i < sizeof promised / sizeof promised[0]; i++) {
        char *text = config_get_text(file->config, promised[i].key);
        assert_non_null(text);
        assert_string_equal(text, promised[i].text);
        free(text);
    }
}

/* The bounds that the interface promises. */
static void test_bounds_that_were_promised(void **state)
{
    static const struct {
        enum config_section section;
        const char *key;
        double minimum, maximum;
    } promised[] = {
        {SECTION_TOP, "max_frame_bytes", 65536, 67108864},
        {SECTION_DETECTOR, "conf", 0.05, 0.95},
        {SECTION_CAMERA, "fps", 0.1, 60},
        {SECTION_CAMERA, "skip_frames", 1, 100},
        {SECTION_BROADCASTER, "max_viewers", 0, 1000000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof promised / sizeof promised[0]; i++) {
        const struct config_option *option =
            config_option_find(promised[i].section, promised[i].key);
        assert_non_null(option);
        assert_true(option->minimum == promised[i].minimum);
        assert_true(option->maximum == promised[i].maximum);
    }
}

static void test_rows_are_distinct_and_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        assert_ptr_equal(config_option_find(option->section, option->key), option);
        assert_true(strlen(option->help) > 10);
        assert_int_equal(option->help[strlen(option->help) - 1], '.');
        assert_null(strchr(option->help, '|')); /* it stands in a table */
        for (size_t j = 0; j < i; j++) {
            assert_true(config_options[j].section != option->section ||
                        config_options[j].offset != option->offset);
        }
    }
}

static void test_suggestions(void **state)
{
    static const struct {
        enum config_section section;
        const char *wrong, *right; /* NULL: none */
    } samples[] = {
        {SECTION_TOP, "rundir", "run_dir"},
        {SECTION_TOP, "Cameras", "cameras"},
        {SECTION_TOP, "bradcaster", "broadcaster"},
        {SECTION_DETECTOR, "modle", "model"},
        {SECTION_DETECTOR, "confidence", NULL},
        {SECTION_CAMERA, "skipframes", "skip_frames"},
        {SECTION_CAMERA, "URL", "url"},
        {SECTION_CAMERA, "zzzzzz", NULL},
        {SECTION_CAMERA, "", NULL},
        {SECTION_CAMERA, "a_key_that_is_longer_than_any_of_the_table_could_be", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const char *suggestion = config_option_suggest(samples[i].section, samples[i].wrong);
        if (samples[i].right == NULL) {
            assert_null(suggestion);
        } else {
            assert_non_null(suggestion);
            assert_string_equal(suggestion, samples[i].right);
        }
    }
}

static void test_bytes_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        long long bytes; /* -1: refused */
    } samples[] = {
        {"65536", 65536},
        {"64KiB", 65536},
        {"64 KiB", 65536},
        {"1.5 MiB", 1572864},
        {"4 MiB", 4194304},
        {"64  KiB", -1},
        {"64 kB", -1},
        {"KiB", -1},
        {"70000.5", -1},
        {"1e5", -1},
        {"-1 MiB", -1},
        {"0x10000", -1},
        {"64 KiB ", -1},
        {"inf", -1},
        {" 64 KiB", -1},
        {"1.2.3 MiB", -1},
        {"99999999999999999999 GiB", -1},
    };
    struct config_file *file = *state;
    const struct config_option *option = config_option_find(SECTION_TOP, "max_frame_bytes");
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        load_value(file, option, json_string(samples[i].text));
        if (samples[i].bytes < 0) {
            assert_true(config_file_blames(file, "max_frame_bytes"));
        } else {
            assert_int_equal(file->result, 0);
            assert_int_equal(file->config->max_frame_bytes, samples[i].bytes);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, config_file_create, config_file_destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bounds_of_numbers),
        TEST(test_lengths_of_texts),
        TEST(test_names_of_enums),
        TEST(test_wrong_types),
        TEST(test_defaults_are_right),
        TEST(test_defaults_that_were_promised),
        TEST(test_bounds_that_were_promised),
        TEST(test_rows_are_distinct_and_explained),
        TEST(test_suggestions),
        TEST(test_bytes_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
