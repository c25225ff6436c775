#include "tests/camsim/scene_noise.h"

#include <stdlib.h>

#include "common/memory.h"

#define TABLE_BYTES (1 << 17) /* of which each row takes a stretch by lot */
#define ROW_BYTES   (1 << 15) /* at most: 8192 pixels */
#define LEVELS      8
#define LEAST       1.3 /* standard deviation in daylight, of 255 */
#define MOST        5.0 /* and in the dark */

struct scene_noise {
    uint64_t seed;
    int8_t values[LEVELS][TABLE_BYTES + ROW_BYTES];
};

struct scene_noise *scene_noise_create(uint64_t seed)
{
    struct scene_noise *noise = xcalloc(1, sizeof *noise);
    struct scene_random random = scene_random_make(seed, 7);
    noise->seed = seed;
    for (int i = 0; i < TABLE_BYTES + ROW_BYTES; i++) {
        double sum = 0; /* of four equal chances: nearly normal, with a deviation of 1 */
        for (int k = 0; k < 4; k++) {
            sum += scene_random_between(&random, -0.866, 0.866);
        }
        for (int level = 0; level < LEVELS; level++) {
            double deviation = scene_mix(LEAST, MOST, (double)level / (LEVELS - 1));
            noise->values[level][i] = (int8_t)floor(sum * deviation + 0.5);
        }
    }
    return noise;
}

void scene_noise_destroy(struct scene_noise *noise)
{
    free(noise);
}

static void noise_add(const uint8_t *restrict in, const int8_t *restrict add, int bytes,
                      uint8_t *restrict out)
{
    for (int i = 0; i < bytes; i++) {
        int16_t value = (int16_t)(in[i] + add[i]);
        value = value < 0 ? 0 : value;
        out[i] = (uint8_t)(value > 255 ? 255 : value);
    }
}

void scene_noise_apply(const struct scene_noise *noise, const struct scene_canvas *canvas,
                       struct scene_box part, double dark, uint64_t number, uint8_t *out)
{
    const int8_t *values = noise->values[(int)(scene_clamp(dark, 0, 1) * (LEVELS - 1) + 0.5)];
    int bytes = part.width * 4;
    for (int y = 0; y < part.height; y++) {
        size_t from = (size_t)(part.y + y) * (size_t)canvas->width + (size_t)part.x;
        const uint8_t *in = canvas->pixels + from * 4;
        uint64_t start = scene_hash(noise->seed + number, (uint64_t)y) % TABLE_BYTES;
        const int8_t *add = values + start;
        noise_add(in, add, bytes, out);
        out += bytes;
    }
}
