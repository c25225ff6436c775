/* Smooth lines and areas. Nothing is drawn outside the picture. Thread-safe. */
#ifndef DETECTOR_DRAW_H
#define DETECTOR_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "detector/picture.h"

/* A straight line with cut ends, so that those that follow one another do not overlap. Pixels; opacity 0
 * to 1. */
void draw_line(struct picture *picture, double x1, double y1, double x2, double y2, double width,
               const uint8_t colour[3], double opacity);

/* The inside of a polygon with relative corners, at most SPACE_CORNERS_MAX (even-odd rule). */
void draw_polygon(struct picture *picture, const struct config_point *corners, size_t count,
                  const uint8_t colour[3], double opacity);

#endif
