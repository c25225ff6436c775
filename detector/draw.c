#include "detector/draw.h"

#include <assert.h>
#include <math.h>

#include "common/config_spaces.h"

static void draw_blend(uint8_t *pixel, const uint8_t colour[3], double opacity)
{
    int part = (int)(opacity * 256);
    for (int i = 0; i < 3; i++) {
        pixel[i] = (uint8_t)((pixel[i] * (256 - part) + colour[i] * part) >> 8);
    }
}

static uint8_t *draw_pixel(struct picture *picture, int x, int y)
{
    return picture->pixels + ((size_t)y * (size_t)picture->width + (size_t)x) * 3;
}

/* A coordinate as a place within 0 and `limit`; NaN is 0. */
static int draw_clamp(double value, int limit)
{
    return value > 0 ? (value < limit ? (int)value : limit) : 0;
}

static double draw_share(double value)
{
    return fmin(fmax(value, 0), 1);
}

void draw_line(struct picture *picture, double x1, double y1, double x2, double y2, double width,
               const uint8_t colour[3], double opacity)
{
    double length = hypot(x2 - x1, y2 - y1), reach = width / 2 + 1;
    if (!(length > 0)) {
        return;
    }
    double along_x = (x2 - x1) / length, along_y = (y2 - y1) / length;
    int top = draw_clamp(fmin(y1, y2) - reach, picture->height);
    int bottom = draw_clamp(fmax(y1, y2) + reach + 1, picture->height);
    for (int y = top; y < bottom; y++) {
        /* Where the line's middle is in this row, and how far to both sides it can reach. */
        double slope = fabs(along_y) > 1e-6 ? reach / fabs(along_y) : INFINITY;
        double middle = fabs(along_y) > 1e-6 ? x1 + (y + 0.5 - y1) * along_x / along_y : x1;
        int left = draw_clamp(fmax(fmin(x1, x2) - reach, middle - slope), picture->width);
        int right = draw_clamp(fmin(fmax(x1, x2) + reach, middle + slope) + 1, picture->width);
        for (int x = left; x < right; x++) {
            double from_x = x + 0.5 - x1, from_y = y + 0.5 - y1;
            double along = from_x * along_x + from_y * along_y;
            double across = fabs(from_y * along_x - from_x * along_y);
            double share = draw_share(width / 2 + 0.5 - across) * draw_share(along + 0.5) *
                           draw_share(length + 0.5 - along);
            if (share > 0) {
                draw_blend(draw_pixel(picture, x, y), colour, share * opacity);
            }
        }
    }
}

/* The places in which a row crosses the edges, in order. */
static size_t draw_crossings(const struct picture *picture, const struct config_point *corners,
                             size_t count, double row, double crossings[SPACE_CORNERS_MAX])
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct config_point *a = &corners[i], *b = &corners[(i + 1) % count];
        double from = a->y * picture->height, to = b->y * picture->height;
        if ((from <= row) == (to <= row)) {
            continue;
        }
        double x = (a->x + (row - from) / (to - from) * (b->x - a->x)) * picture->width;
        size_t place = found++;
        for (; place > 0 && crossings[place - 1] > x; place--) {
            crossings[place] = crossings[place - 1];
        }
        crossings[place] = x;
    }
    return found;
}

static void draw_span(struct picture *picture, int y, double from, double to,
                      const uint8_t colour[3], double opacity)
{
    int left = draw_clamp(from, picture->width), right = draw_clamp(ceil(to), picture->width);
    for (int x = left; x < right; x++) {
        double share = fmin(to, x + 1) - fmax(from, x);
        draw_blend(draw_pixel(picture, x, y), colour, draw_share(share) * opacity);
    }
}

void draw_polygon(struct picture *picture, const struct config_point *corners, size_t count,
                  const uint8_t colour[3], double opacity)
{
    double crossings[SPACE_CORNERS_MAX], low = INFINITY, high = -INFINITY;
    assert(count <= SPACE_CORNERS_MAX);
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, corners[i].y * picture->height);
        high = fmax(high, corners[i].y * picture->height);
    }
    int bottom = draw_clamp(ceil(high), picture->height);
    for (int y = draw_clamp(low, picture->height); y < bottom; y++) {
        size_t found = draw_crossings(picture, corners, count, y + 0.5, crossings);
        for (size_t i = 0; i + 1 < found; i += 2) {
            draw_span(picture, y, crossings[i], crossings[i + 1], colour, opacity);
        }
    }
}
