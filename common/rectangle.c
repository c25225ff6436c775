#include "common/rectangle.h"

struct rectangle rectangle_grow(const struct rectangle *rectangle, double growth)
{
    double x = (rectangle->right - rectangle->left) * growth;
    double y = (rectangle->bottom - rectangle->top) * growth;
    return (struct rectangle){rectangle->left - x, rectangle->top - y, rectangle->right + x,
                              rectangle->bottom + y};
}

double rectangle_area(const struct rectangle *rectangle)
{
    return (rectangle->right - rectangle->left) * (rectangle->bottom - rectangle->top);
}

double rectangle_common(const struct rectangle *a, const struct rectangle *b)
{
    double left = a->left > b->left ? a->left : b->left;
    double top = a->top > b->top ? a->top : b->top;
    double right = a->right < b->right ? a->right : b->right;
    double bottom = a->bottom < b->bottom ? a->bottom : b->bottom;
    return right > left && bottom > top ? (right - left) * (bottom - top) : 0;
}

double rectangle_overlap(const struct rectangle *a, const struct rectangle *b)
{
    double common = rectangle_common(a, b);
    return common > 0 ? common / (rectangle_area(a) + rectangle_area(b) - common) : 0;
}
