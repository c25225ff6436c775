#include "detector/decode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <turbojpeg.h>

#include "detector/encode.h"
#include "tests/unit/jpeg_bytes.h"

static const int sizes[][2] = {{1, 1},   {2, 1},   {1, 2},   {3, 3},    {5, 2},    {16, 16},
                               {17, 13}, {64, 48}, {33, 50}, {127, 95}, {640, 360}};

struct jpeg {
    unsigned char *bytes;
    unsigned long size;
};

/* Colours that change slowly, so that how chroma is upsampled does not matter much. */
static uint8_t *paint(int width, int height)
{
    uint8_t *pixels = malloc((size_t)width * (size_t)height * 3);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            uint8_t *pixel = pixels + (y * width + x) * 3;
            pixel[0] = (uint8_t)(40 + 150 * x / width);
            pixel[1] = (uint8_t)(200 - 120 * y / height);
            pixel[2] = (uint8_t)(60 + 60 * x / width + 60 * y / height);
        }
    }
    return pixels;
}

static struct jpeg compress(int width, int height, int sampling)
{
    struct jpeg jpeg = {0};
    tjhandle compressor = tjInitCompress();
    uint8_t *pixels = paint(width, height);
    assert_int_equal(tjCompress2(compressor, pixels, width, 0, height, TJPF_RGB, &jpeg.bytes,
                                 &jpeg.size, sampling, 95, 0),
                     0);
    free(pixels);
    tjDestroy(compressor);
    return jpeg;
}

/* What the way through RGB gives. */
static uint8_t *decompress(const uint8_t *bytes, size_t size, int width, int height)
{
    tjhandle decompressor = tjInitDecompress();
    uint8_t *pixels = malloc((size_t)width * (size_t)height * 3);
    assert_int_equal(
        tjDecompress2(decompressor, bytes, size, pixels, width, 0, height, TJPF_RGB, 0), 0);
    tjDestroy(decompressor);
    return pixels;
}

static double luma_of(const uint8_t *pixel)
{
    return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
}

/* The mean over a cell of 2 x 2 pixels, as far as it lies in the picture. */
static double chroma_of(const uint8_t *pixels, int width, int height, int x, int y, int channel)
{
    double sum = 0;
    int count = 0;
    for (int row = 2 * y; row < 2 * y + 2 && row < height; row++) {
        for (int column = 2 * x; column < 2 * x + 2 && column < width; column++) {
            const uint8_t *pixel = pixels + (row * width + column) * 3;
            sum += 128 + (pixel[channel] - luma_of(pixel)) / (channel == 2 ? 1.772 : 1.402);
            count++;
        }
    }
    return sum / count;
}

static void compare(const struct picture *picture, const uint8_t *pixels, const char *what)
{
    int width = picture->width, height = picture->height;
    double worst = 0, sum = 0;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            double off = fabs(picture->planes[PLANE_LUMA][y * picture->strides[PLANE_LUMA] + x] -
                              luma_of(pixels + (y * width + x) * 3));
            worst = fmax(worst, off);
            sum += off;
        }
    }
    for (int y = 0; y < picture_cells(height, 2); y++) {
        for (int x = 0; x < picture_cells(width, 2); x++) {
            int at = y * picture->strides[PLANE_BLUE] + x;
            double blue = chroma_of(pixels, width, height, x, y, 2);
            double red = chroma_of(pixels, width, height, x, y, 0);
            worst = fmax(worst, fabs(picture->planes[PLANE_BLUE][at] - blue));
            worst = fmax(worst, fabs(picture->planes[PLANE_RED][at] - red));
        }
    }
    /* In a picture of a few pixels one differs a lot from the next. */
    if (worst > (width < 8 || height < 8 ? 16 : 8) || sum / (width * height) > 1) {
        fail_msg("%s, %dx%d: off by %.1f, luma by %.2f in the mean", what, width, height, worst,
                 sum / (width * height));
    }
}

/* What JPEGs have, and the cells that their chroma is decoded to. */
static const struct sampling {
    int number;
    const char *name;
    int cell_width, cell_height;
} samplings[] = {{TJSAMP_444, "4:4:4", 1, 1}, {TJSAMP_422, "4:2:2", 2, 1},
                 {TJSAMP_420, "4:2:0", 2, 2}, {TJSAMP_GRAY, "grey", 2, 2},
                 {TJSAMP_440, "4:4:0", 1, 2}, {TJSAMP_411, "4:1:1", 1, 1}};
