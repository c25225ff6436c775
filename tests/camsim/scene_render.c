#include "tests/camsim/scene_render.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/camsim/scene_backdrop.h"
#include "tests/camsim/scene_cast.h"
#include "tests/camsim/scene_fixture_model.h"
#include "tests/camsim/scene_noise.h"

#define SPRITE_STEPS  4 /* of the light, each: how often a body that stands still is drawn */
#define FIXTURE_ID    255
#define TREE_LEAVES   3400
#define SHAKE_SHARE   0.004 /* of the picture's width, to each side */
#define SHAKE_SECONDS 0.35

/* A body's sprite and shadow, with what they were drawn for: while that stays, they stay. */
struct render_body {
    int identity; /* 0: nothing */
    int64_t light_step;
    struct scene_stance stance;
    struct scene_car_lights lights;
    bool standing; /* a person */
    bool seen;     /* something of it may be in the picture */
    struct scene_sprite sprite;
    struct scene_cast cast;
};

/* What is laid over the backdrop, from the furthest to the nearest. */
struct render_item {
    double distance;
    const struct scene_sprite *sprite;
    int order; /* in the list, for what is equally far */
    uint8_t id;
};

struct render_fixture {
    int64_t light_step;
    bool drawn;
    double distance;
    struct scene_sprite sprite;
};

struct scene_render {
    const struct scene_layout *layout;
    struct scene_render_options options;
    struct scene_view view;      /* as the picture is */
    struct scene_view wide_view; /* as it is drawn: with a margin to sway in */
    int margin, sway_x, sway_y;  /* pixels */
    struct scene_backdrop *backdrop;
    struct scene_canvas lit[2]; /* backdrops: light_step and the next one */
    int64_t light_step;
    bool has_light;
    struct scene_canvas canvas;
    uint8_t *ids;
    struct scene_noise *noise;
    uint8_t *picture;
    struct render_body cars[SCENE_CARS_MAX], people[SCENE_PEOPLE_MAX];
    struct render_fixture fixtures[SCENE_TREES_MAX + SCENE_LAMPS];
    struct scene_seen seen[SCENE_SEEN_MAX];
    const struct scene_sprite *seen_sprites[SCENE_SEEN_MAX];
    int seen_count;
    struct render_item items[SCENE_SEEN_MAX + SCENE_TREES_MAX + SCENE_LAMPS];
    int item_count;
};

static struct scene_canvas canvas_make(const struct scene_view *view)
{
    size_t pixels = (size_t)view->width * (size_t)view->height;
    return (struct scene_canvas){view->width, view->height, xcalloc(pixels, 4)};
}

struct scene_render *scene_render_create(const struct scene_layout *layout,
                                         const struct scene_render_options *options)
{
    struct scene_render *render = xcalloc(1, sizeof *render);
    render->layout = layout;
    render->options = *options;
    scene_view_init(&render->view, layout, options->width, options->height);
    render->margin = options->shake ? (int)(options->width * SHAKE_SHARE) + 1 : 0;
    render->wide_view = render->view;
    render->wide_view.width += 2 * render->margin;
    render->wide_view.height += 2 * render->margin;
    render->wide_view.centre_x += render->margin;
    render->wide_view.centre_y += render->margin;
    render->backdrop = scene_backdrop_create(layout, &render->wide_view);
    render->lit[0] = canvas_make(&render->wide_view);
    render->lit[1] = canvas_make(&render->wide_view);
    render->canvas = canvas_make(&render->wide_view);
    render->ids = xcalloc((size_t)render->wide_view.width, (size_t)render->wide_view.height);
    render->picture = xcalloc((size_t)options->width * (size_t)options->height, 4);
    render->noise = scene_noise_create(layout->seed);
    return render;
}

static void body_finish(struct render_body *body)
{
    scene_sprite_finish(&body->sprite);
    scene_cast_finish(&body->cast);
    body->identity = 0;
}

void scene_render_destroy(struct scene_render *render)
{
    if (render == NULL) {
        return;
    }
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        body_finish(&render->cars[i]);
    }
    for (int i = 0; i < SCENE_PEOPLE_MAX; i++) {
        body_finish(&render->people[i]);
    }
    for (int i = 0; i < SCENE_TREES_MAX + SCENE_LAMPS; i++) {
        scene_sprite_finish(&render->fixtures[i].sprite);
    }
    scene_noise_destroy(render->noise);
    scene_backdrop_destroy(render->backdrop);
    free(render->lit[0].pixels);
    free(render->lit[1].pixels);
    free(render->canvas.pixels);
    free(render->ids);
    free(render->picture);
    free(render);
}

/* --- the backdrop --- */

