/* Polygons and grids of tiles, read from JSON. Thread-safe. */
#ifndef COMMON_CONFIG_POLYGONS_H
#define COMMON_CONFIG_POLYGONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/config.h"

#define POLYGON_CORNERS_MIN 3
#define POLYGON_CORNERS_MAX 64

/* Of a 1920x1080 picture this is a fiftieth of a pixel: nothing that a corner could be meant by. */
#define POLYGON_AREA_MIN 1e-8

/* Reads a number from 0 to 1. On a mistake adds an error at `path` and returns false. */
bool config_relative_read(json_t *value, double *number, const char *path,
                          struct config_errors *errors);

/* Reads a list of corners [x, y], each number from 0 to 1, into `polygon`, which is empty. On a
 * mistake adds errors that begin with `path`, leaves the polygon empty and returns false; a polygon
 * without an area is one. */
bool config_polygon_read(struct config_polygon *polygon, json_t *array, const char *path,
                         struct config_errors *errors);
void config_polygon_copy(struct config_polygon *copy, const struct config_polygon *polygon);
void config_polygon_free(struct config_polygon *polygon); /* leaves it empty */

/* The same for a list of at most `maximum` polygons. */
bool config_polygons_read(struct config_polygons *polygons, json_t *array, size_t maximum,
                          const char *path, struct config_errors *errors);
void config_polygons_copy(struct config_polygons *copy, const struct config_polygons *polygons);
void config_polygons_free(struct config_polygons *polygons);
bool config_polygons_same(const struct config_polygons *a, const struct config_polygons *b);

/* Reads [columns, rows], each from `minimum` to `maximum`. */
bool config_tiles_read(struct config_tiles *tiles, json_t *array, int64_t minimum, int64_t maximum,
                       const char *path, struct config_errors *errors);

#endif
