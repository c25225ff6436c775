#include "detector/metadata.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/frame_container.h"
#include "common/memory.h"

static const struct frame_info frame = {
    .generation = UINT64_C(1767789045123456789),
    .number = 99,
    .captured_ns = 5000 * NS_PER_MS,
    .captured_realtime_ns = UINT64_C(1767789045123456789),
    .received_ns = 5001 * NS_PER_MS,
    .published_ns = 5003 * NS_PER_MS,
    .source_number = 4711,
    .source_time_ns = UINT64_C(12345678000),
};

static const struct box car = {100.04F, 200, 150, 100.55F, 0.87123F, 2};

static struct names *names;

static int make_names(void **state)
{
    (void)state;
    return names_create(&names, NULL, 80);
}

static int drop_names(void **state)
{
    (void)state;
    names_destroy(names);
    return 0;
}

static struct metadata some_metadata(void)
{
    return (struct metadata){
        .camera = "CAM1",
        .frame = &frame,
        .width = 1280,
        .height = 720,
        .names = names,
        .boxes = &car,
        .box_count = 1,
        .vehicle_count = 1,
        .taken_ns = 5006 * NS_PER_MS,
        .inferred_ns = 5056 * NS_PER_MS,
        .encoded_ns = 5059 * NS_PER_MS,
    };
}

static void assert_composes(const struct metadata *metadata, const char *expected)
{
    size_t size;
    char *text = metadata_compose(metadata, &size);
    json_error_t error;
    json_t *got = json_loadb(text, size, 0, &error);
    json_t *wanted = json_loads(expected, 0, &error);
    assert_non_null(got);
    assert_non_null(wanted);
    if (!json_equal(got, wanted)) {
        fail_msg("%s\nis not\n%s", text, expected);
    }
    json_decref(got);
    json_decref(wanted);
    free(text);
}

static void test_whole(void **state)
{
    struct metadata metadata = some_metadata();
    (void)state;
    assert_composes(
        &metadata,
        "{\"vehicle_count\":1,\"timestamp\":\"2026-01-07T12:30:45.123456Z\","
        "\"detections\":[{\"class\":\"car\",\"confidence\":0.8712,"
        "\"bbox\":[100.0,200.0,150.0,100.6],\"center\":[175.0,250.3]}],"
        "\"source\":{\"number\":4711,\"time\":12.345678},"
        "\"frame\":{\"camera\":\"CAM1\",\"generation\":\"1767789045123456789\",\"number\":99,"
        "\"width\":1280,\"height\":720},"
        "\"stages\":{\"received\":1000,\"published\":2000,\"taken\":3000,\"inferred\":50000,"
        "\"encoded\":3000}}");
}

static void test_a_camera_that_says_nothing_of_itself(void **state)
{
    struct metadata metadata = some_metadata();
    struct frame_info silent = frame;
    (void)state;
    silent.source_number = silent.source_time_ns = 0;
    metadata.frame = &silent;
    metadata.box_count = metadata.vehicle_count = 0;
    metadata.taken_ns = 0; /* clocks that cross give 0, never a huge number */
    assert_composes(
        &metadata,
        "{\"vehicle_count\":0,\"timestamp\":\"2026-01-07T12:30:45.123456Z\",\"detections\":[],"
        "\"source\":{\"number\":null,\"time\":null},"
        "\"frame\":{\"camera\":\"CAM1\",\"generation\":\"1767789045123456789\",\"number\":99,"
        "\"width\":1280,\"height\":720},"
        "\"stages\":{\"received\":1000,\"published\":2000,\"taken\":0,\"inferred\":5056000,"
        "\"encoded\":3000}}");
}

/* A header may hold any 64-bit number; JSON's integers end at 2^63. */
static void test_a_source_number_beyond_json(void **state)
{
    static const struct {
        uint64_t number;
        const char *text;
    } samples[] = {{INT64_MAX, "\"number\":9223372036854775807,"},
                   {(uint64_t)INT64_MAX + 1, "\"source\":{\"number\":null,"}};
    struct frame_info numbered = frame;
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct metadata metadata = some_metadata();
        size_t size;
        numbered.source_number = samples[i].number;
        metadata.frame = &numbered;
        char *text = metadata_compose(&metadata, &size);
        assert_non_null(strstr(text, samples[i].text));
        free(text);
    }
}

static void test_numbers_are_short(void **state)
{
    struct metadata metadata = some_metadata();
    size_t size;
    (void)state;
    char *text = metadata_compose(&metadata, &size);
    assert_int_equal(strlen(text), size);
    assert_non_null(strstr(text, "\"confidence\":0.8712,"));
    assert_non_null(strstr(text, "[100.0,200.0,150.0,100.6]"));
    assert_non_null(strstr(text, "\"time\":12.345678"));
    free(text);
}

/* What does not fit is left out from the end, where the least confident ones stand. */
static void test_never_larger_than_allowed(void **state)
{
    struct metadata metadata = some_metadata();
    size_t size;
    struct box *many = xcalloc(10000, sizeof *many);
    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        many[i] = car;
        many[i].x = (float)i / 10;
    }
    metadata.boxes = many;
    metadata.box_count = 10000;
    metadata.vehicle_count = 10000;
    char *text = metadata_compose(&metadata, &size);
    json_t *got = json_loadb(text, size, 0, NULL);
    assert_true(size <= FRAME_METADATA_MAX);
    assert_in_range(json_array_size(json_object_get(got, "detections")), 300, 2000);
    assert_int_equal(json_integer_value(json_object_get(got, "vehicle_count")), 10000);
    json_decref(got);
    free(text);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_a_camera_that_says_nothing_of_itself),
        cmocka_unit_test(test_a_source_number_beyond_json),
        cmocka_unit_test(test_numbers_are_short),
        cmocka_unit_test(test_never_larger_than_allowed),
    };
    return cmocka_run_group_tests(tests, make_names, drop_names);
}
