/* The JPEG walk: hand-made pictures for every fault, cut at every byte; real ones
 * when there are any. */
#include "common/jpeg_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/jpeg_bytes.h"
#include "tests/unit/walk_jpeg.h"

#define SOI       "\xff\xd8"
#define EOI       "\xff\xd9"
#define APP0      "\xff\xe0\x00\x06JFIF"
#define THUMBNAIL "\xff\xe1\x00\x0c" SOI "\xff\xda\x00\x02" EOI "ab"
#define DQT       "\xff\xdb\x00\x04\x01\x02"
#define SOF       "\xff\xc0\x00\x0b\x08\x00\xf0\x01\x40\x01\x01\x11\x00" /* 320x240 */
#define SOF_ZERO  "\xff\xc0\x00\x0b\x08\x00\x00\x01\x40\x01\x01\x11\x00"
#define SOF_HUGE  "\xff\xc0\x00\x0b\x08\x40\x01\x01\x40\x01\x01\x11\x00" /* height 16385 */
#define SOF_PROG  "\xff\xc2\x00\x0b\x08\x00\xf0\x01\x40\x01\x01\x11\x00"
#define SOS       "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
#define SCAN      "\x12\x34\xff\x00\x56\xff\xd0\x78\xff\x00\xff\xd7\x9a"

struct sample {
    const char *name;
    const char *bytes;
    size_t size;
    size_t whole; /* bytes of the picture when it is whole */
    enum jpeg_fault fault;
    enum jpeg_fault framed; /* what the cheap walk says: it does not look into scans */
};

#define SAMPLE(name, bytes, whole, fault, framed)                                                  \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1, whole, fault, framed                                       \
    }
#define WHOLE(name, bytes)        SAMPLE(name, bytes, sizeof(bytes) - 1, JPEG_WHOLE, JPEG_WHOLE)
#define FAULT(name, bytes, fault) SAMPLE(name, bytes, 0, fault, fault)

#define PLAIN SOI APP0 DQT SOF SOS SCAN EOI

static const struct sample samples[] = {
    WHOLE("plain", PLAIN),
    WHOLE("thumbnail in a segment", SOI THUMBNAIL SOF SOS SCAN EOI),
    WHOLE("fill bytes before markers", SOI "\xff" APP0 "\xff\xff\xff" SOF SOS SCAN "\xff" EOI),
    WHOLE("progressive, several scans", SOI SOF_PROG SOS SCAN "\xff\xc4\x00\x03z" SOS SCAN EOI),
    WHOLE("empty scan", SOI SOF SOS EOI),
    WHOLE("empty segment", SOI "\xff\xfe\x00\x02" SOF SOS SCAN EOI),
    SAMPLE("padding behind", PLAIN "\0\0\0\0", sizeof(PLAIN) - 1, JPEG_WHOLE, JPEG_WHOLE),
    FAULT("nothing", "", JPEG_NOT_JPEG),
    FAULT("text", "GIF89a", JPEG_NOT_JPEG),
    FAULT("no SOI behind the prefix", "\xff\xe0\x00\x06JFIF", JPEG_NOT_JPEG),
    FAULT("only SOI", SOI, JPEG_TRUNCATED),
    FAULT("in the headers", SOI APP0 "\xff\xdb\x00", JPEG_TRUNCATED),
    FAULT("in the scan", SOI SOF SOS SCAN, JPEG_TRUNCATED),
    FAULT("in EOI", SOI SOF SOS SCAN "\xff", JPEG_TRUNCATED),
    SAMPLE("the next begins in a scan", SOI SOF SOS "\x12" PLAIN, 0, JPEG_TRUNCATED, JPEG_WHOLE),
    FAULT("the next begins in the headers", SOI APP0 PLAIN, JPEG_TRUNCATED),
    FAULT("segment of length 1", SOI "\xff\xe0\x00\x01" SOF SOS SCAN EOI, JPEG_CORRUPT),
    FAULT("short frame header", SOI "\xff\xc0\x00\x08\x08\x00\xf0\x01\x40\x01" SOS EOI,
          JPEG_CORRUPT),
    FAULT("two frame headers", SOI SOF SOF SOS SCAN EOI, JPEG_CORRUPT),
    FAULT("no marker behind a segment", SOI APP0 "x" SOF SOS SCAN EOI, JPEG_CORRUPT),
    FAULT("restart marker in the headers", SOI "\xff\xd0" SOF SOS SCAN EOI, JPEG_CORRUPT),
    FAULT("reserved marker", SOI "\xff\x02\x00\x02" SOF SOS SCAN EOI, JPEG_CORRUPT),
    FAULT("no scan", SOI SOF EOI, JPEG_CORRUPT),
    SAMPLE("reserved marker in a scan", SOI SOF SOS "\xff\x42" EOI, 0, JPEG_CORRUPT, JPEG_WHOLE),
    FAULT("no frame header", SOI APP0 SOS SCAN EOI, JPEG_NO_FRAME),
    FAULT("frame header behind a scan", SOI SOS SCAN SOF SOS SCAN EOI, JPEG_NO_FRAME),
    FAULT("only EOI", SOI EOI, JPEG_NO_FRAME),
    FAULT("no height", SOI SOF_ZERO SOS SCAN EOI, JPEG_BAD_SIZE),
    FAULT("too high", SOI SOF_HUGE SOS SCAN EOI, JPEG_BAD_SIZE),
};

