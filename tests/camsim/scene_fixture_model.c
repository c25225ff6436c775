#include "tests/camsim/scene_fixture_model.h"

#define LEAF_SIZE     0.21 /* metres */
#define STOREY        3.2
#define WINDOW_PITCH  2.6
#define WINDOW_WIDTH  1.3
#define WINDOW_HEIGHT 1.6
#define HOUSE_DEPTH   9.0

static struct scene_vector random_direction(struct scene_random *random)
{
    struct scene_vector direction;
    double square;
    do {
        direction.x = scene_random_between(random, -1, 1);
        direction.y = scene_random_between(random, -1, 1);
        direction.z = scene_random_between(random, -1, 1);
        square = scene_dot(direction, direction);
    } while (square > 1 || square < 0.01);
    return scene_normal(direction);
}

static void tree_add_leaf(struct scene_mesh *mesh, struct scene_random *random,
                          struct scene_vector centre, struct scene_vector out,
                          const struct scene_surface *surface, double size)
{
    struct scene_vector u = random_direction(random), v = random_direction(random);
    struct scene_vector corners[3] = {
        scene_add(centre, scene_scale(u, size)),
        scene_add(centre, scene_scale(v, size)),
        scene_subtract(centre, scene_scale(scene_add(u, v), 0.5 * size)),
    };
    scene_mesh_leaf(mesh, corners, out, *surface);
}

void scene_tree_model_add(struct scene_mesh *mesh, const struct scene_tree *tree, uint64_t seed,
                          int leaves)
{
    struct scene_random random = scene_random_make(seed, 4);
    const struct scene_surface bark = {{0.085, 0.060, 0.042}, 0, 0};
    struct scene_vector foot = {tree->foot.x, tree->foot.y, 0};
    double radius = tree->radius, rise = tree->bush ? tree->height * 0.5 : tree->height * 0.36;
    struct scene_vector half = {radius, radius, (tree->height - (tree->bush ? 0 : rise)) * 0.5};
    struct scene_vector middle = {foot.x, foot.y, tree->height - half.z};
    double hue = scene_random_between(&random, -1, 1);
    struct scene_colour green = {0.105 + 0.035 * hue, 0.190 + 0.015 * hue, 0.045 - 0.012 * hue};
    if (!tree->bush) {
        struct scene_vector fork = {foot.x, foot.y, middle.z};
        scene_mesh_limb(mesh, foot, fork, 0.035 * tree->height * 0.8, 0.06, bark);
    }
    /* Boughs: smaller balls within the crown, so that it is no ball itself. */
    enum { BOUGHS = 9 };
    struct scene_vector boughs[BOUGHS];
    for (int i = 0; i < BOUGHS; i++) {
        struct scene_vector way = random_direction(&random);
        double reach = i == 0 ? 0 : scene_random_between(&random, 0.35, 0.62);
        boughs[i] = (struct scene_vector){middle.x + way.x * half.x * reach,
                                          middle.y + way.y * half.y * reach,
                                          middle.z + way.z * half.z * reach};
    }
    for (int i = 0; i < leaves; i++) {
        struct scene_vector bough = boughs[scene_random_below(&random, BOUGHS)];
        struct scene_vector out = random_direction(&random);
        double share = scene_random_between(&random, 0.35, 0.56);
        struct scene_vector at = {bough.x + out.x * half.x * share,
                                  bough.y + out.y * half.y * share,
                                  bough.z + out.z * half.z * share};
        double height = scene_clamp((at.z - middle.z) / half.z, -1, 1);
        double shade = (0.62 + 0.30 * height) * scene_random_between(&random, 0.75, 1.25);
        struct scene_surface leaf = {scene_colour_scale(green, shade * 1.15), 0.05, 0};
        out.z += 0.4;
        tree_add_leaf(mesh, &random, at, scene_normal(out), &leaf,
                      LEAF_SIZE * (tree->bush ? 0.6 : 1));
    }
}

