/* Polygons, convex or not: their areas, what lies of them in a rectangle, what
 * lies in them. Pure. */
#ifndef COMMON_POLYGON_H
#define COMMON_POLYGON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config.h"
#include "common/rectangle.h"

double polygon_area(const struct config_point *corners, size_t count);

/* The smallest rectangle around it. */
struct rectangle polygon_bounds(const struct config_point *corners, size_t count);

/* `count`: at most POLYGON_CORNERS_MAX. */
double polygon_area_within(const struct config_point *corners, size_t count,
                           const struct rectangle *rectangle);

/* Whether the point lies within; where an outline crosses itself, whatever it
 * goes around is within. */
bool polygon_contains(const struct config_point *corners, size_t count, double x, double y);

/* Whether any of the rectangle lies within, be it less than any area. Never says no where
 * polygon_contains() says yes for a point of it. */
bool polygon_touches(const struct config_point *corners, size_t count,
                     const struct rectangle *rectangle);

#endif
