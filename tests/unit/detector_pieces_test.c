#include "detector/pieces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Two tiles side by side in a region of 180 x 100 that share the columns 80 to 100,
 * and two rows of them. */
static const struct window region = {0, 0, 180, 180};
static const struct window tiles[] = {
    {0, 0, 100, 100}, {80, 0, 100, 100}, {0, 80, 100, 100}, {80, 80, 100, 100}};

enum { CAR = 2, PERSON = 0 };

struct seen {
    int tile; /* -1: the whole */
    struct box box;
};

static struct pieces pieces;
static struct boxes boxes;

static void join(const struct seen *seen, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct boxes one = {.items = (struct box *)&seen[i].box, .count = 1};
        pieces_add(&pieces, &one, seen[i].tile < 0 ? &region : &tiles[seen[i].tile], &region);
    }
    pieces_join(&pieces, 0.45F, &boxes);
    assert_int_equal(pieces.count, 0);
    for (size_t i = 1; i < boxes.count; i++) {
        assert_true(boxes.items[i - 1].confidence >= boxes.items[i].confidence);
    }
}

#define JOIN(...)                                                                                  \
    join((const struct seen[]){__VA_ARGS__},                                                       \
         sizeof((const struct seen[]){__VA_ARGS__}) / sizeof(struct seen))

static void assert_box(size_t at, float x, float y, float width, float height, float confidence)
{
    const struct box *box = &boxes.items[at];
    if (box->x != x || box->y != y || box->width != width || box->height != height ||
        box->confidence != confidence) {
        fail_msg("%g %g %g %g %g", (double)box->x, (double)box->y, (double)box->width,
                 (double)box->height, (double)box->confidence);
    }
}

/* Seen whole in one tile and cut in the next: once, and whole, though the piece was surer. */
static void test_cut_one_gives_way(void **state)
{
    (void)state;
    JOIN({0, {82, 40, 18, 20, 0.6F, CAR}}, {1, {82, 40, 36, 20, 0.5F, CAR}});
    assert_int_equal(boxes.count, 1);
    assert_box(0, 82, 40, 36, 20, 0.5F);
}

/* Whole in both, as what is smaller than the overlap is. */
static void test_twice_is_once(void **state)
{
    (void)state;
    JOIN({0, {84, 40, 10, 10, 0.4F, CAR}}, {1, {84.5F, 40, 10, 10, 0.8F, CAR}});
    assert_int_equal(boxes.count, 1);
    assert_box(0, 84.5F, 40, 10, 10, 0.8F);
}

/* Longer than the overlap: cut in both. */
static void test_halves_become_one(void **state)
{
    (void)state;
    JOIN({0, {30, 40, 70, 20, 0.7F, CAR}}, {1, {80, 41, 60, 20, 0.6F, CAR}});
    assert_int_equal(boxes.count, 1);
    assert_box(0, 30, 40, 110, 21, 0.7F);
}

static void test_quarters_become_one(void **state)
{
    (void)state;
    JOIN({0, {30, 30, 70, 70, 0.3F, CAR}}, {1, {80, 30, 70, 70, 0.5F, CAR}},
         {2, {30, 80, 70, 60, 0.6F, CAR}}, {3, {80, 80, 70, 60, 0.4F, CAR}});
    assert_int_equal(boxes.count, 1);
    assert_box(0, 30, 30, 120, 110, 0.6F);
}

/* The pass over the whole sees it, too. */
static void test_whole_takes_its_pieces(void **state)
{
    (void)state;
    JOIN({0, {30, 40, 70, 20, 0.5F, CAR}}, {1, {80, 41, 60, 20, 0.6F, CAR}},
         {-1, {31, 40, 108, 21, 0.9F, CAR}});
    assert_int_equal(boxes.count, 1);
    assert_box(0, 31, 40, 108, 21, 0.9F);
}

/* Two cars, one at each side of the overlap, are two. */
static void test_neighbours_stay_apart(void **state)
{
    (void)state;
    JOIN({0, {40, 40, 45, 20, 0.7F, CAR}}, {1, {88, 40, 50, 20, 0.6F, CAR}},
         {0, {88, 40, 12, 20, 0.5F, CAR}}, {1, {80, 40, 5, 20, 0.2F, CAR}});
    assert_int_equal(boxes.count, 2);
    assert_box(0, 40, 40, 45, 20, 0.7F);
    assert_box(1, 88, 40, 50, 20, 0.6F);
}

/* Half a car looks like a truck; a person before a car is a person. */
static void test_other_classes(void **state)
{
    (void)state;
    JOIN({0, {82, 40, 18, 20, 0.6F, 7}}, {1, {82, 40, 36, 20, 0.5F, CAR}},
         {1, {90, 42, 6, 15, 0.4F, PERSON}});
    assert_int_equal(boxes.count, 2);
    assert_int_equal(boxes.items[0].class_id, CAR);
    assert_int_equal(boxes.items[1].class_id, PERSON);
}

/* At the region's own border nothing is cut off: both stay what they are. */
static void test_outer_border(void **state)
{
    (void)state;
    JOIN({0, {0, 40, 30, 20, 0.3F, CAR}}, {1, {150, 40, 30, 20, 0.4F, CAR}});
    assert_int_equal(boxes.count, 2);
    JOIN({0, {10, 10, 5, 5, 0.3F, CAR}});
    assert_int_equal(boxes.count, 1);
    join(NULL, 0);
    assert_int_equal(boxes.count, 0);
}

static int finish(void **state)
{
    (void)state;
    pieces_finish(&pieces);
    boxes_finish(&boxes);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_one_gives_way),      cmocka_unit_test(test_twice_is_once),
        cmocka_unit_test(test_halves_become_one),      cmocka_unit_test(test_quarters_become_one),
        cmocka_unit_test(test_whole_takes_its_pieces), cmocka_unit_test(test_neighbours_stay_apart),
        cmocka_unit_test(test_other_classes),          cmocka_unit_test(test_outer_border),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
