/* Files, variables, the API's overlay, the environment: what becomes of them
 * before the table looks. */
#include "common/config_document.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/captured_stderr.h"
#include "tests/unit/config_file.h"

/* --- files --- */

static void expect_line(struct config_file *file, const char *line_without_path)
{
    char *line = xasprintf("%s%s", file->path, line_without_path);
    if (file->errors.count != 1 || !config_file_has_error(file, line)) {
        config_file_show_errors(file);
        fail_msg("instead of: %s", line);
    }
    assert_null(file->config);
    free(line);
}

static void test_what_is_not_json(void **state)
{
    static const struct {
        const char *text, *line;
    } samples[] = {
        {"", ":1:0: '[' or '{' expected near end of file"},
        {"{\n  'a': 1,\n  'b' 2\n}", ":3:7: ':' expected near '2'"},
        {"{'cameras': {'A': {},\n 'A': {}}}", ":2:4: duplicate object key near '\"A\"'"},
        {"{} x", ":1:4: end of file expected near 'x'"},
        {"{'a': '\xff'}", ":1:7: unable to decode byte 0xff near '\"'"},
        {"[]", ": must hold an object"},
    };
    struct config_file *file = *state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        config_file_load(file, samples[i].text);
        assert_int_equal(file->result, -EINVAL);
        expect_line(file, samples[i].line);
    }
}

static void test_a_byte_order_mark(void **state)
{
    struct config_file *file = *state;
    config_file_load(file, "\xef\xbb\xbf{}\r\n");
    assert_int_equal(file->result, 0);
}

static void test_files_that_cannot_be_read(void **state)
{
    struct config_file *file = *state;
    config_file_load_again(file);
    assert_int_equal(file->result, -ENOENT);
    expect_line(file, ": does not exist");
    strcpy(file->path, file->folder);
    config_file_load_again(file);
    assert_int_equal(file->result, -EISDIR);
    expect_line(file, ": cannot be read: Is a directory");
}

static void test_limits_of_a_file(void **state)
{
    struct config_file *file = *state;
    char *text = xmalloc(CONFIG_FILE_MAX + 2);
    memset(text, ' ', CONFIG_FILE_MAX + 1);
    memcpy(text, "{}", 2);
    text[CONFIG_FILE_MAX + 1] = '\0';
    config_file_load(file, text);
    assert_int_equal(file->result, -EFBIG);
    expect_line(file, ": is larger than 4194304 bytes");
    text[CONFIG_FILE_MAX] = '\0';
    config_file_load(file, text);
    assert_int_equal(file->result, 0);
    free(text);
}

/* `levels` lists within each other, the outermost inside the object. */
static char *nested(int levels)
{
    char *text = xmalloc(2 * (size_t)levels + 32);
    char *out = text + sprintf(text, "{'cameras': ");
    memset(out, '[', (size_t)levels);
    memset(out + levels, ']', (size_t)levels);
    strcpy(out + 2 * levels, "}");
    return text;
}

static void test_depth_of_a_file(void **state)
{
    static const struct {
        int levels;
        bool deep;
    } samples[] = {{1, false}, {15, false}, {16, true}, {1000, true}, {100000, true}};
    struct config_file *file = *state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char *text = nested(samples[i].levels);
        config_file_load(file, text);
        assert_int_equal(file->result, -EINVAL);
        assert_int_equal(config_file_blames(file, "cameras"), !samples[i].deep);
        free(text);
    }
}

/* --- ${VARIABLE} --- */

static void test_variables(void **state)
{
    static const struct {
        const char *text, *value; /* NULL: a mistake */
    } samples[] = {
        {"plain", "plain"},
        {"${RT_A}", "alpha"},
        {"<${RT_A}${RT_A}>", "<alphaalpha>"},
        {"$RT_A $ $$ }", "$RT_A $ $$ }"},
        {"$${RT_A}", "${RT_A}"},
        {"$$${RT_A}", "$${RT_A}"},
        {"${RT_NESTED}", "${RT_A}"},
        {"${RT_UNSET}", NULL},
        {"${", NULL},
        {"${}", NULL},
        {"${RT_A", NULL},
        {"${RT A}", NULL},
        {"${1}", NULL},
        {"a${RT_LATIN}", NULL},
        {"a${RT_EMPTY}", "a"},
    };
    struct config_file *file = *state;
    setenv("RT_A", "alpha", 1);
    setenv("RT_NESTED", "${RT_A}", 1);
    setenv("RT_LATIN", "\xfc", 1);
    setenv("RT_EMPTY", "", 1);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "{'cameras': {'CAM1': {'name': '%s'}}}", samples[i].text);
        config_file_load(file, text);
        if (samples[i].value == NULL) {
            assert_int_equal(file->result, -EINVAL);
            assert_true(config_file_blames(file, "cameras.CAM1.name"));
        } else {
            assert_int_equal(file->result, 0);
            assert_string_equal(file->config->cameras[0].name, samples[i].value);
        }
    }
}

