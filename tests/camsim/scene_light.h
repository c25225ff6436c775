/* The light of a moment: from day to dusk and back. */
#ifndef TESTS_CAMSIM_SCENE_LIGHT_H
#define TESTS_CAMSIM_SCENE_LIGHT_H

#include <stdbool.h>

#include "tests/camsim/scene_math.h"

struct scene_light {
    struct scene_vector to_sun; /* of length 1 */
    struct scene_colour sun;    /* what a surface that faces it gets; black below the horizon */
    struct scene_colour sky;    /* what a surface that faces up gets from all of the sky */
    struct scene_colour ground; /* and one that faces down from the ground */
    struct scene_colour zenith, rim; /* how the sky itself looks, above and at the horizon */
    struct scene_colour lamplight;   /* what a level surface gets right below a lamp */
    double lamps;                    /* how bright lamps, headlights and windows are, 0 to 1 */
};

/* `phase` is the share of a day that has passed, any number: whole ones are middays, halves are
 * in the deepest dusk. */
struct scene_light scene_light_at(uint64_t seed, double phase);

/* How a surface looks. */
struct scene_surface {
    struct scene_colour colour;
    double gloss; /* 0: matt; 1: polished: the sky is mirrored in it */
    double glow;  /* its own light, as a factor of its colour */
};

/* `normal` and `to_eye` have length 1. */
struct scene_colour scene_light_shade(const struct scene_light *light,
                                      const struct scene_surface *surface,
                                      struct scene_vector normal, struct scene_vector to_eye);

/* What is left of a matt, level surface's light in the shadow of the sun, for
 * red, green and blue. */
struct scene_colour scene_light_in_shadow(const struct scene_light *light);

#endif
