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

double rectangle_overlap(const struct rectangle *a, const struct rectangle *b)
{
    double left = a->left > b->left ? a->left : b->left;
    double top = a->top > b->top ? a->top : b->top;
    double right = a->right < b->right ? a->right : b->right;
    double bottom = a->bottom < b->bottom ? a->bottom : b->bottom;
    if (right <= left || bottom <= top) {
        return 0;
    }
    double common = (right - left) * (bottom - top);
    return common / (rectangle_area(a) + rectangle_area(b) - common);
}
