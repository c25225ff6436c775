/* Streams: the newest frame wins, subscribers hear of it, needless streams go. */
#include "broadcaster/streams/hub.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/memory.h"
#include "tests/unit/jpeg_bytes.h"

#define FRAME_SIZE 64

/* A hub, and what it has said. */
struct fixture {
    struct event_base *base;
    struct hub *hub;
    unsigned demand_changes;
    bool captured;
};

struct listener {
    struct stream_subscriber subscriber;
    struct hub *hub;
    char heard[32]; /* a letter per notice */
    bool leaves;    /* at the next notice */
    bool leaves_at_gone;
};

static void on_demand_changed(void *arg, struct stream *stream)
{
    (void)stream;
    ((struct fixture *)arg)->demand_changes++;
}

static bool has_capture(void *arg, const char *camera)
{
    (void)camera;
    return ((struct fixture *)arg)->captured;
}

static void on_notice(struct stream_subscriber *subscriber, enum stream_notice notice)
{
    struct listener *listener = subscriber->owner;
    static const char letters[] = {
        [STREAM_FRAME] = 'F', [STREAM_METADATA] = 'M', [STREAM_STARTED] = 'B',
        [STREAM_ENDED] = 'E', [STREAM_STATE] = 'S',    [STREAM_GONE] = 'G'};
    size_t length = strlen(listener->heard);
    assert_true(length + 1 < sizeof listener->heard);
    listener->heard[length] = letters[notice];
    if (listener->leaves || (listener->leaves_at_gone && notice == STREAM_GONE)) {
        hub_unsubscribe(listener->hub, subscriber);
    }
}

static int set_up(void **state)
{
    static const struct hub_handlers handlers = {on_demand_changed, has_capture};
    static struct fixture fixture;
    fixture = (struct fixture){.base = event_base_new()};
    fixture.hub = hub_create(fixture.base, &handlers, &fixture);
    hub_set_limits(fixture.hub, 0, 300 * NS_PER_SECOND);
    log_configure(LOG_ERROR, LOG_TEXT);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    hub_destroy(fixture->hub);
    event_base_free(fixture->base);
    return 0;
}

static struct stream_key key_of(const char *camera)
{
    struct stream_key key = {0};
    snprintf(key.camera, sizeof key.camera, "%s", camera);
    return key;
}

static void listen_to(struct fixture *fixture, struct listener *listener, const char *camera)
{
    struct stream_key key = key_of(camera);
    *listener = (struct listener){.hub = fixture->hub};
    listener->subscriber.notify = on_notice;
    listener->subscriber.owner = listener;
    listener->subscriber.is_viewer = true;
    listener->subscriber.demands = true;
    listener->subscriber.holds = true;
    hub_subscribe(fixture->hub, &key, &listener->subscriber);
}

/* Posts a picture (or, of size 0, metadata alone) whose last byte but two is `mark`. */
static int post(struct fixture *fixture, const char *camera, size_t size, uint8_t mark)
{
    struct stream_key key = key_of(camera);
    struct stream *stream;
    struct shared_bytes *body = shared_bytes_create(FRAME_SIZE);
    jpeg_bytes_fill(body->data, FRAME_SIZE, 0);
    body->data[FRAME_SIZE - 3] = mark;
    struct posted_frame frame = {
        .body = body,
        .jpeg = {body->data, size},
        .jpeg_size = (uint32_t)size,
        .width = 320,
        .height = 240,
        .captured_ns = 1,
        .taken_ns = clock_realtime_ns(),
    };
    int result = hub_post(fixture->hub, &key, &frame, &stream);
    if (result < 0) {
        shared_bytes_unref(body);
    }
    return result;
}

static struct stream *find(struct fixture *fixture, const char *camera)
{
    struct stream_key key = key_of(camera);
    return hub_find(fixture->hub, &key);
}

