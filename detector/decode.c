#include "detector/decode.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "common/jpeg_info.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/picture_fault.h"

#define NEUTRAL 128

/* Memory that is used again. */
struct store {
    uint8_t *bytes;
    size_t capacity;
};

struct decoder {
    tjhandle handle;
    tjhandle converter; /* from RGB to planes; NULL: not needed yet */
    struct store store; /* narrow chroma, or RGB */
    const char *error;
    char fault[PICTURE_FAULT_SIZE]; /* what `error` is of a picture that is none */
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

static int decoder_run_planes(struct decoder *decoder, const uint8_t *jpeg, size_t size,
                              struct picture *picture, bool *flawed)
{
    int result = tjDecompressToYUVPlanes(decoder->handle, jpeg, size, picture->planes, 0,
                                         picture->strides, 0, 0);
    return decoder_judge(decoder, result, flawed);
}

/* One of chroma for four columns (4:1:1), which libjpeg repeats. */
static int decoder_run_narrow(struct decoder *decoder, const uint8_t *jpeg, size_t size,
                              struct picture *picture, bool *flawed)
{
    int stride = picture->strides[PLANE_LUMA] / 4;
    size_t plane = (size_t)stride * (size_t)picture->height;
    uint8_t *room = decoder_room(decoder, 2 * plane);
    uint8_t *planes[PICTURE_PLANES] = {picture->planes[PLANE_LUMA], room, room + plane};
    int strides[PICTURE_PLANES] = {picture->strides[PLANE_LUMA], stride, stride};
    int result = tjDecompressToYUVPlanes(decoder->handle, jpeg, size, planes, 0, strides, 0, 0);
    if (decoder_judge(decoder, result, flawed) < 0) {
        return -1;
    }
    for (int i = PLANE_BLUE; i < PICTURE_PLANES; i++) {
        for (int y = 0; y < picture->height; y++) {
            const uint8_t *narrow = planes[i] + (size_t)y * (size_t)stride;
            uint8_t *row = picture->planes[i] + (size_t)y * (size_t)picture->strides[i];
            for (int x = 0; x < picture->width; x++) {
                row[x] = narrow[x / 4];
            }
        }
    }
    return 0;
}

static int decoder_run_grey(struct decoder *decoder, const uint8_t *jpeg, size_t size,
                            struct picture *picture, bool *flawed)
{
    for (int plane = PLANE_BLUE; plane < PICTURE_PLANES; plane++) {
        memset(picture->planes[plane], NEUTRAL,
               (size_t)picture->strides[plane] *
                   (size_t)picture_cells(picture->height, picture->cell_height));
    }
    return decoder_run_planes(decoder, jpeg, size, picture, flawed);
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
                          picture->strides, TJSAMP_444, 0) < 0) {
        decoder->error = tjGetErrorStr2(decoder->converter);
        return -1;
    }
    return 0;
}

/* --- all of them --- */

typedef int decoder_run_fn(struct decoder *decoder, const uint8_t *jpeg, size_t size,
                           struct picture *picture, bool *flawed);

/* How a JPEG is decoded, and into what cells of chroma. */
struct decoder_way {
    decoder_run_fn *run; /* NULL: not at all */
    int cell_width, cell_height;
};

/* By what libturbojpeg calls the sampling. */
static const struct decoder_way decoder_ways[TJ_NUMSAMP] = {
    [TJSAMP_444] = {decoder_run_planes, 1, 1}, [TJSAMP_422] = {decoder_run_planes, 2, 1},
    [TJSAMP_420] = {decoder_run_planes, 2, 2}, [TJSAMP_440] = {decoder_run_planes, 1, 2},
    [TJSAMP_411] = {decoder_run_narrow, 1, 1}, [TJSAMP_GRAY] = {decoder_run_grey, 2, 2}};

static struct decoder_way decoder_find_way(const struct decoder *decoder, const uint8_t *jpeg,
                                           size_t size, const struct jpeg_info *info)
{
    int width = 0, height = 0, sampling = -1, colours = -1;
    int result =
        tjDecompressHeader3(decoder->handle, jpeg, size, &width, &height, &sampling, &colours);
    if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
        return (struct decoder_way){NULL, 1, 1};
    }
    if (result == 0 && width == (int)info->width && height == (int)info->height && sampling >= 0 &&
        sampling < TJ_NUMSAMP && (colours == TJCS_YCbCr || sampling == TJSAMP_GRAY)) {
        return decoder_ways[sampling];
    }
    return (struct decoder_way){decoder_run_rgb, 1, 1};
}

int decoder_run(struct decoder *decoder, const uint8_t *jpeg, size_t size, struct picture *picture,
                bool *flawed)
{
    struct jpeg_info info;
    enum jpeg_fault fault = jpeg_info_read_framed(jpeg, size, &info);
    *flawed = false;
    if (fault != JPEG_WHOLE) {
        picture_fault_write(decoder->fault, fault, jpeg, size);
        decoder->error = decoder->fault;
        return -1;
    }
    if ((uint64_t)info.width * info.height > DECODE_PIXELS_MAX) {
        decoder->error = "the JPEG has more than 40 million pixels";
        return -1;
    }
    if (jpeg_takes_too_long(jpeg, size, info.width, info.height)) {
        decoder->error = "the JPEG has too many scans";
        return -1;
    }
    struct decoder_way way = decoder_find_way(decoder, jpeg, size, &info);
    if (way.run == NULL) {
        decoder->error = "the JPEG has the colours of print (CMYK)";
        return -1;
    }
    picture_resize_cells(picture, (int)info.width, (int)info.height, way.cell_width,
                         way.cell_height);
    int result = way.run(decoder, jpeg, size, picture, flawed);
    if (result == 0) {
        picture_close_edges(picture);
    }
    return result;
}

const char *decoder_error(const struct decoder *decoder)
{
    return decoder->error;
}
