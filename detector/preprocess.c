#include "detector/preprocess.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "detector/wide_vectors.h"

#define PAD_GREY 114.0F

#define ROW_NONE UINT32_MAX

/* The fixed point of cv::resize: shares have 11 bits; after the first direction 4 bits are dropped,
 * so that products in the second one fit 32 bits, and after it the rest. */
#define SHARE_WHOLE    2048
#define COLUMN_DROPPED 4
#define ROW_DROPPED    16

void preprocess_init(struct preprocess *preprocess, const struct layout *layout)
{
    size_t width = (size_t)layout->input_width, height = (size_t)layout->input_height;
    *preprocess = (struct preprocess){
        .input = xcalloc(width * height * 3, sizeof(float)),
        .kind = layout->kind,
        .input_width = layout->input_width,
        .input_height = layout->input_height,
        .columns = xcalloc(width, sizeof(struct preprocess_tap)),
        .rows = xcalloc(height, sizeof(struct preprocess_tap)),
    };
    for (int i = 0; i < 2; i++) {
        for (int channel = 0; channel < RGB_CHANNELS; channel++) {
            preprocess->scaled[i].channels[channel] = xcalloc(width, sizeof(int16_t));
        }
    }
}

void preprocess_finish(struct preprocess *preprocess)
{
    free(preprocess->input);
    free(preprocess->columns);
    free(preprocess->rows);
    for (int i = 0; i < 2; i++) {
        for (int channel = 0; channel < RGB_CHANNELS; channel++) {
            free(preprocess->scaled[i].channels[channel]);
        }
    }
    rgb_row_finish(&preprocess->row);
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

/* Beyond the window's edge the picture goes on as it is there. */
static void preprocess_make_taps(struct preprocess_tap *taps, int count, int length,
                                 bool edges_are_whole)
{
    double ratio = 1.0 / ((double)count / length);
    int last = length - 1;
    for (int i = 0; i < count; i++) {
        float centre = (float)((i + 0.5) * ratio - 0.5);
        int near = (int)floorf(centre);
        float share = centre - (float)near;
        if (edges_are_whole && (near < 0 || near >= last)) {
            share = 0;
        }
        int16_t far_share = (int16_t)lrintf(share * SHARE_WHOLE);
        /* What has no share is not asked for: at a third of the size two rows
         * of three never are. */
        int far = far_share > 0 ? near + 1 : near;
        taps[i] = (struct preprocess_tap){
            .near = (uint32_t)preprocess_clamp(near, last),
            .far = (uint32_t)preprocess_clamp(far, last),
            .near_share = (int16_t)lrintf((1.0F - share) * SHARE_WHOLE),
            .far_share = far_share,
        };
    }
}

/* What the columns have in common: most cameras' sizes are such multiples of what networks take. */
static enum preprocess_pattern preprocess_pattern(const struct preprocess_tap *columns, int width)
{
    bool same = true, halves = true;
    for (int x = 0; x < width; x++) {
        uint32_t column = (uint32_t)x;
        same = same && columns[x].near == column && columns[x].far_share == 0;
        halves = halves && columns[x].near == 2 * column && columns[x].far == 2 * column + 1 &&
                 columns[x].near_share == columns[x].far_share;
    }
    return same ? COLUMNS_SAME : (halves ? COLUMNS_HALVES : COLUMNS_ANY);
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

/* Everything that depends on the size of the window alone: a camera keeps its size, so this is done
 * once. The padding is painted here and never touched again. */
static void preprocess_prepare(struct preprocess *preprocess, const struct window *window)
{
    preprocess_place(preprocess, window->width, window->height);
    preprocess_make_taps(preprocess->columns, preprocess->scaled_width, window->width, true);
    preprocess_make_taps(preprocess->rows, preprocess->scaled_height, window->height, false);
    preprocess->pattern = preprocess_pattern(preprocess->columns, preprocess->scaled_width);
    /* One pixel more: a row begins at an even column. */
    rgb_row_resize(&preprocess->row, window->width + 1);
    size_t values = (size_t)preprocess->input_width * (size_t)preprocess->input_height * 3;
    float grey = PAD_GREY * preprocess_range(preprocess);
    for (size_t i = 0; i < values; i++) {
        preprocess->input[i] = grey;
    }
    preprocess->window = *window;
}

/* The first direction: one channel of a row, scaled to the new width. The patterns' loops say what
 * the last one does with their columns. */
WIDE_VECTORS static void preprocess_scale_row(const struct preprocess *preprocess,
                                              const uint8_t *restrict source,
                                              int16_t *restrict values)
{
    const struct preprocess_tap *restrict columns = preprocess->columns;
    int width = preprocess->scaled_width;
    switch (preprocess->pattern) {
    case COLUMNS_SAME:
        for (int x = 0; x < width; x++) {
            values[x] = (int16_t)(source[x] * (SHARE_WHOLE >> COLUMN_DROPPED));
        }
        break;
    case COLUMNS_HALVES:
        for (int x = 0; x < width; x++) {
            uint16_t pair;
            memcpy(&pair, source + 2 * x, sizeof pair);
            uint16_t sum = (uint16_t)((pair & 0xff) + (pair >> 8));
            values[x] = (int16_t)(sum * (SHARE_WHOLE / 2 >> COLUMN_DROPPED));
        }
        break;
    case COLUMNS_ANY:
        for (int x = 0; x < width; x++) {
            struct preprocess_tap tap = columns[x];
            values[x] =
                (int16_t)((source[tap.near] * tap.near_share + source[tap.far] * tap.far_share) >>
                          COLUMN_DROPPED);
        }
        break;
    }
}

/* The second direction: two scaled rows into one row of the input. */
WIDE_VECTORS static void preprocess_mix_rows(const int16_t *restrict near,
                                             const int16_t *restrict far,
                                             const struct preprocess_tap *tap, int width,
                                             float range, float *restrict out)
{
    int16_t near_share = tap->near_share, far_share = tap->far_share;
    for (int x = 0; x < width; x++) {
        int16_t upper = (int16_t)(near[x] * near_share >> ROW_DROPPED);
        int16_t lower = (int16_t)(far[x] * far_share >> ROW_DROPPED);
        out[x] = (float)((int16_t)(upper + lower + 2) >> 2) * range;
    }
}

/* The scaled form of a row of the window, made now unless it is one of the two last ones. `keep` is
 * the row that must not be overwritten. */
static const struct preprocess_row *preprocess_get_row(struct preprocess *preprocess,
                                                       const struct picture *picture,
                                                       const struct window *window, uint32_t wanted,
                                                       uint32_t keep)
{
    struct preprocess_row *rows = preprocess->scaled;
    if (rows[0].source != wanted && rows[1].source != wanted) {
        struct preprocess_row *row = rows[0].source == keep ? &rows[1] : &rows[0];
        int odd = window->left % 2;
        rgb_row_make(&preprocess->row, picture, window->top + (int)wanted, window->left - odd,
                     window->width + odd);
        for (int channel = 0; channel < RGB_CHANNELS; channel++) {
            preprocess_scale_row(preprocess, preprocess->row.channels[channel] + odd,
                                 row->channels[channel]);
        }
        row->source = wanted;
    }
    return rows[0].source == wanted ? &rows[0] : &rows[1];
}

void preprocess_run_window(struct preprocess *preprocess, const struct picture *picture,
                           const struct window *window)
{
    struct placement *placement = &preprocess->placement;
    size_t plane = (size_t)preprocess->input_width * (size_t)preprocess->input_height;
    float range = preprocess_range(preprocess);
    if (window->width != preprocess->window.width || window->height != preprocess->window.height) {
        preprocess_prepare(preprocess, window);
    }
    placement->offset_x = (float)preprocess->left - (float)window->left * placement->scale_x;
    placement->offset_y = (float)preprocess->top - (float)window->top * placement->scale_y;
    preprocess->scaled[0].source = preprocess->scaled[1].source = ROW_NONE;
    for (int y = 0; y < preprocess->scaled_height; y++) {
        const struct preprocess_tap *tap = &preprocess->rows[y];
        const struct preprocess_row *near =
            preprocess_get_row(preprocess, picture, window, tap->near, tap->far);
        const struct preprocess_row *far =
            preprocess_get_row(preprocess, picture, window, tap->far, tap->near);
        float *out = preprocess->input + preprocess->left +
                     (size_t)(preprocess->top + y) * (size_t)preprocess->input_width;
        for (int channel = 0; channel < RGB_CHANNELS; channel++) {
            int place = preprocess->kind == LAYOUT_YOLOX ? 2 - channel : channel; /* BGR */
            preprocess_mix_rows(near->channels[channel], far->channels[channel], tap,
                                preprocess->scaled_width, range, out + (size_t)place * plane);
        }
    }
}