static void test_unset_variable_is_named_with_its_place(void **state)
{
    struct config_file *file = *state;
    config_file_load(file, "{'detector': {'classes': ['car', '${RT_UNSET}']}}");
    assert_true(config_file_has_error(
        file, "detector.classes[1]: environment variable RT_UNSET is not set"));
}

/* --- RFC 7396 --- */

/* The examples of its appendix A. */
static void test_merge_patch(void **state)
{
    static const struct {
        const char *target, *patch, *result;
    } samples[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        json_t *target = json_loads(samples[i].target, JSON_DECODE_ANY, NULL);
        json_t *patch = json_loads(samples[i].patch, JSON_DECODE_ANY, NULL);
        json_t *result = config_document_patch(target, patch);
        char *text = json_dumps(result, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
        assert_string_equal(text, samples[i].result);
        free(text);
        json_decref(result);
        json_decref(patch);
    }
}

/* --- the overlay --- */

#define TWO_CAMERAS                                                                                \
    "{'cameras': {'A': {'url': 'http://a/', 'fps': 5}, 'F': {'path': '/clips/f.mjpeg'}}}"

static void test_overlay(void **state)
{
    struct config_file *file = *state;
    config_file_write(file, "cameras.json",
                      "{'A': {'fps': 7, 'name': '${RT_A}'}, 'B': {'url': 'http://b/'}, 'F': "
                      "{'fps': 2}}");
    config_file_load(file, TWO_CAMERAS);
    config_file_show_errors(file);
    assert_int_equal(file->result, 0);
    assert_int_equal(file->config->camera_count, 3);
    const struct config_camera *a = config_find_camera(file->config, "A");
    assert_string_equal(a->url, "http://a/");
    assert_true(a->fps == 7);
    assert_int_equal(a->origin, ORIGIN_CHANGED);
    assert_int_equal(config_find_camera(file->config, "B")->origin, ORIGIN_ADDED);
    assert_string_equal(a->name, "${RT_A}");
    assert_string_equal(config_find_camera(file->config, "F")->path, "/clips/f.mjpeg");
    config_file_write(file, "cameras.json", "{'A': null, 'F': {'path': null}}");
    config_file_load(file, TWO_CAMERAS);
    assert_int_equal(file->result, 0);
    assert_int_equal(file->config->camera_count, 1);
    assert_int_equal(file->config->cameras[0].source, SOURCE_PUSH);
}

static void test_overlay_where_the_file_has_no_cameras(void **state)
{
    struct config_file *file = *state;
    config_file_write(file, "cameras.json", "{'B': {'url': 'http://b/', 'fps': null}}");
    config_file_load(file, "{}");
    assert_int_equal(file->result, 0);
    assert_int_equal(file->config->camera_count, 1);
}

static void test_overlay_cannot_name_files(void **state)
{
    static const struct {
        const char *overlay, *blamed;
    } overlays[] = {
        {"{'B': {'path': '/etc'}}", "cameras.B.path"},
        {"{'A': {'url': null, 'path': '/etc'}}", "cameras.A.path"},
        {"{'B': {'source': 'file'}}", "cameras.B.source"},
        {"{'F': {'path': '/etc'}}", "cameras.F.path"},
    };
    struct config_file *file = *state;
    for (size_t i = 0; i < sizeof overlays / sizeof overlays[0]; i++) {
        config_file_write(file, "cameras.json", overlays[i].overlay);
        config_file_load(file, TWO_CAMERAS);
        assert_int_equal(file->result, -EINVAL);
        assert_true(config_file_blames(file, overlays[i].blamed));
    }
}

/* What would be, were this the overlay: the one on disk does not count. */
static void test_overlay_that_is_not_on_disk(void **state)
{
    struct config_file *file = *state;
    struct config *config;
    struct config_errors errors;
    config_file_write(file, "cameras.json", "{'A': {'fps': 7}}");
    config_file_load(file, TWO_CAMERAS);
    json_t *overlay = json_pack("{s:{s:i}}", "A", "fps", 8);
    assert_int_equal(config_load_overlaid(file->path, overlay, &config, &errors), 0);
    assert_true(config_find_camera(config, "A")->fps == 8);
    assert_int_equal(config_find_camera(config, "F")->origin, ORIGIN_FILE);
    assert_string_not_equal(config->hash, file->config->hash);
    config_errors_finish(&errors);
    char *text = json_dumps(overlay, 0);
    config_file_write(file, "cameras.json", text);
    config_file_load_again(file);
    assert_string_equal(config->hash, file->config->hash);
    config_destroy(config);
    /* An empty one is as good as none. */
    config_file_write(file, "cameras.json", "{}");
    config_file_load(file, "{}");
    json_t *empty = json_object();
    assert_int_equal(config_load_overlaid(file->path, empty, &config, &errors), 0);
    assert_string_equal(config->hash, file->config->hash);
    config_errors_finish(&errors);
    config_destroy(config);
    json_decref(overlay);
    json_decref(empty);
    free(text);
}

static void test_broken_overlay(void **state)
{
    struct config_file *file = *state;
    config_file_write(file, "cameras.json", "{'A': ");
    config_file_load(file, TWO_CAMERAS);
    char *path = xasprintf("%s/cameras.json:1:6", file->folder);
    assert_int_equal(file->result, -EINVAL);
    assert_int_equal(file->errors.count, 1);
    assert_true(config_file_blames(file, path));
    free(path);
    config_file_write(file, "cameras.json", "{'A': {'fps': 1000}}");
    config_file_load(file, TWO_CAMERAS);
    assert_true(config_file_has_error(file, "cameras.A.fps: 1000 is above 60"));
}

/* --- the environment --- */

static void test_environment_overrides(void **state)
{
    static const struct {
        const char *variable, *text, *key, *value;
    } samples[] = {
        {"RINGCAST_LOG_LEVEL", "debug", "log_level", "debug"},
        {"RINGCAST_MAX_FRAME_BYTES", "1 MiB", "max_frame_bytes", "1048576"},
        {"RINGCAST_DETECTOR_CONF", "0.5", "detector.conf", "0.5"},
        {"RINGCAST_DETECTOR_CONF", "", "detector.conf", "0.3"},
        {"RINGCAST_DETECTOR_WORKERS", "3", "detector.workers", "3"},
        {"RINGCAST_DETECTOR_SHOW_LABELS", "false", "detector.show_labels", "false"},
        {"RINGCAST_DETECTOR_SHOW_LABELS", "1", "detector.show_labels", "true"},
        {"RINGCAST_DETECTOR_CLASSES", "car,traffic light", "detector.classes", "car,traffic light"},
        {"RINGCAST_DETECTOR_CLASSES", "car , traffic light ", "detector.classes",
         "car,traffic light"},
        {"RINGCAST_DETECTOR_CLASSES", "[\"car\", \"truck\"]", "detector.classes", "car,truck"},
        {"RINGCAST_DETECTOR_CLASSES", "[ \"car\"]", "detector.classes", "car"},
        {"RINGCAST_BROADCASTER_HOSTS", "[fd00::5], [::1]:80", "broadcaster.hosts",
         "[fd00::5],[::1]:80"},
        {"RINGCAST_DETECTOR_TILES", "3,2", "detector.tiles", "3,2"},
        {"RINGCAST_DETECTOR_TILES", "[3, 2]", "detector.tiles", "3,2"},
        {"RINGCAST_DETECTOR_POST_URL", "http://h/${X}", "detector.post_url", "http://h/${X}"},
        {"RINGCAST_BROADCASTER_LISTEN", "[::1]:0", "broadcaster.listen", "[::1]:0"},
    };
    struct config_file *file = *state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        setenv(samples[i].variable, samples[i].text, 1);
        config_file_load(file, "{'detector': {'conf': 0.3}}");
        unsetenv(samples[i].variable);
        config_file_show_errors(file);
        assert_int_equal(file->result, 0);
        char *value = config_get_text(file->config, samples[i].key);
        assert_string_equal(value, samples[i].value);
        free(value);
    }
}

