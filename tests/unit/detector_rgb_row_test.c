/* Rows in RGB of a decoded JPEG, against what libjpeg makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "common/memory.h"
#include "detector/decode.h"
#include "detector/rgb_row.h"

struct jpeg {
    unsigned char *data;
    unsigned long size;
};

/* Patches of colour with hard edges, and noise: chroma that is nowhere smooth. */
static struct jpeg jpeg_create(int width, int height, int sampling)
{
    struct jpeg jpeg = {0};
    size_t size = (size_t)width * (size_t)height * 3;
    uint8_t *pixels = xmalloc(size);
    for (size_t i = 0; i < size; i++) {
        size_t x = i / 3 % (size_t)width, y = i / 3 / (size_t)width;
        pixels[i] = (uint8_t)((x / 5 + y / 3 + i % 3) % 3 * 110 + (size_t)rand() % 36);
    }
    tjhandle compressor = tjInitCompress();
    assert_int_equal(tjCompress2(compressor, pixels, width, 0, height, TJPF_RGB, &jpeg.data,
                                 &jpeg.size, sampling, 90, 0),
                     0);
    tjDestroy(compressor);
    free(pixels);
    return jpeg;
}

static void check(struct decoder *decoder, int width, int height, int sampling)
{
    struct jpeg jpeg = jpeg_create(width, height, sampling);
    struct picture picture = {0};
    struct rgb_row row = {0};
    uint8_t *wanted = xmalloc((size_t)width * (size_t)height * 3);
    tjhandle decompressor = tjInitDecompress();
    bool flawed;
    assert_int_equal(
        tjDecompress2(decompressor, jpeg.data, jpeg.size, wanted, width, 0, height, TJPF_RGB, 0),
        0);
    assert_int_equal(decoder_run(decoder, jpeg.data, jpeg.size, &picture, &flawed), 0);
    rgb_row_resize(&row, width);
    for (int y = 0; y < height; y++) {
        int left = rand() % width / 2 * 2, part = 1 + rand() % (width - left);
        rgb_row_make(&row, &picture, y, left, part);
        for (int x = 0; x < part; x++) {
            for (int channel = 0; channel < RGB_CHANNELS; channel++) {
                assert_int_equal(row.channels[channel][x],
                                 wanted[(y * width + left + x) * 3 + channel]);
            }
        }
    }
    tjDestroy(decompressor);
    tjFree(jpeg.data);
    free(wanted);
    rgb_row_finish(&row);
    picture_finish(&picture);
}

static const int samplings[] = {TJSAMP_420, TJSAMP_422, TJSAMP_440,
                                TJSAMP_444, TJSAMP_411, TJSAMP_GRAY};

static void test_as_libjpeg_has_it(void **state)
{
    struct decoder *decoder = decoder_create();
    (void)state;
    srand(1);
    for (size_t i = 0; i < sizeof samplings / sizeof samplings[0]; i++) {
        for (int round = 0; round < 200; round++) {
            check(decoder, 1 + rand() % 70, 1 + rand() % 40, samplings[i]);
        }
        check(decoder, 1280, 720, samplings[i]);
    }
    decoder_destroy(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_libjpeg_has_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
