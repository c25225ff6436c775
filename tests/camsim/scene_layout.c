#include "tests/camsim/scene_layout.h"

#include <stdio.h>

#define NEAR_EDGE      13.0 /* of the nearest row */
#define LANE_BEYOND    8.0  /* of the lanes behind the last space, to turn a car round */
#define AISLE_CLEAR    3.4  /* a kerb with grass between the rows and the aisle */
#define TREE_CLEARANCE 1.0

static void layout_place_rows(struct scene_layout *layout, struct scene_random *random)
{
    static const int fewest[SCENE_ROWS] = {4, 6, 6, 7};
    double width = scene_random_between(random, 2.5, 2.75);
    bool mirrored = scene_random_below(random, 2) == 1;
    double y = NEAR_EDGE;
    double shift = scene_random_between(random, -1.5, 1.5);
    double half = 0.5 * width * 7;
    for (int i = 0; i < SCENE_ROWS; i++) {
        struct scene_row *row = &layout->rows[i];
        row->spaces = fewest[i] + scene_random_below(random, 2);
        row->lane = i / 2;
        if (i == 1 || i == 3) {
            layout->lane_y[i / 2] = y + SCENE_LANE_HALF;
            y += 2 * SCENE_LANE_HALF;
        }
        row->low = y;
        row->high = y += SCENE_SPACE_LENGTH;
        /* Flush with the aisle, but for the nearest row, which has to fit into the picture. */
        double length = width * row->spaces;
        row->right = i == 0 ? shift + length / 2 : half;
        row->left = row->right - length;
        if (mirrored) {
            double right = -row->left;
            row->left = -row->right;
            row->right = right;
        }
    }
    layout->aisle_x = (half + AISLE_CLEAR + SCENE_LANE_HALF) * (mirrored ? -1 : 1);
    double far_end = half - width * 8 - LANE_BEYOND;
    layout->lane_left = mirrored ? layout->aisle_x - SCENE_LANE_HALF : far_end;
    layout->lane_right = mirrored ? -far_end : layout->aisle_x + SCENE_LANE_HALF;
    layout->walk_x = (far_end + 2.0) * (mirrored ? -1 : 1);
    layout->asphalt_low = NEAR_EDGE - 0.2;
    layout->asphalt_high = y + 0.3;
    layout->street_y = layout->asphalt_high + 2.6 + SCENE_PAVEMENT + SCENE_STREET_HALF;
}

static void layout_place_spaces(struct scene_layout *layout)
{
    for (int i = 0; i < SCENE_ROWS; i++) {
        const struct scene_row *row = &layout->rows[i];
        double width = (row->right - row->left) / row->spaces;
        for (int k = 0; k < row->spaces; k++) {
            struct scene_space *space = &layout->spaces[layout->space_count++];
            double left = row->left + width * k, right = left + width;
            snprintf(space->id, sizeof space->id, "space_%d", layout->space_count);
            snprintf(space->name, sizeof space->name, "%c%d", 'A' + i, k + 1);
            space->row = i;
            space->width = width;
            space->centre = (struct scene_point){(left + right) / 2, (row->low + row->high) / 2};
            space->heading = layout->lane_y[row->lane] > row->high ? -SCENE_PI / 2 : SCENE_PI / 2;
            space->corners[0] = (struct scene_point){left, row->low};
            space->corners[1] = (struct scene_point){right, row->low};
            space->corners[2] = (struct scene_point){right, row->high};
            space->corners[3] = (struct scene_point){left, row->high};
        }
    }
}

static void layout_plant(struct scene_layout *layout, struct scene_random *random, double x,
                         double y, bool bush)
{
    if (layout->tree_count == SCENE_TREES_MAX) {
        return;
    }
    struct scene_tree *tree = &layout->trees[layout->tree_count++];
    tree->foot = (struct scene_point){x, y};
    tree->bush = bush;
    tree->height =
        bush ? scene_random_between(random, 0.8, 1.4) : scene_random_between(random, 4.2, 7.5);
    tree->radius = bush ? scene_random_between(random, 0.7, 1.2)
                        : tree->height * scene_random_between(random, 0.28, 0.36);
}

