/* The frame container: the bytes as documented, there and back, and every way to be wrong. */
#include "common/frame_container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/memory.h"

#define METADATA "{\"a\":1}"
#define JPEG     "\xff\xd8\xff\xd9"

static const struct frame_container example = {
    .frame_number = 0x0102030405060708,
    .generation = UINT64_MAX,
    .captured_ns = 0x1112131415161718,
    .sent_ns = 0x2122232425262728,
    .frame_count = 3,
    .rendering = 0x31323334,
    .metadata_size = sizeof METADATA - 1,
    .jpeg_size = sizeof JPEG - 1,
    .camera = "CAM1",
};

/* Header (72 bytes for CAM1), metadata, JPEG. */
#define EXAMPLE_SIZE (72 + sizeof METADATA - 1 + sizeof JPEG - 1)

static void example_write(uint8_t out[EXAMPLE_SIZE])
{
    uint8_t header[FRAME_CONTAINER_HEADER_MAX];
    size_t size = frame_container_write_header(&example, header);
    assert_int_equal(size, 72);
    memcpy(out, header, size);
    memcpy(out + size, METADATA JPEG, sizeof METADATA JPEG - 1);
}

static void test_the_bytes_are_as_documented(void **state)
{
    static const char expected[72] = "RCF1\x01\x00\x00\x48"
                                     "\x00\x00\x00\x07\x00\x00\x00\x04"
                                     "\x01\x02\x03\x04\x05\x06\x07\x08"
                                     "\xff\xff\xff\xff\xff\xff\xff\xff"
                                     "\x11\x12\x13\x14\x15\x16\x17\x18"
                                     "\x21\x22\x23\x24\x25\x26\x27\x28"
                                     "\x00\x00\x00\x00\x00\x00\x00\x03"
                                     "\x31\x32\x33\x34\x00\x04\x00\x00"
                                     "CAM1\x00\x00\x00";
    uint8_t bytes[EXAMPLE_SIZE];
    (void)state;
    example_write(bytes);
    assert_memory_equal(bytes, expected, sizeof expected);
}

static void test_it_comes_back_as_it_went(void **state)
{
    uint8_t bytes[EXAMPLE_SIZE];
    struct frame_container back;
    const char *error = "";
    (void)state;
    example_write(bytes);
    assert_int_equal(frame_container_parse(bytes, sizeof bytes, &back, &error), 72);
    assert_null(error);
    assert_true(back.frame_number == example.frame_number);
    assert_true(back.generation == example.generation);
    assert_true(back.captured_ns == example.captured_ns);
    assert_true(back.sent_ns == example.sent_ns);
    assert_true(back.frame_count == example.frame_count);
    assert_int_equal(back.rendering, example.rendering);
    assert_int_equal(back.metadata_size, example.metadata_size);
    assert_int_equal(back.jpeg_size, example.jpeg_size);
    assert_string_equal(back.camera, "CAM1");
}

static void test_every_length_of_a_camera_id(void **state)
{
    uint8_t header[FRAME_CONTAINER_HEADER_MAX];
    struct frame_container in = {0}, back;
    const char *error;
    (void)state;
    for (size_t length = 1; length <= CAMERA_ID_MAX; length++) {
        in.camera[length - 1] = 'x';
        size_t size = frame_container_write_header(&in, header);
        assert_int_equal(size % 8, 0);
        assert_in_range(size, 64 + length, 64 + length + 7);
        assert_int_equal(frame_container_parse(header, size, &back, &error), size);
        assert_string_equal(back.camera, in.camera);
    }
}

static void test_every_cut_and_addition_is_refused(void **state)
{
    uint8_t bytes[EXAMPLE_SIZE];
    struct frame_container back;
    const char *error;
    (void)state;
    example_write(bytes);
    for (size_t size = 0; size <= EXAMPLE_SIZE; size++) {
        /* A copy of just that size lets a sanitizer see a read beyond it. */
        uint8_t *copy = xmalloc(size + 1);
        memcpy(copy + 1, bytes, size);
        error = NULL;
        assert_int_equal(frame_container_parse(copy + 1, size, &back, &error),
                         size == EXAMPLE_SIZE ? 72 : 0);
        assert_true((error == NULL) == (size == EXAMPLE_SIZE));
        free(copy);
    }
    uint8_t longer[EXAMPLE_SIZE + 1] = {0};
    memcpy(longer, bytes, sizeof bytes);
    assert_int_equal(frame_container_parse(longer, sizeof longer, &back, &error), 0);
}

static void test_wrong_headers_are_refused(void **state)
{
    static const struct {
        size_t offset;
        const char *bytes;
        size_t size;
        const char *reason; /* a part of it */
    } lies[] = {
        {0, "RCF2", 4, "RCF1"},
        {4, "\x02", 1, "version"},
        {5, "\x02", 1, "flags"},
        {62, "\x00\x01", 2, "flags"},
        {6, "\x00\x40", 2, "header length"},
        {6, "\x00\x50", 2, "header length"},
        {6, "\xff\xff", 2, "header length"},
        {60, "\x00\x41", 2, "header length"},
        {60, "\xff\xff", 2, "header length"},
        {60, "\x00\x09", 2, "header length"},
        {8, "\x00\x01\x00\x01", 4, "metadata"},
        {8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "metadata"},
        {12, "\xff\xff\xff\xff", 4, "add up"},
        {12, "\x00\x00\x00\x05", 4, "add up"},
        {60, "\x00\x00", 2, "header length"},
        {64, " AM1", 4, "camera id"},
        {65, "\x00", 1, "camera id"},
        {60, "\x00\x05", 2, "camera id"},
        {60, "\x00\x03", 2, "padding"},
        {71, "x", 1, "padding"},
    };
    uint8_t bytes[EXAMPLE_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct frame_container back = {.rendering = 77};
        const char *error = NULL;
        example_write(bytes);
        memcpy(bytes + lies[i].offset, lies[i].bytes, lies[i].size);
        assert_int_equal(frame_container_parse(bytes, sizeof bytes, &back, &error), 0);
        assert_non_null(error);
        assert_non_null(strstr(error, lies[i].reason));
        assert_int_equal(back.rendering, 77); /* left alone */
    }
}

static void test_the_largest_metadata_fits(void **state)
{
    struct frame_container in = {.metadata_size = FRAME_METADATA_MAX, .camera = "C"}, back;
    uint8_t *bytes = xcalloc(1, FRAME_CONTAINER_HEADER_MAX + FRAME_METADATA_MAX + 1);
    const char *error;
    (void)state;
    size_t header = frame_container_write_header(&in, bytes);
    assert_int_equal(frame_container_parse(bytes, header + FRAME_METADATA_MAX, &back, &error),
                     header);
    in.metadata_size++;
    frame_container_write_header(&in, bytes);
    assert_int_equal(frame_container_parse(bytes, header + FRAME_METADATA_MAX + 1, &back, &error),
                     0);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_bytes_are_as_documented),
        cmocka_unit_test(test_it_comes_back_as_it_went),
        cmocka_unit_test(test_every_length_of_a_camera_id),
        cmocka_unit_test(test_every_cut_and_addition_is_refused),
        cmocka_unit_test(test_wrong_headers_are_refused),
        cmocka_unit_test(test_the_largest_metadata_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
