#include "detector/preprocess.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/memory.h"

#define PAD_GREY 114.0F

#define ROW_NONE UINT32_MAX

/* The fixed point of cv::resize: shares have 11 bits; after the first direction 4 bits are dropped, so
 * that products in the second one fit 32 bits, and after it the rest. */
#define SHARE_WHOLE    2048
#define COLUMN_DROPPED 4
#define ROW_DROPPED    16

static struct preprocess_taps preprocess_create_taps(const struct layout *layout)
{
    return (struct preprocess_taps){
        .columns = xcalloc((size_t)layout->input_width, sizeof(struct preprocess_tap)),
        .rows = xcalloc((size_t)layout->input_height, sizeof(struct preprocess_tap)),
    };
}

void preprocess_init(struct preprocess *preprocess, const struct layout *layout)
{
    size_t width = (size_t)layout->input_width;
    *preprocess = (struct preprocess){
        .input = xcalloc(width * (size_t)layout->input_height * 3, sizeof(float)),
        .kind = layout->kind,
        .input_width = layout->input_width,
        .input_height = layout->input_height,
        .luma = preprocess_create_taps(layout),
        .chroma = preprocess_create_taps(layout),
    };
    for (int plane = 0; plane < PICTURE_PLANES; plane++) {
        preprocess->scaled[plane].values[0] = xcalloc(width, sizeof(int16_t));
        preprocess->scaled[plane].values[1] = xcalloc(width, sizeof(int16_t));
        preprocess->mixed[plane] = xcalloc(width, 1);
    }
}

void preprocess_finish(struct preprocess *preprocess)
{
    free(preprocess->input);
    free(preprocess->luma.columns);
    free(preprocess->luma.rows);
    free(preprocess->chroma.columns);
    free(preprocess->chroma.rows);
    for (int plane = 0; plane < PICTURE_PLANES; plane++) {
        free(preprocess->scaled[plane].values[0]);
        free(preprocess->scaled[plane].values[1]);
        free(preprocess->mixed[plane]);
    }
    *preprocess = (struct preprocess){0};
}

/* The factor from a picture's 0..255 to what the network takes. */
static float preprocess_range(const struct preprocess *preprocess)
{
    return preprocess->kind == LAYOUT_YOLOX ? 1.0F : 1.0F / 255.0F;
}

static int preprocess_clamp(int value, int high)
{
    return value < 0 ? 0 : (value > high ? high : value);
}

/* One of the source's two dimensions. */
struct preprocess_side {
    int begin, length; /* of the window */
    bool chroma;       /* the plane has half as many */
};

/* Beyond the window's edge the picture goes on as it is there. */
static void preprocess_make_taps(struct preprocess_tap *taps, int count,
                                 const struct preprocess_side *side, bool edges_are_whole)
{
    double ratio = 1.0 / ((double)count / side->length);
    int odd = side->begin % 2; /* then the first cell of chroma begins before the window */
    int last = side->chroma ? picture_half(odd + side->length) - 1 : side->length - 1;
    for (int i = 0; i < count; i++) {
        double place = (i + 0.5) * ratio;
        float centre = (float)((side->chroma ? (place + odd) / 2 : place) - 0.5);
        int near = (int)floorf(centre);
        float share = centre - (float)near;
        if (edges_are_whole && (near < 0 || near >= last)) {
            share = 0;
        }
        taps[i] = (struct preprocess_tap){
            .near = (uint32_t)preprocess_clamp(near, last),
            .far = (uint32_t)preprocess_clamp(near + 1, last),
            .near_share = (int16_t)lrintf((1.0F - share) * SHARE_WHOLE),
            .far_share = (int16_t)lrintf(share * SHARE_WHOLE),
        };
    }
}

static int preprocess_at_least_one(double value)
{
    return value < 1 ? 1 : (int)value;
}

