/* Counters by camera, and what a frame's metadata says of its stages. */
#include "broadcaster/streams/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broadcaster/streams/frame_stages.h"
#include "common/clock.h"

/* Each camera has its own, at the same place for ever; too many share one. */
static void test_cameras(void **state)
{
    struct counters counters = {0};
    struct camera_counters *first[COUNTERS_CAMERAS_MOST];
    char id[CAMERA_ID_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNTERS_CAMERAS_MOST; i++) {
        snprintf(id, sizeof id, "CAM%zu", i * 7919 % COUNTERS_CAMERAS_MOST);
        first[i] = counters_camera(&counters, id);
        assert_string_equal(first[i]->camera, id);
        first[i]->sent = i;
    }
    assert_int_equal(counters.cameras.count, COUNTERS_CAMERAS_MOST);
    for (size_t i = 1; i < counters.cameras.count; i++) {
        const struct camera_counters *one = counters.cameras.items[i - 1];
        const struct camera_counters *next = counters.cameras.items[i];
        assert_true(strcmp(one->camera, next->camera) < 0);
    }
    struct camera_counters *other = counters_camera(&counters, "one-more");
    assert_string_equal(other->camera, COUNTERS_OTHER_CAMERAS);
    assert_ptr_equal(counters_camera(&counters, "another"), other);
    for (size_t i = 0; i < COUNTERS_CAMERAS_MOST; i++) {
        assert_ptr_equal(counters_camera(&counters, first[i]->camera), first[i]);
        assert_int_equal(first[i]->sent, i);
    }
    counters_finish(&counters);
    counters_finish(&counters);
}

static void test_connections(void **state)
{
    struct connection_counters connections = {.opened = 3};
    (void)state;
    counters_closed(&connections, CONNECTION_PEER_CLOSED, false);
    counters_closed(&connections, CONNECTION_FINISHED, true);
    assert_int_equal(connections.closed[CONNECTION_PEER_CLOSED], 1);
    assert_int_equal(connections.closed[CONNECTION_FINISHED], 1);
    assert_int_equal(connections.kicked, 1);
    assert_int_equal(connections_open(&connections), 1);
}

struct stages_case {
    const char *metadata;
    /* Microseconds of received, published, taken, inferred, encoded, posted, sent,
     * total; -1: unknown. */
    long expected[LATENCY_STAGES];
};

static void test_stages(void **state)
{
#define NONE                                                                                       \
    {                                                                                              \
        -1, -1, -1, -1, -1, -1, -1, -1                                                             \
    }
    static const struct stages_case cases[] = {
        {"{\"stages\":{\"received\":1,\"published\":22,\"taken\":333,\"inferred\":4444,"
         "\"encoded\":55555}}",
         {1, 22, 333, 4444, 55555, -1, -1, -1}},
        {" { \"a\" : [ { } , 1 ] , \"stages\" : { \"taken\" : 7 , \"other\" : [ 1 ] , \"received\" : "
         "\"8\" } } ",
         {-1, -1, 7, -1, -1, -1, -1, -1}},
        {"{\"stages\":{\"posted\":1,\"sent\":1,\"total\":1}}", NONE}, /* not theirs to say */
        {"{\"stages\":{\"received\":-5,\"taken\":1.5,\"inferred\":1e3}}", NONE},
        {"{\"stages\":{\"received\":3600000000}}", {3600000000, -1, -1, -1, -1, -1, -1, -1}},
        {"{\"stages\":{\"received\":3600000001}}", NONE},
        {"{\"stages\":{\"received\":99999999999999999999999999}}", NONE},
        {"{\"stages\":[1]}", NONE},
        {"{\"stages\":null}", NONE},
        {"{\"stages\":{}}", NONE},
        {"{\"other\":{\"stages\":{\"taken\":1}}}", NONE},
        {"{}", NONE},
        {"", NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct frame_stages stages;
        struct byte_span text = {(const uint8_t *)cases[i].metadata, strlen(cases[i].metadata)};
        frame_stages_read(text, &stages);
        for (enum latency_stage stage = 0; stage < LATENCY_STAGES; stage++) {
            long expected = cases[i].expected[stage];
            if (stages.known[stage] != (expected >= 0) ||
                (expected >= 0 && stages.duration_ns[stage] != (uint64_t)expected * NS_PER_US)) {
                fail_msg("%s: %s", cases[i].metadata, latency_stage_name(stage));
            }
        }
    }
}

static void test_observe(void **state)
{
    struct camera_counters counters = {0};
    struct frame_stages stages = {0};
    (void)state;
    stages.known[LATENCY_TAKEN] = true;
    stages.duration_ns[LATENCY_TAKEN] = 5;
    frame_stages_observe(&stages, &counters);
    frame_stages_observe(&stages, &counters);
    for (enum latency_stage stage = 0; stage < LATENCY_STAGES; stage++) {
        assert_int_equal(histogram_count(&counters.latency[stage]), stage == LATENCY_TAKEN ? 2 : 0);
    }
    assert_int_equal(counters.latency[LATENCY_TAKEN].sum_ns, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cameras),
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_observe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
