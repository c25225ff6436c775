/* Triangles to pixels. */
#include "tests/camsim/scene_raster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Looks along y from the origin: a point (x, 10, z) is seen at (50 + 5 x, 40 - 5 z). */
static const struct scene_view view = {
    .right = {1, 0, 0},
    .up = {0, 0, 1},
    .forward = {0, 1, 0},
    .focal = 50,
    .centre_x = 50,
    .centre_y = 40,
    .width = 100,
    .height = 80,
};

static const struct scene_light white = {
    .to_sun = {0, 0, 1}, .sky = {1, 1, 1}, .ground = {1, 1, 1}};
static const struct scene_stance stance = {{0, 0}, 0};

/* An upright square that faces the camera. */
static void add_square(struct scene_mesh *mesh, double left, double right, double y, double red)
{
    struct scene_surface surface = {{red, 0.1, 0.1}, 0, 0};
    struct scene_vector corners[4] = {{left, y, -2}, {right, y, -2}, {right, y, 2}, {left, y, 2}};
    scene_mesh_quad(mesh, corners, surface);
}

static struct scene_sprite draw(struct scene_mesh *mesh)
{
    struct scene_sprite sprite = {0};
    scene_sprite_draw(&sprite, mesh, &stance, &view, &white);
    scene_mesh_finish(mesh);
    return sprite;
}

static void a_square_covers_its_pixels(void **state)
{
    (void)state;
    struct scene_mesh mesh = {0};
    add_square(&mesh, -4, 4, 10, 0.5);
    struct scene_sprite sprite = draw(&mesh);
    assert_int_equal(sprite.solid, 40 * 20);
    assert_int_equal(sprite.solid_box.x, 30);
    assert_int_equal(sprite.solid_box.y, 30);
    assert_int_equal(sprite.solid_box.width, 40);
    assert_int_equal(sprite.solid_box.height, 20);
    scene_sprite_finish(&sprite);
}

static void edges_are_smooth(void **state)
{
    (void)state;
    struct scene_mesh mesh = {0};
    add_square(&mesh, -4 + 1 / 15.0, 4, 10, 0.5); /* a third of a pixel less at the left */
    struct scene_sprite sprite = draw(&mesh);
    const uint8_t *edge = sprite.pixels + (size_t)(5 * sprite.box.width) * 4;
    assert_int_equal(edge[3], 170);
    assert_int_equal(edge[7], 255);
    scene_sprite_finish(&sprite);
}

static void the_nearer_one_is_seen_and_backs_are_not(void **state)
{
    (void)state;
    struct scene_mesh mesh = {0};
    struct scene_canvas canvas = {100, 80, calloc(100 * 80, 4)};
    uint8_t *ids = calloc(100, 80);
    add_square(&mesh, -1, 1, 8, 0.9);
    add_square(&mesh, -4, 4, 10, 0.1);
    add_square(&mesh, 4, -4, 5, 0.5); /* turned away */
    struct scene_sprite sprite = draw(&mesh);
    scene_sprite_lay(&sprite, &canvas, ids, 7);
    const uint8_t *middle = canvas.pixels + (40 * 100 + 50) * 4;
    const uint8_t *beside = canvas.pixels + (40 * 100 + 65) * 4;
    assert_int_equal(middle[0], (uint8_t)(scene_colour_shown(0.9) + 0.5));
    assert_int_equal(beside[0], (uint8_t)(scene_colour_shown(0.1) + 0.5));
    assert_int_equal(canvas.pixels[0], 0);
    struct scene_box found, all = {0, 0, 100, 80};
    assert_int_equal(scene_ids_count(ids, 100, all, 7, &found), sprite.solid);
    assert_memory_equal(&found, &sprite.solid_box, sizeof found);
    assert_int_equal(scene_ids_count(ids, 100, all, 8, &found), 0);
    assert_int_equal(found.width, 0);
    scene_sprite_finish(&sprite);
    free(canvas.pixels);
    free(ids);
}

static void what_is_outside_or_behind_is_no_harm(void **state)
{
    (void)state;
    static const struct {
        double left, right, y;
    } squares[] = {{-400, 400, 10}, {-4, 4, -10}, {300, 400, 10}, {-4, 4, 0.4}, {-1e6, 1e6, 1}};
    struct scene_canvas canvas = {100, 80, calloc(100 * 80, 4)};
    uint8_t *ids = calloc(100, 80);
    for (size_t i = 0; i < sizeof squares / sizeof *squares; i++) {
        struct scene_mesh mesh = {0};
        add_square(&mesh, squares[i].left, squares[i].right, squares[i].y, 0.5);
        struct scene_sprite sprite = draw(&mesh);
        assert_true(sprite.box.width <= 2 * view.width + 2);
        scene_sprite_lay(&sprite, &canvas, ids, 1);
        scene_sprite_finish(&sprite);
    }
    free(canvas.pixels);
    free(ids);
}

static void boxes_are_clipped(void **state)
{
    (void)state;
    static const struct {
        struct scene_box box, expected;
    } boxes[] = {
        {{2, 3, 4, 5}, {2, 3, 4, 5}},  {{-2, -3, 4, 5}, {0, 0, 2, 2}},
        {{8, 8, 5, 5}, {8, 8, 2, 2}},  {{10, 0, 5, 5}, {0, 0, 0, 0}},
        {{-9, 0, 9, 5}, {0, 0, 0, 0}}, {{-5, -5, 30, 30}, {0, 0, 10, 10}},
    };
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        struct scene_box clipped = scene_box_clip(boxes[i].box, 10, 10);
        assert_memory_equal(&clipped, &boxes[i].expected, sizeof clipped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_square_covers_its_pixels),
        cmocka_unit_test(edges_are_smooth),
        cmocka_unit_test(the_nearer_one_is_seen_and_backs_are_not),
        cmocka_unit_test(what_is_outside_or_behind_is_no_harm),
        cmocka_unit_test(boxes_are_clipped),
    };
    return cmocka_run_group_tests_name("camsim_scene_raster", tests, NULL, NULL);
}
