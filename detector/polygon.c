#include "detector/polygon.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "common/config_spaces.h"

/* Cutting along a line keeps the corners on its side and adds one where an edge crosses: half as many again
 * at most, and there are four lines. */
#define CUT_CORNERS_MAX (SPACE_CORNERS_MAX * 6)

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

/* A line along an axis, and which side of it stays: where sign * (coordinate - at) is not negative. */
struct cut {
    bool along_y; /* the line is y = at, not x = at */
    double at, sign;
};

static double cut_distance(const struct cut *cut, const struct config_point *point)
{
    return cut->sign * ((cut->along_y ? point->y : point->x) - cut->at);
}

/* Sutherland and Hodgman, "Reentrant polygon clipping", 1974. Where a polygon falls into pieces they stay
 * joined by edges along the line, which enclose nothing. */
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
    assert(count <= SPACE_CORNERS_MAX);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0] && count > 0; i++) {
        count = polygon_cut(corners, count, &cuts[i], pieces[i % 2]);
        corners = pieces[i % 2];
    }
    return count > 0 ? polygon_area(corners, count) : 0;
}
