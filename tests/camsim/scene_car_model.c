#include "tests/camsim/scene_car_model.h"

#define STATIONS 8
#define RING     8 /* points of a cross-section, from the left sill over the top to the right one */
#define ON_TOP   0.012 /* metres by which windows and lamps lie on the body */

/* Lengths along the car are shares of it from the front bumper, heights are metres. */
struct car_shape {
    double length, width, height;
    double clearance, hood, belt, tail;              /* heights */
    double screen_foot, roof_front, roof_rear, foot; /* of the cabin, from front to rear */
    bool closed_sides;                               /* windows beside the driver only */
};

static const struct car_shape shapes[SCENE_CAR_KINDS] = {
    [SCENE_CAR_SMALL] = {3.6, 1.64, 1.50, .19, .90, .95, .97, .20, .38, .86, .975, false},
    [SCENE_CAR_HATCHBACK] = {4.15, 1.78, 1.47, .18, .87, .94, .98, .25, .43, .84, .97, false},
    [SCENE_CAR_SALOON] = {4.65, 1.82, 1.43, .17, .86, .93, .98, .27, .43, .71, .86, false},
    [SCENE_CAR_ESTATE] = {4.65, 1.82, 1.47, .18, .87, .94, .99, .26, .42, .89, .985, false},
    [SCENE_CAR_SUV] = {4.5, 1.88, 1.70, .27, 1.03, 1.09, 1.12, .24, .38, .87, .98, false},
    [SCENE_CAR_VAN] = {4.95, 1.94, 2.02, .22, 1.10, 1.18, 1.20, .12, .28, .965, .992, true},
};

struct scene_car_look scene_car_look_make(struct scene_random *random)
{
    static const struct {
        int kind, share;
    } kinds[] = {{SCENE_CAR_SMALL, 16},  {SCENE_CAR_HATCHBACK, 26}, {SCENE_CAR_SALOON, 20},
                 {SCENE_CAR_ESTATE, 14}, {SCENE_CAR_SUV, 15},       {SCENE_CAR_VAN, 9}};
    static const struct scene_colour paints[] = {
        {0.62, 0.63, 0.64},    {0.78, 0.79, 0.78}, {0.30, 0.31, 0.33}, {0.085, 0.09, 0.10},
        {0.012, 0.013, 0.015}, {0.42, 0.02, 0.02}, {0.02, 0.07, 0.30}, {0.05, 0.16, 0.42},
        {0.02, 0.13, 0.07},    {0.55, 0.42, 0.06}, {0.48, 0.13, 0.02}, {0.33, 0.26, 0.17},
        {0.20, 0.03, 0.05},    {0.10, 0.25, 0.28}, {0.55, 0.56, 0.55}, {0.15, 0.16, 0.18},
        {0.68, 0.66, 0.58},    {0.25, 0.42, 0.10},
    };
    int draw = scene_random_below(random, 100), chosen = 0;
    while (draw >= kinds[chosen].share) {
        draw -= kinds[chosen++].share;
    }
    const struct car_shape *shape = &shapes[kinds[chosen].kind];
    double size = scene_random_between(random, 0.95, 1.04);
    struct scene_car_look look = {.kind = (enum scene_car_kind)kinds[chosen].kind};
    look.length = shape->length * size;
    look.width = shape->width * scene_random_between(random, 0.97, 1.02);
    look.height = shape->height * scene_random_between(random, 0.97, 1.05);
    look.paint = paints[scene_random_below(random, (int)(sizeof paints / sizeof *paints))];
    look.paint = scene_colour_scale(look.paint, scene_random_between(random, 0.8, 1.15));
    look.gloss = scene_random_between(random, 0.45, 0.9);
    look.dark_roof = scene_random_below(random, 8) == 0;
    return look;
}

static struct scene_vector car_point(const struct scene_car_look *look, double along, double across,
                                     double height)
{
    return (struct scene_vector){look->length * (0.5 - along), look->width * 0.5 * across, height};
}

/* The outline of the body below the windows, cut across at one station. */
static void car_ring(const struct scene_car_look *look, double along, double wide, double low,
                     double top, struct scene_vector ring[RING])
{
    static const double across[RING / 2] = {0.93, 1.0, 0.985, 0.89};
    static const double up[RING / 2] = {0, 0.36, 0.76, 1};
    for (int i = 0; i < RING / 2; i++) {
        double height = scene_mix(low, top, up[i]);
        ring[i] = car_point(look, along, wide * across[i], height);
        ring[RING - 1 - i] = car_point(look, along, -wide * across[i], height);
    }
}