static void render_paint_backdrop(struct scene_render *render, int64_t step, int which)
{
    struct scene_light light =
        scene_light_at(render->layout->seed, (double)step / render->options.light_steps);
    scene_backdrop_paint(render->backdrop, &light, &render->lit[which]);
}

/* Makes sure that the backdrops before and behind this moment are there. */
static void render_light_backdrops(struct scene_render *render, int64_t step)
{
    if (render->has_light && render->light_step == step) {
        return;
    }
    if (render->has_light && render->light_step + 1 == step) {
        struct scene_canvas old = render->lit[0];
        render->lit[0] = render->lit[1];
        render->lit[1] = old;
    } else {
        render_paint_backdrop(render, step, 0);
    }
    render_paint_backdrop(render, step + 1, 1);
    render->light_step = step;
    render->has_light = true;
}

static void canvas_mix(struct scene_canvas *out, const struct scene_canvas *from,
                       const struct scene_canvas *to, int share)
{
    size_t bytes = (size_t)out->width * (size_t)out->height * 4;
    const uint8_t *restrict before = from->pixels, *restrict after = to->pixels;
    uint8_t *restrict mixed = out->pixels;
    uint16_t after_share = (uint16_t)share, before_share = (uint16_t)(256 - share);
    for (size_t i = 0; i < bytes; i++) {
        mixed[i] = (uint8_t)((uint16_t)(before[i] * before_share + after[i] * after_share) >> 8);
    }
}

static void render_draw_backdrop(struct scene_render *render, double phase)
{
    double at = phase * render->options.light_steps, step = floor(at);
    render_light_backdrops(render, (int64_t)step);
    canvas_mix(&render->canvas, &render->lit[0], &render->lit[1], (int)((at - step) * 256));
    memset(render->ids, 0, (size_t)render->wide_view.width * (size_t)render->wide_view.height);
}

/* --- bodies --- */

/* Each is drawn anew at a moment of its own, so that not all are at once. */
static int64_t render_body_step(const struct scene_render *render, double phase, int identity)
{
    double own = (double)(scene_hash(9, (uint64_t)identity) & 1023) / 1024;
    return (int64_t)floor(phase * SPRITE_STEPS * render->options.light_steps + own);
}

static bool body_is_current(const struct render_body *body, const struct render_body *wanted)
{
    return body->identity == wanted->identity && body->light_step == wanted->light_step &&
           body->stance.place.x == wanted->stance.place.x &&
           body->stance.place.y == wanted->stance.place.y &&
           body->stance.heading == wanted->stance.heading &&
           body->lights.head == wanted->lights.head && body->lights.brake == wanted->lights.brake &&
           body->standing == wanted->standing;
}

static void body_begin(struct render_body *body, const struct render_body *wanted)
{
    body->identity = wanted->identity;
    body->light_step = wanted->light_step;
    body->stance = wanted->stance;
    body->lights = wanted->lights;
    body->standing = wanted->standing;
}

/* False: so far outside that not even its shadow is seen. */
static bool render_is_near(const struct scene_render *render, struct scene_point place)
{
    const struct scene_view *view = &render->wide_view;
    struct scene_pixel seen =
        scene_view_project(view, (struct scene_vector){place.x, place.y, 0.8});
    double reach = 7 * view->focal / fmax(seen.depth, 1);
    return seen.depth > 3 && seen.x > -reach && seen.x < view->width + reach && seen.y > -reach &&
           seen.y < view->height + reach;
}

/* The light on a body: that of the sky, and of the lamps near by. */
static struct scene_light render_body_light(const struct scene_render *render, int64_t step,
                                            struct scene_point place)
{
    double steps = SPRITE_STEPS * render->options.light_steps;
    struct scene_light light = scene_light_at(render->layout->seed, (double)step / steps);
    double lamps = scene_backdrop_lamplight(render->layout, place);
    light.sky = scene_colour_add(light.sky, scene_colour_scale(light.lamplight, 0.8 * lamps));
    light.ground =
        scene_colour_add(light.ground, scene_colour_scale(light.lamplight, 0.15 * lamps));
    return light;
}

static void render_draw_car(struct scene_render *render, struct render_body *body,
                            const struct scene_car *car, const struct scene_light *light)
{
    const struct scene_block block = {car->look.length,        car->look.width,
                                      car->look.height * 0.96, car->look.height * 0.6,
                                      car->look.length * 0.20, -car->look.length * 0.42};
    struct scene_mesh mesh = {0};
    scene_car_model_add(&mesh, &car->look, &body->lights);
    scene_sprite_draw(&body->sprite, &mesh, &body->stance, &render->wide_view, light);
    scene_cast_draw(&body->cast, &block, &body->stance, &render->wide_view, light);
    scene_mesh_finish(&mesh);
}

