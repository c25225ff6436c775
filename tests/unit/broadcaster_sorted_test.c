/* The sorted array, against a plain one that is searched from the front. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "broadcaster/text/sorted.h"

#define NUMBERS 200

static int compare(const void *item, const void *key)
{
    int a = *(const int *)item, b = *(const int *)key;
    return (a > b) - (a < b);
}

static void test_against_a_plain_array(void **state)
{
    int numbers[NUMBERS];
    bool present[NUMBERS] = {false};
    struct sorted sorted = {0};
    size_t count = 0;
    (void)state;
    srand(1);
    for (int i = 0; i < NUMBERS; i++) {
        numbers[i] = i;
    }
    for (int step = 0; step < 20000; step++) {
        int number = rand() % NUMBERS;
        bool found;
        size_t at = sorted_place(&sorted, &number, compare, &found);
        assert_int_equal(found, present[number]);
        assert_ptr_equal(sorted_find(&sorted, &number, compare),
                         present[number] ? &numbers[number] : NULL);
        if (found) {
            sorted_remove(&sorted, at);
            count--;
        } else {
            sorted_insert(&sorted, at, &numbers[number]);
            count++;
        }
        present[number] = !found;
        assert_int_equal(sorted.count, count);
        for (size_t i = 1; i < count; i++) {
            assert_true(compare(sorted.items[i - 1], sorted.items[i]) < 0);
        }
    }
    sorted_finish(&sorted);
    assert_null(sorted.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_a_plain_array)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
