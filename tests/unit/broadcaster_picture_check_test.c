/* The cheap check of a picture: base64 must be judged as its bytes would be. */
#include "broadcaster/intake/picture_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broadcaster/text/base64.h"
#include "common/memory.h"
#include "tests/unit/jpeg_bytes.h"

static enum jpeg_fault check_base64(const uint8_t *jpeg, size_t size, struct jpeg_info *info)
{
    size_t length = base64_encoded_size(size);
    char *text = xmalloc(length);
    base64_encode(text, jpeg, size);
    enum jpeg_fault fault = picture_check_base64((struct byte_span){(uint8_t *)text, length}, info);
    free(text);
    return fault;
}

static void assert_judged(const uint8_t *jpeg, size_t size, enum jpeg_fault expected)
{
    struct jpeg_info info = {0};
    enum jpeg_fault fault = picture_check_bytes((struct byte_span){jpeg, size}, &info);
    if (fault != expected) {
        fail_msg("bytes: %s, not %s size=%zu", jpeg_fault_name(fault), jpeg_fault_name(expected),
                 size);
    }
    fault = check_base64(jpeg, size, &info);
    if (fault != expected) {
        fail_msg("base64: %s, not %s size=%zu", jpeg_fault_name(fault), jpeg_fault_name(expected),
                 size);
    }
    if (expected == JPEG_WHOLE) {
        assert_int_equal(info.width, 320);
        assert_int_equal(info.height, 240);
        assert_int_equal(info.size, size);
    }
}

/* All three paddings, and around the sizes where the check goes from one way to another. */
static void test_whole(void **state)
{
    static const size_t sizes[] = {32,   33,   34,   35,   95,   96,    97,    98,
                                   767,  768,  769,  770,  831,  832,   833,   1535,
                                   1536, 1537, 1538, 1600, 3000, 50000, 50001, 50002};
    uint8_t *jpeg = xmalloc(50002);
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        jpeg_bytes_fill(jpeg, sizes[i], 0);
        assert_judged(jpeg, sizes[i], JPEG_WHOLE);
    }
    free(jpeg);
}

static void test_long_headers(void **state)
{
    uint8_t *jpeg = xmalloc(70000);
    (void)state;
    for (size_t comment = 700; comment < 65000; comment += 2111) {
        jpeg_bytes_fill(jpeg, comment + 40, comment);
        assert_judged(jpeg, comment + 40, JPEG_WHOLE);
        jpeg_bytes_fill(jpeg, comment + 4000, comment);
        assert_judged(jpeg, comment + 4000, JPEG_WHOLE);
    }
    free(jpeg);
}

static void test_cut(void **state)
{
    uint8_t jpeg[4000];
    (void)state;
    for (size_t total = 400; total <= sizeof jpeg; total += 1800) {
        jpeg_bytes_fill(jpeg, total, 100);
        for (size_t size = 2; size < total; size++) {
            assert_judged(jpeg, size, JPEG_TRUNCATED);
        }
    }
}

static void test_faults(void **state)
{
    uint8_t jpeg[2000];
    (void)state;
    for (size_t size = 100; size <= sizeof jpeg; size += 1900) {
        jpeg_bytes_fill(jpeg, size, 0);
        jpeg[0] = 0xfe;
        assert_judged(jpeg, size, JPEG_NOT_JPEG);
        jpeg_bytes_fill(jpeg, size, 0);
        jpeg[7] = jpeg[8] = 0; /* height */
        assert_judged(jpeg, size, JPEG_BAD_SIZE);
        jpeg_bytes_fill(jpeg, size, 0);
        jpeg[3] = 0xe0; /* the frame header has become something else */
        assert_judged(jpeg, size, JPEG_NO_FRAME);
        jpeg_bytes_fill(jpeg, size, 0);
        jpeg[4] = 0xff; /* a segment that goes beyond the end */
        assert_judged(jpeg, size, JPEG_TRUNCATED);
        jpeg_bytes_fill(jpeg, size, 0);
        jpeg[2] = 0;
        assert_judged(jpeg, size, JPEG_CORRUPT);
    }
}

/* What lies between the headers and the end is a decoder's business. */
static void test_what_is_in_the_scan(void **state)
{
    static const uint8_t markers[][4] = {
        {0xff, 0xd8, 0xff, 0xe0}, /* the next picture begins */
        {0xff, 0xd9, 0x00, 0x00}, /* an end before the end */
        {0xff, 0x42, 0x00, 0x00}, /* reserved */
        {0xff, 0xc4, 0x01,
         0x00}, /* tables of 256 bytes, as between the scans of a progressive one */
        {0xff, 0xc0, 0x00, 0x0b}, /* a second frame header */
    };
    uint8_t jpeg[4000];
    (void)state;
    for (size_t i = 0; i < sizeof markers / sizeof markers[0]; i++) {
        for (size_t size = 800; size <= sizeof jpeg; size += 400) {
            for (size_t at = 30; at < 790; at += 40) {
                jpeg_bytes_fill(jpeg, size, 0);
                memcpy(jpeg + at, markers[i], sizeof markers[i]);
                assert_judged(jpeg, size, JPEG_WHOLE);
            }
        }
    }
}

/* The last 64 bytes are looked at, whatever the padding of the base64. */
static void test_bytes_behind_the_end(void **state)
{
    uint8_t jpeg[600];
    (void)state;
    for (size_t size = 500; size < 503; size++) {
        for (size_t behind = 60; behind < 70; behind++) {
            memset(jpeg, 0, sizeof jpeg);
            jpeg_bytes_fill(jpeg, size - behind, 0);
            assert_judged(jpeg, size, behind + 2 <= 64 ? JPEG_WHOLE : JPEG_TRUNCATED);
        }
    }
}

/* What looks like an end in a comment is none, though it is among the last bytes. */
static void test_end_in_the_headers(void **state)
{
    uint8_t jpeg[80];
    (void)state;
    jpeg_bytes_fill(jpeg, sizeof jpeg, 20);
    memcpy(jpeg + 20, JPEG_EOI, 2);
    assert_judged(jpeg, sizeof jpeg, JPEG_WHOLE);
    memset(jpeg + sizeof jpeg - 2, 0x55, 2);
    assert_judged(jpeg, sizeof jpeg, JPEG_TRUNCATED);
}

static void test_not_base64(void **state)
{
    uint8_t jpeg[3000];
    char text[4000];
    struct jpeg_info info;
    (void)state;
    jpeg_bytes_fill(jpeg, sizeof jpeg, 0);
    for (size_t at = 0; at < sizeof text; at += sizeof text - 1) {
        assert_int_equal(base64_encode(text, jpeg, sizeof jpeg), sizeof text);
        text[at] = '?';
        struct byte_span base64 = {(uint8_t *)text, sizeof text};
        assert_int_equal(picture_check_base64(base64, &info), JPEG_TRUNCATED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_long_headers),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_what_is_in_the_scan),
        cmocka_unit_test(test_end_in_the_headers),
        cmocka_unit_test(test_not_base64),
        cmocka_unit_test(test_bytes_behind_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
