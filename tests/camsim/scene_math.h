/* Points, colours and chance for the simulated scene. Everything here gives the same bits on every
 * machine: chance is integers, and sine and cosine are our own, since those of the C library differ
 * from one processor to the next. */
#ifndef TESTS_CAMSIM_SCENE_MATH_H
#define TESTS_CAMSIM_SCENE_MATH_H

#include <math.h>
#include <stdint.h>

#define SCENE_PI 3.14159265358979323846

/* On the ground, in metres: x to the right, y away from the camera. */
struct scene_point {
    double x, y;
};

/* The same with z, the height above the ground. */
struct scene_vector {
    double x, y, z;
};

/* Linear light; 1 is white in full daylight. */
struct scene_colour {
    double red, green, blue;
};

/* --- chance --- */

struct scene_random {
    uint64_t state;
};

/* A stream of its own for every (seed, purpose). Never draw twice in one expression or initialiser:
 * compilers differ in which comes first. */
struct scene_random scene_random_make(uint64_t seed, uint64_t purpose);
double scene_random_between(struct scene_random *random, double low, double high);
int scene_random_below(struct scene_random *random, int bound); /* 0 .. bound - 1 */

uint64_t scene_hash(uint64_t a, uint64_t b);

/* Smooth noise of the plane, 0 to 1, with a grain of one unit. */
double scene_noise(double x, double y, uint64_t seed);

/* --- numbers --- */

double scene_sine(double angle);
double scene_cosine(double angle);

static inline double scene_clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static inline double scene_mix(double from, double to, double share)
{
    return from + (to - from) * share;
}

/* 0 below `low`, 1 above `high`, smooth between. */
static inline double scene_step(double low, double high, double value)
{
    double share = scene_clamp((value - low) / (high - low), 0, 1);
    return share * share * (3 - 2 * share);
}

/* --- vectors --- */

static inline struct scene_vector scene_add(struct scene_vector a, struct scene_vector b)
{
    return (struct scene_vector){a.x + b.x, a.y + b.y, a.z + b.z};
}

static inline struct scene_vector scene_subtract(struct scene_vector a, struct scene_vector b)
{
    return (struct scene_vector){a.x - b.x, a.y - b.y, a.z - b.z};
}

static inline struct scene_vector scene_scale(struct scene_vector a, double factor)
{
    return (struct scene_vector){a.x * factor, a.y * factor, a.z * factor};
}

static inline double scene_dot(struct scene_vector a, struct scene_vector b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline struct scene_vector scene_cross(struct scene_vector a, struct scene_vector b)
{
    return (struct scene_vector){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z,
                                 a.x * b.y - a.y * b.x};
}

/* Of length 1; a vector of no length stays as it is. */
static inline struct scene_vector scene_normal(struct scene_vector a)
{
    double length = sqrt(scene_dot(a, a));
    return length > 0 ? scene_scale(a, 1 / length) : a;
}

/* --- colours --- */

static inline struct scene_colour scene_colour_scale(struct scene_colour a, double factor)
{
    return (struct scene_colour){a.red * factor, a.green * factor, a.blue * factor};
}

static inline struct scene_colour scene_colour_add(struct scene_colour a, struct scene_colour b)
{
    return (struct scene_colour){a.red + b.red, a.green + b.green, a.blue + b.blue};
}

static inline struct scene_colour scene_colour_multiply(struct scene_colour a,
                                                        struct scene_colour b)
{
    return (struct scene_colour){a.red * b.red, a.green * b.green, a.blue * b.blue};
}

static inline struct scene_colour scene_colour_mix(struct scene_colour a, struct scene_colour b,
                                                   double share)
{
    return scene_colour_add(scene_colour_scale(a, 1 - share), scene_colour_scale(b, share));
}

/* What a screen shows of linear light, 0 to 255: a shoulder for what is brighter than white, then a
 * gamma of 2, whose square root is exact everywhere. */
static inline double scene_colour_shown(double linear)
{
    double bent = linear < 0 ? 0 : linear * (1 + linear * 0.16) / (1 + linear * 0.42);
    return 255 * sqrt(bent > 1 ? 1 : bent);
}

#endif
