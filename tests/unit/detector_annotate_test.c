#include "detector/annotate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/polygon.h"
#include "detector/font.h"

/* A black picture with a guarded border in memory: whatever is written outside of it is seen. */
#define GUARD 4096

struct guarded {
    struct picture picture;
    uint8_t *memory;
    size_t size;
};

static int plane_side(int plane, int side)
{
    return plane == PLANE_LUMA ? side : picture_cells(side, 2);
}

static struct guarded guarded_create(int width, int height)
{
    struct guarded guarded = {0};
    picture_resize(&guarded.picture, width, height);
    guarded.size = guarded.picture.capacity + 2 * GUARD;
    free(guarded.picture.memory);
    guarded.memory = malloc(guarded.size);
    memset(guarded.memory, 0x5a, guarded.size);
    guarded.picture.memory = guarded.memory + GUARD;
    picture_resize(&guarded.picture, width, height); /* into what it has now */
    for (int plane = 0; plane < PICTURE_PLANES; plane++) {
        for (int y = 0; y < plane_side(plane, height); y++) {
            memset(guarded.picture.planes[plane] + y * guarded.picture.strides[plane],
                   plane == PLANE_LUMA ? 0 : 128, (size_t)plane_side(plane, width));
        }
    }
    return guarded;
}

static void guarded_check(struct guarded *guarded)
{
    const struct picture *picture = &guarded->picture;
    for (int plane = 0; plane < PICTURE_PLANES; plane++) {
        for (int y = 0; y < plane_side(plane, picture->height); y++) {
            memset(picture->planes[plane] + y * picture->strides[plane], 0x5a,
                   (size_t)plane_side(plane, picture->width));
        }
    }
    for (size_t i = 0; i < guarded->size; i++) {
        assert_int_equal(guarded->memory[i], 0x5a);
    }
    free(guarded->memory);
}

/* Of three, as if it were grey. */
static unsigned brightness(const struct picture *picture, int x, int y)
{
    return 3U * picture->planes[PLANE_LUMA][y * picture->strides[PLANE_LUMA] + x];
}

static struct names *some_names(void)
{
    struct names *names;
    assert_int_equal(names_create(&names, NULL, 80), 0);
    return names;
}

static void draw(struct annotator *annotator, struct guarded *guarded, const struct box *box,
                 const struct names *names, bool show_labels)
{
    const struct observation nothing = {0};
    const struct annotation annotation = {.boxes = box,
                                          .box_count = 1,
                                          .names = names,
                                          .show_boxes = true,
                                          .show_labels = show_labels,
                                          .observation = &nothing,
                                          .width = guarded->picture.width,
                                          .height = guarded->picture.height};
    annotator_draw(annotator, &guarded->picture, &annotation);
}

static void test_a_frame_on_its_box(void **state)
{
    struct annotator *annotator = annotator_create();
    struct names *names = some_names();
    struct guarded guarded = guarded_create(320, 240);
    const struct box box = {100, 80, 60, 50, 0.9F, 2};
    (void)state;
    draw(annotator, &guarded, &box, names, false);
    for (int x = 104; x < 156; x++) { /* corners are round */
        assert_true(brightness(&guarded.picture, x, 80) > 200);
        assert_true(brightness(&guarded.picture, x, 129) > 200);
    }
    for (int y = 84; y < 126; y++) {
        assert_true(brightness(&guarded.picture, 100, y) > 200);
        assert_true(brightness(&guarded.picture, 159, y) > 200);
    }
    assert_int_equal(brightness(&guarded.picture, 130, 105), 0); /* nothing inside */
    for (int y = 0; y < 240; y++) {
        for (int x = 0; x < 320; x++) {
            if (x < 99 || x > 160 || y < 79 || y > 130) {
                assert_int_equal(brightness(&guarded.picture, x, y), 0);
            }
        }
    }
    annotator_destroy(annotator);
    names_destroy(names);
    guarded_check(&guarded);
}

/* True when any pixel of the area is lit. */
static bool lit(const struct picture *picture, int left, int top, int right, int bottom)
{
    for (int y = top; y < bottom; y++) {
        for (int x = left; x < right; x++) {
            if (brightness(picture, x, y) > 60) {
                return true;
            }
        }
    }
    return false;
}

static void test_labels(void **state)
{
    struct annotator *annotator = annotator_create();
    struct names *names = some_names();
    const struct {
        struct box box;
        int left, top, right, bottom; /* where the label must be seen */
    } samples[] = {
        {{100, 80, 60, 50, 0.9F, 2}, 100, 68, 140, 78}, /* above */
        {{100, 0, 60, 50, 0.9F, 2}, 104, 4, 140, 12},   /* no room above: inside */
        {{310, 80, 10, 50, 0.9F, 2}, 270, 64, 300, 78}, /* no room on the right */
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct guarded guarded = guarded_create(320, 240);
        draw(annotator, &guarded, &samples[i].box, names, false);
        if (lit(&guarded.picture, samples[i].left, samples[i].top, samples[i].right,
                samples[i].bottom)) {
            fail_msg("sample %zu: drawn without being asked for", i);
        }
        draw(annotator, &guarded, &samples[i].box, names, true);
        if (!lit(&guarded.picture, samples[i].left, samples[i].top, samples[i].right,
                 samples[i].bottom)) {
            fail_msg("sample %zu: no label", i);
        }
        guarded_check(&guarded);
    }
    annotator_destroy(annotator);
    names_destroy(names);
}

