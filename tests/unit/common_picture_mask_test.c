#include "common/picture_mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <turbojpeg.h>

#include <cmocka.h>

#include "common/memory.h"
#include "tests/unit/jpeg_bytes.h"
#include "tests/unit/walk_jpeg.h"

#define WIDTH  203 /* no multiple of any unit */
#define HEIGHT 118
#define UNIT   32 /* the largest: 4:1:1 */

static struct config_point corners[] = {{0.3, 0.2}, {0.6, 0.3}, {0.4, 0.7}};
static struct config_polygon triangle = {corners, 3};
static const struct config_polygons masked = {&triangle, 1};

static void decode(const uint8_t *jpeg, size_t size, uint8_t *pixels)
{
    tjhandle handle = tjInitDecompress();
    /* Without smoothing between blocks: each pixel is what its own block says. */
    assert_int_equal(
        tjDecompress2(handle, jpeg, size, pixels, WIDTH, 0, HEIGHT, TJPF_RGB, TJFLAG_FASTUPSAMPLE),
        0);
    tjDestroy(handle);
}

static uint8_t *encode(int sampling, int flags, unsigned long *size)
{
    uint8_t *pixels = xmalloc((size_t)WIDTH * HEIGHT * 3), *jpeg = NULL;
    tjhandle handle = tjInitCompress();
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT * 3; i++) {
        pixels[i] = (uint8_t)((i * 7919) >> 5);
    }
    assert_int_equal(
        tjCompress2(handle, pixels, WIDTH, 0, HEIGHT, TJPF_RGB, &jpeg, size, sampling, 90, flags),
        0);
    tjDestroy(handle);
    free(pixels);
    return jpeg;
}

static bool in_triangle(double x, double y)
{
    bool inside = true;
    for (size_t i = 0; i < 3; i++) {
        const struct config_point *a = &corners[i], *b = &corners[(i + 1) % 3];
        inside &= (b->x - a->x) * (y - a->y) - (x - a->x) * (b->y - a->y) >= 0;
    }
    return inside;
}

/* All of the triangle is grey, and nothing that is further than a unit away from it has changed. */
static void check(const uint8_t *before, const uint8_t *after)
{
    size_t grey = 0;
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            const uint8_t *pixel = after + ((size_t)y * WIDTH + (size_t)x) * 3;
            if (in_triangle((x + 0.5) / WIDTH, (y + 0.5) / HEIGHT)) {
                assert_true(pixel[0] == 128 && pixel[1] == 128 && pixel[2] == 128);
                grey++;
            }
            if (x < 0.3 * WIDTH - UNIT || x > 0.6 * WIDTH + UNIT || y < 0.2 * HEIGHT - UNIT ||
                y > 0.7 * HEIGHT + UNIT) {
                assert_memory_equal(pixel, before + ((size_t)y * WIDTH + (size_t)x) * 3, 3);
            }
        }
    }
    assert_in_range(grey, WIDTH * HEIGHT / 20, WIDTH * HEIGHT / 5);
}

static void test_painted(void **state)
{
    static uint8_t before[WIDTH * HEIGHT * 3], after[WIDTH * HEIGHT * 3];
    struct picture_mask *mask = picture_mask_create(&masked);
    (void)state;
    for (int sampling = 0; sampling < TJ_NUMSAMP; sampling++) {
        for (int flags = 0; flags <= TJFLAG_PROGRESSIVE; flags += TJFLAG_PROGRESSIVE) {
            unsigned long size;
            uint8_t *jpeg = encode(sampling, flags, &size);
            const uint8_t *painted;
            size_t painted_size;
            struct jpeg_info info;
            assert_int_equal(picture_mask_paint(mask, jpeg, size, &painted, &painted_size), 0);
            assert_int_equal(walk_jpeg(painted, painted_size, &info), JPEG_WHOLE);
            assert_true(info.width == WIDTH && info.height == HEIGHT);
            decode(jpeg, size, before);
            decode(painted, painted_size, after);
            check(before, after);
            tjFree(jpeg);
        }
    }
    picture_mask_destroy(mask);
}

/* A thumbnail would show what is painted over. */
static void test_nothing_beside_the_picture_stays(void **state)
{
    static const uint8_t comment[] = {0xff, 0xfe, 0, 8, 's', 'e', 'c', 'r', 'e', 't'};
    unsigned long size;
    uint8_t *jpeg = encode(TJSAMP_420, 0, &size);
    uint8_t *longer = xmalloc(size + sizeof comment);
    struct picture_mask *mask = picture_mask_create(&masked);
    const uint8_t *painted;
    size_t painted_size;
    (void)state;
    memcpy(longer, jpeg, 2);
    memcpy(longer + 2, comment, sizeof comment);
    memcpy(longer + 2 + sizeof comment, jpeg + 2, size - 2);
    assert_int_equal(
        picture_mask_paint(mask, longer, size + sizeof comment, &painted, &painted_size), 0);
    assert_null(memmem(painted, painted_size, "secret", 6));
    picture_mask_destroy(mask);
    tjFree(jpeg);
    free(longer);
}

