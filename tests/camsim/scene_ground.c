#include "tests/camsim/scene_ground.h"

#include <stdbool.h>

#define LINE_HALF    0.055 /* painted lines, metres */
#define KERB         0.16
#define WALK_HALF    1.0
#define FAR_PAVEMENT (SCENE_STREET_HALF + SCENE_PAVEMENT)

static const struct scene_colour asphalt_colour = {0.150, 0.150, 0.155};
static const struct scene_colour street_colour = {0.115, 0.115, 0.122};
static const struct scene_colour paint_colour = {0.66, 0.66, 0.62};
static const struct scene_colour kerb_colour = {0.40, 0.39, 0.37};
static const struct scene_colour slab_colour = {0.34, 0.32, 0.29};

/* How much of a pixel lies within [low, high], both along one axis. */
static double ground_within(double value, double low, double high, double grain)
{
    double left = value - grain * 0.5 > low ? value - grain * 0.5 : low;
    double right = value + grain * 0.5 < high ? value + grain * 0.5 : high;
    return right > left ? (right - left) / grain : 0;
}

static double ground_in_box(struct scene_point point, struct scene_point grain, double left,
                            double right, double low, double high)
{
    return ground_within(point.x, left, right, grain.x) *
           ground_within(point.y, low, high, grain.y);
}

/* Noise that fades where a pixel is wider than its grain. -1 to 1. */
static double ground_speckle(struct scene_point point, struct scene_point grain, double size,
                             uint64_t seed)
{
    double reach = grain.x > grain.y ? grain.x : grain.y;
    double fade = scene_clamp(1.5 * size / (reach + 0.5 * size), 0, 1);
    return fade * (2 * scene_noise(point.x / size, point.y / size, seed) - 1);
}

static struct scene_colour ground_asphalt(const struct scene_layout *layout,
                                          struct scene_point point, struct scene_point grain,
                                          struct scene_colour colour)
{
    uint64_t seed = layout->seed;
    double light = 1 + 0.16 * ground_speckle(point, grain, 0.035, seed + 1) +
                   0.07 * ground_speckle(point, grain, 0.22, seed + 2) +
                   0.09 * ground_speckle(point, grain, 1.7, seed + 3) +
                   0.10 * ground_speckle(point, grain, 7.5, seed + 4);
    /* A crack follows where two noises cross. */
    double crossing = fabs(scene_noise(point.x / 4, point.y / 4, seed + 5) - 0.5);
    double crack = scene_step(0.012 + 0.3 * grain.y / 4, 0, crossing);
    bool cracked = scene_noise(point.x / 9, point.y / 9, seed + 6) > 0.6;
    return scene_colour_scale(colour, light * (cracked ? 1 - 0.35 * crack : 1));
}

static struct scene_colour ground_grass(const struct scene_layout *layout, struct scene_point point,
                                        struct scene_point grain)
{
    uint64_t seed = layout->seed + 20;
    double blade = ground_speckle(point, grain, 0.05, seed);
    double tuft = ground_speckle(point, grain, 0.35, seed + 1);
    double patch = ground_speckle(point, grain, 2.6, seed + 2);
    double light = 1 + 0.26 * blade + 0.16 * tuft + 0.14 * patch;
    double dry = scene_clamp(0.35 + 0.5 * ground_speckle(point, grain, 4.5, seed + 3), 0, 1);
    struct scene_colour green = {0.085, 0.165, 0.035}, straw = {0.185, 0.185, 0.065};
    return scene_colour_scale(scene_colour_mix(green, straw, dry * 0.7), light);
}

static struct scene_colour ground_slabs(const struct scene_layout *layout, struct scene_point point,
                                        struct scene_point grain)
{
    double column = floor(point.x / 0.6), row = floor(point.y / 0.6);
    double tone =
        (double)(scene_hash((uint64_t)(int64_t)column, (uint64_t)(int64_t)row + layout->seed) &
                 255) /
        255;
    double joint = ground_within(point.x - column * 0.6, 0, 0.025, grain.x) +
                   ground_within(point.y - row * 0.6, 0, 0.025, grain.y);
    double fade = scene_clamp(0.6 / (grain.y + 0.3), 0, 1);
    return scene_colour_scale(slab_colour, (1 + 0.12 * fade * (tone - 0.5)) *
                                               (1 - 0.35 * scene_clamp(joint, 0, 1)));
}