#define SAMPLINGS (sizeof samplings / sizeof samplings[0])

/* Every sampling, every oddity of size: the planes show what the way through RGB shows. */
static void test_planes_of_all_samplings(void **state)
{
    struct decoder *decoder = decoder_create();
    struct picture picture = {0};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t i = 0; i < SAMPLINGS; i++) {
            int width = sizes[s][0], height = sizes[s][1];
            bool flawed;
            struct jpeg jpeg = compress(width, height, samplings[i].number);
            assert_int_equal(decoder_run(decoder, jpeg.bytes, jpeg.size, &picture, &flawed), 0);
            assert_false(flawed);
            assert_int_equal(picture.width, width);
            assert_int_equal(picture.height, height);
            assert_int_equal(picture.cell_width, samplings[i].cell_width);
            assert_int_equal(picture.cell_height, samplings[i].cell_height);
            picture_halve_chroma(&picture);
            assert_int_equal(picture.cell_width * picture.cell_height, 4);
            uint8_t *pixels = decompress(jpeg.bytes, jpeg.size, width, height);
            compare(&picture, pixels, samplings[i].name);
            free(pixels);
            tjFree(jpeg.bytes);
        }
    }
    picture_finish(&picture);
    decoder_destroy(decoder);
}

/* Without the JFIF marker, and with components called R, G and B, a JPEG holds RGB. */
static void test_a_jpeg_that_holds_rgb(void **state)
{
    struct decoder *decoder = decoder_create();
    struct picture picture = {0};
    struct jpeg jpeg = compress(33, 50, TJSAMP_444);
    bool flawed;
    (void)state;
    assert_memory_equal(jpeg.bytes + 2, "\xff\xe0\x00\x10JFIF", 8);
    memmove(jpeg.bytes + 2, jpeg.bytes + 20, jpeg.size - 20);
    jpeg.size -= 18;
    uint8_t *frame = memmem(jpeg.bytes, jpeg.size, "\xff\xc0", 2);
    uint8_t *scan = memmem(jpeg.bytes, jpeg.size, "\xff\xda", 2);
    for (int i = 0; i < 3; i++) {
        frame[10 + 3 * i] = scan[5 + 2 * i] = (uint8_t) "RGB"[i];
    }
    assert_int_equal(decoder_run(decoder, jpeg.bytes, jpeg.size, &picture, &flawed), 0);
    uint8_t *pixels = decompress(jpeg.bytes, jpeg.size, 33, 50);
    picture_halve_chroma(&picture);
    compare(&picture, pixels, "RGB");
    free(pixels);
    tjFree(jpeg.bytes);
    picture_finish(&picture);
    decoder_destroy(decoder);
}

/* Half of the data gone: a picture to use, and said so. */
static void test_a_torn_jpeg(void **state)
{
    struct decoder *decoder = decoder_create();
    struct picture picture = {0};
    (void)state;
    for (size_t i = 0; i < SAMPLINGS; i++) {
        struct jpeg jpeg = compress(640, 360, samplings[i].number);
        bool flawed;
        memcpy(jpeg.bytes + jpeg.size * 3 / 4, "\xff\xd9", 2);
        assert_int_equal(decoder_run(decoder, jpeg.bytes, jpeg.size * 3 / 4 + 2, &picture, &flawed),
                         0);
        assert_true(flawed);
        tjFree(jpeg.bytes);
    }
    picture_finish(&picture);
    decoder_destroy(decoder);
}

static void test_what_is_none(void **state)
{
    struct decoder *decoder = decoder_create();
    struct picture picture = {0};
    uint8_t inks[16 * 16 * 4] = {0}, scans[12000];
    struct jpeg print = {0};
    bool flawed;
    (void)state;
    assert_int_equal(decoder_run(decoder, (const uint8_t *)"GIF89a", 6, &picture, &flawed), -1);
    assert_string_equal(decoder_error(decoder), "the picture is a GIF: only JPEG is taken");
    assert_int_equal(decoder_run(decoder, (const uint8_t *)"neither", 7, &picture, &flawed), -1);
    assert_string_equal(decoder_error(decoder), "the picture is not a JPEG");
    jpeg_bytes_fill_scans(scans, 1000);
    assert_int_equal(decoder_run(decoder, scans, jpeg_bytes_scans_size(1000), &picture, &flawed),
                     -1);
    assert_string_equal(decoder_error(decoder), "the JPEG has too many scans");
    tjhandle handle = tjInitCompress();
    assert_int_equal(tjCompress2(handle, inks, 16, 0, 16, TJPF_CMYK, &print.bytes, &print.size,
                                 TJSAMP_444, 90, 0),
                     0);
    assert_int_equal(decoder_run(decoder, print.bytes, print.size, &picture, &flawed), -1);
    assert_string_equal(decoder_error(decoder), "the JPEG has the colours of print (CMYK)");
    tjDestroy(handle);
    tjFree(print.bytes);
    picture_finish(&picture);
    decoder_destroy(decoder);
}

