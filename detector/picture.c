#include "detector/picture.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* Rows begin at multiples of it, which also leaves room for whatever libturbojpeg pads a row to. */
#define STRIDE_STEP 16
#define HEIGHT_STEP 4

static int picture_round_up(int value, int step)
{
    return (value + step - 1) / step * step;
}

int picture_cells(int pixels, int cell)
{
    return (pixels + cell - 1) / cell;
}

void picture_resize_cells(struct picture *picture, int width, int height, int cell_width,
                          int cell_height)
{
    int chroma_width = picture_cells(width, cell_width);
    int chroma_height = picture_cells(height, cell_height);
    int luma_stride = picture_round_up(width, STRIDE_STEP);
    int chroma_stride = picture_round_up(chroma_width, STRIDE_STEP);
    size_t luma = (size_t)luma_stride * (size_t)picture_round_up(height, HEIGHT_STEP);
    size_t chroma = (size_t)chroma_stride * (size_t)picture_round_up(chroma_height, HEIGHT_STEP);
    size_t size = luma + 2 * chroma;
    if (size > picture->capacity) {
        free(picture->memory);
        picture->memory = xmalloc(size);
        picture->capacity = size;
    }
    picture->planes[PLANE_LUMA] = picture->memory;
    picture->planes[PLANE_BLUE] = picture->memory + luma;
    picture->planes[PLANE_RED] = picture->memory + luma + chroma;
    picture->strides[PLANE_LUMA] = luma_stride;
    picture->strides[PLANE_BLUE] = picture->strides[PLANE_RED] = chroma_stride;
    picture->width = width;
    picture->height = height;
    picture->cell_width = cell_width;
    picture->cell_height = cell_height;
}

void picture_resize(struct picture *picture, int width, int height)
{
    picture_resize_cells(picture, width, height, 2, 2);
}

struct plane {
    uint8_t *values;
    int stride, width, height;
};

static struct plane picture_plane(const struct picture *picture, int plane)
{
    bool luma = plane == PLANE_LUMA;
    return (struct plane){picture->planes[plane], picture->strides[plane],
                          picture_cells(picture->width, luma ? 1 : picture->cell_width),
                          picture_cells(picture->height, luma ? 1 : picture->cell_height)};
}

static uint8_t *plane_row(const struct plane *plane, int y)
{
    return plane->values + (size_t)y * (size_t)plane->stride;
}

void picture_close_edges(struct picture *picture)
{
    uint8_t *luma = picture->planes[PLANE_LUMA];
    size_t stride = (size_t)picture->strides[PLANE_LUMA];
    size_t width = (size_t)picture->width, height = (size_t)picture->height;
    if (width % 2 != 0) {
        for (size_t y = 0; y < height; y++) {
            luma[y * stride + width] = luma[y * stride + width - 1];
        }
    }
    if (height % 2 != 0) {
        memcpy(luma + height * stride, luma + (height - 1) * stride, width + width % 2);
    }
}

void picture_copy(struct picture *copy, const struct picture *picture)
{
    picture_resize_cells(copy, picture->width, picture->height, picture->cell_width,
                         picture->cell_height);
    for (int plane = 0; plane < PICTURE_PLANES; plane++) {
        struct plane source = picture_plane(picture, plane), target = picture_plane(copy, plane);
        for (int y = 0; y < source.height; y++) {
            memcpy(plane_row(&target, y), plane_row(&source, y), (size_t)source.width);
        }
    }
    picture_close_edges(copy);
}

/* --- less chroma --- */

/* A row of 2 x 2 cells, each the mean of `columns` in two rows; `out` may be the first of these,
 * for nothing is written before it has been read. */
static void halve_row(const uint8_t *upper, const uint8_t *lower, int columns, int width,
                      uint8_t *out)
{
    int half = picture_cells(width, columns);
    for (int x = 0; x < half; x++) {
        int near = x * columns, far = near + columns - 1 < width ? near + columns - 1 : near;
        out[x] = (uint8_t)((upper[near] + upper[far] + lower[near] + lower[far] + 2) >> 2);
    }
}

void picture_halve_chroma(struct picture *picture)
{
    int columns = 2 / picture->cell_width, rows = 2 / picture->cell_height;
    if (columns == 1 && rows == 1) {
        return;
    }
    for (int i = PLANE_BLUE; i < PICTURE_PLANES; i++) {
        struct plane plane = picture_plane(picture, i);
        for (int y = 0; y * rows < plane.height; y++) {
            int near = y * rows, far = near + rows - 1 < plane.height ? near + rows - 1 : near;
            halve_row(plane_row(&plane, near), plane_row(&plane, far), columns, plane.width,
                      plane_row(&plane, y));
        }
    }
    picture->cell_width = picture->cell_height = 2;
}

/* --- at a smaller size --- */

/* How much of the source's pixel `at` lies between `from` and `to`, all but the first in 256ths. */
static uint32_t shrink_share(int at, int64_t from, int64_t to)
{
    int64_t begin = (int64_t)at << 8, end = begin + 256;
    return (uint32_t)((to < end ? to : end) - (from > begin ? from : begin));
}

static int64_t shrink_edge(int place, int source, int target)
{
    return ((int64_t)place * source << 8) / target;
}

/* Adds up, by column, the source's rows that one row of the target covers. */
static void shrink_add_rows(const struct plane *source, int64_t from, int64_t to,
                            uint32_t *restrict sums)
{
    memset(sums, 0, (size_t)source->width * sizeof *sums);
    for (int y = (int)(from >> 8); (int64_t)y << 8 < to; y++) {
        const uint8_t *restrict row = plane_row(source, y);
        uint32_t share = shrink_share(y, from, to);
        for (int x = 0; x < source->width; x++) {
            sums[x] += row[x] * share;
        }
    }
}

static void shrink_row(const uint32_t *sums, int source, int64_t rows, uint8_t *values, int target)
{
    for (int x = 0; x < target; x++) {
        int64_t from = shrink_edge(x, source, target), to = shrink_edge(x + 1, source, target);
        uint64_t sum = 0, area = (uint64_t)((to - from) * rows);
        for (int at = (int)(from >> 8); (int64_t)at << 8 < to; at++) {
            sum += (uint64_t)sums[at] * shrink_share(at, from, to);
        }
        values[x] = (uint8_t)((sum + area / 2) / area);
    }
}

static void shrink_plane(const struct plane *source, const struct plane *target, uint32_t *sums)
{
    for (int y = 0; y < target->height; y++) {
        int64_t from = shrink_edge(y, source->height, target->height);
        int64_t to = shrink_edge(y + 1, source->height, target->height);
        shrink_add_rows(source, from, to, sums);
        shrink_row(sums, source->width, to - from, plane_row(target, y), target->width);
    }
}

void picture_shrink(struct picture *copy, const struct picture *picture, int width, int height)
{
    assert(width > 0 && width <= picture->width && height > 0 && height <= picture->height);
    uint32_t *sums = xcalloc((size_t)picture->width, sizeof *sums);
    picture_resize(copy, width, height);
    for (int plane = 0; plane < PICTURE_PLANES; plane++) {
        struct plane source = picture_plane(picture, plane), target = picture_plane(copy, plane);
        shrink_plane(&source, &target, sums);
    }
    picture_close_edges(copy);
    free(sums);
}

void picture_finish(struct picture *picture)
{
    free(picture->memory);
    *picture = (struct picture){0};
}
