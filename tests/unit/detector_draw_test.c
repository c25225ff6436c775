#include "detector/draw.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* So many samples of a pixel in each direction tell how much of it a shape covers. */
#define SAMPLES 16

static const uint8_t colour[3] = {230, 60, 40};
static const uint8_t ground[3] = {60, 120, 200};

/* What a shape is beside the drawing that is tested: whether it holds a point. */
typedef bool holds_fn(double x, double y);

struct shape {
    const char *name;
    void (*draw)(struct picture *picture);
    holds_fn *holds;
    double opacity;
};

static void to_planes(const double rgb[3], double planes[PICTURE_PLANES])
{
    planes[PLANE_LUMA] = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
    planes[PLANE_BLUE] = 128 + (rgb[2] - planes[PLANE_LUMA]) / 1.772;
    planes[PLANE_RED] = 128 + (rgb[0] - planes[PLANE_LUMA]) / 1.402;
}

static void paint_ground(struct picture *picture, int width, int height)
{
    const double rgb[3] = {ground[0], ground[1], ground[2]};
    double planes[PICTURE_PLANES];
    to_planes(rgb, planes);
    picture_resize(picture, width, height);
    for (int plane = 0; plane < PICTURE_PLANES; plane++) {
        int rows = plane == PLANE_LUMA ? height : picture_cells(height, 2);
        memset(picture->planes[plane], (int)lround(planes[plane]),
               (size_t)rows * (size_t)picture->strides[plane]);
    }
}

/* The pixel of an RGB picture into which the shape was drawn. */
static void reference_pixel(const struct shape *shape, int x, int y, double rgb[3])
{
    int inside = 0;
    for (int i = 0; i < SAMPLES * SAMPLES; i++) {
        int column = i % SAMPLES, row = i / SAMPLES;
        inside += shape->holds(x + (column + 0.5) / SAMPLES, y + (row + 0.5) / SAMPLES);
    }
    double share = shape->opacity * inside / (SAMPLES * SAMPLES);
    for (int i = 0; i < 3; i++) {
        rgb[i] = ground[i] + share * (colour[i] - ground[i]);
    }
}

/* The mean over the pixels of a cell, as 4:2:0 has it. */
static void reference_cell(const struct shape *shape, const struct picture *picture, int x, int y,
                           double planes[PICTURE_PLANES])
{
    double rgb[3], sums[3] = {0};
    int count = 0;
    for (int i = 0; i < 4; i++) {
        if (2 * x + i % 2 < picture->width && 2 * y + i / 2 < picture->height) {
            reference_pixel(shape, 2 * x + i % 2, 2 * y + i / 2, rgb);
            for (int channel = 0; channel < 3; channel++) {
                sums[channel] += rgb[channel];
            }
            count++;
        }
    }
    for (int channel = 0; channel < 3; channel++) {
        sums[channel] /= count;
    }
    to_planes(sums, planes);
}

static double worst_of(const struct shape *shape, const struct picture *picture)
{
    double worst = 0, planes[PICTURE_PLANES], rgb[3];
    for (int y = 0; y < picture->height; y++) {
        for (int x = 0; x < picture->width; x++) {
            reference_pixel(shape, x, y, rgb);
            to_planes(rgb, planes);
            int is = picture->planes[PLANE_LUMA][y * picture->strides[PLANE_LUMA] + x];
            worst = fmax(worst, fabs(is - planes[PLANE_LUMA]));
        }
    }
    for (int y = 0; y < picture_cells(picture->height, 2); y++) {
        for (int x = 0; x < picture_cells(picture->width, 2); x++) {
            reference_cell(shape, picture, x, y, planes);
            int at = y * picture->strides[PLANE_BLUE] + x;
            worst = fmax(worst, fabs(picture->planes[PLANE_BLUE][at] - planes[PLANE_BLUE]));
            worst = fmax(worst, fabs(picture->planes[PLANE_RED][at] - planes[PLANE_RED]));
        }
    }
    return worst;
}

/* --- shapes, the same by two ways --- */

static const struct rectangle place = {3.25, 4.5, 30.75, 22.25};