static void test_mistakes_in_the_environment(void **state)
{
    static const struct {
        const char *variable, *text, *line;
    } samples[] = {
        {"RINGCAST_DETECTOR_CONF", "much", "RINGCAST_DETECTOR_CONF: must be a number"},
        {"RINGCAST_DETECTOR_CONF", "0x1", "RINGCAST_DETECTOR_CONF: must be a number"},
        {"RINGCAST_DETECTOR_CONF", "nan", "RINGCAST_DETECTOR_CONF: must be a number"},
        {"RINGCAST_DETECTOR_CONF", "2", "RINGCAST_DETECTOR_CONF: 2 is above 0.95"},
        {"RINGCAST_DETECTOR_WORKERS", "1.5", "RINGCAST_DETECTOR_WORKERS: must be an integer"},
        {"RINGCAST_DETECTOR_WORKERS", "99999999999999999999",
         "RINGCAST_DETECTOR_WORKERS: must be an integer"},
        {"RINGCAST_DETECTOR_SHOW_LABELS", "yes",
         "RINGCAST_DETECTOR_SHOW_LABELS: must be true or false"},
        {"RINGCAST_DETECTOR_CLASSES", "car,", "RINGCAST_DETECTOR_CLASSES[1]: must not be empty"},
        {"RINGCAST_DETECTOR_CLASSES", "[\"car",
         "RINGCAST_DETECTOR_CLASSES: must be a list of texts"},
        {"RINGCAST_DETECTOR_TILES", "[3, 2", "RINGCAST_DETECTOR_TILES: must be [columns, rows]"},
        {"RINGCAST_LOG_LEVEL", "x", "RINGCAST_LOG_LEVEL: must be one of error, warn, info, debug"},
        {"RINGCAST_DETECTOR_TARGET", "\xff", "RINGCAST_DETECTOR_TARGET: must be a text"},
    };
    struct config_file *file = *state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        setenv(samples[i].variable, samples[i].text, 1);
        config_file_load(file, "{}");
        unsetenv(samples[i].variable);
        assert_int_equal(file->errors.count, 1);
        assert_string_equal(file->errors.lines[0], samples[i].line);
    }
}