void scene_lamp_model_add(struct scene_mesh *mesh, struct scene_point foot,
                          struct scene_point toward, double lit)
{
    const struct scene_surface steel = {{0.16, 0.17, 0.18}, 0.3, 0};
    const struct scene_surface bulb = {{0.95, 0.80, 0.52}, 0.2, 3.0 * lit};
    struct scene_vector way =
        scene_normal((struct scene_vector){toward.x - foot.x, toward.y - foot.y, 0});
    struct scene_vector low = {foot.x, foot.y, 0}, high = {foot.x, foot.y, SCENE_LAMP_HEIGHT};
    struct scene_vector end = scene_add(high, scene_scale(way, 1.3));
    scene_mesh_limb(mesh, low, high, 0.085, 0.055, steel);
    scene_mesh_limb(mesh, high, end, 0.045, 0.045, steel);
    struct scene_vector half = {0.30, 0.14, 0.05};
    scene_mesh_box(mesh, scene_subtract(end, half), scene_add(end, half), steel);
    end.z -= 0.09;
    scene_mesh_ball(mesh, end, (struct scene_vector){0.24, 0.12, 0.07}, bulb);
}

/* An upright quad that faces the camera park, towards -y. */
static void house_add_panel(struct scene_mesh *mesh, double left, double right, double y,
                            double low, double high, struct scene_surface surface)
{
    struct scene_vector corners[4] = {
        {left, y, low}, {right, y, low}, {right, y, high}, {left, y, high}};
    scene_mesh_quad(mesh, corners, surface);
}

static void house_add_windows(struct scene_mesh *mesh, const struct scene_house *house,
                              struct scene_random *random, double lit)
{
    const struct scene_surface frame = {{0.62, 0.60, 0.56}, 0, 0};
    int columns = (int)((house->right - house->left - 1.2) / WINDOW_PITCH);
    int storeys = (int)(house->height / STOREY);
    double first = (house->left + house->right - columns * WINDOW_PITCH) * 0.5;
    for (int storey = 0; storey < storeys; storey++) {
        for (int column = 0; column < columns; column++) {
            bool bright = scene_random_below(random, 5) < 2;
            bool warm = scene_random_below(random, 3) > 0;
            struct scene_surface glass = {{0.03, 0.035, 0.042}, 1.0, 0};
            if (bright && lit > 0) {
                glass = (struct scene_surface){warm ? (struct scene_colour){0.85, 0.55, 0.22}
                                                    : (struct scene_colour){0.65, 0.70, 0.72},
                                               0.2, 0.75 * lit};
            }
            double left = first + column * WINDOW_PITCH + (WINDOW_PITCH - WINDOW_WIDTH) * 0.5;
            double low = storey * STOREY + (storey == 0 ? 0.7 : 0.9);
            house_add_panel(mesh, left - 0.12, left + WINDOW_WIDTH + 0.12, house->front - 0.03,
                            low - 0.12, low + WINDOW_HEIGHT + 0.12, frame);
            house_add_panel(mesh, left, left + WINDOW_WIDTH, house->front - 0.09, low,
                            low + WINDOW_HEIGHT, glass);
        }
    }
}

void scene_house_model_add(struct scene_mesh *mesh, const struct scene_house *house, uint64_t seed,
                           double lit)
{
    struct scene_random random = scene_random_make(seed, 5);
    struct scene_surface wall = {house->colour, 0, 0};
    struct scene_surface base = {scene_colour_scale(house->colour, 0.55), 0, 0};
    struct scene_surface trim = {{0.50, 0.49, 0.46}, 0, 0}, roof = {{0.13, 0.10, 0.09}, 0, 0};
    scene_mesh_box(mesh, (struct scene_vector){house->left, house->front, 0},
                   (struct scene_vector){house->right, house->front + HOUSE_DEPTH, house->height},
                   wall);
    scene_mesh_box(
        mesh, (struct scene_vector){house->left - 0.2, house->front - 0.25, house->height},
        (struct scene_vector){house->right + 0.2, house->front + HOUSE_DEPTH, house->height + 0.35},
        roof);
    house_add_panel(mesh, house->left, house->right, house->front - 0.02, 0, 0.5, base);
    house_add_panel(mesh, house->left, house->right, house->front - 0.05, STOREY - 0.12,
                    STOREY + 0.10, trim);
    house_add_windows(mesh, house, &random, lit);
}
