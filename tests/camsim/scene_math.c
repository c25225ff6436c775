#include "tests/camsim/scene_math.h"

#include <stddef.h>

/* Sebastiano Vigna's splitmix64. */
static uint64_t scene_scramble(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

uint64_t scene_hash(uint64_t a, uint64_t b)
{
    return scene_scramble(a * UINT64_C(0x9e3779b97f4a7c15) + scene_scramble(b + 1));
}

struct scene_random scene_random_make(uint64_t seed, uint64_t purpose)
{
    return (struct scene_random){scene_hash(seed, purpose)};
}

static uint64_t scene_random_next(struct scene_random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    return scene_scramble(random->state);
}

double scene_random_between(struct scene_random *random, double low, double high)
{
    double share = (double)(scene_random_next(random) >> 11) * 0x1p-53;
    return low + (high - low) * share;
}

int scene_random_below(struct scene_random *random, int bound)
{
    return (int)(scene_random_next(random) % (uint64_t)bound);
}

static double scene_noise_corner(int64_t x, int64_t y, uint64_t seed)
{
    return (double)(scene_hash((uint64_t)x * 73856093U ^ seed, (uint64_t)y) >> 40) * 0x1p-24;
}

double scene_noise(double x, double y, uint64_t seed)
{
    double left = floor(x), low = floor(y);
    double right_share = scene_step(0, 1, x - left), high_share = scene_step(0, 1, y - low);
    int64_t column = (int64_t)left, row = (int64_t)low;
    double bottom = scene_mix(scene_noise_corner(column, row, seed),
                              scene_noise_corner(column + 1, row, seed), right_share);
    double top = scene_mix(scene_noise_corner(column, row + 1, seed),
                           scene_noise_corner(column + 1, row + 1, seed), right_share);
    return scene_mix(bottom, top, high_share);
}

/* Taylor's polynomial on a quarter turn: good to 1e-9. */
static double scene_sine_small(double x)
{
    static const double terms[] = {
        1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1};
    double sum = 0;
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        sum = sum * x * x + terms[i];
    }
    return x * sum;
}

double scene_sine(double angle)
{
    double turns = angle / (2 * SCENE_PI);
    double rest = (turns - floor(turns + 0.5)) * 2 * SCENE_PI;
    if (rest > SCENE_PI / 2) {
        rest = SCENE_PI - rest;
    } else if (rest < -SCENE_PI / 2) {
        rest = -SCENE_PI - rest;
    }
    return scene_sine_small(rest);
}

double scene_cosine(double angle)
{
    return scene_sine(angle + SCENE_PI / 2);
}
