/* The pace of subscriptions, the counting of what they miss, and which streams
 * they make of a wish. */
#include "broadcaster/viewers/subscription.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/streams/renderings.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/jpeg_bytes.h"

#define FRAME_SIZE 64
#define START_NS   (1000 * NS_PER_SECOND)

struct fixture {
    struct services services;
    unsigned demand_changes, notices;
    enum stream_notice last_notice;
};

static struct fixture fixture;

static void on_demand_changed(void *arg, struct stream *stream)
{
    (void)arg;
    (void)stream;
    fixture.demand_changes++;
}

static bool has_capture(void *arg, const char *camera)
{
    (void)arg;
    (void)camera;
    return false;
}

static void on_notice(struct stream_subscriber *subscriber, enum stream_notice notice)
{
    (void)subscriber;
    fixture.notices++;
    fixture.last_notice = notice;
}

static int set_up(void **state)
{
    static const struct hub_handlers handlers = {on_demand_changed, has_capture};
    static const struct config config; /* no camera, no detector: every stream is a posted one */
    (void)state;
    fixture = (struct fixture){.services.config = &config};
    fixture.services.base = event_base_new();
    fixture.services.hub = hub_create(fixture.services.base, &handlers, NULL);
    hub_set_limits(fixture.services.hub, 0, 300 * NS_PER_SECOND);
    log_configure(LOG_ERROR, LOG_TEXT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hub_destroy(fixture.services.hub);
    event_base_free(fixture.services.base);
    counters_finish(&fixture.services.counters);
    return 0;
}

static struct subscription *subscribe(const struct wish *wish)
{
    return subscription_create(&fixture.services, &fixture, "CAM1", wish, on_notice);
}

static void post(enum stream_kind kind, uint64_t number, const char *metadata)
{
    struct stream_key key = {.camera = "CAM1", .kind = kind};
    struct stream *stream;
    size_t metadata_size = strlen(metadata);
    struct shared_bytes *body = shared_bytes_create(FRAME_SIZE + metadata_size);
    jpeg_bytes_fill(body->data, FRAME_SIZE, 0);
    memcpy(body->data + FRAME_SIZE, metadata, metadata_size);
    struct posted_frame frame = {
        .body = body,
        .jpeg = {body->data, FRAME_SIZE},
        .metadata = {body->data + FRAME_SIZE, metadata_size},
        .jpeg_size = FRAME_SIZE,
        .number = number,
        .generation = 7,
        .taken_ns = clock_realtime_ns(),
    };
    assert_int_equal(hub_post(fixture.services.hub, &key, &frame, &stream), 0);
}

/* --- the pace --- */

struct outcome {
    unsigned due, early, over;
};

/* Plays `seconds` of a camera whose frames come up to `jitter` of a frame's time
 * too early or too late. */
static struct outcome play(struct subscription *subscription, double camera_fps, double seconds,
                           double jitter)
{
    struct outcome outcome = {0};
    double period_ns = (double)NS_PER_SECOND / camera_fps;
    srand(7);
    for (uint64_t number = 1; (double)number <= camera_fps * seconds; number++) {
        double off = jitter * ((double)rand() / RAND_MAX * 2 - 1);
        uint64_t now_ns = START_NS + (uint64_t)(period_ns * ((double)number + off));
        switch (subscription_offer(subscription, number, now_ns)) {
        case SUBSCRIPTION_DUE:
            subscription_sent(subscription, FRAME_SIZE, START_NS);
            outcome.due++;
            break;
        case SUBSCRIPTION_EARLY:
            outcome.early++;
            break;
        case SUBSCRIPTION_OVER:
            outcome.over++;
            break;
        }
    }
    return outcome;
}

static void test_rates(void **state)
{
    static const struct {
        double camera_fps;
        uint32_t skip_frames;
        double fps, jitter, expected;
    } samples[] = {
        {30, 2, 10, 0, 10},    {30, 2, 10, 0.45, 10}, {25, 1, 15, 0, 15}, {25, 1, 15, 0.45, 15},
        {25, 1, 15, 0.2, 15},  {30, 1, 30, 0.4, 30},  {30, 1, 60, 0, 30}, {30, 2, 0, 0.4, 15},
        {30, 1, 0.1, 0, 0.1},  {10, 2, 10, 0, 5},     {30, 1, 0, 0, 30},  {24, 1, 10, 0.45, 10},
        {59.94, 5, 15, 0, 12},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct wish wish = {.fps = samples[i].fps, .skip_frames = samples[i].skip_frames};
        struct subscription *subscription = subscribe(&wish);
        struct outcome outcome = play(subscription, samples[i].camera_fps, 100, samples[i].jitter);
        if (abs((int)outcome.due - (int)(samples[i].expected * 100)) > 2) {
            fail_msg("sample %zu: %u frames in 100 s, not %.0f", i, outcome.due,
                     samples[i].expected * 100);
        }
        /* Every frame is sent or skipped; the last one may still be early. */
        uint64_t all = outcome.due + outcome.early + outcome.over;
        assert_int_equal(subscription->sent + subscription->skipped + subscription->early, all);
        assert_int_equal(subscription->dropped, 0);
        subscription_destroy(subscription);
    }
}

static void test_an_early_frame_becomes_due(void **state)
{
    struct wish wish = {.fps = 10, .skip_frames = 1};
    struct subscription *subscription = subscribe(&wish);
    (void)state;
    assert_int_equal(subscription_offer(subscription, 1, START_NS), SUBSCRIPTION_DUE);
    subscription_sent(subscription, FRAME_SIZE, START_NS);
    assert_int_equal(subscription_ripe_ns(subscription), UINT64_MAX);
    assert_int_equal(subscription_offer(subscription, 2, START_NS + 50 * NS_PER_MS),
                     SUBSCRIPTION_EARLY);
    uint64_t ripe = subscription_ripe_ns(subscription);
    assert_in_range(ripe, START_NS + 100 * NS_PER_MS, START_NS + 200 * NS_PER_MS);
    subscription_ripen(subscription, 2, ripe - 1);
    assert_false(subscription->frame_due);
    subscription_ripen(subscription, 2, ripe);
    assert_true(subscription->frame_due);
    assert_int_equal(subscription->skipped, 0);
    assert_int_equal(subscription_ripe_ns(subscription), UINT64_MAX);
    subscription_destroy(subscription);
}

static void test_a_newer_frame_takes_the_place_of_an_early_one(void **state)
{
    struct wish wish = {.fps = 10, .skip_frames = 1};
    struct subscription *subscription = subscribe(&wish);
    (void)state;
    assert_int_equal(subscription_offer(subscription, 1, START_NS), SUBSCRIPTION_DUE);
    assert_int_equal(subscription_offer(subscription, 2, START_NS + 50 * NS_PER_MS),
                     SUBSCRIPTION_EARLY);
    assert_int_equal(subscription_offer(subscription, 3, START_NS + 101 * NS_PER_MS),
                     SUBSCRIPTION_DUE);
    assert_int_equal(subscription->skipped, 1);
    assert_int_equal(subscription->skipped_fps, 1);
    assert_false(subscription->early);
    subscription_destroy(subscription);
}

/* What skip_frames leaves out is not the fault of fps. */
static void test_why_frames_are_skipped(void **state)
{
    static const struct {
        uint32_t skip_frames;
        double fps;
        unsigned skipped, skipped_fps; /* of 30 frames a second */
    } samples[] = {{3, 60, 20, 0}, {1, 10, 20, 20}, {2, 10, 20, 5}, {2, 0, 15, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct wish wish = {.fps = samples[i].fps, .skip_frames = samples[i].skip_frames};
        struct subscription *subscription = subscribe(&wish);
        play(subscription, 30, 100, 0.2);
        assert_int_equal((subscription->skipped + 50) / 100, samples[i].skipped);
        assert_int_equal((subscription->skipped_fps + 50) / 100, samples[i].skipped_fps);
        subscription_destroy(subscription);
    }
}

static void test_back_pressure(void **state)
{
    struct wish wish = {.skip_frames = 1};
    struct subscription *subscription = subscribe(&wish);
    (void)state;
    assert_false(subscription->paced);
    for (int i = 0; i < 3; i++) {
        subscription_wait(subscription);
    }
    assert_int_equal(subscription->dropped, 2);
    subscription_sent(subscription, 100, START_NS);
    assert_false(subscription->frame_due);
    assert_int_equal(subscription->sent, 1);
    assert_int_equal(subscription->bytes, 100);
    const struct camera_counters *counters = counters_camera(&fixture.services.counters, "CAM1");
    assert_int_equal(counters->sent, 1);
    assert_int_equal(counters->dropped, 2);
    subscription_destroy(subscription);
}

/* A viewer may name any camera, and there is a place for so many only. */
static void test_a_camera_without_frames_is_not_counted(void **state)
{
    struct wish wish = {.kind = STREAM_DETECT, .skip_frames = 1};
    struct subscription *subscription = subscribe(&wish);
    (void)state;
    subscription_start(subscription, &fixture.services, true);
    assert_int_equal(fixture.services.counters.cameras.count, 0);
    post(STREAM_DETECT, 1, "");
    subscription_wait(subscription);
    subscription_sent(subscription, 100, START_NS);
    assert_int_equal(fixture.services.counters.cameras.count, 1);
    assert_int_equal(counters_camera(&fixture.services.counters, "CAM1")->sent, 1);
    subscription_stop(subscription, &fixture.services);
    subscription_destroy(subscription);
}

/* --- streams --- */

static void test_totals_follow_the_cameras_numbers(void **state)
{
    struct wish wish = {.kind = STREAM_DETECT, .skip_frames = 1};
    struct subscription *subscription = subscribe(&wish);
    (void)state;
    post(STREAM_DETECT, 10, "");
    subscription_start(subscription, &fixture.services, true);
    assert_int_equal(subscription_total(subscription), 1); /* the one that lies ready */
    post(STREAM_DETECT, 13, "");
    assert_int_equal(subscription_total(subscription), 4);
    post(STREAM_DETECT, 2, ""); /* a capture that started again */
    assert_int_equal(subscription_total(subscription), 5);
    post(STREAM_DETECT, UINT64_MAX, ""); /* nonsense */
    assert_int_equal(subscription_total(subscription), 6);
    subscription_stop(subscription, &fixture.services);
    assert_int_equal(subscription_total(subscription), 6);
    post(STREAM_DETECT, 20, "");
    subscription_start(subscription, &fixture.services, true);
    assert_int_equal(subscription_total(subscription), 7);
    subscription_stop(subscription, &fixture.services);
    subscription_destroy(subscription);
}

/* While nobody watches no pictures come: what the camera made then is none of who comes next. */
static void test_totals_leave_out_what_nobody_watched(void **state)
{
    struct wish wish = {.kind = STREAM_DETECT, .skip_frames = 1};
    struct stream_key key = {.camera = "CAM1", .kind = STREAM_DETECT};
    struct subscription *subscription = subscribe(&wish);
    (void)state;
    post(STREAM_DETECT, 10, "");
    while (!stream_is_stale(hub_find(fixture.services.hub, &key))) {
        event_base_loop(fixture.services.base, EVLOOP_ONCE); /* the hub looks again and again */
    }
    subscription_start(subscription, &fixture.services, true);
    assert_int_equal(subscription_total(subscription), 1);
    post(STREAM_DETECT, 510, "");
    assert_int_equal(subscription_total(subscription), 2);
    post(STREAM_DETECT, 513, "");
    assert_int_equal(subscription_total(subscription), 5);
    subscription_stop(subscription, &fixture.services);
    subscription_destroy(subscription);
}

static void on_rendering_over(void *arg, const char *camera, uint32_t id)
{
    (void)arg;
    (void)camera;
    (void)id;
}

/* A detector draws the camera from now on, which leads to the stream that it had. */
static void test_staying_is_no_beginning(void **state)
{
    struct config_camera camera = {.id = (char *)"CAM1"};
    struct config config = {
        .cameras = &camera, .camera_count = 1, .detector = {.model = (char *)"m", .conf = 0.25}};
    struct wish wish = {.kind = STREAM_DETECT, .skip_frames = 1};
    struct renderings *renderings =
        renderings_create(fixture.services.base, on_rendering_over, NULL);
    struct subscription *subscription = subscribe(&wish);
    (void)state;
    renderings_configure(renderings, &config);
    fixture.services.renderings = renderings;
    subscription_start(subscription, &fixture.services, true);
    post(STREAM_DETECT, 1, "");
    post(STREAM_DETECT, 2, "");
    subscription_wait(subscription);
    fixture.services.config = &config;
    subscription_configure(subscription, &fixture.services);
    assert_true(subscription->drawing.held);
    assert_int_equal(subscription_total(subscription), 2);
    assert_true(subscription->frame_due);
    post(STREAM_DETECT, 3, "");
    assert_int_equal(subscription_total(subscription), 3);
    subscription_stop(subscription, &fixture.services);
    subscription_destroy(subscription);
    renderings_destroy(renderings);
}

static size_t subscribers(enum stream_kind kind)
{
    struct stream_key key = {.camera = "CAM1", .kind = kind};
    const struct stream *stream = hub_find(fixture.services.hub, &key);
    size_t count = 0;
    for (int sort = 0; stream != NULL && sort < 2; sort++) {
        for (const struct stream_subscriber *each = stream_subscribers(stream, sort == 1);
             each != NULL; each = each->next) {
            assert_non_null(each->wish);
            count++;
        }
    }
    return count;
}

static void test_metadata_comes_from_the_detector(void **state)
{
    struct wish wish = {.kind = STREAM_RAW, .skip_frames = 1, .metadata = true};
    struct subscription *subscription = subscribe(&wish);
    (void)state;
    subscription_start(subscription, &fixture.services, true);
    assert_int_equal(subscribers(STREAM_RAW), 1);
    assert_int_equal(subscribers(STREAM_DETECT), 1);
    post(STREAM_DETECT, 1, "{\"a\":1}");
    assert_int_equal(fixture.notices, 1); /* of the picture it is told nothing */
    assert_int_equal(fixture.last_notice, STREAM_METADATA);
    post(STREAM_DETECT, 2, "");
    assert_int_equal(fixture.notices, 1);

    wish.metadata = false;
    subscription_set(subscription, &fixture.services, &wish);
    assert_int_equal(subscribers(STREAM_DETECT), 0);
    wish.metadata = true;
    subscription_set(subscription, &fixture.services, &wish);
    assert_int_equal(subscribers(STREAM_DETECT), 1);
    unsigned changes = fixture.demand_changes;
    subscription_set_demand(subscription, &fixture.services, false);
    assert_int_equal(fixture.demand_changes, changes + 2); /* of both streams */
    subscription_stop(subscription, &fixture.services);
    assert_int_equal(subscribers(STREAM_RAW) + subscribers(STREAM_DETECT), 0);
    subscription_destroy(subscription);
}

static void test_another_wish_acts_at_once(void **state)
{
    struct wish wish = {.kind = STREAM_DETECT, .fps = 0.1, .skip_frames = 1};
    struct subscription *subscription = subscribe(&wish);
    (void)state;
    subscription_start(subscription, &fixture.services, true);
    assert_int_equal(subscription_offer(subscription, 1, START_NS), SUBSCRIPTION_DUE);
    assert_int_equal(subscription_offer(subscription, 2, START_NS + NS_PER_SECOND),
                     SUBSCRIPTION_EARLY);
    wish.fps = 10;
    unsigned changes = fixture.demand_changes;
    subscription_set(subscription, &fixture.services, &wish);
    assert_int_equal(fixture.demand_changes, changes + 1);
    assert_in_range(subscription_ripe_ns(subscription), START_NS, START_NS + 200 * NS_PER_MS);
    assert_int_equal(subscription_offer(subscription, 3, START_NS + NS_PER_SECOND + NS_PER_MS),
                     SUBSCRIPTION_DUE);
    subscription_stop(subscription, &fixture.services);
    subscription_destroy(subscription);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rates),
        TEST(test_an_early_frame_becomes_due),
        TEST(test_a_newer_frame_takes_the_place_of_an_early_one),
        TEST(test_why_frames_are_skipped),
        TEST(test_back_pressure),
        TEST(test_a_camera_without_frames_is_not_counted),
        TEST(test_totals_follow_the_cameras_numbers),
        TEST(test_totals_leave_out_what_nobody_watched),
        TEST(test_staying_is_no_beginning),
        TEST(test_metadata_comes_from_the_detector),
        TEST(test_another_wish_acts_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