static void test_newest_wins(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(post(fixture, "CAM1", FRAME_SIZE, 1), 0);
    struct stream *stream = find(fixture, "CAM1");
    struct shared_bytes *first = shared_bytes_ref(stream_wire(stream, WIRE_BINARY));
    assert_ptr_equal(stream_wire(stream, WIRE_BINARY), first); /* built once */
    assert_int_equal(post(fixture, "CAM1", FRAME_SIZE, 2), 0);
    assert_ptr_equal(find(fixture, "CAM1"), stream);
    assert_int_equal(stream_frame_count(stream), 2);
    const struct shared_bytes *second = stream_wire(stream, WIRE_BINARY);
    assert_int_equal(second->data[second->size - 3], 2);
    assert_int_equal(first->data[first->size - 3], 1); /* for whoever still sends it */
    assert_int_equal(first->references, 1);
    shared_bytes_unref(first);
}

/* The messages of a stream with many viewers are in files, as long as they are the newest. */
static void test_messages_for_many(void **state)
{
    struct fixture *fixture = *state;
    static struct listener listeners[64];
    for (size_t i = 0; i < 63; i++) {
        listen_to(fixture, &listeners[i], "CAM1");
    }
    assert_int_equal(post(fixture, "CAM1", FRAME_SIZE, 1), 0);
    struct stream *stream = find(fixture, "CAM1");
    assert_int_equal(stream_wire(stream, WIRE_VIEWER_JSON)->file, -1);
    listen_to(fixture, &listeners[63], "CAM1");
    assert_int_equal(post(fixture, "CAM1", FRAME_SIZE, 2), 0);
    struct shared_bytes *json = shared_bytes_ref(stream_wire(stream, WIRE_VIEWER_JSON));
    assert_true(json->file >= 0);
    assert_true(stream_wire(stream, WIRE_BINARY)->file >= 0);
    char *in_file = xmalloc(json->size);
    assert_int_equal(pread(json->file, in_file, json->size, 0), json->size);
    assert_memory_equal(in_file, json->data, json->size);
    free(in_file);
    assert_int_equal(post(fixture, "CAM1", FRAME_SIZE, 3), 0);
    assert_int_equal(json->file, -1);
    assert_int_equal(json->references, 1);
    shared_bytes_unref(json);
    for (size_t i = 0; i < 64; i++) {
        hub_unsubscribe(fixture->hub, &listeners[i].subscriber);
    }
}

static void test_metadata_alone(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    listen_to(fixture, &listener, "CAM1");
    post(fixture, "CAM1", FRAME_SIZE, 1);
    assert_string_equal(listener.heard, "FBS");
    post(fixture, "CAM1", 0, 2);
    assert_string_equal(listener.heard, "FBS");
    struct stream *stream = find(fixture, "CAM1");
    assert_int_equal(stream_frame_count(stream), 1);
    assert_int_equal(stream_frame(stream)->jpeg_size, FRAME_SIZE);
    hub_unsubscribe(fixture->hub, &listener.subscriber);
}

static void test_subscribers(void **state)
{
    struct fixture *fixture = *state;
    struct listener a, b, other;
    listen_to(fixture, &a, "CAM1");
    listen_to(fixture, &b, "CAM1");
    listen_to(fixture, &other, "CAM2");
    assert_int_equal(fixture->demand_changes, 3); /* each comes with a wish of its own */
    assert_int_equal(stream_demand(find(fixture, "CAM1")), 2);
    assert_int_equal(stream_viewers(find(fixture, "CAM1")), 2);
    a.leaves = true;
    post(fixture, "CAM1", FRAME_SIZE, 1);
    assert_string_equal(a.heard, "F"); /* left while it was told */
    assert_string_equal(b.heard, "FBS");
    assert_string_equal(other.heard, "");
    assert_int_equal(stream_viewers(find(fixture, "CAM1")), 1);
    assert_int_equal(fixture->demand_changes, 4);
    hub_unsubscribe(fixture->hub, &a.subscriber); /* nothing happens */
    assert_int_equal(fixture->demand_changes, 4);
    hub_set_demand(fixture->hub, &b.subscriber, false);
    hub_set_demand(fixture->hub, &b.subscriber, false);
    assert_int_equal(stream_demand(find(fixture, "CAM1")), 0);
    assert_int_equal(fixture->demand_changes, 5);
    hub_unsubscribe(fixture->hub, &b.subscriber); /* it demanded nothing */
    assert_int_equal(fixture->demand_changes, 5);
    hub_unsubscribe(fixture->hub, &other.subscriber);
}

