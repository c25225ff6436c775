#include "detector/decode.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "common/jpeg_info.h"
#include "common/log.h"
#include "common/memory.h"

#define NEUTRAL 128

/* Memory that is used again. */
struct store {
    uint8_t *bytes;
    size_t capacity;
};

struct decoder {
    tjhandle handle;
    tjhandle converter; /* from RGB to planes; NULL: not needed yet */
    struct store store; /* chroma of another size, or RGB */
    const char *error;
};

struct decoder *decoder_create(void)
{
    struct decoder *decoder = xcalloc(1, sizeof *decoder);
    decoder->handle = tjInitDecompress();
    decoder->error = "";
    if (decoder->handle == NULL) {
        die("libturbojpeg cannot be initialised: %s", tjGetErrorStr2(NULL));
    }
    return decoder;
}

void decoder_destroy(struct decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    tjDestroy(decoder->handle);
    if (decoder->converter != NULL) {
        tjDestroy(decoder->converter);
    }
    free(decoder->store.bytes);
    free(decoder);
}

static uint8_t *decoder_room(struct decoder *decoder, size_t size)
{
    struct store *store = &decoder->store;
    if (size > store->capacity) {
        free(store->bytes);
        store->bytes = xmalloc(size);
        store->capacity = size;
    }
    return store->bytes;
}

/* What an answer of libturbojpeg means: errors in the data are said, and leave a picture to use. */
static int decoder_judge(struct decoder *decoder, int result, bool *flawed)
{
    if (result == 0) {
        return 0;
    }
    decoder->error = tjGetErrorStr2(decoder->handle);
    *flawed = tjGetErrorCode(decoder->handle) == TJERR_WARNING;
    return *flawed ? 0 : -1;
}

/* --- as planes --- */

/* Chroma as it is in the JPEG, and by how many of its columns and rows one of the picture's is made. */
struct chroma {
    const uint8_t *values;
    int stride, width, height;
    int columns, rows; /* 1 or 2; columns 0: one of the JPEG's is two of the picture's */
};

static void chroma_halve_row(const struct chroma *chroma, const uint8_t *first,
                             const uint8_t *second, uint8_t *out, int width)
{
    for (int x = 0; x < width; x++) {
        int near = chroma->columns == 0 ? x / 2 : x * chroma->columns;
        int far = chroma->columns == 2 && near + 1 < chroma->width ? near + 1 : near;
        out[x] = (uint8_t)((first[near] + first[far] + second[near] + second[far] + 2) >> 2);
    }
}

static void chroma_halve(const struct chroma *chroma, struct picture *picture, int plane)
{
    int width = picture_half(picture->width), height = picture_half(picture->height);
    for (int y = 0; y < height; y++) {
        int near = y * chroma->rows;
        int far = chroma->rows == 2 && near + 1 < chroma->height ? near + 1 : near;
        chroma_halve_row(chroma, chroma->values + (size_t)near * (size_t)chroma->stride,
                         chroma->values + (size_t)far * (size_t)chroma->stride,
                         picture->planes[plane] + (size_t)y * (size_t)picture->strides[plane],
                         width);
    }
}

static int decoder_run_planes(struct decoder *decoder, const uint8_t *jpeg, size_t size,
                              struct picture *picture, int sampling, bool *flawed)
{
    struct chroma chroma = {.width = tjPlaneWidth(1, picture->width, sampling),
                            .height = tjPlaneHeight(1, picture->height, sampling),
                            .columns = tjMCUWidth[sampling] == 8    ? 2
                                       : tjMCUWidth[sampling] == 16 ? 1
                                                                    : 0,
                            .rows = tjMCUHeight[sampling] == 8 ? 2 : 1};
    uint8_t *planes[PICTURE_PLANES];
    int strides[PICTURE_PLANES];
    memcpy(planes, picture->planes, sizeof planes);
    memcpy(strides, picture->strides, sizeof strides);
    if (sampling != TJSAMP_420) {
        size_t plane = (size_t)chroma.width * (size_t)chroma.height;
        planes[PLANE_BLUE] = decoder_room(decoder, 2 * plane);
        planes[PLANE_RED] = planes[PLANE_BLUE] + plane;
        strides[PLANE_BLUE] = strides[PLANE_RED] = chroma.stride = chroma.width;
    }
    int result = tjDecompressToYUVPlanes(decoder->handle, jpeg, size, planes, 0, strides, 0, 0);
    if (decoder_judge(decoder, result, flawed) < 0) {
        return -1;
    }
    for (int plane = PLANE_BLUE; sampling != TJSAMP_420 && plane < PICTURE_PLANES; plane++) {
        chroma.values = planes[plane];
        chroma_halve(&chroma, picture, plane);
    }
    return 0;
}

static int decoder_run_grey(struct decoder *decoder, const uint8_t *jpeg, size_t size,
                            struct picture *picture, bool *flawed)
{
    int result = tjDecompressToYUVPlanes(decoder->handle, jpeg, size, picture->planes, 0,
                                         picture->strides, 0, 0);
    for (int plane = PLANE_BLUE; plane < PICTURE_PLANES; plane++) {
        memset(picture->planes[plane], NEUTRAL,
               (size_t)picture->strides[plane] * (size_t)picture_half(picture->height));
    }
    return decoder_judge(decoder, result, flawed);
}

/* --- through RGB --- */

static int decoder_run_rgb(struct decoder *decoder, const uint8_t *jpeg, size_t size,
                           struct picture *picture, bool *flawed)
{
    int width = picture->width, height = picture->height;
    uint8_t *pixels = decoder_room(decoder, (size_t)width * (size_t)height * 3);
    int result = tjDecompress2(decoder->handle, jpeg, size, pixels, width, 0, height, TJPF_RGB, 0);
    if (decoder_judge(decoder, result, flawed) < 0) {
        return -1;
    }
    if (decoder->converter == NULL) {
        decoder->converter = tjInitCompress();
    }
    if (decoder->converter == NULL ||
        tjEncodeYUVPlanes(decoder->converter, pixels, width, 0, height, TJPF_RGB, picture->planes,
                          picture->strides, TJSAMP_420, 0) < 0) {
        decoder->error = tjGetErrorStr2(decoder->converter);
        return -1;
    }
    return 0;
}

int decoder_run(struct decoder *decoder, const uint8_t *jpeg, size_t size, struct picture *picture,
                bool *flawed)
{
    struct jpeg_info info;
    enum jpeg_fault fault = jpeg_info_read_framed(jpeg, size, &info);
    int width = 0, height = 0, sampling = -1, colours = -1, result;
    *flawed = false;
    if (fault != JPEG_WHOLE) {
        decoder->error = jpeg_fault_name(fault);
        return -1;
    }
    if ((uint64_t)info.width * info.height > DECODE_PIXELS_MAX) {
        decoder->error = "more than 40 million pixels";
        return -1;
    }
    picture_resize(picture, (int)info.width, (int)info.height);
    bool known = tjDecompressHeader3(decoder->handle, jpeg, size, &width, &height, &sampling,
                                     &colours) == 0 &&
                 width == picture->width && height == picture->height;
    if (known && sampling == TJSAMP_GRAY) {
        result = decoder_run_grey(decoder, jpeg, size, picture, flawed);
    } else if (known && colours == TJCS_YCbCr) {
        result = decoder_run_planes(decoder, jpeg, size, picture, sampling, flawed);
    } else {
        result = decoder_run_rgb(decoder, jpeg, size, picture, flawed);
    }
    if (result == 0) {
        picture_close_edges(picture);
    }
    return result;
}

const char *decoder_error(const struct decoder *decoder)
{
    return decoder->error;
}
