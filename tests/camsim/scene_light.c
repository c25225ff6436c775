#include "tests/camsim/scene_light.h"

#define DEGREE            (SCENE_PI / 180)
#define CLOUDS_PER_DAY    6.0
#define SUN_SWEEP         75.0 /* degrees that the sun moves between midday and dusk */
#define MIRROR_STRAIGHT   0.05 /* what polished paint mirrors when looked at squarely */
#define MIRROR_GRAZING    0.55
#define HIGHLIGHT_DOUBLES 5 /* the highlight is the cosine to the 2^5th power */

struct scene_light scene_light_at(uint64_t seed, double phase)
{
    struct scene_random random = scene_random_make(seed, 3);
    double azimuth = scene_random_between(&random, 0, 360);
    double haze = scene_random_between(&random, -0.15, 0.3);
    double share = phase - floor(phase);
    double swept = share < 0.5 ? 2 * share : 2 * share - 2;
    double elevation = 21 + 29 * scene_cosine(2 * SCENE_PI * share);
    double bearing = (azimuth + swept * SUN_SWEEP) * DEGREE;
    double day = scene_step(-6, 26, elevation), low = 1 - scene_step(4, 26, elevation);
    double clouds = scene_clamp(
        haze + 1.0 * (scene_noise(phase * CLOUDS_PER_DAY, 0.5, seed ^ 77) - 0.42), 0, 0.9);
    double strength = scene_step(-0.5, 10, elevation) * (1 - clouds);
    struct scene_colour noon = {1.0, 0.95, 0.86}, evening = {1.0, 0.52, 0.22};
    struct scene_colour blue = {0.27, 0.33, 0.43}, grey = {0.45, 0.47, 0.50};
    struct scene_colour night = {0.085, 0.098, 0.145}, glow = {0.20, 0.11, 0.06};
    struct scene_light light = {.lamps = 1 - scene_step(-1, 9, elevation)};
    struct scene_vector to_sun = {scene_sine(bearing) * scene_cosine(elevation * DEGREE),
                                  scene_cosine(bearing) * scene_cosine(elevation * DEGREE),
                                  scene_sine(elevation * DEGREE)};
    double dusk = low * scene_step(-7, 2, elevation) * (1 - 0.7 * clouds);
    light.lamplight = scene_colour_scale((struct scene_colour){0.80, 0.61, 0.36}, light.lamps);
    light.to_sun = scene_normal(to_sun);
    light.sun = scene_colour_scale(scene_colour_mix(noon, evening, low), 1.5 * strength);
    light.sky = scene_colour_mix(night, scene_colour_mix(blue, grey, clouds), day);
    light.sky = scene_colour_add(light.sky, scene_colour_scale(glow, 0.6 * dusk));
    light.ground = scene_colour_scale(
        scene_colour_add(light.sky, scene_colour_scale(light.sun, 0.5 * light.to_sun.z)), 0.32);
    struct scene_colour high = scene_colour_mix((struct scene_colour){0.13, 0.28, 0.60},
                                                (struct scene_colour){0.62, 0.65, 0.68}, clouds);
    struct scene_colour wide = scene_colour_mix((struct scene_colour){0.62, 0.74, 0.86},
                                                (struct scene_colour){0.72, 0.74, 0.76}, clouds);
    light.zenith = scene_colour_mix((struct scene_colour){0.02, 0.03, 0.075}, high, day);
    light.rim = scene_colour_mix((struct scene_colour){0.05, 0.055, 0.10}, wide, day);
    light.rim = scene_colour_add(
        light.rim, scene_colour_scale((struct scene_colour){0.75, 0.30, 0.08}, 0.7 * dusk));
    return light;
}

/* What is seen in a mirror that sends the look towards `direction`. */
static struct scene_colour light_mirrored(const struct scene_light *light,
                                          struct scene_vector direction)
{
    double above = scene_step(-0.08, 0.10, direction.z);
    struct scene_colour sky =
        scene_colour_mix(light->rim, light->zenith, scene_clamp(direction.z, 0, 1));
    return scene_colour_mix(scene_colour_scale(light->ground, 0.5), sky, above);
}

struct scene_colour scene_light_shade(const struct scene_light *light,
                                      const struct scene_surface *surface,
                                      struct scene_vector normal, struct scene_vector to_eye)
{
    double facing = scene_dot(normal, light->to_sun);
    struct scene_colour falling = scene_colour_mix(light->ground, light->sky, 0.5 + 0.5 * normal.z);
    if (facing > 0) {
        falling = scene_colour_add(falling, scene_colour_scale(light->sun, facing));
    }
    struct scene_colour seen = scene_colour_multiply(surface->colour, falling);
    if (surface->gloss > 0) {
        double squarely = scene_clamp(scene_dot(normal, to_eye), 0, 1);
        double rest = 1 - squarely, grazing = rest * rest * rest * rest;
        double share = surface->gloss * scene_mix(MIRROR_STRAIGHT, MIRROR_GRAZING, grazing);
        struct scene_vector bounced =
            scene_subtract(scene_scale(normal, 2 * scene_dot(normal, to_eye)), to_eye);
        double shine = scene_clamp(scene_dot(bounced, light->to_sun), 0, 1);
        for (int i = 0; i < HIGHLIGHT_DOUBLES; i++) {
            shine *= shine;
        }
        seen = scene_colour_mix(seen, light_mirrored(light, bounced), share);
        seen = scene_colour_add(seen, scene_colour_scale(light->sun, 0.8 * surface->gloss * shine));
    }
    return scene_colour_add(seen, scene_colour_scale(surface->colour, surface->glow));
}

struct scene_colour scene_light_in_shadow(const struct scene_light *light)
{
    double level = light->to_sun.z > 0 ? light->to_sun.z : 0;
    return (struct scene_colour){
        light->sky.red / (light->sky.red + light->sun.red * level),
        light->sky.green / (light->sky.green + light->sun.green * level),
        light->sky.blue / (light->sky.blue + light->sun.blue * level),
    };
}
