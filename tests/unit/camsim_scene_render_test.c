/* Pictures of the car park, and the truth about them. */
#include "tests/camsim/scene_render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/camsim/scene_truth.h"

#define WIDTH  320
#define HEIGHT 180

struct fixture {
    struct scene_layout layout;
    struct scene_world *world;
    struct scene_render *render;
};

static void fixture_init(struct fixture *fixture, uint64_t seed, bool shake)
{
    const struct scene_render_options options = {WIDTH, HEIGHT, shake, 96};
    scene_layout_init(&fixture->layout, seed);
    fixture->world = scene_world_create(&fixture->layout, false);
    fixture->render = scene_render_create(&fixture->layout, &options);
}

static void fixture_finish(struct fixture *fixture)
{
    scene_render_destroy(fixture->render);
    scene_world_destroy(fixture->world);
}

static void run(struct fixture *fixture, int seconds)
{
    for (int i = 0; i < seconds * SCENE_TICKS_PER_SECOND; i++) {
        scene_world_step(fixture->world);
    }
}

static double brightness(const struct scene_render *render)
{
    const uint8_t *pixels = scene_render_pixels(render);
    double sum = 0;
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) {
        sum += pixels[4 * i] + pixels[4 * i + 1] + pixels[4 * i + 2];
    }
    return sum / (3.0 * WIDTH * HEIGHT);
}

/* What was kept from earlier frames must not show. */
static void a_frame_does_not_depend_on_earlier_ones(void **state)
{
    (void)state;
    struct fixture steady, sudden;
    fixture_init(&steady, 3, true);
    fixture_init(&sudden, 3, true);
    for (int i = 0; i < 8; i++) {
        run(&steady, 5);
        scene_render_draw(steady.render, steady.world, 0.2 + 0.01 * i, (uint64_t)i + 1);
    }
    run(&sudden, 40);
    scene_render_draw(sudden.render, sudden.world, 0.2 + 0.01 * 7, 8);
    assert_memory_equal(scene_render_pixels(steady.render), scene_render_pixels(sudden.render),
                        WIDTH * HEIGHT * 4);
    fixture_finish(&steady);
    fixture_finish(&sudden);
}

static void dusk_is_darker_than_day(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4, false);
    scene_render_draw(fixture.render, fixture.world, 0, 1);
    double day = brightness(fixture.render);
    scene_render_draw(fixture.render, fixture.world, 0.5, 2);
    double dusk = brightness(fixture.render);
    scene_render_draw(fixture.render, fixture.world, 1, 3);
    double next_day = brightness(fixture.render);
    assert_true(day > 60 && day < 190);
    assert_true(dusk > 8 && dusk < 0.6 * day);
    assert_true(next_day > 1.5 * dusk);
    fixture_finish(&fixture);
}

static void boxes_and_shares_are_those_of_the_pixels(void **state)
{
    (void)state;
    struct fixture fixture;
    int hidden = 0, whole = 0, people = 0;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        fixture_init(&fixture, seed, seed == 2);
        run(&fixture, 30);
        scene_render_draw(fixture.render, fixture.world, 0.1, 1);
        size_t stride;
        const uint8_t *ids = scene_render_ids(fixture.render, &stride);
        int count, counted[256] = {0};
        const struct scene_seen *seen = scene_render_seen(fixture.render, &count);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int id = ids[(size_t)y * stride + (size_t)x];
                counted[id]++;
                if (id > 0 && id < 255) {
                    const struct scene_box *box = &seen[id - 1].visible;
                    assert_true(id <= count && x >= box->x && x < box->x + box->width &&
                                y >= box->y && y < box->y + box->height);
                }
            }
        }
        for (int i = 0; i < count; i++) {
            assert_int_equal(seen[i].visible_area, counted[i + 1]);
            assert_true(seen[i].visible_area <= seen[i].area);
            hidden += seen[i].visible_area < seen[i].area;
            whole += seen[i].visible_area == seen[i].area;
            people += seen[i].person != NULL;
        }
        fixture_finish(&fixture);
    }
    assert_true(hidden > 3 && whole > 10 && people > 0);
}

static void cars_are_where_their_spaces_are(void **state)
{
    (void)state;
    struct fixture fixture;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture_init(&fixture, seed, false);
        scene_render_draw(fixture.render, fixture.world, 0.1, 1);
        const struct scene_view *view = scene_render_view(fixture.render);
        int count, parked = 0;
        const struct scene_seen *seen = scene_render_seen(fixture.render, &count);
        for (int i = 0; i < count; i++) {
            const struct scene_car *car = seen[i].car;
            if (car != NULL && car->state == SCENE_CAR_PARKED) {
                struct scene_point centre = fixture.layout.spaces[car->space].centre;
                struct scene_pixel at =
                    scene_view_project(view, (struct scene_vector){centre.x, centre.y, 0.5});
                const struct scene_box *box = &seen[i].box;
                assert_true(at.x > box->x && at.x < box->x + box->width);
                assert_true(at.y > box->y && at.y < box->y + box->height);
                parked++;
            }
        }
        assert_true(parked > 8);
        fixture_finish(&fixture);
    }
}

static void every_pose_shows_all_spaces(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct scene_layout layout;
        struct scene_view view;
        scene_layout_init(&layout, seed);
        scene_view_init(&view, &layout, 640, 360);
        for (int i = 0; i < layout.space_count; i++) {
            for (int k = 0; k < 4; k++) {
                struct scene_point corner = layout.spaces[i].corners[k], back;
                struct scene_pixel at =
                    scene_view_project(&view, (struct scene_vector){corner.x, corner.y, 0});
                if (!(at.x > 0 && at.x < 640 && at.y > 0 && at.y < 360)) {
                    fail_msg("seed %d: %s is not in the picture", (int)seed, layout.spaces[i].id);
                }
                assert_true(scene_view_ground(&view, at.x, at.y, 200, &back));
                assert_true(fabs(back.x - corner.x) < 1e-6 && fabs(back.y - corner.y) < 1e-6);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_does_not_depend_on_earlier_ones),
        cmocka_unit_test(dusk_is_darker_than_day),
        cmocka_unit_test(boxes_and_shares_are_those_of_the_pixels),
        cmocka_unit_test(cars_are_where_their_spaces_are),
        cmocka_unit_test(every_pose_shows_all_spaces),
    };
    return cmocka_run_group_tests_name("camsim_scene_render", tests, NULL, NULL);
}
