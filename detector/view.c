#include "detector/view.h"

#include <math.h>
#include <stdlib.h>

#include "common/config_polygons.h"
#include "common/memory.h"
#include "common/polygon.h"

/* So much of a box in an ignored polygon drops it. */
#define IGNORED_SHARE 0.5

struct view {
    struct config_tiles tiles;
    double overlap; /* of a tile's side */
    bool whole;
    struct config_polygon region; /* without corners: the whole picture */
    struct config_polygons ignore;
    size_t references; /* of the loop's thread */
};

struct view *view_create(const struct config_camera *config)
{
    struct view *view = xcalloc(1, sizeof *view);
    view->tiles = config->tiles.columns > 0 ? config->tiles : (struct config_tiles){1, 1};
    view->overlap = config->tile_overlap;
    view->whole = config->tile_whole;
    view->references = 1;
    config_polygon_copy(&view->region, &config->region);
    config_polygons_copy(&view->ignore, &config->ignore);
    return view;
}

struct view *view_acquire(struct view *view)
{
    view->references++;
    return view;
}

void view_release(struct view *view)
{
    if (view == NULL || --view->references > 0) {
        return;
    }
    config_polygon_free(&view->region);
    config_polygons_free(&view->ignore);
    free(view);
}

/* --- windows --- */

/* The pixels from `low` to `high` of `pixels`, both relative; at least one. */
static void view_span(double low, double high, int pixels, int *start, int *length)
{
    int first = (int)floor(low * pixels), end = (int)ceil(high * pixels);
    *start = first < pixels ? first : pixels - 1;
    *length = end > *start ? end - *start : 1;
}

static struct window view_region(const struct view *view, int width, int height)
{
    struct window region = {0, 0, width, height};
    if (view->region.corner_count > 0) {
        struct rectangle bounds = polygon_bounds(view->region.corners, view->region.corner_count);
        view_span(bounds.left, bounds.right, width, &region.left, &region.width);
        view_span(bounds.top, bounds.bottom, height, &region.top, &region.height);
    }
    return region;
}

/* The side of `count` tiles that cover `length` pixels and share `overlap` of it with the next. */
static int view_tile_side(int length, int count, double overlap)
{
    int side = (int)ceil(length / (1 + (count - 1) * (1 - overlap)));
    return side < length ? side : length;
}

/* Where tile `place` of `count` begins: the first at one end, the last at the other. */
static int view_tile_start(int length, int side, int count, int place)
{
    return count > 1 ? (int)lround((double)(length - side) * place / (count - 1)) : 0;
}

size_t view_windows(const struct view *view, int width, int height,
                    struct window windows[VIEW_WINDOWS_MAX], struct window *region)
{
    *region = view_region(view, width, height);
    int columns = (int)view->tiles.columns, rows = (int)view->tiles.rows;
    int tile_width = view_tile_side(region->width, columns, view->overlap);
    int tile_height = view_tile_side(region->height, rows, view->overlap);
    size_t count = 0;
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            windows[count++] = (struct window){
                .left = region->left + view_tile_start(region->width, tile_width, columns, column),
                .top = region->top + view_tile_start(region->height, tile_height, rows, row),
                .width = tile_width,
                .height = tile_height};
        }
    }
    if (count > 1 && view->whole) {
        windows[count++] = *region;
    }
    return count;
}

/* --- what is dropped --- */

bool view_filters(const struct view *view)
{
    return view->region.corner_count > 0 || view->ignore.count > 0;
}

static bool view_ignores(const struct view *view, const struct rectangle *box)
{
    double area = rectangle_area(box);
    for (size_t i = 0; i < view->ignore.count; i++) {
        const struct config_polygon *polygon = &view->ignore.items[i];
        if (polygon_area_within(polygon->corners, polygon->corner_count, box) >=
            IGNORED_SHARE * area) {
            return true;
        }
    }
    return false;
}

static bool view_keeps(const struct view *view, int width, int height, const struct box *box)
{
    struct rectangle place = boxes_relative(box, width, height);
    if (view->region.corner_count > 0 &&
        !polygon_contains(view->region.corners, view->region.corner_count,
                          (place.left + place.right) / 2, (place.top + place.bottom) / 2)) {
        return false;
    }
    return !view_ignores(view, &place);
}

void view_filter(const struct view *view, int width, int height, struct boxes *boxes)
{
    size_t kept = 0;
    for (size_t i = 0; i < boxes->count; i++) {
        if (view_keeps(view, width, height, &boxes->items[i])) {
            boxes->items[kept++] = boxes->items[i];
        }
    }
    boxes->count = kept;
}
