#include "common/picture_mask.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "common/config_polygons.h"
#include "common/jpeg_info.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/polygon.h"

/* A file of a few kilobytes can claim a picture that fills the memory. */
#define MASK_PIXELS_MAX (40U * 1000 * 1000)

#define BLOCK_SIDE 8 /* of the DCT, in samples */
#define BLOCK_SIZE (BLOCK_SIDE * BLOCK_SIDE)

struct picture_mask {
    struct config_polygons polygons;
    tjhandle handle;
    const char *error;

    /* For a picture of this size and sampling: which of its units are painted. */
    int width, height, sampling;
    size_t columns, rows;
    bool *units;

    unsigned char *painted;         /* tjAlloc() */
    unsigned long painted_capacity; /* bytes, at least */
};

/* --- which units --- */

static bool mask_unit_is_painted(const struct picture_mask *mask, size_t column, size_t row)
{
    double width = (double)tjMCUWidth[mask->sampling] / mask->width;
    double height = (double)tjMCUHeight[mask->sampling] / mask->height;
    struct rectangle unit = {(double)column * width, (double)row * height,
                             (double)(column + 1) * width, (double)(row + 1) * height};
    for (size_t i = 0; i < mask->polygons.count; i++) {
        const struct config_polygon *polygon = &mask->polygons.items[i];
        if (polygon_touches(polygon->corners, polygon->corner_count, &unit)) {
            return true;
        }
    }
    return false;
}

static size_t mask_units(int pixels, int unit)
{
    return (size_t)((pixels + unit - 1) / unit);
}

/* A camera keeps its size, so this is done once. */
static void mask_prepare(struct picture_mask *mask, int width, int height, int sampling)
{
    mask->width = width;
    mask->height = height;
    mask->sampling = sampling;
    mask->columns = mask_units(width, tjMCUWidth[sampling]);
    mask->rows = mask_units(height, tjMCUHeight[sampling]);
    free(mask->units);
    mask->units = xcalloc(mask->columns * mask->rows, sizeof *mask->units);
    for (size_t row = 0; row < mask->rows; row++) {
        for (size_t column = 0; column < mask->columns; column++) {
            mask->units[row * mask->columns + column] = mask_unit_is_painted(mask, column, row);
        }
    }
}

/* --- painting --- */

/* Blocks of a component that lie side by side, and one above the other, in a unit. Only the first,
 * and the black of CMYK, are ever finer than the unit. */
static size_t mask_blocks(int component, int unit)
{
    return component == 0 || component == 3 ? (size_t)(unit / BLOCK_SIDE) : 1;
}

/* libturbojpeg calls it with the coefficients of some rows of blocks. All zero is the middle of the
 * range: grey, in every colour space. */
static int mask_filter(short *coefficients, tjregion part, tjregion plane, int component,
                       int transform, tjtransform *settings)
{
    const struct picture_mask *mask = settings->data;
    size_t across = mask_blocks(component, tjMCUWidth[mask->sampling]);
    size_t down = mask_blocks(component, tjMCUHeight[mask->sampling]);
    size_t columns = (size_t)(part.w / BLOCK_SIDE), rows = (size_t)(part.h / BLOCK_SIDE);
    size_t left = (size_t)(part.x / BLOCK_SIDE), top = (size_t)(part.y / BLOCK_SIDE);
    (void)plane;
    (void)transform;
    for (size_t y = 0; y < rows; y++) {
        for (size_t x = 0; x < columns; x++, coefficients += BLOCK_SIZE) {
            size_t column = (left + x) / across, row = (top + y) / down;
            /* Blocks beyond the last unit are padding, and nobody's. */
            if (column >= mask->columns || row >= mask->rows ||
                mask->units[row * mask->columns + column]) {
                memset(coefficients, 0, BLOCK_SIZE * sizeof *coefficients);
            }
        }
    }
    return 0;
}

static int mask_look(struct picture_mask *mask, const uint8_t *jpeg, size_t size)
{
    int width = 0, height = 0, sampling = -1, colours = -1;
    if (tjDecompressHeader3(mask->handle, jpeg, size, &width, &height, &sampling, &colours) < 0) {
        mask->error = tjGetErrorStr2(mask->handle);
        return -1;
    }
    /* Tables alone are a success to libturbojpeg, which then says nothing of a picture. */
    if (width < 1 || height < 1) {
        mask->error = "there is no picture in it";
        return -1;
    }
    if ((uint64_t)width * (uint64_t)height > MASK_PIXELS_MAX) {
        mask->error = "more than 40 million pixels";
        return -1;
    }
    if (jpeg_takes_too_long(jpeg, size, (uint32_t)width, (uint32_t)height)) {
        mask->error = "it has too many scans";
        return -1;
    }
    if (sampling < 0 || sampling >= TJ_NUMSAMP) {
        mask->error = "its sampling has no name in libturbojpeg";
        return -1;
    }
    if (width != mask->width || height != mask->height || sampling != mask->sampling) {
        mask_prepare(mask, width, height, sampling);
    }
    return 0;
}

int picture_mask_paint(struct picture_mask *mask, const uint8_t *jpeg, size_t size,
                       const uint8_t **painted, size_t *painted_size)
{
    tjtransform transform = {
        .op = TJXOP_NONE, .options = TJXOPT_COPYNONE, .data = mask, .customFilter = mask_filter};
    unsigned long length = mask->painted_capacity;
    if (mask_look(mask, jpeg, size) < 0) {
        return -1;
    }
    int result = tjTransform(mask->handle, jpeg, size, 1, &mask->painted, &length, &transform, 0);
    if (length > mask->painted_capacity) {
        mask->painted_capacity = length;
    }
    /* With a warning there is a picture all the same, and it is painted. */
    if (result < 0 && tjGetErrorCode(mask->handle) != TJERR_WARNING) {
        mask->error = tjGetErrorStr2(mask->handle);
        return -1;
    }
    *painted = mask->painted;
    *painted_size = length;
    return 0;
}

const char *picture_mask_error(const struct picture_mask *mask)
{
    return mask->error;
}

/* --- life --- */

struct picture_mask *picture_mask_create(const struct config_polygons *polygons)
{
    if (polygons->count == 0) {
        return NULL;
    }
    struct picture_mask *mask = xcalloc(1, sizeof *mask);
    config_polygons_copy(&mask->polygons, polygons);
    mask->error = "";
    mask->handle = tjInitTransform();
    if (mask->handle == NULL) {
        die("libturbojpeg cannot be initialised: %s", tjGetErrorStr2(NULL));
    }
    return mask;
}

bool picture_mask_is_of(const struct picture_mask *mask, const struct config_polygons *polygons)
{
    return mask != NULL ? config_polygons_same(&mask->polygons, polygons) : polygons->count == 0;
}

void picture_mask_destroy(struct picture_mask *mask)
{
    if (mask == NULL) {
        return;
    }
    tjDestroy(mask->handle);
    tjFree(mask->painted);
    config_polygons_free(&mask->polygons);
    free(mask->units);
    free(mask);
}
