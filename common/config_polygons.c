#include "common/config_polygons.h"

#include <stdlib.h>
#include <string.h>

#include "common/config_errors.h"
#include "common/memory.h"
#include "common/polygon.h"

bool config_relative_read(json_t *value, double *number, const char *path,
                          struct config_errors *errors)
{
    if (!json_is_number(value)) {
        config_errors_add(errors, path, "must be a number");
        return false;
    }
    *number = json_number_value(value);
    if (*number < 0 || *number > 1) {
        config_errors_add(errors, path, "%.15g is not within 0 and 1", *number);
        return false;
    }
    return true;
}

static bool read_corner(json_t *pair, struct config_point *corner, const char *path,
                        struct config_errors *errors)
{
    if (!json_is_array(pair) || json_array_size(pair) != 2) {
        config_errors_add(errors, path, "must be [x, y]");
        return false;
    }
    bool x = config_relative_read(json_array_get(pair, 0), &corner->x, path, errors);
    bool y = config_relative_read(json_array_get(pair, 1), &corner->y, path, errors);
    return x && y;
}

static bool read_corners(struct config_polygon *polygon, json_t *array, const char *path,
                         struct config_errors *errors)
{
    bool right = true;
    for (size_t i = 0; i < polygon->corner_count; i++) {
        char *corner_path = xasprintf("%s[%zu]", path, i);
        right &= read_corner(json_array_get(array, i), &polygon->corners[i], corner_path, errors);
        free(corner_path);
    }
    if (right && polygon_area(polygon->corners, polygon->corner_count) < POLYGON_AREA_MIN) {
        config_errors_add(errors, path, "has no area");
        right = false;
    }
    return right;
}

bool config_polygon_read(struct config_polygon *polygon, json_t *array, const char *path,
                         struct config_errors *errors)
{
    size_t count = json_array_size(array);
    if (!json_is_array(array)) {
        config_errors_add(errors, path, "must be a list of corners [x, y]");
        return false;
    }
    if (count < POLYGON_CORNERS_MIN || count > POLYGON_CORNERS_MAX) {
        config_errors_add(errors, path, "has %zu corners, not %d to %d", count, POLYGON_CORNERS_MIN,
                          POLYGON_CORNERS_MAX);
        return false;
    }
    polygon->corners = xcalloc(count, sizeof *polygon->corners);
    polygon->corner_count = count;
    if (!read_corners(polygon, array, path, errors)) {
        config_polygon_free(polygon);
        return false;
    }
    return true;
}

void config_polygon_copy(struct config_polygon *copy, const struct config_polygon *polygon)
{
    *copy = (struct config_polygon){0};
    if (polygon->corner_count > 0) {
        copy->corners = xcalloc(polygon->corner_count, sizeof *copy->corners);
        copy->corner_count = polygon->corner_count;
        memcpy(copy->corners, polygon->corners, polygon->corner_count * sizeof *copy->corners);
    }
}

void config_polygon_free(struct config_polygon *polygon)
{
    free(polygon->corners);
    *polygon = (struct config_polygon){0};
}

bool config_polygons_read(struct config_polygons *polygons, json_t *array, size_t maximum,
                          const char *path, struct config_errors *errors)
{
    size_t count = json_array_size(array);
    if (!json_is_array(array)) {
        config_errors_add(errors, path, "must be a list of polygons");
        return false;
    }
    if (count > maximum) {
        config_errors_add(errors, path, "has more than %zu polygons", maximum);
        return false;
    }
    bool right = true;
    polygons->items = count > 0 ? xcalloc(count, sizeof *polygons->items) : NULL;
    polygons->count = count;
    for (size_t i = 0; i < count; i++) {
        char *polygon_path = xasprintf("%s[%zu]", path, i);
        right &= config_polygon_read(&polygons->items[i], json_array_get(array, i), polygon_path,
                                     errors);
        free(polygon_path);
    }
    if (!right) {
        config_polygons_free(polygons);
    }
    return right;
}

void config_polygons_copy(struct config_polygons *copy, const struct config_polygons *polygons)
{
    *copy = (struct config_polygons){0};
    if (polygons->count > 0) {
        copy->items = xcalloc(polygons->count, sizeof *copy->items);
        copy->count = polygons->count;
        for (size_t i = 0; i < polygons->count; i++) {
            config_polygon_copy(&copy->items[i], &polygons->items[i]);
        }
    }
}

void config_polygons_free(struct config_polygons *polygons)
{
    for (size_t i = 0; i < polygons->count; i++) {
        config_polygon_free(&polygons->items[i]);
    }
    free(polygons->items);
    *polygons = (struct config_polygons){0};
}

bool config_polygons_same(const struct config_polygons *a, const struct config_polygons *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        const struct config_polygon *one = &a->items[i], *other = &b->items[i];
        same = one->corner_count == other->corner_count &&
               memcmp(one->corners, other->corners, one->corner_count * sizeof *one->corners) == 0;
    }
    return same;
}

bool config_tiles_read(struct config_tiles *tiles, json_t *array, int64_t minimum, int64_t maximum,
                       const char *path, struct config_errors *errors)
{
    json_t *columns = json_array_get(array, 0), *rows = json_array_get(array, 1);
    if (json_array_size(array) != 2 || !json_is_integer(columns) || !json_is_integer(rows)) {
        config_errors_add(errors, path, "must be [columns, rows]");
        return false;
    }
    int64_t sides[] = {json_integer_value(columns), json_integer_value(rows)};
    for (size_t i = 0; i < 2; i++) {
        if (sides[i] < minimum || sides[i] > maximum) {
            config_errors_add(errors, path, "%lld is not within %lld and %lld", (long long)sides[i],
                              (long long)minimum, (long long)maximum);
            return false;
        }
    }
    *tiles = (struct config_tiles){.columns = sides[0], .rows = sides[1]};
    return true;
}
