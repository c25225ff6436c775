#include "detector/label_places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static bool touch(const struct rectangle *a, const struct rectangle *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

/* Three cars one behind the other: each label finds a place of its own. */
static void test_none_over_another(void **state)
{
    const struct rectangle boxes[] = {
        {100, 100, 200, 180}, {104, 104, 204, 184}, {96, 98, 196, 176}};
    struct label_places places = {0};
    struct rectangle labels[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(label_places_take(&places, &boxes[i], 90, 14, 640, 480, &labels[i]));
        for (int other = 0; other < i; other++) {
            assert_false(touch(&labels[i], &labels[other]));
        }
    }
    assert_true(labels[0].bottom == 100 && labels[0].left == 100); /* the first has its choice */
    label_places_clear(&places);
    assert_true(label_places_take(&places, &boxes[1], 90, 14, 640, 480, &labels[1]));
    assert_true(labels[1].bottom == 104);
    label_places_finish(&places);
}

/* As with the name of a space. */
static void test_not_over_what_is_blocked(void **state)
{
    const struct rectangle box = {100, 100, 200, 180}, blocked = {110, 86, 170, 100};
    struct label_places places = {0};
    struct rectangle label;
    (void)state;
    label_places_block(&places, &blocked);
    assert_true(label_places_take(&places, &box, 90, 14, 640, 480, &label));
    assert_false(touch(&label, &blocked));
    label_places_finish(&places);
}

/* Nobody can read it, and it would hide what can be read. */
static void test_no_place_at_all(void **state)
{
    const struct rectangle box = {10, 10, 60, 40}, everything = {0, 0, 640, 480};
    struct label_places places = {0};
    struct rectangle label;
    (void)state;
    label_places_block(&places, &everything);
    assert_false(label_places_take(&places, &box, 40, 14, 640, 480, &label));
    assert_int_equal(places.count, 1);
    label_places_finish(&places);
}

/* Of small boxes close together the labels stand around them, and none over its own. */
static void test_small_boxes_stay_visible(void **state)
{
    const struct rectangle boxes[] = {
        {100, 100, 130, 120}, {101, 102, 131, 122}, {104, 99, 134, 119}, {102, 101, 132, 121}};
    struct label_places places = {0};
    struct rectangle labels[4];
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_true(label_places_take(&places, &boxes[i], 45, 14, 640, 480, &labels[i]));
        assert_true(rectangle_common(&labels[i], &boxes[i]) <= 0.25 * 30 * 20);
        for (int other = 0; other < i; other++) {
            assert_true(rectangle_common(&labels[i], &labels[other]) <= 0.05 * 45 * 14);
        }
    }
    label_places_finish(&places);
}

/* Wherever the box is and however many there are, labels stay inside, and those that
 * are drawn can be read. */
static void test_inside_the_picture(void **state)
{
    struct label_places places = {0};
    struct rectangle labels[500];
    size_t count = 0;
    (void)state;
    srand(5);
    for (int i = 0; i < 500; i++) {
        double left = rand() % 330 - 5, top = rand() % 250 - 5;
        const struct rectangle box = {left, top, left + rand() % 100, top + rand() % 100};
        struct rectangle label;
        if (!label_places_take(&places, &box, 60, 14, 320, 240, &label)) {
            continue;
        }
        assert_true(label.left >= 0 && label.top >= 0 && label.right <= 320 && label.bottom <= 240);
        double covered = 0;
        for (size_t other = 0; other < count; other++) {
            covered += rectangle_common(&label, &labels[other]);
        }
        assert_true(covered <= 0.15 * 60 * 14);
        labels[count++] = label;
    }
    assert_in_range(count, 30, 150); /* a crowd: 91 of them would fill the picture */
    label_places_finish(&places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_over_another),  cmocka_unit_test(test_not_over_what_is_blocked),
        cmocka_unit_test(test_no_place_at_all),    cmocka_unit_test(test_small_boxes_stay_visible),
        cmocka_unit_test(test_inside_the_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