static void test_unknown_variables_are_only_warned_of(void **state)
{
    struct config_file *file = *state;
    struct captured_stderr captured;
    char line[512];
    setenv("RINGCAST_DETECTOR_MODLE", "x", 1);
    setenv("RINGCAST_SOMETHING", "x", 1);
    captured_stderr_start(&captured);
    config_file_load(file, "{}");
    bool warned = captured_stderr_next(&captured, line, sizeof line);
    char more[512];
    bool again = captured_stderr_next(&captured, more, sizeof more);
    captured_stderr_stop(&captured);
    unsetenv("RINGCAST_DETECTOR_MODLE");
    unsetenv("RINGCAST_SOMETHING");
    assert_int_equal(file->result, 0);
    assert_true(warned);
    assert_non_null(strstr(line, "name=RINGCAST_DETECTOR_MODLE"));
    assert_false(again);
}

/* --- the hash --- */

static void load_hash(struct config_file *file, const char *text, char hash[17])
{
    config_file_load(file, text);
    assert_int_equal(file->result, 0);
    memcpy(hash, file->config->hash, 17);
    assert_int_equal(strspn(hash, "0123456789abcdef"), 16);
}

static void test_hash(void **state)
{
    char first[17], same[17], other[17], overridden[17], overlaid[17];
    struct config_file *file = *state;
    load_hash(file, "{'detector': {'conf': 0.3, 'iou': 0.5}, 'log_level': 'info'}", first);
    load_hash(file, "{'log_level': 'info',\n 'detector': {'iou': 0.50, 'conf': 0.3}}", same);
    load_hash(file, "{'detector': {'conf': 0.31, 'iou': 0.5}, 'log_level': 'info'}", other);
    setenv("RINGCAST_DETECTOR_CONF", "0.32", 1);
    load_hash(file, "{'detector': {'conf': 0.3, 'iou': 0.5}, 'log_level': 'info'}", overridden);
    unsetenv("RINGCAST_DETECTOR_CONF");
    config_file_write(file, "cameras.json", "{'B': {}}");
    load_hash(file, "{'detector': {'conf': 0.3, 'iou': 0.5}, 'log_level': 'info'}", overlaid);
    assert_string_equal(first, same);
    assert_string_not_equal(first, other);
    assert_string_not_equal(first, overridden);
    assert_string_not_equal(first, overlaid);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, config_file_create, config_file_destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_not_json),
        TEST(test_a_byte_order_mark),
        TEST(test_files_that_cannot_be_read),
        TEST(test_limits_of_a_file),
        TEST(test_depth_of_a_file),
        TEST(test_variables),
        TEST(test_unset_variable_is_named_with_its_place),
        TEST(test_merge_patch),
        TEST(test_overlay),
        TEST(test_overlay_where_the_file_has_no_cameras),
        TEST(test_overlay_cannot_name_files),
        TEST(test_overlay_that_is_not_on_disk),
        TEST(test_broken_overlay),
        TEST(test_environment_overrides),
        TEST(test_mistakes_in_the_environment),
        TEST(test_unknown_variables_are_only_warned_of),
        TEST(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