/* --- paint --- */

/* Lines between the spaces of a row, and at its closed end. */
static double ground_row_lines(const struct scene_row *row, double lane_y, struct scene_point point,
                               struct scene_point grain)
{
    if (point.y < row->low - 1 || point.y > row->high + 1 || point.x < row->left - 1 ||
        point.x > row->right + 1) {
        return 0;
    }
    double width = (row->right - row->left) / row->spaces;
    double nearest = row->left + width * floor((point.x - row->left) / width + 0.5);
    double closed = lane_y > row->high ? row->low : row->high;
    double cover =
        ground_in_box(point, grain, nearest - LINE_HALF, nearest + LINE_HALF, row->low, row->high);
    cover +=
        ground_in_box(point, grain, row->left, row->right, closed - LINE_HALF, closed + LINE_HALF);
    return scene_clamp(cover, 0, 1);
}

/* An arrow on the ground that points along x. */
static double ground_arrow(struct scene_point point, struct scene_point grain, double x, double y,
                           double direction)
{
    double along = (point.x - x) * direction, across = fabs(point.y - y);
    struct scene_point moved = {along, point.y - y};
    double shaft = ground_in_box(moved, grain, -1.0, 0.2, -0.08, 0.08);
    double half = along > 0.2 && along < 1.1 ? 0.38 * (1.1 - along) / 0.9 : -1;
    double head = half > 0 ? ground_within(across, -half, half, grain.y) : 0;
    return scene_clamp(shaft + head, 0, 1);
}

static double ground_lane_paint(const struct scene_layout *layout, struct scene_point point,
                                struct scene_point grain)
{
    double cover = 0, side = layout->aisle_x > 0 ? 1 : -1;
    for (int i = 0; i < SCENE_LANES; i++) {
        double y = layout->lane_y[i];
        if (fabs(point.y - y) > SCENE_LANE_HALF) {
            continue;
        }
        cover += ground_arrow(point, grain, layout->aisle_x - side * 8, y + 1.4, -side);
        cover += ground_arrow(point, grain, layout->aisle_x - side * 12, y - 1.4, side);
        /* Stripes for those who walk. */
        double stripe = point.y - 0.9 * floor(point.y / 0.9);
        cover += ground_within(point.x, layout->walk_x - WALK_HALF, layout->walk_x + WALK_HALF,
                               grain.x) *
                 ground_within(stripe, 0.2, 0.7, grain.y);
    }
    return scene_clamp(cover, 0, 1);
}

static double ground_street_paint(const struct scene_layout *layout, struct scene_point point,
                                  struct scene_point grain)
{
    double dash = point.x - 4 * floor(point.x / 4);
    double middle =
        ground_within(dash, 0, 2, grain.x) *
        ground_within(point.y, layout->street_y - 0.07, layout->street_y + 0.07, grain.y);
    double edge = layout->street_y - SCENE_STREET_HALF;
    double dots = point.x - floor(point.x);
    double give_way =
        ground_within(point.x, layout->aisle_x, layout->aisle_x + SCENE_LANE_HALF, grain.x) *
        ground_within(dots, 0.2, 0.8, grain.x) *
        ground_within(point.y, edge - 0.6, edge - 0.2, grain.y);
    return scene_clamp(middle + give_way, 0, 1);
}

/* --- where is what --- */

/* How much of a pixel is asphalt of the car park. `spread` makes that larger or
 * smaller, in metres. */