static void draw_a_plate(struct picture *picture)
{
    draw_plate(picture, &place, 0, colour, 0.9);
}

static bool plate_holds(double x, double y)
{
    return x > place.left && x < place.right && y > place.top && y < place.bottom;
}

static void draw_a_frame(struct picture *picture)
{
    draw_frame(picture, &place, 0, 2.5, colour, 1);
}

static bool frame_holds(double x, double y)
{
    bool inner = x > place.left + 2.5 && x < place.right - 2.5 && y > place.top + 2.5 &&
                 y < place.bottom - 2.5;
    return plate_holds(x, y) && !inner;
}

static void draw_a_path(struct picture *picture)
{
    static const struct draw_point points[] = {{5, 18, 1}, {20, 7, 1}, {33.5, 7, 1}};
    draw_path(picture, points, 3, 4, colour);
}

static double distance(double x, double y, double x1, double y1, double x2, double y2)
{
    double along_x = x2 - x1, along_y = y2 - y1;
    double along =
        ((x - x1) * along_x + (y - y1) * along_y) / (along_x * along_x + along_y * along_y);
    along = fmin(fmax(along, 0), 1);
    return hypot(x - x1 - along * along_x, y - y1 - along * along_y);
}

static bool path_holds(double x, double y)
{
    return distance(x, y, 5, 18, 20, 7) < 2 || distance(x, y, 20, 7, 33.5, 7) < 2;
}

static const struct config_point corners[] = {{0, 0.1}, {0.5, 0.1}, {0.5, 1}, {0, 1}};

static void draw_a_polygon(struct picture *picture)
{
    draw_polygon(picture, corners, 4, colour, 0.25);
}

static struct {
    int width, height;
} size;

/* Rows are inside or not, by their middle. */
static bool polygon_holds(double x, double y)
{
    return x < 0.5 * size.width && floor(y) + 0.5 > 0.1 * size.height;
}

/* The planes are what an RGB picture with the same shape comes to: wherever the shape lies in the
 * cells, and where the picture's edge cuts them. */
static void test_as_if_drawn_in_rgb(void **state)
{
    static const int sizes[][2] = {{40, 30}, {39, 29}, {20, 11}, {7, 40}, {31, 23}, {200, 5}};
    static const struct shape shapes[] = {
        {"plate", draw_a_plate, plate_holds, 0.9},
        {"frame", draw_a_frame, frame_holds, 1},
        {"path", draw_a_path, path_holds, 1},
        {"polygon", draw_a_polygon, polygon_holds, 0.25},
    };
    struct picture picture = {0};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            size.width = sizes[s][0];
            size.height = sizes[s][1];
            paint_ground(&picture, size.width, size.height);
            shapes[i].draw(&picture);
            double worst = worst_of(&shapes[i], &picture);
            if (worst > 20) { /* of up to 170; at slanted edges and corners coverage is estimated */
                fail_msg("%s in %dx%d: off by %.1f", shapes[i].name, size.width, size.height,
                         worst);
            }
        }
    }
    picture_finish(&picture);
}

/* Not a place is covered twice: a path that goes to and fro looks like one that goes once. */
static void test_a_path_over_itself(void **state)
{
    static const struct draw_point once[] = {{5, 10, 0.5}, {30, 10, 0.5}};
    static const struct draw_point thrice[] = {
        {5, 10, 0.5}, {30, 10, 0.5}, {5, 10, 0.5}, {30, 10, 0.5}};
    struct picture one = {0}, other = {0};
    (void)state;
    paint_ground(&one, 40, 20);
    paint_ground(&other, 40, 20);
    draw_path(&one, once, 2, 4, colour);
    draw_path(&other, thrice, 4, 4, colour);
    for (int y = 0; y < 20; y++) {
        assert_memory_equal(one.planes[PLANE_LUMA] + y * one.strides[PLANE_LUMA],
                            other.planes[PLANE_LUMA] + y * other.strides[PLANE_LUMA], 40);
    }
    picture_finish(&one);
    picture_finish(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_if_drawn_in_rgb),
        cmocka_unit_test(test_a_path_over_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