static void layout_place_trees(struct scene_layout *layout, struct scene_random *random)
{
    double side = layout->aisle_x > 0 ? 1 : -1;
    double verge = layout->asphalt_high + 1.2;
    const struct scene_row *middle = &layout->rows[2];
    double island = side > 0 ? middle->left - 1.4 : middle->right + 1.4;
    layout_plant(layout, random, island, middle->low, false);
    for (double x = -34; x < 34; x += scene_random_between(random, 6, 10)) {
        if (fabs(x - layout->aisle_x) > SCENE_LANE_HALF + TREE_CLEARANCE + 1.5) {
            layout_plant(layout, random, x, verge, scene_random_below(random, 3) == 0);
        }
    }
    double beyond = layout->street_y + SCENE_STREET_HALF + SCENE_PAVEMENT + 2;
    for (double x = -46; x < 46; x += scene_random_between(random, 7, 13)) {
        layout_plant(layout, random, x, beyond, false);
    }
    for (int i = 0; i < 4; i++) { /* along the aisle, outside the car park */
        double x =
            layout->aisle_x + side * (SCENE_LANE_HALF + scene_random_between(random, 1.5, 4));
        double y = 20 + 7 * i + scene_random_between(random, 0, 3);
        layout_plant(layout, random, x, y, scene_random_below(random, 2) == 0);
    }
}

static void layout_place_lamps(struct scene_layout *layout)
{
    double side = layout->aisle_x > 0 ? 1 : -1;
    const struct scene_row *middle = &layout->rows[2];
    double inner = side > 0 ? middle->right : middle->left;
    double outer = side > 0 ? middle->left : middle->right;
    layout->lamps[0] = (struct scene_point){inner + side * 0.8, middle->low};
    layout->lamps[1] = (struct scene_point){outer - side * 2.6, middle->low + 0.6};
    const struct scene_row *nearest = &layout->rows[0];
    layout->lamps[4] = (struct scene_point){side > 0 ? nearest->left - 0.9 : nearest->right + 0.9,
                                            nearest->low + 2.2};
    layout->lamps[2] = (struct scene_point){-4 * side, layout->asphalt_high + 0.8};
    layout->lamps[3] = (struct scene_point){-22 * side, layout->asphalt_high + 0.8};
}

static void layout_build_houses(struct scene_layout *layout, struct scene_random *random)
{
    static const struct scene_colour walls[] = {
        {0.52, 0.42, 0.31}, {0.58, 0.55, 0.50}, {0.36, 0.19, 0.14},
        {0.44, 0.47, 0.50}, {0.62, 0.53, 0.36}, {0.30, 0.33, 0.36},
    };
    double x = -62;
    double front = layout->street_y + SCENE_STREET_HALF + SCENE_PAVEMENT + 5;
    int colour = scene_random_below(random, 6);
    while (x < 55 && layout->house_count < SCENE_HOUSES_MAX) {
        struct scene_house *house = &layout->houses[layout->house_count++];
        house->left = x;
        house->right = x + scene_random_between(random, 15, 26);
        house->front = front + scene_random_between(random, 0, 3);
        house->height = 3.2 * (2 + scene_random_below(random, 3)) + 0.6;
        house->colour = walls[colour++ % 6];
        x = house->right + (scene_random_below(random, 3) == 0 ? 6 : 0.0);
    }
}

void scene_layout_init(struct scene_layout *layout, uint64_t seed)
{
    struct scene_random random = scene_random_make(seed, 1);
    *layout = (struct scene_layout){.seed = seed};
    layout_place_rows(layout, &random);
    layout_place_spaces(layout);
    layout_place_trees(layout, &random);
    layout_place_lamps(layout);
    layout_build_houses(layout, &random);
}