static double ground_paved(const struct scene_layout *layout, struct scene_point point,
                           struct scene_point grain, double spread)
{
    double cover = 0;
    for (int i = 0; i < SCENE_LANES; i++) {
        cover +=
            ground_in_box(point, grain, layout->lane_left - spread, layout->lane_right + spread,
                          layout->lane_y[i] - SCENE_LANE_HALF - spread,
                          layout->lane_y[i] + SCENE_LANE_HALF + spread);
    }
    for (int i = 0; i < SCENE_ROWS; i++) {
        const struct scene_row *row = &layout->rows[i];
        cover += ground_in_box(point, grain, row->left - spread, row->right + spread,
                               row->low - spread, row->high + spread);
    }
    cover += ground_in_box(point, grain, layout->aisle_x - SCENE_LANE_HALF - spread,
                           layout->aisle_x + SCENE_LANE_HALF + spread,
                           layout->lane_y[0] - SCENE_LANE_HALF - spread,
                           layout->street_y - SCENE_STREET_HALF);
    return scene_clamp(cover, 0, 1);
}

static double ground_walkway(const struct scene_layout *layout, struct scene_point point,
                             struct scene_point grain)
{
    return ground_in_box(point, grain, layout->walk_x - WALK_HALF, layout->walk_x + WALK_HALF,
                         layout->lane_y[0], layout->street_y - SCENE_STREET_HALF);
}

static struct scene_colour ground_street(const struct scene_layout *layout,
                                         struct scene_point point, struct scene_point grain,
                                         struct scene_colour under)
{
    double away = point.y - layout->street_y;
    double walk = ground_within(away, -FAR_PAVEMENT, FAR_PAVEMENT, grain.y);
    double kerb = ground_within(away, -SCENE_STREET_HALF - KERB, SCENE_STREET_HALF + KERB, grain.y);
    double road = ground_within(away, -SCENE_STREET_HALF, SCENE_STREET_HALF, grain.y);
    struct scene_colour colour = under;
    if (walk > 0) {
        colour = scene_colour_mix(colour, ground_slabs(layout, point, grain), walk);
        colour = scene_colour_mix(colour, kerb_colour, kerb);
    }
    if (road > 0) {
        colour =
            scene_colour_mix(colour, ground_asphalt(layout, point, grain, street_colour), road);
    }
    return colour;
}

/* Oil under the engines, dust where nobody drives. */
static double ground_dirt(const struct scene_layout *layout, struct scene_point point)
{
    double dirt = 0;
    for (int i = 0; i < layout->space_count; i++) {
        const struct scene_space *space = &layout->spaces[i];
        double x = point.x - space->centre.x;
        double y = point.y - space->centre.y - (space->heading > 0 ? 1 : -1);
        double square = (x * x + y * y) / 0.5;
        if (square < 4) {
            double strength = (double)(scene_hash(layout->seed, (uint64_t)i + 500) & 255) / 255;
            double ragged = scene_noise(point.x * 3, point.y * 3, layout->seed + 9);
            dirt += 0.6 * strength * scene_step(1, 0, square * (0.5 + ragged));
        }
    }
    return scene_clamp(dirt, 0, 0.5);
}

struct scene_colour scene_ground_colour(const struct scene_layout *layout, struct scene_point point,
                                        struct scene_point grain)
{
    struct scene_colour colour = ground_grass(layout, point, grain);
    double kerb = ground_paved(layout, point, grain, KERB);
    double paved = ground_paved(layout, point, grain, 0);
    double walkway = ground_walkway(layout, point, grain);
    if (walkway > 0) {
        colour = scene_colour_mix(colour, ground_slabs(layout, point, grain), walkway);
    }
    colour = ground_street(layout, point, grain, colour);
    if (kerb > 0) {
        colour = scene_colour_mix(colour, kerb_colour, kerb);
    }
    if (paved > 0) {
        struct scene_colour asphalt = ground_asphalt(layout, point, grain, asphalt_colour);
        asphalt = scene_colour_scale(asphalt, 1 - ground_dirt(layout, point));
        colour = scene_colour_mix(colour, asphalt, paved);
    }
    double paint =
        ground_lane_paint(layout, point, grain) + ground_street_paint(layout, point, grain);
    for (int i = 0; i < SCENE_ROWS; i++) {
        const struct scene_row *row = &layout->rows[i];
        paint += ground_row_lines(row, layout->lane_y[row->lane], point, grain);
    }
    double worn = 0.72 + 0.28 * ground_speckle(point, grain, 0.3, layout->seed + 30);
    return scene_colour_mix(colour, paint_colour, scene_clamp(paint, 0, 1) * worn);
}
