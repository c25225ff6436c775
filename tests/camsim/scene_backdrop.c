#include "tests/camsim/scene_backdrop.h"

#include <stdlib.h>

#include "common/memory.h"
#include "tests/camsim/scene_fixture_model.h"
#include "tests/camsim/scene_ground.h"
#include "tests/camsim/scene_shadow.h"

#define HORIZON     160.0 /* metres; what is further away is sky */
#define HAZE_FROM   45.0  /* metres: from here on things fade */
#define HAZE_MOST   0.35
#define TREE_LEAVES 2600
#define SHOWN_STEPS 2048 /* of the table from light to bytes, */
#define SHOWN_MOST  2.0F /* which reaches up to this */
#define LAMP_REACH  6.0  /* metres, at which a quarter is left of their light */

struct backdrop_pixel {
    float red, green, blue; /* of the ground; 1 / 255 steps are too coarse in the dark */
    float x, y;             /* the point of the ground */
    float lamps;            /* how much of their light comes here */
    float haze;             /* 0: clear; 1 and more: sky, at the height of haze - 1 */
};

struct scene_backdrop {
    const struct scene_layout *layout;
    const struct scene_view *view;
    struct backdrop_pixel *pixels;
    struct scene_shadow *shadow;
    uint8_t shown[SHOWN_STEPS + 1];
};

double scene_backdrop_lamplight(const struct scene_layout *layout, struct scene_point point)
{
    double light = 0;
    for (int i = 0; i < SCENE_LAMPS; i++) {
        double x = point.x - layout->lamps[i].x, y = point.y - layout->lamps[i].y;
        double spread = 1 + (x * x + y * y) / (LAMP_REACH * LAMP_REACH);
        light += 1.15 / (spread * spread);
    }
    return light < 1.4 ? light : 1.4;
}

static void backdrop_measure_pixel(const struct scene_backdrop *backdrop, int column, int row,
                                   struct backdrop_pixel *pixel)
{
    const struct scene_view *view = backdrop->view;
    double x = column + 0.5, y = row + 0.5;
    struct scene_point here, right, below;
    if (!scene_view_ground(view, x, y, HORIZON, &here)) {
        double above = view->forward.z + (view->centre_y - y) / view->focal * view->up.z;
        pixel->haze = (float)(1 + scene_clamp(above * 2.2, 0, 1));
        return;
    }
    scene_view_ground(view, x + 1, y, 1e9, &right);
    scene_view_ground(view, x, y + 1, 1e9, &below);
    struct scene_point grain = {fabs(right.x - here.x) + fabs(below.x - here.x) + 1e-4,
                                fabs(right.y - here.y) + fabs(below.y - here.y) + 1e-4};
    struct scene_colour colour = scene_ground_colour(backdrop->layout, here, grain);
    struct scene_vector point = {here.x, here.y, 0};
    double distance = scene_view_distance(view, point);
    pixel->red = (float)colour.red;
    pixel->green = (float)colour.green;
    pixel->blue = (float)colour.blue;
    pixel->x = (float)here.x;
    pixel->y = (float)here.y;
    pixel->lamps = (float)scene_backdrop_lamplight(backdrop->layout, here);
    pixel->haze = (float)(HAZE_MOST * scene_step(HAZE_FROM, HORIZON, distance));
}

struct scene_backdrop *scene_backdrop_create(const struct scene_layout *layout,
                                             const struct scene_view *view)
{
    struct scene_backdrop *backdrop = xcalloc(1, sizeof *backdrop);
    size_t count = (size_t)view->width * (size_t)view->height;
    backdrop->layout = layout;
    backdrop->view = view;
    backdrop->shadow = scene_shadow_create();
    backdrop->pixels = xcalloc(count, sizeof *backdrop->pixels);
    for (int row = 0; row < view->height; row++) {
        for (int column = 0; column < view->width; column++) {
            size_t at = (size_t)row * (size_t)view->width + (size_t)column;
            backdrop_measure_pixel(backdrop, column, row, &backdrop->pixels[at]);
        }
    }
    for (int i = 0; i <= SHOWN_STEPS; i++) {
        double light = (double)SHOWN_MOST * i / SHOWN_STEPS;
        backdrop->shown[i] = (uint8_t)(scene_colour_shown(light * light) + 0.5);
    }
    return backdrop;
}

