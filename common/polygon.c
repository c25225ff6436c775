#include "common/polygon.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "common/config_polygons.h"

/* Cutting along a line keeps the corners on its side and adds one where an edge crosses: half as
 * many again at most, and there are four lines. */
#define CUT_CORNERS_MAX (POLYGON_CORNERS_MAX * 6)

/* The shoelace formula. */
double polygon_area(const struct config_point *corners, size_t count)
{
    double twice = 0;
    for (size_t i = 0; i < count; i++) {
        const struct config_point *a = &corners[i], *b = &corners[(i + 1) % count];
        twice += a->x * b->y - b->x * a->y;
    }
    return fabs(twice) / 2;
}

struct rectangle polygon_bounds(const struct config_point *corners, size_t count)
{
    struct rectangle bounds = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (size_t i = 0; i < count; i++) {
        bounds.left = fmin(bounds.left, corners[i].x);
        bounds.top = fmin(bounds.top, corners[i].y);
        bounds.right = fmax(bounds.right, corners[i].x);
        bounds.bottom = fmax(bounds.bottom, corners[i].y);
    }
    return bounds;
}

/* A line along an axis, and which side of it stays: where sign * (coordinate -
 * at) is not negative. */
struct cut {
    bool along_y; /* the line is y = at, not x = at */
    double at, sign;
};

static double cut_distance(const struct cut *cut, const struct config_point *point)
{
    return cut->sign * ((cut->along_y ? point->y : point->x) - cut->at);
}

/* Sutherland and Hodgman, "Reentrant polygon clipping", 1974. Where a polygon falls into pieces
 * they stay joined by edges along the line, which enclose nothing. */
static size_t polygon_cut(const struct config_point *corners, size_t count, const struct cut *cut,
                          struct config_point *result)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct config_point *from = &corners[i], *to = &corners[(i + 1) % count];
        double a = cut_distance(cut, from), b = cut_distance(cut, to);
        if (a >= 0) {
            result[kept++] = *from;
        }
        if ((a >= 0) != (b >= 0)) {
            double part = a / (a - b);
            result[kept++] = (struct config_point){from->x + part * (to->x - from->x),
                                                   from->y + part * (to->y - from->y)};
        }
    }
    return kept;
}

double polygon_area_within(const struct config_point *corners, size_t count,
                           const struct rectangle *rectangle)
{
    const struct cut cuts[] = {{false, rectangle->left, 1},
                               {false, rectangle->right, -1},
                               {true, rectangle->top, 1},
                               {true, rectangle->bottom, -1}};
    struct config_point pieces[2][CUT_CORNERS_MAX];
    assert(count <= POLYGON_CORNERS_MAX);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0] && count > 0; i++) {
        count = polygon_cut(corners, count, &cuts[i], pieces[i % 2]);
        corners = pieces[i % 2];
    }
    return count > 0 ? polygon_area(corners, count) : 0;
}

/* The winding number: how often the outline goes around the point, counted where it crosses the
 * line to the right of it. Sunday, "Inclusion of a Point in a Polygon", 2001. */
bool polygon_contains(const struct config_point *corners, size_t count, double x, double y)
{
    int winding = 0;
    for (size_t i = 0; i < count; i++) {
        const struct config_point *a = &corners[i], *b = &corners[(i + 1) % count];
        double side = (b->x - a->x) * (y - a->y) - (x - a->x) * (b->y - a->y);
        if (a->y <= y && b->y > y && side > 0) {
            winding++;
        } else if (a->y > y && b->y <= y && side < 0) {
            winding--;
        }
    }
    return winding != 0;
}

/* Narrows *from..*to, the part of a way that is left, to where start + part x step lies in
 * low..high; false: nothing is left. */
static bool polygon_narrow(double start, double step, double low, double high, double *from,
                           double *to)
{
    if (step == 0) {
        return start >= low && start <= high;
    }
    double a = (low - start) / step, b = (high - start) / step;
    *from = fmax(*from, fmin(a, b));
    *to = fmin(*to, fmax(a, b));
    return *from <= *to;
}

/* Liang and Barsky, "A New Concept and Method for Line Clipping", 1984. */
static bool polygon_edge_touches(const struct config_point *a, const struct config_point *b,
                                 const struct rectangle *rectangle)
{
    double from = 0, to = 1;
    return polygon_narrow(a->x, b->x - a->x, rectangle->left, rectangle->right, &from, &to) &&
           polygon_narrow(a->y, b->y - a->y, rectangle->top, rectangle->bottom, &from, &to);
}

bool polygon_touches(const struct config_point *corners, size_t count,
                     const struct rectangle *rectangle)
{
    for (size_t i = 0; i < count; i++) {
        if (polygon_edge_touches(&corners[i], &corners[(i + 1) % count], rectangle)) {
            return true;
        }
    }
    /* No edge in it: it is inside or outside as a whole. */
    return polygon_contains(corners, count, (rectangle->left + rectangle->right) / 2,
                            (rectangle->top + rectangle->bottom) / 2);
}