/* Where the scaled picture lies, as the reference implementation of each layout has it. */
static void preprocess_place(struct preprocess *preprocess, int width, int height)
{
    double scale =
        fmin((double)preprocess->input_width / width, (double)preprocess->input_height / height);
    preprocess->left = preprocess->top = 0;
    switch (preprocess->kind) {
    case LAYOUT_DARKNET:
        preprocess->scaled_width = preprocess->input_width;
        preprocess->scaled_height = preprocess->input_height;
        preprocess->placement.scale_x = (float)preprocess->input_width / (float)width;
        preprocess->placement.scale_y = (float)preprocess->input_height / (float)height;
        break;
    case LAYOUT_YOLOX:
        preprocess->scaled_width = preprocess_at_least_one(width * scale);
        preprocess->scaled_height = preprocess_at_least_one(height * scale);
        preprocess->placement.scale_x = preprocess->placement.scale_y = (float)scale;
        break;
    default:
        preprocess->scaled_width = preprocess_at_least_one(nearbyint(width * scale));
        preprocess->scaled_height = preprocess_at_least_one(nearbyint(height * scale));
        preprocess->left = (preprocess->input_width - preprocess->scaled_width) / 2;
        preprocess->top = (preprocess->input_height - preprocess->scaled_height) / 2;
        preprocess->placement.scale_x = preprocess->placement.scale_y = (float)scale;
        break;
    }
}

/* Whether the tables suit this window, too. */
static bool preprocess_suits(const struct preprocess *preprocess, const struct window *window)
{
    const struct window *old = &preprocess->window;
    return window->width == old->width && window->height == old->height &&
           window->left % 2 == old->left % 2 && window->top % 2 == old->top % 2;
}

/* Everything that depends on the size of the window alone: a camera keeps its size, so this is done
 * once. The padding is painted here and never touched again. */
static void preprocess_prepare(struct preprocess *preprocess, const struct window *window)
{
    preprocess_place(preprocess, window->width, window->height);
    for (int chroma = 0; chroma < 2; chroma++) {
        struct preprocess_taps *taps = chroma ? &preprocess->chroma : &preprocess->luma;
        struct preprocess_side side = {window->left, window->width, chroma};
        preprocess_make_taps(taps->columns, preprocess->scaled_width, &side, true);
        side = (struct preprocess_side){window->top, window->height, chroma};
        preprocess_make_taps(taps->rows, preprocess->scaled_height, &side, false);
    }
    size_t values = (size_t)preprocess->input_width * (size_t)preprocess->input_height * 3;
    float grey = PAD_GREY * preprocess_range(preprocess);
    for (size_t i = 0; i < values; i++) {
        preprocess->input[i] = grey;
    }
    preprocess->window = *window;
}

/* The first direction: one row of a plane, scaled to the new width. */
static void preprocess_scale_row(const uint8_t *restrict source,
                                 const struct preprocess_tap *restrict taps, int width,
                                 int16_t *restrict values)
{
    for (int x = 0; x < width; x++) {
        struct preprocess_tap tap = taps[x];
        values[x] =
            (int16_t)((source[tap.near] * tap.near_share + source[tap.far] * tap.far_share) >>
                      COLUMN_DROPPED);
    }
}

/* The second direction: two scaled rows into one. */
static void preprocess_mix_rows(const int16_t *restrict near, const int16_t *restrict far,
                                const struct preprocess_tap *tap, int width,
                                uint8_t *restrict mixed)
{
    int near_share = tap->near_share, far_share = tap->far_share;
    for (int x = 0; x < width; x++) {
        int value = (near[x] * near_share >> ROW_DROPPED) + (far[x] * far_share >> ROW_DROPPED);
        mixed[x] = (uint8_t)((value + 2) >> 2);
    }
}

/* A plane within a window. */
struct preprocess_source {
    const uint8_t *values; /* of the window's first cell */
    size_t stride;
};

/* The scaled form of a source row, made now unless it is one of the two last ones. `keep` is the row
 * that must not be overwritten. */
static const int16_t *preprocess_get_row(struct preprocess_rows *rows,
                                         const struct preprocess_source *source,
                                         const struct preprocess_tap *columns, int width,
                                         uint32_t wanted, uint32_t keep)
{
    if (rows->sources[0] != wanted && rows->sources[1] != wanted) {
        int free_row = rows->sources[0] == keep ? 1 : 0;
        preprocess_scale_row(source->values + (size_t)wanted * source->stride, columns, width,
                             rows->values[free_row]);
        rows->sources[free_row] = wanted;
    }
    return rows->values[rows->sources[0] == wanted ? 0 : 1];
}

