/* Smooth shapes in the planes of a picture. A shape says how much of each pixel it covers; luma
 * takes its colour by that, and chroma by how much of its cell of 2 x 2 pixels is covered, which is
 * what the way through RGB comes to. Colours are RGB, opacity is 0 to 1, coordinates are pixels
 * with whole numbers between them. Nothing is drawn outside the picture. Thread-safe. */
#ifndef DETECTOR_DRAW_H
#define DETECTOR_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "common/config_polygons.h"
#include "common/rectangle.h"
#include "detector/picture.h"

/* The edge of a rectangle with round corners, `line` wide, inside of it. */
void draw_frame(struct picture *picture, const struct rectangle *rectangle, double radius,
                double line, const uint8_t colour[3], double opacity);

/* All of it. */
void draw_plate(struct picture *picture, const struct rectangle *rectangle, double radius,
                const uint8_t colour[3], double opacity);

#define DRAW_POINTS_MAX (POLYGON_CORNERS_MAX + 1) /* a closed outline has one more */

/* A place on a path, and how visible the path is there: 0 to 1. */
struct draw_point {
    double x, y, opacity;
};

/* A path of straight pieces between at most DRAW_POINTS_MAX points, with round ends;
 * between two points its opacity goes over from one to the other. It may cross itself, no
 * place is covered twice. */
void draw_path(struct picture *picture, const struct draw_point *points, size_t count, double width,
               const uint8_t colour[3]);

/* The inside of a polygon with relative corners, at most POLYGON_CORNERS_MAX (even-odd rule). */
void draw_polygon(struct picture *picture, const struct config_point *corners, size_t count,
                  const uint8_t colour[3], double opacity);

/* What covers each pixel of a block by 0 to 255, row after row, its left top corner at `x`, `y`. */
void draw_coverage(struct picture *picture, int x, int y, int width, int height,
                   const uint8_t *coverage, const uint8_t colour[3]);

#endif