static struct scene_vector quad_normal(struct scene_vector a, struct scene_vector b,
                                       struct scene_vector c, struct scene_vector d)
{
    return scene_normal(scene_cross(scene_subtract(c, a), scene_subtract(d, b)));
}

/* The skin between the stations: round along the car, creased along the strips. */
static void car_skin(struct scene_mesh *mesh, struct scene_vector rings[STATIONS][RING],
                     const struct scene_surface *paint)
{
    for (int strip = 0; strip < RING - 1; strip++) {
        struct scene_vector flat[STATIONS + 1];
        for (int i = 0; i < STATIONS - 1; i++) {
            flat[i + 1] = quad_normal(rings[i][strip], rings[i + 1][strip], rings[i + 1][strip + 1],
                                      rings[i][strip + 1]);
        }
        flat[0] = flat[1];
        flat[STATIONS] = flat[STATIONS - 1];
        struct scene_surface surface = *paint;
        bool sill = strip == 0 || strip == RING - 2;
        surface.colour = scene_colour_scale(surface.colour, sill ? 0.7 : 1);
        for (int i = 0; i < STATIONS - 1; i++) {
            struct scene_vector front = scene_normal(scene_add(flat[i], flat[i + 1]));
            struct scene_vector rear = scene_normal(scene_add(flat[i + 1], flat[i + 2]));
            struct scene_vector corners[4] = {rings[i][strip], rings[i + 1][strip],
                                              rings[i + 1][strip + 1], rings[i][strip + 1]};
            struct scene_vector normals[4] = {front, rear, rear, front};
            scene_mesh_quad_smooth(mesh, corners, normals, surface);
        }
    }
    for (int i = 0; i < RING / 2 - 1; i++) { /* the flat front and rear */
        struct scene_vector *front = rings[0], *rear = rings[STATIONS - 1];
        struct scene_vector nose[4] = {front[RING - 1 - i], front[i], front[i + 1],
                                       front[RING - 2 - i]};
        struct scene_vector tail[4] = {rear[i], rear[RING - 1 - i], rear[RING - 2 - i],
                                       rear[i + 1]};
        scene_mesh_quad(mesh, nose, *paint);
        scene_mesh_quad(mesh, tail, *paint);
    }
}

static void car_add_body(struct scene_mesh *mesh, const struct scene_car_look *look,
                         const struct car_shape *shape, const struct scene_surface *paint)
{
    double low = shape->clearance, hood = shape->hood, tail = shape->tail;
    struct scene_vector rings[STATIONS][RING];
    car_ring(look, 0.0, 0.82, low + 0.08, hood * 0.74, rings[0]);
    car_ring(look, 0.03, 0.94, low, hood * 0.86, rings[1]);
    car_ring(look, 0.12, 1.0, low, hood * 0.95, rings[2]);
    car_ring(look, shape->screen_foot, 1.0, low, hood + 0.03, rings[3]);
    car_ring(look, 0.55, 1.0, low, shape->belt, rings[4]);
    car_ring(look, shape->foot < 0.9 ? shape->foot : 0.9, 1.0, low, tail, rings[5]);
    car_ring(look, 0.975, 0.96, low + 0.03, tail - 0.02, rings[6]);
    car_ring(look, 1.0, 0.86, low + 0.12, tail * 0.86, rings[7]);
    car_skin(mesh, rings, paint);
}

/* A pane on a quad of the cabin, `left` to `right` and `low` to `high` as shares of it. */
static void car_add_pane(struct scene_mesh *mesh, const struct scene_vector quad[4], double left,
                         double right, double low, double high, const struct scene_surface *glass)
{
    struct scene_vector normal = quad_normal(quad[0], quad[1], quad[2], quad[3]);
    const double shares[4][2] = {{left, low}, {right, low}, {right, high}, {left, high}};
    struct scene_vector corners[4];
    for (int i = 0; i < 4; i++) {
        double u = shares[i][0], v = shares[i][1];
        struct scene_vector bottom =
            scene_add(scene_scale(quad[0], 1 - u), scene_scale(quad[1], u));
        struct scene_vector top = scene_add(scene_scale(quad[3], 1 - u), scene_scale(quad[2], u));
        corners[i] = scene_add(scene_add(scene_scale(bottom, 1 - v), scene_scale(top, v)),
                               scene_scale(normal, ON_TOP));
    }
    scene_mesh_quad(mesh, corners, *glass);
}