static void test_end_and_begin(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    listen_to(fixture, &listener, "CAM1");
    hub_end_camera(fixture->hub, "CAM1", "has not begun");
    assert_string_equal(listener.heard, "");
    post(fixture, "CAM1", FRAME_SIZE, 1);
    hub_end_camera(fixture->hub, "CAM", "another camera");
    hub_end_camera(fixture->hub, "CAM1", "the cable");
    hub_end_camera(fixture->hub, "CAM1", "once more");
    assert_string_equal(listener.heard, "FBSES");
    assert_string_equal(stream_end_reason(find(fixture, "CAM1")), "the cable");
    post(fixture, "CAM1", FRAME_SIZE, 2);
    assert_string_equal(listener.heard, "FBSESFBS");
    hub_tell_state(fixture->hub, "CAM1");
    hub_tell_state(fixture->hub, "CAM2");
    assert_string_equal(listener.heard, "FBSESFBSS");
    hub_unsubscribe(fixture->hub, &listener.subscriber);
}

static void test_sorted(void **state)
{
    static const char *const cameras[] = {"m", "a", "z", "b", "y", "A", "m1", "0"};
    struct fixture *fixture = *state;
    size_t count = sizeof cameras / sizeof cameras[0];
    for (size_t i = 0; i < count; i++) {
        post(fixture, cameras[i], FRAME_SIZE, 1);
    }
    assert_int_equal(hub_stream_count(fixture->hub), count);
    for (size_t i = 1; i < count; i++) {
        assert_true(strcmp(stream_key(hub_stream(fixture->hub, i - 1))->camera,
                           stream_key(hub_stream(fixture->hub, i))->camera) < 0);
    }
}

static void test_most_streams(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    hub_set_limits(fixture->hub, 2, 300 * NS_PER_SECOND);
    listen_to(fixture, &listener, "CAM3"); /* waits: no stream with frames */
    assert_int_equal(post(fixture, "CAM1", FRAME_SIZE, 1), 0);
    assert_int_equal(post(fixture, "CAM2", FRAME_SIZE, 1), 0);
    assert_int_equal(post(fixture, "CAM3", FRAME_SIZE, 1), -ENOSPC);
    assert_int_equal(post(fixture, "CAM1", FRAME_SIZE, 2), 0);
    assert_string_equal(listener.heard, "");
    hub_set_limits(fixture->hub, 3, 300 * NS_PER_SECOND);
    assert_int_equal(post(fixture, "CAM3", FRAME_SIZE, 1), 0);
    hub_unsubscribe(fixture->hub, &listener.subscriber);
}

/* The watch runs out of work, and the loop with it, when the last stream has gone. */
static void test_needless_streams_go(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    hub_set_limits(fixture->hub, 0, NS_PER_MS);
    listen_to(fixture, &listener, "CAM1");
    post(fixture, "CAM2", FRAME_SIZE, 1);
    event_base_loop(fixture->base, EVLOOP_ONCE);
    assert_non_null(find(fixture, "CAM1"));
    assert_null(find(fixture, "CAM2"));
    hub_unsubscribe(fixture->hub, &listener.subscriber);
    event_base_dispatch(fixture->base);
    assert_int_equal(hub_stream_count(fixture->hub), 0);
}

