/* The wire forms of a frame, read back by other readers: the WebSocket header by hand, the JSON by
 * jansson, the container by the one who wrote its layout. */
#include "broadcaster/streams/frame_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "broadcaster/text/base64.h"
#include "common/frame_container.h"
#include "common/memory.h"
#include "tests/unit/jpeg_bytes.h"

#define METADATA "{\"vehicle_count\": 3, \"x\":0.9}"

/* A frame of `size` bytes, as bytes or as base64, in a body of its own. */
static struct posted_frame make_frame(size_t size, bool as_base64, const char *metadata)
{
    uint8_t *jpeg = xmalloc(size);
    jpeg_bytes_fill(jpeg, size, 0);
    size_t picture = as_base64 ? base64_encoded_size(size) : size, more = strlen(metadata);
    struct shared_bytes *body = shared_bytes_create(picture + more);
    if (as_base64) {
        base64_encode((char *)body->data, jpeg, size);
    } else {
        memcpy(body->data, jpeg, size);
    }
    memcpy(body->data + picture, metadata, more);
    free(jpeg);
    struct posted_frame frame = {
        .body = body,
        .metadata = {body->data + picture, more},
        .jpeg_size = (uint32_t)size,
        .number = 7,
        .generation = UINT64_C(1767789045123456789),
        .captured_ns = 1000,
        .taken_ns = UINT64_C(1641567890123456789),
    };
    *(as_base64 ? &frame.base64 : &frame.jpeg) = (struct byte_span){body->data, picture};
    return frame;
}

/* The payload of one whole, unfragmented, unmasked frame. */
static struct byte_span payload_of(const uint8_t *data, size_t size, uint8_t opcode)
{
    assert_int_equal(data[0], 0x80 | opcode);
    size_t bytes = data[1] == 127 ? 8 : data[1] == 126 ? 2 : 0;
    uint64_t length = bytes == 0 ? data[1] : 0;
    for (size_t i = 0; i < bytes; i++) {
        length = length << 8 | data[2 + i];
    }
    assert_int_equal(length, size - 2 - bytes);
    return (struct byte_span){data + 2 + bytes, (size_t)length};
}

static void assert_is_picture(const uint8_t *data, size_t size, size_t expected)
{
    uint8_t *jpeg = xmalloc(expected);
    jpeg_bytes_fill(jpeg, expected, 0);
    assert_int_equal(size, expected);
    assert_memory_equal(data, jpeg, expected);
    free(jpeg);
}

static void assert_json(struct byte_span payload, size_t jpeg_size, const char *metadata,
                        const char *state, bool stale)
{
    json_t *message = json_loadb((const char *)payload.data, payload.size, 0, NULL);
    assert_non_null(message);
    assert_string_equal(json_string_value(json_object_get(message, "type")), "frame");
    assert_string_equal(json_string_value(json_object_get(message, "camera_id")), "CAM1");
    assert_int_equal(json_integer_value(json_object_get(message, "frame_count")), 42);
    assert_non_null(memmem(payload.data, payload.size, "\"timestamp\":1641567890.123456}", 30));
    assert_non_null(memmem(payload.data, payload.size, metadata, strlen(metadata)));
    const char *told = json_string_value(json_object_get(message, "camera_state"));
    assert_true(state == NULL ? told == NULL : strcmp(told, state) == 0);
    assert_true(stale == json_is_true(json_object_get(message, "stale")));

    static const char prefix[] = "data:image/jpeg;base64,";
    const char *frame = json_string_value(json_object_get(message, "frame"));
    assert_int_equal(strncmp(frame, prefix, sizeof prefix - 1), 0);
    frame += sizeof prefix - 1;
    uint8_t *jpeg = xmalloc(base64_decoded_size_max(strlen(frame)));
    ssize_t size = base64_decode(jpeg, frame, strlen(frame));
    assert_true(size > 0);
    assert_is_picture(jpeg, (size_t)size, jpeg_size);
    free(jpeg);
    json_decref(message);
}

static void assert_binary(struct byte_span payload, size_t jpeg_size, const char *metadata,
                          uint64_t sent_ns)
{
    struct frame_container container;
    const char *error;
    size_t header = frame_container_parse(payload.data, payload.size, &container, &error);
    assert_int_not_equal(header, 0);
    assert_string_equal(container.camera, "CAM1");
    assert_int_equal(container.frame_number, 7);
    assert_int_equal(container.generation, UINT64_C(1767789045123456789));
    assert_int_equal(container.captured_ns, 1000);
    assert_int_equal(container.sent_ns, sent_ns);
    assert_int_equal(container.frame_count, 42);
    assert_int_equal(container.metadata_size, strlen(metadata));
    assert_memory_equal(payload.data + header, metadata, strlen(metadata));
    assert_is_picture(payload.data + header + strlen(metadata), container.jpeg_size, jpeg_size);
}

