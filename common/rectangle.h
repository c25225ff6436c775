/* Rectangles with edges at any place, in pixels or relative to a picture. Pure. */
#ifndef COMMON_RECTANGLE_H
#define COMMON_RECTANGLE_H

struct rectangle {
    double left, top, right, bottom;
};

/* With `growth` times its width more on the left and on the right, and so on. */
struct rectangle rectangle_grow(const struct rectangle *rectangle, double growth);

double rectangle_area(const struct rectangle *rectangle);

/* The area that both take; 0: none. */
double rectangle_common(const struct rectangle *a, const struct rectangle *b);

/* Intersection over union, 0..1. */
double rectangle_overlap(const struct rectangle *a, const struct rectangle *b);

#endif