struct follower {
    struct hub_watcher watcher;
    struct listener listener;
    struct fixture *fixture;
    unsigned told;
};

static void on_new_stream(struct hub_watcher *watcher, struct stream *stream)
{
    struct follower *follower = watcher->owner;
    follower->told++;
    follower->listener = (struct listener){.hub = follower->fixture->hub, .leaves_at_gone = true};
    follower->listener.subscriber.notify = on_notice;
    follower->listener.subscriber.owner = &follower->listener;
    hub_subscribe(follower->fixture->hub, stream_key(stream), &follower->listener.subscriber);
}

/* Who follows whatever exists hears of a stream before its first frame, and does not keep it. */
static void test_followers(void **state)
{
    struct fixture *fixture = *state;
    struct follower follower = {.watcher = {.notify = on_new_stream}, .fixture = fixture};
    struct listener listener;
    follower.watcher.owner = &follower;
    hub_set_limits(fixture->hub, 0, NS_PER_MS);
    listen_to(fixture, &listener, "CAM1"); /* a stream without frames */
    hub_watch(fixture->hub, &follower.watcher);
    assert_int_equal(follower.told, 0);
    post(fixture, "CAM1", FRAME_SIZE, 1);
    post(fixture, "CAM1", FRAME_SIZE, 2);
    assert_int_equal(follower.told, 1);
    assert_string_equal(follower.listener.heard, "FBSF");
    assert_int_equal(stream_demand(find(fixture, "CAM1")), 1);
    hub_unsubscribe(fixture->hub, &listener.subscriber);
    while (hub_stream_count(fixture->hub) > 0) {
        event_base_loop(fixture->base, EVLOOP_ONCE);
    }
    assert_non_null(strchr(follower.listener.heard, 'G'));
    assert_null(follower.listener.subscriber.stream);
    post(fixture, "CAM1", FRAME_SIZE, 3);
    assert_int_equal(follower.told, 2);
    hub_unsubscribe(fixture->hub, &follower.listener.subscriber);
    hub_unwatch(&follower.watcher);
    hub_unwatch(&follower.watcher); /* nothing happens */
    post(fixture, "CAM2", FRAME_SIZE, 1);
    assert_int_equal(follower.told, 2);
}

static void post_kind(struct fixture *fixture, const struct stream_key *key)
{
    struct stream *stream;
    struct shared_bytes *body = shared_bytes_create(FRAME_SIZE);
    jpeg_bytes_fill(body->data, FRAME_SIZE, 0);
    struct posted_frame frame = {
        .body = body,
        .jpeg = {body->data, FRAME_SIZE},
        .jpeg_size = FRAME_SIZE,
        .taken_ns = clock_realtime_ns(),
    };
    assert_int_equal(hub_post(fixture->hub, key, &frame, &stream), 0);
}

/* One camera's streams side by side, detected pictures standing for it before raw ones. */
static void test_cameras(void **state)
{
    struct fixture *fixture = *state;
    static const struct stream_key keys[] = {
        {"CAM2", STREAM_RAW, 0}, {"CAM1", STREAM_RAW, 0},    {"CAM1", STREAM_DETECT, 3},
        {"CAM3", STREAM_RAW, 0}, {"CAM1", STREAM_DETECT, 0},
    };
    static const char *const sorted[] = {"CAM1", "CAM2", "CAM3"};
    struct hub_camera camera;
    struct listener listener;
    size_t at = 0, count = 0;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        post_kind(fixture, &keys[i]);
    }
    listen_to(fixture, &listener, "CAM1");
    assert_int_equal(hub_stream_count(fixture->hub), 5);
    while (hub_next_camera(fixture->hub, &at, &camera)) {
        assert_string_equal(camera.id, sorted[count]);
        assert_int_equal(camera.viewers, count == 0);
        assert_int_equal(stream_key(camera.stream)->kind, count == 0 ? STREAM_DETECT : STREAM_RAW);
        count++;
    }
    assert_int_equal(count, 3);
    assert_true(hub_find_camera(fixture->hub, "CAM3", &camera));
    assert_true(hub_find_camera(fixture->hub, "CAM1", &camera));
    assert_int_equal(camera.last_update_ns,
                     stream_last_update_ns(hub_find(fixture->hub, &keys[4])));
    assert_false(hub_find_camera(fixture->hub, "CAM", &camera));
    hub_unsubscribe(fixture->hub, &listener.subscriber);
}