/* A private head and what it is sent in front of. */
static uint8_t *joined(const uint8_t *head, size_t head_size, const struct shared_bytes *message,
                       size_t offset, size_t *size)
{
    *size = head_size + message->size - offset;
    uint8_t *whole = xmalloc(*size);
    memcpy(whole, head, head_size);
    memcpy(whole + head_size, message->data + offset, message->size - offset);
    return whole;
}

static void check_json_heads(const struct shared_bytes *json, size_t jpeg_size,
                             const char *metadata)
{
    for (int stale = 0; stale < 2; stale++) {
        uint8_t head[FRAME_MESSAGE_HEAD_MAX];
        size_t offset, size;
        size_t head_size = frame_message_json_head(json, "connecting", stale == 1, head, &offset);
        uint8_t *whole = joined(head, head_size, json, offset, &size);
        assert_json(payload_of(whole, size, 1), jpeg_size, metadata, "connecting", stale == 1);
        free(whole);
    }
}

static void check_binary_head(const struct frame_message *message,
                              const struct shared_bytes *binary, size_t jpeg_size,
                              const char *metadata)
{
    uint8_t head[FRAME_MESSAGE_HEAD_MAX];
    size_t offset, size;
    size_t head_size = frame_message_binary_head(message, 6000, head, &offset);
    uint8_t *whole = joined(head, head_size, binary, offset, &size);
    assert_binary(payload_of(whole, size, 2), jpeg_size, metadata, 6000);
    free(whole);
}

/* Both sources, both forms, around the sizes where WebSocket's length field grows. */
static void test_forms(void **state)
{
    static const size_t sizes[] = {32,    33,    34,    100,   48900, 48950,
                                   49000, 49001, 49002, 65300, 65450, 65536};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        size_t jpeg_size = sizes[i / 2];
        struct posted_frame frame = make_frame(jpeg_size, i % 2 == 0, METADATA);
        struct frame_message message = {.camera = "CAM1", .frame = &frame, .count = 42};
        struct shared_bytes *json = frame_message_build(&message, WIRE_VIEWER_JSON, 0);
        struct shared_bytes *binary = frame_message_build(&message, WIRE_BINARY, 5000);
        assert_json(payload_of(json->data, json->size, 1), jpeg_size, METADATA, NULL, false);
        assert_binary(payload_of(binary->data, binary->size, 2), jpeg_size, METADATA, 5000);
        check_json_heads(json, jpeg_size, METADATA);
        check_binary_head(&message, binary, jpeg_size, METADATA);
        shared_bytes_unref(json);
        shared_bytes_unref(binary);
        shared_bytes_unref(frame.body);
    }
}

static void test_without_metadata(void **state)
{
    struct posted_frame frame = make_frame(1000, false, "");
    struct frame_message message = {.camera = "CAM1", .frame = &frame, .count = 42};
    struct shared_bytes *json = frame_message_build(&message, WIRE_VIEWER_JSON, 0);
    struct shared_bytes *binary = frame_message_build(&message, WIRE_BINARY, 5000);
    (void)state;
    assert_json(payload_of(json->data, json->size, 1), 1000, "\"metadata\":{},", NULL, false);
    assert_binary(payload_of(binary->data, binary->size, 2), 1000, "", 5000);
    shared_bytes_unref(json);
    shared_bytes_unref(binary);
    shared_bytes_unref(frame.body);
}

static void test_stream_form(void **state)
{
    (void)state;
    for (int as_base64 = 0; as_base64 < 2; as_base64++) {
        struct posted_frame frame = make_frame(1000, as_base64 == 1, METADATA);
        struct frame_message message = {.camera = "CAM1", .frame = &frame, .count = 42};
        struct shared_bytes *bytes = frame_message_build(&message, WIRE_STREAM_JSON, 0);
        struct byte_span payload = payload_of(bytes->data, bytes->size, 1);
        json_t *json = json_loadb((const char *)payload.data, payload.size, 0, NULL);
        assert_int_equal(json_object_size(json), 2);
        assert_string_equal(json_string_value(json_object_get(json, "type")), "frame");
        const char *data = json_string_value(json_object_get(json, "data"));
        uint8_t *jpeg = xmalloc(base64_decoded_size_max(strlen(data)));
        assert_is_picture(jpeg, (size_t)base64_decode(jpeg, data, strlen(data)), 1000);
        free(jpeg);
        json_decref(json);
        shared_bytes_unref(bytes);
        shared_bytes_unref(frame.body);
    }
}

