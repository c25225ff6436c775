#include "detector/twins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PERSON, CAR, TRUCK, BUS };

static const bool vehicle[] = {false, true, true, true};

static void test_one_vehicle_of_two_classes(void **state)
{
    const struct box boxes[] = {
        {100, 100, 80, 60, 0.8F, CAR},
        {102, 101, 80, 60, 0.5F, TRUCK},  /* the same van */
        {101, 101, 80, 60, 0.4F, BUS},    /* and again */
        {140, 100, 80, 60, 0.4F, TRUCK},  /* another beside it */
        {100, 100, 80, 60, 0.3F, PERSON}, /* no vehicle */
        {400, 100, 80, 60, 0.3F, TRUCK},
        {400, 100, 80, 60, 0.2F, TRUCK}, /* of one class: not ours */
    };
    const size_t expected[] = {0, 0, 0, 3, 4, 5, 6};
    size_t elders[7];
    (void)state;
    twins_find(boxes, 7, vehicle, elders);
    for (size_t i = 0; i < 7; i++) {
        if (elders[i] != expected[i]) {
            fail_msg("box %zu", i);
        }
    }
    twins_find(boxes, 0, vehicle, elders);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_vehicle_of_two_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
