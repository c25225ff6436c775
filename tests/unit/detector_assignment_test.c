#include "detector/assignment.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SIDE_MAX 6

/* The largest sum of gains by trying everything: the truth. */
static double best_by_trying(double gains[SIDE_MAX][SIDE_MAX], size_t rows, size_t columns,
                             size_t row, unsigned used)
{
    if (row == rows) {
        return 0;
    }
    double best = best_by_trying(gains, rows, columns, row + 1, used);
    for (size_t i = 0; i < columns; i++) {
        if ((used & (1U << i)) == 0 && gains[row][i] > 0) {
            best = fmax(best, gains[row][i] +
                                  best_by_trying(gains, rows, columns, row + 1, used | (1U << i)));
        }
    }
    return best;
}

static double solved_gain(struct assignment *assignment, double gains[SIDE_MAX][SIDE_MAX],
                          size_t rows, size_t columns)
{
    unsigned used = 0;
    double sum = 0;
    assignment_begin(assignment, rows, columns);
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < columns; column++) {
            assignment_add(assignment, row, column, gains[row][column]);
        }
    }
    const size_t *found = assignment_solve(assignment);
    for (size_t row = 0; row < rows; row++) {
        if (found[row] != ASSIGNMENT_NONE) {
            assert_true(found[row] < columns);
            assert_false(used & (1U << found[row]));
            assert_true(gains[row][found[row]] > 0);
            used |= 1U << found[row];
            sum += gains[row][found[row]];
        }
    }
    return sum;
}

static void test_is_the_best_of_all(void **state)
{
    struct assignment *assignment = assignment_create();
    (void)state;
    srand(11);
    for (int round = 0; round < 3000; round++) {
        double gains[SIDE_MAX][SIDE_MAX] = {0};
        size_t rows = (size_t)rand() % (SIDE_MAX + 1), columns = (size_t)rand() % (SIDE_MAX + 1);
        int missing = rand() % 100; /* per cent of the pairs that may not be */
        for (size_t i = 0; i < rows * columns; i++) {
            double gain = (rand() % 9 + 1) / (rand() % 2 == 0 ? 1.0 : 7.0);
            gains[i / columns][i % columns] = rand() % 100 < missing ? -gain : gain;
        }
        double found = solved_gain(assignment, gains, rows, columns);
        assert_true(fabs(found - best_by_trying(gains, rows, columns, 0, 0)) < 1e-9);
    }
    assignment_destroy(assignment);
}

/* A pair for all is not the aim: one good pair is worth more than two poor ones. */
static void test_one_good_pair_beats_two_poor_ones(void **state)
{
    struct assignment *assignment = assignment_create();
    (void)state;
    assignment_begin(assignment, 2, 2);
    assignment_add(assignment, 0, 0, 0.9);
    assignment_add(assignment, 0, 1, 0.3);
    assignment_add(assignment, 1, 0, 0.4);
    const size_t *found = assignment_solve(assignment);
    assert_int_equal(found[0], 0);
    assert_int_equal(found[1], ASSIGNMENT_NONE);
    assignment_destroy(assignment);
}

static void test_nothing_to_pair(void **state)
{
    struct assignment *assignment = assignment_create();
    (void)state;
    assignment_begin(assignment, 0, 0);
    assignment_solve(assignment);
    assignment_begin(assignment, 3, 2);
    assignment_add(assignment, 1, 1, 0); /* no gain, no pair */
    assignment_add(assignment, 2, 0, NAN);
    const size_t *found = assignment_solve(assignment);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(found[i], ASSIGNMENT_NONE);
    }
    assignment_destroy(assignment);
}

/* A chain in which each row wants the column of the one before: solved by one long path. */
static void test_a_long_chain(void **state)
{
    struct assignment *assignment = assignment_create();
    const size_t rows = 2000;
    (void)state;
    assignment_begin(assignment, rows, rows + 1);
    for (size_t row = 0; row < rows; row++) {
        assignment_add(assignment, row, row, 1);
        assignment_add(assignment, row, row + 1, row + 1 < rows ? 0.6 : 2);
    }
    const size_t *found = assignment_solve(assignment);
    for (size_t row = 0; row < rows; row++) {
        assert_int_equal(found[row], row + 1 < rows ? row : row + 1);
    }
    assignment_destroy(assignment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_the_best_of_all),
        cmocka_unit_test(test_one_good_pair_beats_two_poor_ones),
        cmocka_unit_test(test_nothing_to_pair),
        cmocka_unit_test(test_a_long_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
