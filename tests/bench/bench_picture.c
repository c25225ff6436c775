/* Writes a JPEG of about a wanted size, 1280 x 720 pixels: noise on a gradient, always the same, as
 * coarse as it takes. For benchmarks without a real picture.
 *
 *   bench_picture BYTES FILE */
#include <stdio.h>
#include <stdlib.h>

#include <turbojpeg.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

enum { WIDTH = 1280, HEIGHT = 720, NOISE = 48, SEED = 1 };

static uint8_t *pixels_create(void)
{
    uint8_t *pixels = xmalloc((size_t)WIDTH * HEIGHT * 3);
    uint32_t state = SEED;
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            state = state * 1664525U + 1013904223U; /* Numerical Recipes' generator */
            int noise = (int)(state >> 24) * NOISE / 256;
            uint8_t *pixel = pixels + ((size_t)y * WIDTH + (size_t)x) * 3;
            pixel[0] = (uint8_t)(x * 200 / WIDTH + noise);
            pixel[1] = (uint8_t)(y * 200 / HEIGHT + noise);
            pixel[2] = (uint8_t)((x + y) * 200 / (WIDTH + HEIGHT) + noise);
        }
    }
    return pixels;
}

/* Compresses at the best quality that keeps within `wanted` bytes, or at the lowest. */
static void compress_within(const uint8_t *pixels, size_t wanted, unsigned char **jpeg,
                            unsigned long *size)
{
    tjhandle compressor = tjInitCompress();
    int quality = 100;
    do {
        if (compressor == NULL || tjCompress2(compressor, pixels, WIDTH, 0, HEIGHT, TJPF_RGB, jpeg,
                                              size, TJSAMP_420, quality, 0) < 0) {
            die("libturbojpeg: %s", tjGetErrorStr2(compressor));
        }
    } while (*size > wanted && --quality > 0);
    tjDestroy(compressor);
}

int main(int argc, char **argv)
{
    unsigned char *jpeg = NULL;
    unsigned long size = 0;
    log_init("bench_picture", NULL);
    if (argc != 3) {
        die_config("usage: bench_picture BYTES FILE");
    }
    uint8_t *pixels = pixels_create();
    compress_within(pixels, strtoul(argv[1], NULL, 10), &jpeg, &size);
    if (fd_write_file(argv[2], jpeg, size) < 0) {
        die("cannot write path=%s", argv[2]);
    }
    tjFree(jpeg);
    free(pixels);
    return EXIT_SUCCESS;
}