/* Both sides of the cabin with their windows. `foot` and `roof`: front and rear. */
static void car_add_cabin_sides(struct scene_mesh *mesh, const struct car_shape *shape,
                                struct scene_vector foot[2][2], struct scene_vector roof[2][2],
                                const struct scene_surface *paint,
                                const struct scene_surface *glass)
{
    struct scene_vector left[4] = {foot[0][0], foot[1][0], roof[1][0], roof[0][0]};
    struct scene_vector right[4] = {foot[1][1], foot[0][1], roof[0][1], roof[1][1]};
    scene_mesh_quad(mesh, left, *paint);
    scene_mesh_quad(mesh, right, *paint);
    double split = shape->closed_sides ? 0.30 : 0.52;
    car_add_pane(mesh, left, 0.06, split, 0.10, 0.86, glass);
    car_add_pane(mesh, right, 1 - split, 0.94, 0.10, 0.86, glass);
    if (!shape->closed_sides) {
        car_add_pane(mesh, left, split + 0.03, 0.94, 0.10, 0.86, glass);
        car_add_pane(mesh, right, 0.06, 1 - split - 0.03, 0.10, 0.86, glass);
    }
}

static void car_add_cabin(struct scene_mesh *mesh, const struct scene_car_look *look,
                          const struct car_shape *shape, const struct scene_surface *paint)
{
    const struct scene_surface glass = {{0.018, 0.022, 0.026}, 1.0, 0};
    struct scene_surface top = *paint;
    if (look->dark_roof) {
        top.colour = (struct scene_colour){0.015, 0.015, 0.018};
    }
    double base = 0.90, crown = shape->closed_sides ? 0.82 : 0.72;
    double front_z = shape->hood - 0.02, rear_z = shape->tail - 0.03;
    double edge = look->height - 0.05;
    struct scene_vector foot[2][2], roof[2][2], ridge[2][2];
    for (int side = 0; side < 2; side++) {
        double sign = side == 0 ? 1 : -1;
        foot[0][side] = car_point(look, shape->screen_foot, sign * base, front_z);
        foot[1][side] = car_point(look, shape->foot, sign * base, rear_z);
        roof[0][side] = car_point(look, shape->roof_front, sign * crown, edge);
        roof[1][side] = car_point(look, shape->roof_rear, sign * crown, edge);
        ridge[0][side] =
            car_point(look, shape->roof_front + 0.06, sign * crown * 0.8, look->height);
        ridge[1][side] = car_point(look, shape->roof_rear - 0.05, sign * crown * 0.8, look->height);
    }
    struct scene_vector screen[4] = {foot[0][1], foot[0][0], roof[0][0], roof[0][1]};
    struct scene_vector rear[4] = {foot[1][0], foot[1][1], roof[1][1], roof[1][0]};
    struct scene_vector lid[4] = {ridge[0][1], ridge[0][0], ridge[1][0], ridge[1][1]};
    struct scene_vector lips[4][4] = {
        {roof[0][1], roof[0][0], ridge[0][0], ridge[0][1]},
        {roof[1][0], roof[1][1], ridge[1][1], ridge[1][0]},
        {roof[0][0], roof[1][0], ridge[1][0], ridge[0][0]},
        {roof[1][1], roof[0][1], ridge[0][1], ridge[1][1]},
    };
    scene_mesh_quad(mesh, screen, *paint);
    scene_mesh_quad(mesh, rear, *paint);
    scene_mesh_quad(mesh, lid, top);
    for (int i = 0; i < 4; i++) {
        scene_mesh_quad(mesh, lips[i], top);
    }
    car_add_pane(mesh, screen, 0.04, 0.96, 0.05, 0.94, &glass);
    if (!shape->closed_sides || look->dark_roof) {
        car_add_pane(mesh, rear, 0.08, 0.92, 0.15, 0.90, &glass);
    }
    car_add_cabin_sides(mesh, shape, foot, roof, paint, &glass);
}

