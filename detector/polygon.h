/* Areas of polygons, convex or not, and of what lies of them in a rectangle. Pure. */
#ifndef DETECTOR_POLYGON_H
#define DETECTOR_POLYGON_H

#include <stddef.h>

#include "common/config.h"
#include "detector/rectangle.h"

double polygon_area(const struct config_point *corners, size_t count);

/* The smallest rectangle around it. */
struct rectangle polygon_bounds(const struct config_point *corners, size_t count);

/* `count`: at most SPACE_CORNERS_MAX. */
double polygon_area_within(const struct config_point *corners, size_t count,
                           const struct rectangle *rectangle);

#endif