static void render_update_car(struct scene_render *render, int index, const struct scene_car *car,
                              double phase)
{
    struct render_body *body = &render->cars[index];
    body->seen = car->state != SCENE_CAR_ABSENT && render_is_near(render, car->stance.place);
    if (!body->seen) {
        return;
    }
    struct render_body wanted = {.identity = car->identity, .stance = car->stance};
    bool awake = car->state != SCENE_CAR_PARKED && car->state != SCENE_CAR_AWAITED;
    wanted.light_step = render_body_step(render, phase, car->identity);
    struct scene_light light = render_body_light(render, wanted.light_step, wanted.stance.place);
    wanted.lights.head = awake && light.lamps > 0.25 ? light.lamps : 0;
    wanted.lights.brake = awake && (car->braking || car->state == SCENE_CAR_READY) ? 1 : 0;
    if (!body_is_current(body, &wanted)) {
        body_begin(body, &wanted);
        render_draw_car(render, body, car, &light);
    }
}

static void render_update_person(struct scene_render *render, int index,
                                 const struct scene_person *person, double phase)
{
    struct render_body *body = &render->people[index];
    body->seen = person->present && render_is_near(render, person->stance.place);
    if (!body->seen) {
        return;
    }
    struct render_body wanted = {.identity = person->identity, .stance = person->stance};
    wanted.standing = person->pause > 0;
    wanted.light_step = render_body_step(render, phase, person->identity);
    if (body_is_current(body, &wanted)) {
        return;
    }
    struct scene_light light = render_body_light(render, wanted.light_step, wanted.stance.place);
    const struct scene_block block = {0.34, 0.46, person->look.height, 0.9, 0.1, -0.1};
    struct scene_mesh mesh = {0};
    body_begin(body, &wanted);
    scene_person_model_add(&mesh, &person->look, person->stride, person->pause > 0 ? 0 : 1);
    scene_sprite_draw(&body->sprite, &mesh, &body->stance, &render->wide_view, &light);
    scene_cast_draw(&body->cast, &block, &body->stance, &render->wide_view, &light);
    scene_mesh_finish(&mesh);
}

static void render_add_item(struct scene_render *render, double distance,
                            const struct scene_sprite *sprite, uint8_t id)
{
    int order = render->item_count++;
    render->items[order] = (struct render_item){distance, sprite, order, id};
}

static void render_add_seen(struct scene_render *render, const struct render_body *body,
                            const struct scene_car *car, const struct scene_person *person)
{
    if (!body->seen || body->sprite.solid == 0) {
        return;
    }
    struct scene_vector place = {body->stance.place.x, body->stance.place.y, 0.5};
    render->seen[render->seen_count] = (struct scene_seen){.car = car, .person = person};
    render->seen_sprites[render->seen_count++] = &body->sprite;
    render_add_item(render, scene_view_distance(&render->wide_view, place), &body->sprite,
                    (uint8_t)render->seen_count);
}

/* --- fixtures --- */

static void render_draw_fixture(struct scene_render *render, int index,
                                const struct scene_light *light, struct scene_sprite *sprite)
{
    const struct scene_layout *layout = render->layout;
    const struct scene_stance stance = {0};
    struct scene_mesh mesh = {0};
    if (index < SCENE_TREES_MAX) {
        scene_tree_model_add(&mesh, &layout->trees[index], layout->seed + (uint64_t)index,
                             TREE_LEAVES);
    } else {
        const struct scene_point toward = {0, layout->lane_y[1]};
        scene_lamp_model_add(&mesh, layout->lamps[index - SCENE_TREES_MAX], toward, light->lamps);
    }
    scene_sprite_draw(sprite, &mesh, &stance, &render->wide_view, light);
    scene_mesh_finish(&mesh);
}

static bool render_has_fixture(const struct scene_render *render, int index,
                               struct scene_point *foot)
{
    const struct scene_layout *layout = render->layout;
    if (index >= SCENE_TREES_MAX) {
        *foot = layout->lamps[index - SCENE_TREES_MAX];
        return true;
    }
    *foot = layout->trees[index].foot;
    return index < layout->tree_count && !scene_backdrop_has_tree(layout, &layout->trees[index]);
}

static void render_add_fixtures(struct scene_render *render, double phase)
{
    for (int i = 0; i < SCENE_TREES_MAX + SCENE_LAMPS; i++) {
        struct render_fixture *fixture = &render->fixtures[i];
        struct scene_point foot;
        if (!render_has_fixture(render, i, &foot)) {
            continue;
        }
        int64_t step = render_body_step(render, phase / 4, i);
        if (!fixture->drawn || fixture->light_step != step) {
            struct scene_light light = render_body_light(render, step * 4, foot);
            render_draw_fixture(render, i, &light, &fixture->sprite);
            fixture->drawn = true;
            fixture->light_step = step;
            fixture->distance =
                scene_view_distance(&render->wide_view, (struct scene_vector){foot.x, foot.y, 0.5});
        }
        render_add_item(render, fixture->distance, &fixture->sprite, FIXTURE_ID);
    }
}