/* One part of a multipart answer, no WebSocket around it. */
static void test_mjpeg_form(void **state)
{
    static const char head[] = "Content-Type: image/jpeg\r\nContent-Length: 1000\r\n"
                               "X-Timestamp: 1641567890.123456\r\n\r\n";
    static const char end[] = "\r\n" FRAME_MESSAGE_BOUNDARY;
    (void)state;
    for (int as_base64 = 0; as_base64 < 2; as_base64++) {
        struct posted_frame frame = make_frame(1000, as_base64 == 1, METADATA);
        frame.captured_ns = UINT64_C(1641567890123456789);
        struct frame_message message = {.camera = "CAM1", .frame = &frame, .count = 42};
        struct shared_bytes *bytes = frame_message_build(&message, WIRE_MJPEG, 0);
        size_t head_size = sizeof head - 1;
        assert_int_equal(bytes->size, head_size + 1000 + sizeof end - 1);
        assert_memory_equal(bytes->data, head, head_size);
        assert_is_picture(bytes->data + head_size, 1000, 1000);
        assert_memory_equal(bytes->data + head_size + 1000, end, sizeof end - 1);
        shared_bytes_unref(bytes);
        shared_bytes_unref(frame.body);
    }
}

static void test_detections_form(void **state)
{
    struct posted_frame frame = make_frame(100, false, METADATA);
    struct frame_message message = {.camera = "CAM1", .frame = &frame, .count = 42};
    struct shared_bytes *bytes = frame_message_build(&message, WIRE_DETECTIONS, 0);
    struct byte_span payload = payload_of(bytes->data, bytes->size, 1);
    static const char expected[] =
        "{\"type\":\"detections\",\"camera_id\":\"CAM1\",\"generation\":\"1767789045123456789\","
        "\"frame_number\":7,\"metadata\":" METADATA "}";
    (void)state;
    assert_int_equal(payload.size, sizeof expected - 1);
    assert_memory_equal(payload.data, expected, payload.size);
    shared_bytes_unref(bytes);
    shared_bytes_unref(frame.body);
}

static void test_raw_pictures_say_so(void **state)
{
    struct posted_frame frame = make_frame(1000, false, "");
    struct frame_message message = {.camera = "CAM1", .frame = &frame, .count = 42, .raw = true};
    struct shared_bytes *json = frame_message_build(&message, WIRE_VIEWER_JSON, 0);
    struct shared_bytes *binary = frame_message_build(&message, WIRE_BINARY, 0);
    struct byte_span payload = payload_of(binary->data, binary->size, 2);
    struct frame_container container;
    const char *error;
    (void)state;
    assert_non_null(memmem(json->data, json->size, "\"type\":\"frame\",\"kind\":\"raw\",", 28));
    assert_json(payload_of(json->data, json->size, 1), 1000, "{}", NULL, false);
    assert_int_not_equal(frame_container_parse(payload.data, payload.size, &container, &error), 0);
    assert_int_equal(container.flags, FRAME_CONTAINER_RAW);
    shared_bytes_unref(json);
    shared_bytes_unref(binary);
    shared_bytes_unref(frame.body);
}

/* The members come in the order in which the documents show them. */
static void test_order(void **state)
{
    static const char *const members[] = {"\"type\"",     "\"camera_id\"",   "\"frame\":",
                                          "\"metadata\"", "\"frame_count\"", "\"timestamp\""};
    struct posted_frame frame = make_frame(100, true, METADATA);
    struct frame_message message = {.camera = "CAM1", .frame = &frame, .count = 42};
    struct shared_bytes *json = frame_message_build(&message, WIRE_VIEWER_JSON, 0);
    const uint8_t *at = json->data;
    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        at = memmem(at, json->size - (size_t)(at - json->data), members[i], strlen(members[i]));
        assert_non_null(at);
    }
    shared_bytes_unref(json);
    shared_bytes_unref(frame.body);
}

/* The longest id leaves room for the private heads. */
static void test_longest_id(void **state)
{
    char id[CAMERA_ID_SIZE];
    uint8_t head[FRAME_MESSAGE_HEAD_MAX];
    size_t offset;
    memset(id, 'x', CAMERA_ID_MAX);
    id[CAMERA_ID_MAX] = '\0';
    struct posted_frame frame = make_frame(70000, false, METADATA);
    struct frame_message message = {.camera = id, .frame = &frame, .count = UINT64_MAX};
    struct shared_bytes *json = frame_message_build(&message, WIRE_VIEWER_JSON, 0);
    (void)state;
    assert_true(frame_message_json_head(json, "connecting", true, head, &offset) <= sizeof head);
    assert_true(frame_message_binary_head(&message, UINT64_MAX, head, &offset) <= sizeof head);
    shared_bytes_unref(json);
    shared_bytes_unref(frame.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),           cmocka_unit_test(test_without_metadata),
        cmocka_unit_test(test_stream_form),     cmocka_unit_test(test_mjpeg_form),
        cmocka_unit_test(test_detections_form), cmocka_unit_test(test_raw_pictures_say_so),
        cmocka_unit_test(test_order),           cmocka_unit_test(test_longest_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