void scene_backdrop_destroy(struct scene_backdrop *backdrop)
{
    if (backdrop != NULL) {
        scene_shadow_destroy(backdrop->shadow);
        free(backdrop->pixels);
        free(backdrop);
    }
}

/* The table is one of square roots, so that it is fine where the eye is. */
static uint8_t backdrop_shown(const struct scene_backdrop *backdrop, float light)
{
    float root = sqrtf(light < 0 ? 0 : light) * (SHOWN_STEPS / SHOWN_MOST);
    return backdrop->shown[root < SHOWN_STEPS ? (int)root : SHOWN_STEPS];
}

/* Light as the loop over pixels uses it. */
struct backdrop_light {
    float sun[3], sky[3], lamps[3], rim[3], zenith[3];
};

static void backdrop_spread(struct scene_colour colour, float out[3])
{
    out[0] = (float)colour.red;
    out[1] = (float)colour.green;
    out[2] = (float)colour.blue;
}

static void backdrop_paint_pixel(const struct scene_backdrop *backdrop,
                                 const struct backdrop_pixel *pixel,
                                 const struct backdrop_light *light, uint8_t out[4])
{
    if (pixel->haze >= 1) {
        for (int i = 0; i < 3; i++) {
            float height = pixel->haze - 1;
            out[i] = backdrop_shown(backdrop,
                                    light->rim[i] + (light->zenith[i] - light->rim[i]) * height);
        }
        out[3] = 0;
        return;
    }
    float sunlit = scene_shadow_at(backdrop->shadow, pixel->x, pixel->y);
    const float colour[3] = {pixel->red, pixel->green, pixel->blue};
    for (int i = 0; i < 3; i++) {
        float falling = light->sky[i] + light->sun[i] * sunlit + light->lamps[i] * pixel->lamps;
        float seen = colour[i] * falling;
        out[i] = backdrop_shown(backdrop, seen + (light->rim[i] - seen) * pixel->haze);
    }
    out[3] = (uint8_t)(sunlit * 255 + 0.5F);
}

static void backdrop_lay_mesh(const struct scene_backdrop *backdrop, struct scene_mesh *mesh,
                              const struct scene_light *light, struct scene_canvas *canvas)
{
    struct scene_sprite sprite = {0};
    const struct scene_stance stance = {0};
    scene_sprite_draw(&sprite, mesh, &stance, backdrop->view, light);
    scene_sprite_lay(&sprite, canvas, NULL, 0);
    scene_sprite_finish(&sprite);
    scene_mesh_finish(mesh);
}

bool scene_backdrop_has_tree(const struct scene_layout *layout, const struct scene_tree *tree)
{
    return tree->foot.y > layout->street_y;
}

static void backdrop_lay_fixtures(struct scene_backdrop *backdrop, const struct scene_light *light,
                                  struct scene_canvas *canvas)
{
    const struct scene_layout *layout = backdrop->layout;
    struct scene_mesh mesh = {0};
    for (int i = 0; i < layout->house_count; i++) {
        scene_house_model_add(&mesh, &layout->houses[i], layout->seed + (uint64_t)i, light->lamps);
    }
    backdrop_lay_mesh(backdrop, &mesh, light, canvas);
    for (int i = 0; i < layout->tree_count; i++) {
        if (scene_backdrop_has_tree(layout, &layout->trees[i])) {
            scene_tree_model_add(&mesh, &layout->trees[i], layout->seed + (uint64_t)i, TREE_LEAVES);
            backdrop_lay_mesh(backdrop, &mesh, light, canvas);
        }
    }
}

void scene_backdrop_paint(struct scene_backdrop *backdrop, const struct scene_light *light,
                          struct scene_canvas *canvas)
{
    struct backdrop_light shares;
    double level = light->to_sun.z > 0 ? light->to_sun.z : 0;
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    backdrop_spread(scene_colour_scale(light->sun, level), shares.sun);
    backdrop_spread(light->sky, shares.sky);
    backdrop_spread(light->lamplight, shares.lamps);
    backdrop_spread(light->rim, shares.rim);
    backdrop_spread(light->zenith, shares.zenith);
    scene_shadow_cast(backdrop->shadow, backdrop->layout, light);
    for (size_t i = 0; i < count; i++) {
        backdrop_paint_pixel(backdrop, &backdrop->pixels[i], &shares, canvas->pixels + 4 * i);
    }
    backdrop_lay_fixtures(backdrop, light, canvas);
}
