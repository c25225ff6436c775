#include "tests/camsim/scene_shadow.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define CELLS_PER_METRE 6
#define LEFT            (-52)
#define NEAR            6
#define COLUMNS         (104 * CELLS_PER_METRE)
#define ROWS            (66 * CELLS_PER_METRE)
#define LOWEST_SUN      0.03 /* its height as a sine, below which there are no shadows */
#define DAPPLE_SIZE     64   /* cells; a pattern of light between leaves, repeated */

struct scene_shadow {
    uint8_t cells[ROWS][COLUMNS];
    uint8_t dapple[DAPPLE_SIZE][DAPPLE_SIZE];
};

struct scene_shadow *scene_shadow_create(void)
{
    struct scene_shadow *shadow = xcalloc(1, sizeof *shadow);
    for (int y = 0; y < DAPPLE_SIZE; y++) {
        for (int x = 0; x < DAPPLE_SIZE; x++) {
            uint64_t hash = scene_hash((uint64_t)x, (uint64_t)y);
            shadow->dapple[y][x] = (uint8_t)(hash & 255);
        }
    }
    memset(shadow->cells, 255, sizeof shadow->cells);
    return shadow;
}

void scene_shadow_destroy(struct scene_shadow *shadow)
{
    free(shadow);
}

static int shadow_cell(double metres, double origin, int cells)
{
    return (int)scene_clamp((metres - origin) * CELLS_PER_METRE, 0, cells - 1);
}

static struct scene_point cell_point(int column, int row)
{
    return (struct scene_point){LEFT + (column + 0.5) / CELLS_PER_METRE,
                                NEAR + (row + 0.5) / CELLS_PER_METRE};
}

static void cell_darken(uint8_t *cell, double share)
{
    *cell = (uint8_t)(*cell * (1 - share));
}

/* How deep the way from a point of the ground to the sun goes through an ellipsoid: 0 at its rim, 1
 * through its middle. */
static double shadow_depth(struct scene_point ground, struct scene_vector to_sun,
                           struct scene_vector middle, struct scene_vector half)
{
    struct scene_vector from = {(ground.x - middle.x) / half.x, (ground.y - middle.y) / half.y,
                                -middle.z / half.z};
    struct scene_vector way = scene_normal(
        (struct scene_vector){to_sun.x / half.x, to_sun.y / half.y, to_sun.z / half.z});
    double along = scene_dot(from, way);
    double square = scene_dot(from, from) - along * along;
    return square < 1 ? 1 - square : 0;
}

/* The crown of a tree, with light between the leaves, and its trunk as a thin ellipsoid. */
static void shadow_cast_ball(struct scene_shadow *shadow, struct scene_vector middle,
                             struct scene_vector half, struct scene_vector to_sun, bool leafy)
{
    double reach = 1 / to_sun.z;
    double low = (middle.z - half.z) * reach, high = (middle.z + half.z) * reach;
    double x0 = middle.x - to_sun.x * low, x1 = middle.x - to_sun.x * high;
    double y0 = middle.y - to_sun.y * low, y1 = middle.y - to_sun.y * high;
    double aside = half.x * 1.2;
    int left = shadow_cell(fmin(x0, x1) - aside, LEFT, COLUMNS);
    int right = shadow_cell(fmax(x0, x1) + aside, LEFT, COLUMNS);
    int top = shadow_cell(fmax(y0, y1) + aside, NEAR, ROWS);
    int bottom = shadow_cell(fmin(y0, y1) - aside, NEAR, ROWS);
    for (int row = bottom; row <= top; row++) {
        for (int column = left; column <= right; column++) {
            double depth = shadow_depth(cell_point(column, row), to_sun, middle, half);
            if (depth <= 0) {
                continue;
            }
            double leaves = shadow->dapple[row % DAPPLE_SIZE][column % DAPPLE_SIZE] / 255.0;
            double share = leafy ? scene_step(0.0, 0.55, depth - 0.22 * leaves) * 0.93 : 1.0;
            cell_darken(&shadow->cells[row][column], share);
        }
    }
}

static void shadow_cast_tree(struct scene_shadow *shadow, const struct scene_tree *tree,
                             struct scene_vector to_sun)
{
    double rise = tree->bush ? 0 : tree->height * 0.36;
    double half_height = (tree->height - rise) * 0.5;
    struct scene_vector middle = {tree->foot.x, tree->foot.y, tree->height - half_height};
    struct scene_vector half = {tree->radius, tree->radius, half_height};
    shadow_cast_ball(shadow, middle, half, to_sun, true);
    if (!tree->bush) {
        struct scene_vector trunk = {tree->foot.x, tree->foot.y, rise * 0.5};
        struct scene_vector slim = {0.16, 0.16, rise * 0.75};
        shadow_cast_ball(shadow, trunk, slim, to_sun, false);
    }
}

static void shadow_cast_house(struct scene_shadow *shadow, const struct scene_house *house,
                              struct scene_vector to_sun)
{
    if (to_sun.y <= 0.02) {
        return; /* its shadow falls behind it */
    }
    double slope = to_sun.z / to_sun.y, drift = to_sun.x / to_sun.y;
    for (int row = 0; row < ROWS; row++) {
        double away = house->front - cell_point(0, row).y;
        if (away < 0 || away * slope > house->height) {
            continue;
        }
        int left = shadow_cell(house->left - away * drift, LEFT, COLUMNS);
        int right = shadow_cell(house->right - away * drift, LEFT, COLUMNS);
        memset(&shadow->cells[row][left], 0, (size_t)(right - left));
    }
}

void scene_shadow_cast(struct scene_shadow *shadow, const struct scene_layout *layout,
                       const struct scene_light *light)
{
    memset(shadow->cells, 255, sizeof shadow->cells);
    if (light->to_sun.z < LOWEST_SUN) {
        return;
    }
    for (int i = 0; i < layout->tree_count; i++) {
        shadow_cast_tree(shadow, &layout->trees[i], light->to_sun);
    }
    for (int i = 0; i < SCENE_LAMPS; i++) {
        struct scene_vector pole = {layout->lamps[i].x, layout->lamps[i].y,
                                    SCENE_LAMP_HEIGHT * 0.5};
        struct scene_vector slim = {0.12, 0.12, SCENE_LAMP_HEIGHT * 0.55};
        shadow_cast_ball(shadow, pole, slim, light->to_sun, false);
    }
    for (int i = 0; i < layout->house_count; i++) {
        shadow_cast_house(shadow, &layout->houses[i], light->to_sun);
    }
}

float scene_shadow_at(const struct scene_shadow *shadow, float x, float y)
{
    float column = (x - LEFT) * CELLS_PER_METRE - 0.5F, row = (y - NEAR) * CELLS_PER_METRE - 0.5F;
    if (!(column >= 0 && column < COLUMNS - 1 && row >= 0 && row < ROWS - 1)) {
        return 1;
    }
    int left = (int)column, low = (int)row;
    float right_share = column - (float)left, high_share = row - (float)low;
    const uint8_t *bottom = &shadow->cells[low][left], *top = &shadow->cells[low + 1][left];
    float near = (float)bottom[0] + ((float)bottom[1] - (float)bottom[0]) * right_share;
    float far = (float)top[0] + ((float)top[1] - (float)top[0]) * right_share;
    return (near + (far - near) * high_share) / 255;
}