/* A stream that nobody needs any more is taken away at once; one that somebody holds is not. */
static void test_remove(void **state)
{
    struct fixture *fixture = *state;
    struct stream_key key = key_of("CAM1");
    struct listener listener;
    listen_to(fixture, &listener, "CAM1");
    hub_remove(fixture->hub, &key);
    assert_non_null(hub_find(fixture->hub, &key));
    hub_unsubscribe(fixture->hub, &listener.subscriber);
    hub_remove(fixture->hub, &key);
    assert_null(hub_find(fixture->hub, &key));
    hub_remove(fixture->hub, &key); /* it is not there: nothing happens */
}

static void test_forgotten_pictures(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    struct stream_key raw = key_of("CAM1");
    raw.kind = STREAM_RAW;
    assert_int_equal(post(fixture, "CAM1", FRAME_SIZE, 1), 0);
    assert_int_equal(post(fixture, "CAM2", FRAME_SIZE, 1), 0);
    post_kind(fixture, &raw);
    listen_to(fixture, &listener, "CAM1");
    hub_forget_pictures(fixture->hub, "CAM1"); /* somebody demands it: it will be drawn anew */
    assert_non_null(stream_frame(find(fixture, "CAM1")));
    hub_unsubscribe(fixture->hub, &listener.subscriber);
    hub_forget_pictures(fixture->hub, "CAM1");
    assert_null(stream_frame(find(fixture, "CAM1")));
    assert_non_null(stream_frame(find(fixture, "CAM2")));
    assert_non_null(stream_frame(hub_find(fixture->hub, &raw))); /* whose camera takes care of it */
    hub_end_camera(fixture->hub, "CAM1", "the cable");
    hub_forget_pictures(fixture->hub, "CAM1");
    assert_null(stream_frame(hub_find(fixture->hub, &raw)));
}

static void test_status(void **state)
{
    struct fixture *fixture = *state;
    struct camera_status status;
    struct listener listener;
    listen_to(fixture, &listener, "CAM1");
    stream_status(find(fixture, "CAM1"), &status);
    assert_int_equal(status.state, CAMERA_CONNECTING);
    assert_true(stream_is_stale(find(fixture, "CAM1")));
    post(fixture, "CAM1", FRAME_SIZE, 1);
    stream_status(find(fixture, "CAM1"), &status);
    assert_int_equal(status.state, CAMERA_ONLINE);
    assert_int_equal(status.width, 320);
    assert_int_equal(status.height, 240);
    assert_false(stream_is_stale(find(fixture, "CAM1")));
    while (strchr(listener.heard + 3, 'S') == NULL) {
        event_base_loop(fixture->base, EVLOOP_ONCE); /* until the watch sees that nothing comes */
    }
    stream_status(find(fixture, "CAM1"), &status);
    assert_int_equal(status.state, CAMERA_STALE);
    assert_true(stream_is_stale(find(fixture, "CAM1")));
    hub_unsubscribe(fixture->hub, &listener.subscriber);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_followers),
        TEST(test_cameras),
        TEST(test_remove),
        TEST(test_forgotten_pictures),
        TEST(test_newest_wins),
        TEST(test_messages_for_many),
        TEST(test_metadata_alone),
        TEST(test_subscribers),
        TEST(test_end_and_begin),
        TEST(test_sorted),
        TEST(test_most_streams),
        TEST(test_status),
        TEST(test_needless_streams_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
