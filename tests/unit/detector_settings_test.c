/* Class names, and the configuration with the names resolved. */
#include "detector/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/captured_stderr.h"

static struct names *names_of(const char *text, size_t classes)
{
    char path[] = "/tmp/ringcast-test-XXXXXX";
    struct names *names = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    assert_int_equal(names_create(&names, path, classes), 0);
    unlink(path);
    assert_int_equal(names_count(names), classes);
    return names;
}

static void test_names(void **state)
{
    static const struct {
        const char *text;
        const char *expected[3];
    } samples[] = {
        {"person\ncar\nbus\n", {"person", "car", "bus"}},
        {"person\r\ncar\r\nbus", {"person", "car", "bus"}},
        {"  traffic light \ncar\nbus\n\n\n", {"traffic light", "car", "bus"}},
        {"person\n\nbus\n", {"person", "class 1", "bus"}},
        {"person\n", {"person", "class 1", "class 2"}},
        {"", {"class 0", "class 1", "class 2"}},
        {"a\nb\nc\nd\ne\n", {"a", "b", "c"}},
        {"\xe8\xbb\x8a\nca\x01r\n\xff\xfe\n", {"\xe8\xbb\x8a", "ca?r", "??"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct names *names = names_of(samples[i].text, 3);
        for (size_t c = 0; c < 3; c++) {
            assert_string_equal(names_get(names, c), samples[i].expected[c]);
        }
        names_destroy(names);
    }
}

static void test_names_without_a_file(void **state)
{
    struct names *names;
    size_t class_id = 0;
    (void)state;
    assert_int_equal(names_create(&names, NULL, 80), 0);
    assert_string_equal(names_get(names, 0), "person");
    assert_string_equal(names_get(names, 79), "toothbrush");
    assert_true(names_find(names, "Truck", &class_id));
    assert_int_equal(class_id, 7);
    assert_false(names_find(names, "unicorn", &class_id));
    names_destroy(names);
    assert_int_equal(names_create(&names, NULL, 2), 0);
    assert_string_equal(names_get(names, 1), "class 1");
    names_destroy(names);
    assert_true(names_create(&names, "/nowhere/names", 80) < 0);
    names_destroy(NULL);
}

static void test_settings(void **state)
{
    char *classes[] = {"CAR", "bus"}, *vehicles[] = {"car", "motorbike", "lorry"};
    struct config_detector config = {.conf = 0.3,
                                     .iou = 0.5,
                                     .classes = {classes, 2},
                                     .vehicle_classes = {vehicles, 3},
                                     .max_detections = 7,
                                     .quality = 66,
                                     .show_labels = true};
    struct names *names = names_of("person\ncar\nbus\n", 3);
    char error[SETTINGS_ERROR_SIZE] = "";
    (void)state;
    struct detection_settings *settings = settings_create(&config, names, error);
    assert_non_null(settings);
    assert_false(settings->wanted[0]);
    assert_true(settings->wanted[1] && settings->wanted[2]);
    assert_true(settings->vehicle[1]); /* the names of other lists do not matter here */
    assert_false(settings->vehicle[0] || settings->vehicle[2]);
    assert_int_equal(settings->max_detections, 7);
    assert_int_equal(settings->rendering.id, 0);
    assert_int_equal(settings->rendering.quality, 66);
    assert_float_equal(settings->rendering.conf, 0.3, 1e-6);
    settings_acquire(settings);
    settings_release(settings);
    assert_int_equal(settings->references, 1);
    settings_release(settings);

    config.classes = (struct config_strings){0};
    settings = settings_create(&config, names, error);
    assert_null(settings->wanted); /* all */
    settings_release(settings);
    names_destroy(names);
}

/* Names of which the network has none count nothing: said once, and only then. */
static void test_vehicles_that_are_not_there(void **state)
{
    static const struct {
        char *vehicle;
        bool warns;
    } samples[] = {{"Car", false}, {"automobile", true}};
    struct names *names = names_of("person\ncar\n", 2);
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char *vehicles[] = {"lorry", samples[i].vehicle};
        struct config_detector config = {.vehicle_classes = {vehicles, 2}};
        char error[SETTINGS_ERROR_SIZE], line[512];
        struct captured_stderr captured;
        captured_stderr_start(&captured);
        struct detection_settings *settings = settings_create(&config, names, error);
        bool warned = captured_stderr_next(&captured, line, sizeof line);
        captured_stderr_stop(&captured);
        assert_int_equal(warned, samples[i].warns);
        assert_true(!warned || strstr(line, "detector.vehicle_classes") != NULL);
        settings_release(settings);
    }
    names_destroy(names);
}

static void test_a_class_that_is_not_there(void **state)
{
    char *classes[] = {"car", "unicorn"};
    struct config_detector config = {.classes = {classes, 2}};
    struct names *names = names_of("person\ncar\n", 2);
    char error[SETTINGS_ERROR_SIZE] = "";
    (void)state;
    assert_null(settings_create(&config, names, error));
    assert_non_null(strstr(error, "\"unicorn\""));
    names_destroy(names);
    settings_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_without_a_file),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_vehicles_that_are_not_there),
        cmocka_unit_test(test_a_class_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
