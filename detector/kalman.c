#include "detector/kalman.h"

#include <math.h>

/* Standard deviations as parts of the height, of the box, as in the reference. */
#define PLACE_NOISE (1.0 / 20)
#define RATE_NOISE  (1.0 / 160)

/* Those of the aspect are plain numbers. The first is three times the reference's: cars turn. */
#define ASPECT_NOISE      3e-2
#define ASPECT_RATE_NOISE 1e-5
#define ASPECT_MEASURED   1e-1

/* No box is thinner, so that whatever is divided by it stays finite. */
#define HEIGHT_MIN 1e-3

static double square(double value)
{
    return value * value;
}

static struct kalman_axis axis_start(double value, double noise, double rate_noise)
{
    return (struct kalman_axis){
        .value = value, .variance = square(noise), .rate_variance = square(rate_noise)};
}

/* Each step moves the value by its rate and then adds noise to both. For whole `steps`
 * the sums over them have these closed forms; below one step the rate's noise does not
 * reach the value yet. */
static void axis_predict(struct kalman_axis *axis, double steps, double noise, double rate_noise)
{
    double n = steps, rate_noise2 = square(rate_noise);
    double reached = n > 1 ? n * (n - 1) * (2 * n - 1) / 6 : 0;
    double reached_both = n > 1 ? n * (n - 1) / 2 : 0;
    axis->value += n * axis->rate;
    axis->variance += 2 * n * axis->both + n * n * axis->rate_variance + n * square(noise) +
                      reached * rate_noise2;
    axis->both += n * axis->rate_variance + reached_both * rate_noise2;
    axis->rate_variance += n * rate_noise2;
}

static void axis_update(struct kalman_axis *axis, double measured, double noise)
{
    double total = axis->variance + square(noise);
    double gain = axis->variance / total, rate_gain = axis->both / total;
    double surprise = measured - axis->value;
    axis->value += gain * surprise;
    axis->rate += rate_gain * surprise;
    axis->rate_variance -= rate_gain * axis->both;
    axis->both -= gain * axis->both;
    axis->variance -= gain * axis->variance;
}

void kalman_init(struct kalman *kalman, const struct kalman_box *measured)
{
    double place = 2 * PLACE_NOISE * measured->height, rate = 10 * RATE_NOISE * measured->height;
    kalman->x = axis_start(measured->x, place, rate);
    kalman->y = axis_start(measured->y, place, rate);
    kalman->aspect = axis_start(measured->aspect, ASPECT_NOISE, ASPECT_RATE_NOISE);
    kalman->height = axis_start(measured->height, place, rate);
}

void kalman_predict(struct kalman *kalman, double steps, bool resize)
{
    double place = PLACE_NOISE * kalman->height.value, rate = RATE_NOISE * kalman->height.value;
    if (!resize) {
        kalman->height.rate = 0;
    }
    axis_predict(&kalman->x, steps, place, rate);
    axis_predict(&kalman->y, steps, place, rate);
    axis_predict(&kalman->aspect, steps, ASPECT_NOISE, ASPECT_RATE_NOISE);
    axis_predict(&kalman->height, steps, place, rate);
    kalman->height.value = fmax(kalman->height.value, HEIGHT_MIN);
    kalman->aspect.value = fmax(kalman->aspect.value, 0);
}

void kalman_update(struct kalman *kalman, const struct kalman_box *measured)
{
    double noise = PLACE_NOISE * kalman->height.value;
    axis_update(&kalman->x, measured->x, noise);
    axis_update(&kalman->y, measured->y, noise);
    axis_update(&kalman->aspect, measured->aspect, ASPECT_MEASURED);
    axis_update(&kalman->height, measured->height, noise);
    kalman->height.value = fmax(kalman->height.value, HEIGHT_MIN);
    kalman->aspect.value = fmax(kalman->aspect.value, 0);
}

void kalman_rest(struct kalman *kalman)
{
    kalman->x.rate = kalman->y.rate = kalman->aspect.rate = kalman->height.rate = 0;
}

struct kalman_box kalman_box(const struct kalman *kalman)
{
    return (struct kalman_box){.x = kalman->x.value,
                               .y = kalman->y.value,
                               .aspect = kalman->aspect.value,
                               .height = kalman->height.value};
}

double kalman_unsure(const struct kalman *kalman)
{
    return sqrt(kalman->x.variance) / kalman->height.value;
}
