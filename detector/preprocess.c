#include "detector/preprocess.h"

#include <math.h>
#include <stdlib.h>

#include "common/memory.h"

#define PAD_GREY 114.0F

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
}

void preprocess_finish(struct preprocess *preprocess)
{
    free(preprocess->input);
    free(preprocess->columns);
    free(preprocess->rows);
    free(preprocess->blend);
    *preprocess = (struct preprocess){0};
}

/* The factor from a picture's 0..255 to what the network takes. */
static float preprocess_range(const struct preprocess *preprocess)
{
    return preprocess->kind == LAYOUT_YOLOX ? 1.0F : 1.0F / 255.0F;
}

/* `step`: bytes from one source column (row) to the next, so that the inner loops need no product. */
static void preprocess_make_taps(struct preprocess_tap *taps, int count, int source, size_t step)
{
    double ratio = (double)source / count;
    for (int i = 0; i < count; i++) {
        double centre = (i + 0.5) * ratio - 0.5;
        int near = (int)floor(centre);
        float weight = (float)(centre - near);
        if (near < 0) {
            near = 0;
            weight = 0;
        }
        if (near >= source - 1) {
            near = source - 1;
            weight = 0;
        }
        int far = near + 1 < source ? near + 1 : near;
        taps[i] = (struct preprocess_tap){
            .near = (size_t)near * step, .far = (size_t)far * step, .weight = weight};
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
    preprocess_make_taps(preprocess->columns, preprocess->scaled_width, width, 3);
    preprocess_make_taps(preprocess->rows, preprocess->scaled_height, height, (size_t)width * 3);
    preprocess->blend = xreallocarray(preprocess->blend, (size_t)width * 3, sizeof(float));
    size_t values = (size_t)preprocess->input_width * (size_t)preprocess->input_height * 3;
    float grey = PAD_GREY * preprocess_range(preprocess);
    for (size_t i = 0; i < values; i++) {
        preprocess->input[i] = grey;
    }
    preprocess->picture_width = width;
    preprocess->picture_height = height;
}

static void preprocess_blend_rows(const uint8_t *restrict near, const uint8_t *restrict far,
                                  float weight, size_t count, float *restrict out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (float)near[i] + weight * (float)(far[i] - near[i]);
    }
}

/* Rounds to a whole pixel value, as a resized 8-bit picture would hold it. */
static inline float preprocess_mix(float near, float far, float weight)
{
    return (float)(int)(near + weight * (far - near) + 0.5F);
}

static void preprocess_scale_row(const struct preprocess *preprocess, float *restrict first,
                                 float *restrict second, float *restrict third)
{
    const struct preprocess_tap *columns = preprocess->columns;
    const float *blend = preprocess->blend;
    float range = preprocess_range(preprocess);
    for (int x = 0; x < preprocess->scaled_width; x++) {
        const float *near = blend + columns[x].near;
        const float *far = blend + columns[x].far;
        float weight = columns[x].weight;
        first[x] = preprocess_mix(near[0], far[0], weight) * range;
        second[x] = preprocess_mix(near[1], far[1], weight) * range;
        third[x] = preprocess_mix(near[2], far[2], weight) * range;
    }
}

void preprocess_run(struct preprocess *preprocess, const struct picture *picture)
{
    if (picture->width != preprocess->picture_width ||
        picture->height != preprocess->picture_height) {
        preprocess_prepare(preprocess, picture->width, picture->height);
    }
    size_t plane = (size_t)preprocess->input_width * (size_t)preprocess->input_height;
    float *row = preprocess->input + (size_t)preprocess->top * (size_t)preprocess->input_width +
                 preprocess->left;
    bool reversed = preprocess->kind == LAYOUT_YOLOX; /* BGR */
    for (int y = 0; y < preprocess->scaled_height; y++) {
        const struct preprocess_tap *tap = &preprocess->rows[y];
        preprocess_blend_rows(picture->pixels + tap->near, picture->pixels + tap->far, tap->weight,
                              (size_t)picture->width * 3, preprocess->blend);
        preprocess_scale_row(preprocess, row + (reversed ? 2 * plane : 0), row + plane,
                             row + (reversed ? 0 : 2 * plane));
        row += preprocess->input_width;
    }
}