static void car_add_wheels(struct scene_mesh *mesh, const struct scene_car_look *look)
{
    const struct scene_surface arch = {{0.008, 0.008, 0.009}, 0, 0};
    const struct scene_surface tyre = {{0.022, 0.022, 0.024}, 0.05, 0};
    const struct scene_surface rim = {{0.36, 0.37, 0.39}, 0.5, 0};
    double radius = look->height > 1.6 ? 0.36 : 0.32;
    for (int i = 0; i < 4; i++) {
        double side = (i & 1) != 0 ? 1 : -1;
        double x = look->length * ((i & 2) != 0 ? 0.30 : -0.29);
        double y = look->width * 0.5 * side;
        struct scene_vector hub = {x, y + side * 0.004, radius + 0.02};
        scene_mesh_disc(mesh, hub, radius + 0.06, side, arch);
        struct scene_vector inner = {x, y - side * 0.22, radius};
        hub = (struct scene_vector){x, y + side * 0.014, radius};
        scene_mesh_limb(mesh, inner, hub, radius, radius, tyre);
        scene_mesh_disc(mesh, hub, radius, side, tyre);
        hub.y += side * 0.01;
        scene_mesh_disc(mesh, hub, radius * 0.66, side, rim);
        hub.y += side * 0.01;
        scene_mesh_disc(mesh, hub, radius * 0.2, side, tyre);
    }
}

/* An upright plate on the front (end 1) or the rear (-1), on the first or second layer. */
static void car_add_plate(struct scene_mesh *mesh, const struct scene_car_look *look, double end,
                          double layer, double left, double right, double low, double high,
                          const struct scene_surface *surface)
{
    double x = end * (look->length * 0.5 + layer * ON_TOP);
    double half = look->width * 0.5 * end;
    struct scene_vector corners[4] = {{x, half * left, low},
                                      {x, half * right, low},
                                      {x, half * right, high},
                                      {x, half * left, high}};
    scene_mesh_quad(mesh, corners, *surface);
}

static void car_add_lamps(struct scene_mesh *mesh, const struct scene_car_look *look,
                          const struct car_shape *shape, const struct scene_car_lights *lights)
{
    const struct scene_surface head = {{0.75, 0.74, 0.68}, 0.6, 3.5 * lights->head};
    const struct scene_surface red = {
        {0.45, 0.012, 0.010}, 0.5, 0.7 * lights->head + 4.5 * lights->brake};
    const struct scene_surface grille = {{0.012, 0.012, 0.014}, 0.3, 0};
    const struct scene_surface plate = {{0.72, 0.72, 0.68}, 0, 0};
    double hood = shape->hood, tail = shape->tail;
    car_add_plate(mesh, look, 1, 1, 0.46, 0.80, hood * 0.54, hood * 0.72, &head);
    car_add_plate(mesh, look, 1, 1, -0.80, -0.46, hood * 0.54, hood * 0.72, &head);
    car_add_plate(mesh, look, 1, 1, -0.42, 0.42, hood * 0.36, hood * 0.66, &grille);
    car_add_plate(mesh, look, 1, 2, -0.28, 0.28, hood * 0.40, hood * 0.52, &plate);
    car_add_plate(mesh, look, -1, 1, 0.50, 0.84, tail * 0.60, tail * 0.83, &red);
    car_add_plate(mesh, look, -1, 1, -0.84, -0.50, tail * 0.60, tail * 0.83, &red);
    car_add_plate(mesh, look, -1, 1, -0.28, 0.28, tail * 0.55, tail * 0.67, &plate);
    for (int side = -1; side <= 1; side += 2) {
        double x = look->length * (0.5 - shape->screen_foot) - 0.28;
        double y = side * (look->width * 0.5 + 0.07);
        const struct scene_surface mirror = {look->paint, 0.4, 0};
        scene_mesh_box(mesh, (struct scene_vector){x - 0.09, y - 0.10, shape->belt - 0.02},
                       (struct scene_vector){x + 0.09, y + 0.10, shape->belt + 0.14}, mirror);
    }
}

void scene_car_model_add(struct scene_mesh *mesh, const struct scene_car_look *look,
                         const struct scene_car_lights *lights)
{
    const struct car_shape *shape = &shapes[look->kind];
    const struct scene_surface paint = {look->paint, look->gloss, 0};
    car_add_body(mesh, look, shape, &paint);
    car_add_cabin(mesh, look, shape, &paint);
    car_add_wheels(mesh, look);
    car_add_lamps(mesh, look, shape, lights);
}