/* --- a frame --- */

/* The furthest first. */
static int item_compare(const void *a, const void *b)
{
    const struct render_item *left = a, *right = b;
    if (left->distance != right->distance) {
        return left->distance > right->distance ? -1 : 1;
    }
    return left->order - right->order;
}

static void render_lay_ground(struct scene_render *render, const struct scene_light *light)
{
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        if (render->cars[i].seen) {
            scene_cast_lay(&render->cars[i].cast, light, &render->canvas);
        }
    }
    for (int i = 0; i < SCENE_PEOPLE_MAX; i++) {
        if (render->people[i].seen) {
            scene_cast_lay(&render->people[i].cast, light, &render->canvas);
        }
    }
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        const struct render_body *body = &render->cars[i];
        if (body->seen && body->lights.head > 0) {
            scene_cast_headlights(&body->stance, 4.4, body->lights.head, &render->wide_view,
                                  &render->canvas);
        }
    }
}

/* The part of a box of the drawn canvas that is in the picture, in pixels of the picture. */
static struct scene_box render_picture_box(const struct scene_render *render, struct scene_box box)
{
    box.x -= render->margin + render->sway_x;
    box.y -= render->margin + render->sway_y;
    return scene_box_clip(box, render->options.width, render->options.height);
}

static void render_measure(struct scene_render *render)
{
    size_t stride;
    const uint8_t *ids = scene_render_ids(render, &stride);
    for (int i = 0; i < render->seen_count; i++) {
        struct scene_seen *seen = &render->seen[i];
        const struct scene_sprite *sprite = render->seen_sprites[i];
        seen->area = sprite->solid;
        seen->box = render_picture_box(render, sprite->solid_box);
        seen->visible_area =
            scene_ids_count(ids, stride, seen->box, (uint8_t)(i + 1), &seen->visible);
    }
}

static void render_sway(struct scene_render *render, double seconds)
{
    if (render->margin == 0) {
        return;
    }
    double reach = render->margin, at = seconds / SHAKE_SECONDS;
    double gust = scene_noise(seconds / 6, 0, render->layout->seed + 60);
    double x = scene_noise(at, 0, render->layout->seed + 61) - 0.5;
    double y = scene_noise(at, 0, render->layout->seed + 62) - 0.5;
    render->sway_x = (int)floor(2 * reach * x * gust + 0.5);
    render->sway_y = (int)floor(reach * y * gust + 0.5);
}

void scene_render_draw(struct scene_render *render, const struct scene_world *world, double phase,
                       uint64_t number)
{
    struct scene_light light = scene_light_at(render->layout->seed, phase);
    render_sway(render, world->time);
    render_draw_backdrop(render, phase);
    render->seen_count = render->item_count = 0;
    for (int i = 0; i < SCENE_CARS_MAX; i++) {
        render_update_car(render, i, &world->cars[i], phase);
        render_add_seen(render, &render->cars[i], &world->cars[i], NULL);
    }
    for (int i = 0; i < SCENE_PEOPLE_MAX; i++) {
        render_update_person(render, i, &world->people[i], phase);
        render_add_seen(render, &render->people[i], NULL, &world->people[i]);
    }
    render_add_fixtures(render, phase);
    render_lay_ground(render, &light);
    qsort(render->items, (size_t)render->item_count, sizeof *render->items, item_compare);
    for (int i = 0; i < render->item_count; i++) {
        scene_sprite_lay(render->items[i].sprite, &render->canvas, render->ids,
                         render->items[i].id);
    }
    render_measure(render);
    struct scene_box part = {render->margin + render->sway_x, render->margin + render->sway_y,
                             render->options.width, render->options.height};
    scene_noise_apply(render->noise, &render->canvas, part, light.lamps, number, render->picture);
}

const uint8_t *scene_render_pixels(const struct scene_render *render)
{
    return render->picture;
}

const uint8_t *scene_render_ids(const struct scene_render *render, size_t *stride)
{
    *stride = (size_t)render->wide_view.width;
    return render->ids + (size_t)(render->margin + render->sway_y) * *stride +
           (size_t)(render->margin + render->sway_x);
}

const struct scene_seen *scene_render_seen(const struct scene_render *render, int *count)
{
    *count = render->seen_count;
    return render->seen;
}

const struct scene_view *scene_render_view(const struct scene_render *render)
{
    return &render->view;
}