#define SAMPLES (sizeof samples / sizeof *samples)

/* A copy of exactly its size, so that the sanitizer sees a read behind the end. */
static uint8_t *sample_copy(const char *bytes, size_t size)
{
    return memcpy(xmalloc(size), bytes, size);
}

static void check(const char *what, const struct sample *sample, enum jpeg_fault expected,
                  enum jpeg_fault fault, const struct jpeg_info *info)
{
    if (fault != expected) {
        fail_msg("%s, %s: %s instead of %s", sample->name, what, jpeg_fault_name(fault),
                 jpeg_fault_name(expected));
    }
    if (fault == JPEG_WHOLE && sample->fault == JPEG_WHOLE) {
        assert_int_equal(info->size, sample->whole);
        assert_int_equal(info->width, 320);
        assert_int_equal(info->height, 240);
    }
}

static void whole_buffer(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct sample *sample = &samples[i];
        struct jpeg_info info = {0};
        uint8_t *bytes = sample_copy(sample->bytes, sample->size);
        check("walked", sample, sample->fault, walk_jpeg(bytes, sample->size, &info), &info);
        check("framed", sample, sample->framed, jpeg_info_read_framed(bytes, sample->size, &info),
              &info);
        free(bytes);
    }
}

/* Feeds a sample in two pieces; what is found may not depend on where the cut is. */
static void walk_in_two(const struct sample *sample, size_t cut)
{
    struct jpeg_walk walk;
    struct jpeg_info info = {0};
    size_t taken, more;
    uint8_t *first = sample_copy(sample->bytes, cut);
    uint8_t *second = sample_copy(sample->bytes + cut, sample->size - cut);
    jpeg_walk_init(&walk);
    enum jpeg_walk_result result = jpeg_walk_feed(&walk, first, cut, &taken);
    jpeg_walk_feed(&walk, second, sample->size - cut, &more);
    assert_true(result == JPEG_WALK_MORE ? taken == cut : more == 0);
    info.size = taken + more;
    enum jpeg_fault fault = jpeg_walk_picture(&walk, &info.width, &info.height);
    check("in two pieces", sample, sample->fault, fault, &info);
    free(first);
    free(second);
}

static void every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t cut = 0; samples[i].size > 0 && cut <= samples[i].size; cut++) {
            walk_in_two(&samples[i], cut);
        }
    }
}

static void every_truncation(void **state)
{
    (void)state;
    for (size_t size = 2; size < sizeof(PLAIN) - 1; size++) {
        struct jpeg_info info;
        uint8_t *bytes = sample_copy(PLAIN, size);
        assert_int_equal(walk_jpeg(bytes, size, &info), JPEG_TRUNCATED);
        assert_int_equal(jpeg_info_read_framed(bytes, size, &info), JPEG_TRUNCATED);
        free(bytes);
    }
}