static void test_nothing_outside_the_picture(void **state)
{
    static const int sizes[][2] = {{1, 1}, {2, 1}, {5, 40}, {16, 16}, {64, 3}, {200, 100}};
    struct annotator *annotator = annotator_create();
    struct names *names = some_names();
    (void)state;
    srand(3);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct guarded guarded = guarded_create(sizes[s][0], sizes[s][1]);
        for (int round = 0; round < 200; round++) {
            float width = (float)sizes[s][0], height = (float)sizes[s][1];
            float x = width * (float)(rand() % 100) / 100, y = height * (float)(rand() % 100) / 100;
            struct box box = {x,
                              y,
                              (width - x) * (float)(1 + rand() % 100) / 100,
                              (height - y) * (float)(1 + rand() % 100) / 100,
                              0.5F,
                              rand() % 80};
            draw(annotator, &guarded, &box, names, true);
        }
        guarded_check(&guarded);
    }
    annotator_destroy(annotator);
    names_destroy(names);
}

static void test_every_letter_is_drawn(void **state)
{
    static const uint8_t white[3] = {255, 255, 255};
    (void)state;
    for (int height = 6; height <= 60; height += 9) {
        struct font *font = font_create(height);
        for (int c = ' ' + 1; c <= '~'; c++) {
            struct guarded guarded = guarded_create(2 * height, 3 * height);
            char text[2] = {(char)c, '\0'};
            assert_in_range(font_text_width(font, text), 0, 2 * height);
            font_draw(font, &guarded.picture, height / 4, 2 * height, text, white);
            if (!lit(&guarded.picture, 0, 0, 2 * height, 3 * height)) {
                fail_msg("'%c' is not seen at height %d", c, height);
            }
            guarded_check(&guarded);
        }
        font_destroy(font);
    }
}

/* No two letters look alike. */
static void test_letters_differ(void **state)
{
    static const uint8_t white[3] = {255, 255, 255};
    struct guarded pictures[95];
    struct font *font = font_create(16);
    (void)state;
    for (int c = 0; c < 95; c++) {
        char text[2] = {(char)(' ' + c), '\0'};
        pictures[c] = guarded_create(32, 48);
        font_draw(font, &pictures[c].picture, 4, 30, text, white);
    }
    for (int a = 0; a < 95; a++) {
        for (int b = 0; b < a; b++) {
            if (memcmp(pictures[a].memory, pictures[b].memory, pictures[a].size) == 0) {
                fail_msg("'%c' and '%c' look the same", ' ' + a, ' ' + b);
            }
        }
    }
    for (int c = 0; c < 95; c++) {
        guarded_check(&pictures[c]);
    }
    font_destroy(font);
}

static void test_other_letters_are_one_question_mark_each(void **state)
{
    struct font *font = font_create(12);
    (void)state;
    assert_int_equal(font_text_width(font, "caf\xc3\xa9"), font_text_width(font, "caf?"));
    assert_int_equal(font_text_width(font, "\xe8\xbb\x8a"), font_text_width(font, "?"));
    assert_int_equal(font_text_width(font, "a\tb"), font_text_width(font, "a?b"));
    assert_int_equal(font_text_width(font, "\xff\xff"), font_text_width(font, "??"));
    assert_int_equal(font_text_width(font, ""), 0);
    font_destroy(font);
}

/* --- trails and spaces --- */

/* In RGB, not limited. */
struct seen {
    int red, green, blue;
};

static struct seen pixel_at(const struct picture *picture, int x, int y)
{
    int cell = y / 2 * picture->strides[PLANE_BLUE] + x / 2;
    int luma = picture->planes[PLANE_LUMA][y * picture->strides[PLANE_LUMA] + x];
    int blue = picture->planes[PLANE_BLUE][cell] - 128,
        red = picture->planes[PLANE_RED][cell] - 128;
    return (struct seen){luma + 1402 * red / 1000, luma - (344 * blue + 714 * red) / 1000,
                         luma + 1772 * blue / 1000};
}

static void draw_observation(struct guarded *guarded, const struct observation *observation,
                             bool show)
{
    struct annotator *annotator = annotator_create();
    struct names *names = some_names();
    const struct annotation annotation = {.names = names,
                                          .show_trails = show,
                                          .show_spaces = show,
                                          .observation = observation,
                                          .width = guarded->picture.width,
                                          .height = guarded->picture.height};
    annotator_draw(annotator, &guarded->picture, &annotation);
    annotator_destroy(annotator);
    names_destroy(names);
}

