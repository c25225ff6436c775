/* The filter of ByteTrack for one object: where its box is and how fast it moves, from
 * measurements that come whenever they come. State: centre, aspect (width by height) and
 * height, each with its rate.
 *
 * The reference (Zhang et al., "ByteTrack", ECCV 2022; the filter is that of DeepSORT) counts in
 * frames of 1/30 s. Here time is real: `steps` are such thirtieths, any number of them, and a whole
 * number gives what so many steps of the reference give (except that the aspect may change faster,
 * as that of a car that turns does). Its matrices fall apart into one filter with two states for
 * each of the four coordinates, because noise and motion never mix them. Pure. */
#ifndef DETECTOR_KALMAN_H
#define DETECTOR_KALMAN_H

#include <stdbool.h>

#define KALMAN_STEPS_PER_SECOND 30.0

struct kalman_box {
    double x, y; /* centre, pixels */
    double aspect, height;
};

struct kalman_axis {
    double value, rate;                   /* the rate per step */
    double variance, both, rate_variance; /* `both`: covariance of the two */
};

struct kalman {
    struct kalman_axis x, y, aspect, height;
};

/* From the first measurement: standing still, and not at all sure of it. */
void kalman_init(struct kalman *kalman, const struct kalman_box *measured);

/* `resize` false: the height stays as it is, for an object that is out of sight. */
void kalman_predict(struct kalman *kalman, double steps, bool resize);

void kalman_update(struct kalman *kalman, const struct kalman_box *measured);

/* What it follows stands still from now on. */
void kalman_rest(struct kalman *kalman);

struct kalman_box kalman_box(const struct kalman *kalman);

/* The standard deviation of where the centre is, across, as part of the height. */
double kalman_unsure(const struct kalman *kalman);

#endif