static void preprocess_scale_plane(struct preprocess *preprocess, int plane,
                                   const struct preprocess_source *source, int y)
{
    const struct preprocess_taps *taps =
        plane == PLANE_LUMA ? &preprocess->luma : &preprocess->chroma;
    const struct preprocess_tap *row = &taps->rows[y];
    struct preprocess_rows *rows = &preprocess->scaled[plane];
    int width = preprocess->scaled_width;
    const int16_t *near =
        preprocess_get_row(rows, source, taps->columns, width, row->near, row->far);
    const int16_t *far =
        preprocess_get_row(rows, source, taps->columns, width, row->far, row->near);
    preprocess_mix_rows(near, far, row, width, preprocess->mixed[plane]);
}

static float preprocess_limit(float value)
{
    return value > 0 ? (value < 255 ? value : 255) : 0;
}

/* BT.601 over the full range. */
static void preprocess_colour_row(const uint8_t *restrict luma, const uint8_t *restrict blue,
                                  const uint8_t *restrict red, int width, float range,
                                  float *restrict out_red, float *restrict out_green,
                                  float *restrict out_blue)
{
    for (int x = 0; x < width; x++) {
        float y = luma[x], u = (float)(blue[x] - 128), v = (float)(red[x] - 128);
        out_red[x] = preprocess_limit(y + 1.402F * v) * range;
        out_green[x] = preprocess_limit(y - 0.344136F * u - 0.714136F * v) * range;
        out_blue[x] = preprocess_limit(y + 1.772F * u) * range;
    }
}

static struct preprocess_source preprocess_source(const struct picture *picture, int plane,
                                                  const struct window *window)
{
    size_t stride = (size_t)picture->strides[plane];
    size_t left = (size_t)window->left, top = (size_t)window->top;
    if (plane != PLANE_LUMA) {
        left /= 2;
        top /= 2;
    }
    return (struct preprocess_source){picture->planes[plane] + top * stride + left, stride};
}

void preprocess_run_window(struct preprocess *preprocess, const struct picture *picture,
                           const struct window *window)
{
    struct preprocess_source sources[PICTURE_PLANES];
    struct placement *placement = &preprocess->placement;
    size_t plane_size = (size_t)preprocess->input_width * (size_t)preprocess->input_height;
    float range = preprocess_range(preprocess);
    if (!preprocess_suits(preprocess, window)) {
        preprocess_prepare(preprocess, window);
    }
    placement->offset_x = (float)preprocess->left - (float)window->left * placement->scale_x;
    placement->offset_y = (float)preprocess->top - (float)window->top * placement->scale_y;
    for (int plane = 0; plane < PICTURE_PLANES; plane++) {
        sources[plane] = preprocess_source(picture, plane, window);
        preprocess->scaled[plane].sources[0] = preprocess->scaled[plane].sources[1] = ROW_NONE;
    }
    for (int y = 0; y < preprocess->scaled_height; y++) {
        for (int plane = 0; plane < PICTURE_PLANES; plane++) {
            preprocess_scale_plane(preprocess, plane, &sources[plane], y);
        }
        float *first = preprocess->input + preprocess->left +
                       (size_t)(preprocess->top + y) * (size_t)preprocess->input_width;
        float *third = first + 2 * plane_size;
        bool bgr = preprocess->kind == LAYOUT_YOLOX;
        preprocess_colour_row(preprocess->mixed[PLANE_LUMA], preprocess->mixed[PLANE_BLUE],
                              preprocess->mixed[PLANE_RED], preprocess->scaled_width, range,
                              bgr ? third : first, first + plane_size, bgr ? first : third);
    }
}

void preprocess_run(struct preprocess *preprocess, const struct picture *picture)
{
    const struct window whole = {0, 0, picture->width, picture->height};
    preprocess_run_window(preprocess, picture, &whole);
}
