#include "detector/palette.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* How eyes see linear RGB: all cones, without those for red, without those for green (Machado et
 * al., 2009, severity 1). */
static const double eyes[3][3][3] = {
    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
    {{0.152286, 1.052583, -0.204868},
     {0.114503, 0.786281, 0.099216},
     {-0.003882, -0.048116, 1.051998}},
    {{0.367322, 0.860646, -0.227968},
     {0.280085, 0.672501, 0.047413},
     {-0.011820, 0.042940, 0.968881}},
};

static double bend(double value)
{
    return value > 0.008856 ? cbrt(value) : 7.787 * value + 16.0 / 116;
}

/* CIELAB, D65. */
static void see(const uint8_t colour[3], const double eye[3][3], double lab[3])
{
    static const double to_xyz[3][3] = {{0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505},
                                        {0.2126, 0.7152, 0.0722},
                                        {0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089}};
    double linear[3], seen[3], bent[3];
    for (int i = 0; i < 3; i++) {
        double value = colour[i] / 255.0;
        linear[i] = value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
    }
    for (int i = 0; i < 3; i++) {
        double sum = eye[i][0] * linear[0] + eye[i][1] * linear[1] + eye[i][2] * linear[2];
        seen[i] = fmin(fmax(sum, 0), 1);
    }
    for (int i = 0; i < 3; i++) {
        bent[i] = bend(to_xyz[i][0] * seen[0] + to_xyz[i][1] * seen[1] + to_xyz[i][2] * seen[2]);
    }
    lab[0] = 116 * bent[1] - 16;
    lab[1] = 500 * (bent[0] - bent[1]);
    lab[2] = 200 * (bent[1] - bent[2]);
}

static double difference(const uint8_t a[3], const uint8_t b[3], const double eye[3][3])
{
    double one[3], other[3];
    see(a, eye, one);
    see(b, eye, other);
    return sqrt((one[0] - other[0]) * (one[0] - other[0]) +
                (one[1] - other[1]) * (one[1] - other[1]) +
                (one[2] - other[2]) * (one[2] - other[2]));
}

static void test_classes_differ(void **state)
{
    (void)state;
    for (size_t a = 0; a < PALETTE_CLASSES; a++) {
        for (size_t b = 0; b < a; b++) {
            for (int eye = 0; eye < (a < 8 ? 3 : 1); eye++) {
                double is = difference(palette_of_class(a), palette_of_class(b), eyes[eye]);
                if (is < (a < 8 ? 22 : 15)) {
                    fail_msg("classes %zu and %zu, eyes %d: %.1f", b, a, eye, is);
                }
            }
        }
    }
    assert_memory_equal(palette_of_class(PALETTE_CLASSES + 2), palette_of_class(2), 3);
}

static void test_states_differ(void **state)
{
    static const enum space_state states[] = {SPACE_FREE, SPACE_OCCUPIED, SPACE_UNKNOWN};
    (void)state;
    for (int pair = 0; pair < 3; pair++) {
        for (int eye = 0; eye < 3; eye++) {
            assert_true(difference(palette_of_state(states[pair]),
                                   palette_of_state(states[(pair + 1) % 3]), eyes[eye]) > 15);
        }
    }
}

/* The ratio of WCAG 2, for every plate that a label can have. */
static void test_text_can_be_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < PALETTE_CLASSES; i++) {
        const uint8_t *ground = palette_of_class(i), *text = palette_of_text(ground);
        double luminance[2];
        for (int which = 0; which < 2; which++) {
            double lab[3];
            see(which == 0 ? ground : text, eyes[0], lab);
            luminance[which] = pow((lab[0] + 16) / 116, 3);
        }
        double light = fmax(luminance[0], luminance[1]), dark = fmin(luminance[0], luminance[1]);
        if ((light + 0.05) / (dark + 0.05) < 3.5) {
            fail_msg("class %zu: %.1f", i, (light + 0.05) / (dark + 0.05));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_differ),
        cmocka_unit_test(test_states_differ),
        cmocka_unit_test(test_text_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