/* EOI is looked for in the last 64 bytes and nowhere else. */
static void tail_of_framed(void **state)
{
    (void)state;
    struct jpeg_info info;
    uint8_t bytes[sizeof(PLAIN) - 1 + 100] = {0};
    memcpy(bytes, PLAIN, sizeof(PLAIN) - 1);
    assert_int_equal(jpeg_info_read_framed(bytes, sizeof(PLAIN) - 1 + 62, &info), JPEG_WHOLE);
    assert_int_equal(info.size, sizeof(PLAIN) - 1);
    assert_int_equal(jpeg_info_read_framed(bytes, sizeof(PLAIN) - 1 + 63, &info), JPEG_TRUNCATED);
}

/* The bytes behind a bad one stay whatever they are: the walk stops on the byte that cannot be. */
static void bad_byte_is_the_last_taken(void **state)
{
    (void)state;
    static const char bytes[] = SOI SOF SOS "\x12" SOI;
    struct jpeg_walk walk;
    size_t taken;
    jpeg_walk_init(&walk);
    assert_int_equal(jpeg_walk_feed(&walk, (const uint8_t *)bytes, sizeof bytes - 1, &taken),
                     JPEG_WALK_BAD);
    assert_int_equal(taken, sizeof bytes - 1);
    assert_int_equal(jpeg_walk_feed(&walk, (const uint8_t *)"more", 4, &taken), JPEG_WALK_BAD);
    assert_int_equal(taken, 0);
}

/* The larger it is, the fewer scans. */
static void scans(void **state)
{
    (void)state;
    static const struct {
        size_t scans;
        uint32_t side;
        bool too_long;
    } cases[] = {{1, 6000, false},   {17, 6000, false}, {18, 6000, true},
                 {160, 2000, false}, {161, 2000, true}, {5000, 300, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = jpeg_bytes_scans_size(cases[i].scans);
        uint8_t *jpeg = xmalloc(size);
        jpeg_bytes_fill_scans(jpeg, cases[i].scans);
        assert_int_equal(jpeg_takes_too_long(jpeg, size, cases[i].side, cases[i].side),
                         cases[i].too_long);
        free(jpeg);
    }
    assert_false(jpeg_takes_too_long((const uint8_t *)"\xff", 1, 16384, 16384));
}

static void real_pictures(void **state)
{
    (void)state;
    const char *assets = getenv("RINGCAST_ASSETS");
    if (assets == NULL) {
        print_message("skipped: real pictures need RINGCAST_ASSETS\n");
        skip();
    }
    char *path = xasprintf("%s/media/street.mjpeg", assets);
    uint8_t *clip;
    size_t size, offset = 0, pictures = 0;
    assert_int_equal(fd_read_file(path, 64 << 20, &clip, &size), 0);
    while (offset < size) {
        struct jpeg_info info, framed;
        assert_int_equal(walk_jpeg(clip + offset, size - offset, &info), JPEG_WHOLE);
        assert_int_equal(jpeg_info_read_framed(clip + offset, info.size, &framed), JPEG_WHOLE);
        assert_memory_equal(&info, &framed, sizeof info);
        offset += info.size;
        pictures++;
    }
    assert_int_equal(pictures, 480);
    free(clip);
    free(path);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(jpeg_fault_name(JPEG_WHOLE), "whole");
    assert_string_equal(jpeg_fault_name(JPEG_TOO_LARGE), "too_large");
    for (int fault = 0; fault < JPEG_FAULTS; fault++) {
        assert_non_null(jpeg_fault_name((enum jpeg_fault)fault));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_buffer),
        cmocka_unit_test(every_split),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(tail_of_framed),
        cmocka_unit_test(bad_byte_is_the_last_taken),
        cmocka_unit_test(scans),
        cmocka_unit_test(real_pictures),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
