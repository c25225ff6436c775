#include "detector/preprocess.h"

#include <math.h>
#include <stdlib.h>

#include "common/memory.h"

#define PAD_GREY 114.0F

#define ROW_NONE UINT32_MAX

/* The fixed point of cv::resize: shares have 11 bits; after the first direction 4 bits are dropped, so
 * that products in the second one fit 32 bits, and after it the rest. */
#define SHARE_WHOLE    2048
#define COLUMN_DROPPED 4
#define ROW_DROPPED    16

void preprocess_init(struct preprocess *preprocess, const struct layout *layout)
{
    size_t pixels = (size_t)layout->input_width * (size_t)layout->input_height;
    *preprocess = (struct preprocess){
        .input = xcalloc(pixels * 3, sizeof(float)),
        .kind = layout->kind,
        .input_width = layout->input_width,
        .input_height = layout->input_height,
        .columns = xcalloc((size_t)layout->input_width, sizeof(struct preprocess_tap)),
        .rows = xcalloc((size_t)layout->input_height, sizeof(struct preprocess_tap)),
    };
    for (size_t i = 0; i < 2; i++) {
        preprocess->scaled[i].values = xcalloc((size_t)layout->input_width * 3, sizeof(int16_t));
    }
}

void preprocess_finish(struct preprocess *preprocess)
{
    free(preprocess->input);
    free(preprocess->columns);
    free(preprocess->rows);
    free(preprocess->scaled[0].values);
    free(preprocess->scaled[1].values);
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

/* `step`: how far apart two sources lie. Beyond its edge a picture goes on as it is there. */
static void preprocess_make_taps(struct preprocess_tap *taps, int count, int source, int step,
                                 bool edges_are_whole)
{
    double ratio = 1.0 / ((double)count / source);
    for (int i = 0; i < count; i++) {
        float centre = (float)((i + 0.5) * ratio - 0.5);
        int near = (int)floorf(centre);
        float share = centre - (float)near;
        if (edges_are_whole && (near < 0 || near >= source - 1)) {
            share = 0;
        }
        taps[i] = (struct preprocess_tap){
            .near = (uint32_t)(preprocess_clamp(near, source - 1) * step),
            .far = (uint32_t)(preprocess_clamp(near + 1, source - 1) * step),
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
    preprocess->placement.offset_x = (float)preprocess->left;
    preprocess->placement.offset_y = (float)preprocess->top;
}

/* Everything that depends on the size of the picture alone: a camera keeps its size, so this is done
 * once. The padding is painted here and never touched again. */
static void preprocess_prepare(struct preprocess *preprocess, int width, int height)
{
    preprocess_place(preprocess, width, height);
    preprocess_make_taps(preprocess->columns, preprocess->scaled_width, width, 3, true);
    preprocess_make_taps(preprocess->rows, preprocess->scaled_height, height, 1, false);
    size_t values = (size_t)preprocess->input_width * (size_t)preprocess->input_height * 3;
    float grey = PAD_GREY * preprocess_range(preprocess);
    for (size_t i = 0; i < values; i++) {
        preprocess->input[i] = grey;
    }
    preprocess->picture_width = width;
    preprocess->picture_height = height;
}

/* The first direction: one row of the picture, scaled to the new width, its channels apart. */
static void preprocess_scale_row(const struct preprocess *preprocess, const uint8_t *source,
                                 int16_t *values)
{
    int width = preprocess->scaled_width;
    int16_t *restrict red = values, *restrict green = red + width, *restrict blue = green + width;
    for (int x = 0; x < width; x++) {
        struct preprocess_tap tap = preprocess->columns[x];
        const uint8_t *near = source + tap.near, *far = source + tap.far;
        red[x] = (int16_t)((near[0] * tap.near_share + far[0] * tap.far_share) >> COLUMN_DROPPED);
        green[x] = (int16_t)((near[1] * tap.near_share + far[1] * tap.far_share) >> COLUMN_DROPPED);
        blue[x] = (int16_t)((near[2] * tap.near_share + far[2] * tap.far_share) >> COLUMN_DROPPED);
    }
}

/* The second direction: two scaled rows into one row of the input. */
static void preprocess_mix_rows(const int16_t *restrict near, const int16_t *restrict far,
                                const struct preprocess_tap *tap, int width, float range,
                                float *restrict out)
{
    int near_share = tap->near_share, far_share = tap->far_share;
    for (int x = 0; x < width; x++) {
        int value = (near[x] * near_share >> ROW_DROPPED) + (far[x] * far_share >> ROW_DROPPED);
        out[x] = (float)((value + 2) >> 2) * range;
    }
}

/* The scaled form of a source row, made now unless it is one of the two last ones. `keep` is the row
 * that must not be overwritten. */
static const int16_t *preprocess_get_row(struct preprocess *preprocess,
                                         const struct picture *picture, uint32_t source,
                                         uint32_t keep)
{
    struct preprocess_row *rows = preprocess->scaled;
    if (rows[0].source != source && rows[1].source != source) {
        struct preprocess_row *row = rows[0].source == keep ? &rows[1] : &rows[0];
        preprocess_scale_row(
            preprocess, picture->pixels + (size_t)source * (size_t)picture->width * 3, row->values);
        row->source = source;
    }
    return rows[0].source == source ? rows[0].values : rows[1].values;
}

void preprocess_run(struct preprocess *preprocess, const struct picture *picture)
{
    if (picture->width != preprocess->picture_width ||
        picture->height != preprocess->picture_height) {
        preprocess_prepare(preprocess, picture->width, picture->height);
    }
    preprocess->scaled[0].source = preprocess->scaled[1].source = ROW_NONE;
    int width = preprocess->scaled_width;
    size_t plane = (size_t)preprocess->input_width * (size_t)preprocess->input_height;
    float range = preprocess_range(preprocess);
    for (int y = 0; y < preprocess->scaled_height; y++) {
        const struct preprocess_tap *tap = &preprocess->rows[y];
        const int16_t *near = preprocess_get_row(preprocess, picture, tap->near, tap->far);
        const int16_t *far = preprocess_get_row(preprocess, picture, tap->far, tap->near);
        float *out = preprocess->input +
                     (size_t)(preprocess->top + y) * (size_t)preprocess->input_width +
                     preprocess->left;
        for (int channel = 0; channel < 3; channel++) {
            int place = preprocess->kind == LAYOUT_YOLOX ? 2 - channel : channel; /* BGR */
            preprocess_mix_rows(near + channel * width, far + channel * width, tap, width, range,
                                out + (size_t)place * plane);
        }
    }
}
