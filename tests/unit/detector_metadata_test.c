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

static const struct observation nothing;

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
        .observation = &nothing,
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
        "\"encoded\":3000},\"tracking_enabled\":false}");
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
        "\"encoded\":3000},\"tracking_enabled\":false}");
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

/* --- tracks and spaces --- */

static const struct config_point corners[] = {{0.1, 0.2}, {0.25, 0.2}, {0.25, 0.4}};

static struct space some_space(const char *id, enum space_state state, uint64_t since_ns)
{
    return (struct space){.id = id,
                          .name = "A place",
                          .corners = corners,
                          .corner_count = 3,
                          .bounds = {0.1, 0.2, 0.25, 0.4},
                          .state = state,
                          .occupied = state != SPACE_FREE,
                          .since_ns = since_ns};
}

static json_t *composed(const struct metadata *metadata)
{
    size_t size;
    char *text = metadata_compose(metadata, &size);
    json_t *object = json_loadb(text, size, 0, NULL);
    assert_true(size <= FRAME_METADATA_MAX);
    assert_non_null(object);
    free(text);
    return object;
}

static void assert_member(const json_t *object, const char *key, const char *expected)
{
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
    if (!json_equal(json_object_get(object, key), wanted)) {
        char *text = json_dumps(json_object_get(object, key), JSON_ENCODE_ANY);
        fail_msg("%s: %s is not %s", key, text, expected);
    }
    json_decref(wanted);
}

static void test_tracks(void **state)
{
    struct metadata metadata = some_metadata();
    const struct box boxes[2] = {car, car};
    const uint64_t box_tracks[2] = {0, 42};
    const struct track tracks[2] = {{.id = 7, .detection = 9}, {.id = 42, .detection = 1}};
    const struct observation observation = {
        .tracking = true, .box_tracks = box_tracks, .tracks = tracks, .track_count = 2};
    (void)state;
    metadata.boxes = boxes;
    metadata.box_count = 2;
    metadata.observation = &observation;
    json_t *object = composed(&metadata);
    const json_t *detections = json_object_get(object, "detections");
    assert_member(object, "tracking_enabled", "true");
    assert_member(object, "track_ids", "[7, 42]");
    assert_null(json_object_get(json_array_get(detections, 0), "track_id"));
    assert_member(json_array_get(detections, 1), "track_id", "42");
    assert_null(json_object_get(object, "space_occupancy"));
    json_decref(object);
}

static void test_spaces(void **state)
{
    struct metadata metadata = some_metadata();
    const uint64_t box_tracks[1] = {42};
    const struct space spaces[2] = {
        some_space("A1", SPACE_OCCUPIED, frame.captured_ns - 90 * NS_PER_SECOND),
        some_space("A2", SPACE_UNKNOWN, frame.captured_ns + NS_PER_SECOND)};
    const struct space_match matches[2] = {{.box = 0, .space = 0}, {.box = 3, .space = 1}};
    const struct space_event event = {.space = 1,
                                      .from = SPACE_FREE,
                                      .to = SPACE_UNKNOWN,
                                      .at_ns = frame.captured_ns + NS_PER_SECOND,
                                      .held_ns = 1234567890};
    struct observation observation = {.tracking = true,
                                      .box_tracks = box_tracks,
                                      .spaces = spaces,
                                      .space_count = 2,
                                      .matches = matches,
                                      .match_count = 2};
    (void)state;
    metadata.observation = &observation;
    json_t *object = composed(&metadata);
    assert_member(object, "total_spaces", "2");
    assert_member(object, "occupied_spaces", "1"); /* unknown is not counted */
    assert_member(
        object, "space_occupancy",
        "[{\"space_id\":\"A1\",\"space_name\":\"A place\",\"is_occupied\":true,\"state\":\"occupied\","
        "\"bbox\":{\"x\":0.1,\"y\":0.2,\"width\":0.15,\"height\":0.2},"
        "\"since\":\"2026-01-07T12:29:15.123456Z\",\"polygon\":[[0.1,0.2],[0.25,0.2],[0.25,0.4]]},"
        "{\"space_id\":\"A2\",\"space_name\":\"A place\",\"is_occupied\":true,\"state\":\"unknown\","
        "\"bbox\":{\"x\":0.1,\"y\":0.2,\"width\":0.15,\"height\":0.2},"
        "\"since\":\"2026-01-07T12:30:46.123456Z\",\"polygon\":[[0.1,0.2],[0.25,0.2],[0.25,0.4]]}]");
    assert_member(object, "matched_detections",
                  "[{\"detection\":{\"class\":\"car\",\"confidence\":0.8712,"
                  "\"bbox\":[100.0,200.0,150.0,100.6],\"track_id\":42},\"space_id\":\"A1\"}]");
    assert_null(json_object_get(object, "space_events"));
    json_decref(object);
    observation.events = &event;
    observation.event_count = 1;
    object = composed(&metadata);
    assert_member(object, "space_events",
                  "[{\"space_id\":\"A2\",\"space_name\":\"A place\",\"from\":\"free\","
                  "\"to\":\"unknown\",\"at\":\"2026-01-07T12:30:46.123456Z\",\"held_s\":1.235}]");
    json_decref(object);
}

/* The numbers stay right, whatever has to be left out. */
static void test_more_spaces_than_fit(void **state)
{
    static struct space spaces[1000];
    struct metadata metadata = some_metadata();
    const struct observation observation = {.spaces = spaces, .space_count = 1000};
    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        spaces[i] = some_space("a-parking-space", SPACE_OCCUPIED, frame.captured_ns);
    }
    metadata.observation = &observation;
    json_t *object = composed(&metadata);
    assert_member(object, "total_spaces", "1000");
    assert_member(object, "occupied_spaces", "1000");
    assert_in_range(json_array_size(json_object_get(object, "space_occupancy")), 200, 999);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_a_camera_that_says_nothing_of_itself),
        cmocka_unit_test(test_a_source_number_beyond_json),
        cmocka_unit_test(test_numbers_are_short),
        cmocka_unit_test(test_never_larger_than_allowed),
        cmocka_unit_test(test_tracks),
        cmocka_unit_test(test_spaces),
        cmocka_unit_test(test_more_spaces_than_fit),
    };
    return cmocka_run_group_tests(tests, make_names, drop_names);
}