/* There and back again. */
static void test_encoding(void **state)
{
    struct decoder *decoder = decoder_create();
    struct encoder *encoder = encoder_create();
    struct picture picture = {0};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        int width = sizes[s][0], height = sizes[s][1];
        struct jpeg jpeg = compress(width, height, TJSAMP_422);
        const uint8_t *again;
        size_t size;
        bool flawed;
        assert_int_equal(decoder_run(decoder, jpeg.bytes, jpeg.size, &picture, &flawed), 0);
        picture_halve_chroma(&picture);
        assert_int_equal(encoder_run(encoder, &picture, 95, &again, &size), 0);
        uint8_t *pixels = decompress(again, size, width, height);
        compare(&picture, pixels, "again");
        free(pixels);
        tjFree(jpeg.bytes);
    }
    picture_finish(&picture);
    encoder_destroy(encoder);
    decoder_destroy(decoder);
}

/* A picture made smaller shows the same, whatever the sizes. */
static void test_shrinking(void **state)
{
    struct decoder *decoder = decoder_create();
    struct picture picture = {0}, small = {0};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        int width = sizes[s][0], height = sizes[s][1];
        struct jpeg jpeg = compress(width, height, TJSAMP_420);
        bool flawed;
        assert_int_equal(decoder_run(decoder, jpeg.bytes, jpeg.size, &picture, &flawed), 0);
        for (int part = 1; part <= 5; part += 2) {
            int to_width = (width * part + 4) / 5, to_height = (height * part + 4) / 5;
            picture_shrink(&small, &picture, to_width, to_height);
            assert_int_equal(small.width, to_width);
            for (int y = 0; to_width > 30 && y < to_height; y++) {
                for (int x = 0; x < to_width; x++) {
                    int from_x = (2 * x + 1) * width / (2 * to_width);
                    int from_y = (2 * y + 1) * height / (2 * to_height);
                    int is = small.planes[PLANE_LUMA][y * small.strides[PLANE_LUMA] + x];
                    int was =
                        picture.planes[PLANE_LUMA][from_y * picture.strides[PLANE_LUMA] + from_x];
                    assert_in_range(is, was < 6 ? 0 : was - 6, was + 6);
                }
            }
        }
        tjFree(jpeg.bytes);
    }
    picture_finish(&picture);
    picture_finish(&small);
    decoder_destroy(decoder);
}

/* At the same size that is what halving chroma comes to. */
static void test_shrinking_and_halving(void **state)
{
    struct decoder *decoder = decoder_create();
    struct picture picture = {0}, same = {0}, copy = {0};
    (void)state;
    for (size_t i = 0; i < SAMPLINGS; i++) {
        struct jpeg jpeg = compress(64, 48, samplings[i].number);
        bool flawed;
        assert_int_equal(decoder_run(decoder, jpeg.bytes, jpeg.size, &picture, &flawed), 0);
        picture_shrink(&same, &picture, 64, 48);
        picture_copy(&copy, &picture);
        picture_halve_chroma(&copy);
        for (int plane = 0; plane < PICTURE_PLANES; plane++) {
            int width = plane == PLANE_LUMA ? 64 : 32, height = plane == PLANE_LUMA ? 48 : 24;
            for (int y = 0; y < height; y++) {
                assert_memory_equal(copy.planes[plane] + y * copy.strides[plane],
                                    same.planes[plane] + y * same.strides[plane], (size_t)width);
            }
        }
        tjFree(jpeg.bytes);
    }
    picture_finish(&picture);
    picture_finish(&same);
    picture_finish(&copy);
    decoder_destroy(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planes_of_all_samplings),
        cmocka_unit_test(test_a_jpeg_that_holds_rgb),
        cmocka_unit_test(test_a_torn_jpeg),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_shrinking),
        cmocka_unit_test(test_shrinking_and_halving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