/* Cut anywhere it is painted or refused, never let through. */
static void test_broken(void **state)
{
    static uint8_t pixels[WIDTH * HEIGHT * 3];
    unsigned long size;
    uint8_t *jpeg = encode(TJSAMP_420, 0, &size);
    struct picture_mask *mask = picture_mask_create(&masked);
    size_t refused = 0;
    (void)state;
    for (size_t length = 0; length < size; length += 1 + length / 50) {
        const uint8_t *painted;
        size_t painted_size;
        if (picture_mask_paint(mask, jpeg, length, &painted, &painted_size) < 0) {
            refused++;
            assert_true(picture_mask_error(mask)[0] != '\0');
            continue;
        }
        decode(painted, painted_size, pixels);
        check(pixels, pixels);
    }
    assert_true(refused > 0);
    picture_mask_destroy(mask);
    tjFree(jpeg);
}

/* Each scan of a few bytes would have all pixels gone through again, while everybody waits. */
static void test_too_many_scans(void **state)
{
    size_t size = jpeg_bytes_scans_size(1000), painted_size;
    uint8_t *jpeg = xmalloc(size);
    const uint8_t *painted;
    struct picture_mask *mask = picture_mask_create(&masked);
    (void)state;
    jpeg_bytes_fill_scans(jpeg, 1000);
    assert_int_equal(picture_mask_paint(mask, jpeg, size, &painted, &painted_size), -1);
    assert_string_equal(picture_mask_error(mask), "it has too many scans");
    picture_mask_destroy(mask);
    free(jpeg);
}

/* For docs/architecture.md. */
static void test_cost(void **state)
{
    enum { BIG_WIDTH = 1280, BIG_HEIGHT = 720, PICTURES = 10 };
    uint8_t *pixels = xmalloc((size_t)BIG_WIDTH * BIG_HEIGHT * 3), *jpeg = NULL;
    unsigned long size = 0;
    uint32_t noise = 1;
    tjhandle handle = tjInitCompress();
    struct picture_mask *mask = picture_mask_create(&masked);
    const uint8_t *painted;
    size_t painted_size;
    (void)state;
    for (size_t i = 0; i < (size_t)BIG_WIDTH * BIG_HEIGHT * 3; i++) {
        noise = noise * 1664525 + 1013904223;
        pixels[i] = (uint8_t)(i / 3 % BIG_WIDTH / 8 + (noise >> 28));
    }
    assert_int_equal(tjCompress2(handle, pixels, BIG_WIDTH, 0, BIG_HEIGHT, TJPF_RGB, &jpeg, &size,
                                 TJSAMP_420, 85, 0),
                     0);
    clock_t begin = clock();
    for (int i = 0; i < PICTURES; i++) {
        assert_int_equal(picture_mask_paint(mask, jpeg, size, &painted, &painted_size), 0);
    }
    print_message("a mask in 1280x720 of %lu kB takes %.1f ms of CPU\n", size / 1000,
                  1e3 * (double)(clock() - begin) / CLOCKS_PER_SEC / PICTURES);
    picture_mask_destroy(mask);
    tjDestroy(handle);
    tjFree(jpeg);
    free(pixels);
}

static void test_none(void **state)
{
    struct config_polygons none = {0};
    (void)state;
    assert_null(picture_mask_create(&none));
    picture_mask_destroy(NULL);
}

static void test_whose_it_is(void **state)
{
    static struct config_point moved_corners[] = {{0.3, 0.2}, {0.6, 0.3}, {0.4, 0.71}};
    static struct config_polygon shapes[] = {{corners, 3}, {moved_corners, 3}, {corners, 2}};
    const struct config_polygons same = {&shapes[0], 1}, moved = {&shapes[1], 1};
    const struct config_polygons fewer = {&shapes[2], 1}, more = {shapes, 2}, none = {0};
    struct picture_mask *mask = picture_mask_create(&masked);
    (void)state;
    assert_true(picture_mask_is_of(mask, &same));
    assert_false(picture_mask_is_of(mask, &moved));
    assert_false(picture_mask_is_of(mask, &fewer));
    assert_false(picture_mask_is_of(mask, &more));
    assert_false(picture_mask_is_of(mask, &none));
    assert_true(picture_mask_is_of(NULL, &none));
    assert_false(picture_mask_is_of(NULL, &same));
    picture_mask_destroy(mask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_painted),
        cmocka_unit_test(test_nothing_beside_the_picture_stays),
        cmocka_unit_test(test_too_many_scans),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_whose_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
