/* The truth as JSON, and the scene as a source of pictures. */
#include "tests/camsim/scene_truth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/camsim/scene.h"
#include "tests/unit/walk_jpeg.h"

static const struct scene_options options = {.seed = 9,
                                             .width = 192,
                                             .height = 108,
                                             .fps = 5,
                                             .speed = 4,
                                             .day = 300,
                                             .light = 0.2,
                                             .quality = 80};

static json_t *truth_of(struct scene *scene, uint64_t number)
{
    picture_release(scene_take(scene, number));
    json_t *truth = json_loads(scene_truth_of(scene, number), 0, NULL);
    assert_non_null(truth);
    return truth;
}

static void spaces_suit_a_configuration(void **state)
{
    (void)state;
    struct scene *scene = scene_create(&options, NULL);
    json_t *spaces = json_loads(scene_spaces(scene), 0, NULL), *space;
    size_t i;
    assert_true(json_array_size(spaces) >= 22);
    json_array_foreach(spaces, i, space)
    {
        json_t *polygon = json_object_get(space, "polygon"), *corner;
        size_t k;
        assert_int_equal(json_object_size(space), 3);
        assert_true(json_is_string(json_object_get(space, "id")));
        assert_true(json_is_string(json_object_get(space, "name")));
        assert_int_equal(json_array_size(polygon), 4);
        json_array_foreach(polygon, k, corner)
        {
            double x = json_number_value(json_array_get(corner, 0));
            double y = json_number_value(json_array_get(corner, 1));
            assert_true(x >= 0 && x <= 1 && y >= 0 && y <= 1);
        }
    }
    json_decref(spaces);
    scene_destroy(scene);
}

static void states_agree_with_objects(void **state)
{
    (void)state;
    struct scene *scene = scene_create(&options, NULL);
    int occupied = 0, agreed = 0;
    for (uint64_t number = 1; number <= 100; number += 20) {
        json_t *truth = truth_of(scene, number), *space, *object;
        size_t i, k;
        assert_int_equal(json_integer_value(json_object_get(truth, "frame")), number);
        json_array_foreach(json_object_get(truth, "spaces"), i, space)
        {
            json_t *car = json_object_get(space, "car");
            bool taken =
                strcmp(json_string_value(json_object_get(space, "state")), "occupied") == 0;
            assert_true(taken == json_is_integer(car));
            occupied += taken;
            json_array_foreach(json_object_get(truth, "objects"), k, object)
            {
                agreed +=
                    taken && json_equal(json_object_get(object, "id"), car) &&
                    json_equal(json_object_get(object, "space"), json_object_get(space, "id"));
            }
        }
        json_decref(truth);
    }
    assert_true(occupied > 20);
    assert_int_equal(agreed, occupied);
    scene_destroy(scene);
}

static void pictures_are_whole_and_repeatable_in_any_order(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {1, 2, 30, 29, 3, 30};
    struct scene *one = scene_create(&options, NULL), *two = scene_create(&options, NULL);
    for (uint64_t number = 1; number <= 30; number++) {
        picture_release(scene_take(one, number));
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct picture *first = scene_take(one, numbers[i]), *second = scene_take(two, numbers[i]);
        struct jpeg_info info;
        assert_int_equal(first->size, second->size);
        assert_memory_equal(first->bytes, second->bytes, first->size);
        assert_int_equal(walk_jpeg(first->bytes, first->size, &info), 0);
        assert_int_equal(info.width, options.width);
        assert_int_equal(info.height, options.height);
        picture_release(first);
        picture_release(second);
    }
    scene_destroy(one);
    scene_destroy(two);
}

static void truth_is_kept_for_a_window(void **state)
{
    (void)state;
    struct scene_options small = options;
    small.width = small.height = SCENE_SIDE_MIN;
    struct scene *scene = scene_create(&small, NULL);
    assert_null(scene_truth_of(scene, 0));
    assert_null(scene_truth_of(scene, 1));
    picture_release(scene_take(scene, 1));
    picture_release(scene_take(scene, 2));
    assert_non_null(scene_truth_of(scene, 1));
    picture_release(scene_take(scene, 1 + SCENE_TRUTH_WINDOW));
    assert_null(scene_truth_of(scene, 1));
    assert_non_null(scene_truth_of(scene, 2));
    assert_null(scene_truth_of(scene, UINT64_MAX));
    scene_destroy(scene);
}

static void truth_goes_to_a_file(void **state)
{
    (void)state;
    char text[65536], expected[65536];
    FILE *file = tmpfile();
    struct scene *scene = scene_create(&options, file);
    picture_release(scene_take(scene, 4));
    picture_release(scene_take(scene, 4)); /* no second line for the same frame */
    snprintf(expected, sizeof expected, "%s\n", scene_truth_of(scene, 4));
    scene_destroy(scene);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    assert_string_equal(text, expected);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spaces_suit_a_configuration),
        cmocka_unit_test(states_agree_with_objects),
        cmocka_unit_test(pictures_are_whole_and_repeatable_in_any_order),
        cmocka_unit_test(truth_is_kept_for_a_window),
        cmocka_unit_test(truth_goes_to_a_file),
    };
    return cmocka_run_group_tests_name("camsim_scene_truth", tests, NULL, NULL);
}