/* The older the fainter, also where it leaves the picture. */
static void test_trails_fade(void **state)
{
    struct guarded guarded = guarded_create(320, 240);
    struct trails trails = {0};
    const struct observation observation = {.tracking = true, .trails = &trails};
    (void)state;
    for (uint64_t i = 0; i <= 20; i++) {
        struct track track = {.id = 1, .box = {10.0F * (float)i - 20, 100, 40, 20, 0.9F, 2}};
        trails_update(&trails, &track, 1, NS_PER_SECOND + i * NS_PER_SECOND / 10);
    }
    draw_observation(&guarded, &observation, false);
    assert_int_equal(brightness(&guarded.picture, 100, 110), 0);
    draw_observation(&guarded, &observation, true);
    assert_true(brightness(&guarded.picture, 195, 110) > brightness(&guarded.picture, 100, 110));
    assert_true(brightness(&guarded.picture, 100, 110) > brightness(&guarded.picture, 20, 110));
    assert_true(brightness(&guarded.picture, 20, 110) > 0);
    assert_int_equal(brightness(&guarded.picture, 210, 110), 0);
    assert_int_equal(brightness(&guarded.picture, 100, 120), 0);
    trails_update(&trails, NULL, 0, 6 * NS_PER_SECOND);
    assert_int_equal(trails.count, 0);
    trails_finish(&trails);
    guarded_check(&guarded);
}

static void test_spaces_are_tinted(void **state)
{
    static const struct config_point corners[3][4] = {
        {{0.1, 0.2}, {0.3, 0.2}, {0.3, 0.6}, {0.1, 0.6}},
        {{0.4, 0.2}, {0.6, 0.2}, {0.6, 0.6}, {0.4, 0.6}},
        {{0.7, 0.7}, {1.0, 0.7}, {1.0, 1.0}, {0.7, 1.0}}, /* to the very edge */
    };
    static const enum space_state states[3] = {SPACE_FREE, SPACE_OCCUPIED, SPACE_UNKNOWN};
    struct guarded guarded = guarded_create(320, 240);
    struct space spaces[3];
    const struct observation observation = {.spaces = spaces, .space_count = 3};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        spaces[i] = (struct space){.id = "A",
                                   .name = "A",
                                   .corners = corners[i],
                                   .corner_count = 4,
                                   .bounds = polygon_bounds(corners[i], 4),
                                   .state = states[i]};
    }
    draw_observation(&guarded, &observation, false);
    assert_int_equal(brightness(&guarded.picture, 40, 60), 0);
    draw_observation(&guarded, &observation, true);
    struct seen green = pixel_at(&guarded.picture, 40, 60);
    struct seen red = pixel_at(&guarded.picture, 136, 60);
    struct seen grey = pixel_at(&guarded.picture, 310, 230);
    assert_true(green.green > green.red + 20 && green.green > green.blue + 10);
    assert_true(red.red > red.green + 20 && red.red > red.blue + 20);
    assert_true(grey.red > 0 && abs(grey.red - grey.blue) < 10);
    assert_int_equal(brightness(&guarded.picture, 112, 60), 0);
    assert_true(brightness(&guarded.picture, 64, 96) > 200); /* its name */
    guarded_check(&guarded);
}

/* A vehicle that was seen as two is drawn once, with the track whichever of the two has it. */
static void test_a_track_of_the_twin(void **state)
{
    static const struct box boxes[] = {{60, 90, 200, 90, 0.8F, 2}, {62, 91, 200, 90, 0.5F, 7}};
    static const uint64_t tracks[][2] = {{5, 0}, {0, 5}, {0, 0}};
    static const size_t elders[] = {0, 0};
    struct annotator *annotator = annotator_create();
    struct names *names = some_names();
    struct guarded guarded[3];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct observation observation = {.box_tracks = tracks[i]};
        const struct annotation annotation = {.boxes = boxes,
                                              .box_count = 2,
                                              .elders = elders,
                                              .names = names,
                                              .show_boxes = true,
                                              .show_labels = true,
                                              .observation = &observation,
                                              .width = 320,
                                              .height = 240};
        guarded[i] = guarded_create(320, 240);
        annotator_draw(annotator, &guarded[i].picture, &annotation);
    }
    assert_memory_equal(guarded[0].memory, guarded[1].memory, guarded[0].size);
    assert_memory_not_equal(guarded[0].memory, guarded[2].memory, guarded[0].size);
    for (size_t i = 0; i < 3; i++) {
        guarded_check(&guarded[i]);
    }
    names_destroy(names);
    annotator_destroy(annotator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trails_fade),
        cmocka_unit_test(test_spaces_are_tinted),
        cmocka_unit_test(test_a_track_of_the_twin),
        cmocka_unit_test(test_a_frame_on_its_box),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_nothing_outside_the_picture),
        cmocka_unit_test(test_every_letter_is_drawn),
        cmocka_unit_test(test_letters_differ),
        cmocka_unit_test(test_other_letters_are_one_question_mark_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
