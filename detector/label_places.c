#include "detector/label_places.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/memory.h"

/* So much of a label may be covered before another place is looked for: who always gives way at
 * once jumps to and fro when two boxes pass each other. */
#define COVERED_MAX 0.05

/* With more of it over others it is left out. */
#define UNREADABLE_MIN 0.15

/* So much of its own box a label may cover. */
#define HIDDEN_MAX 0.25

void label_places_clear(struct label_places *places)
{
    places->count = 0;
}

void label_places_finish(struct label_places *places)
{
    free(places->taken);
    *places = (struct label_places){0};
}

void label_places_block(struct label_places *places, const struct rectangle *place)
{
    if (places->count == places->capacity) {
        places->capacity = 2 * places->capacity + 16;
        places->taken = xreallocarray(places->taken, places->capacity, sizeof *places->taken);
    }
    places->taken[places->count++] = *place;
}

static double label_limit(double value, double high)
{
    return fmax(fmin(value, high), 0);
}

/* Which part of it others cover, the sum over all. */
static double label_covered(const struct label_places *places, const struct rectangle *label)
{
    double covered = 0;
    for (size_t i = 0; i < places->count; i++) {
        covered += rectangle_common(label, &places->taken[i]);
    }
    return covered / rectangle_area(label);
}

/* Over the box it would hide what it names. */
static bool label_hides(const struct rectangle *label, const struct rectangle *box)
{
    return rectangle_common(label, box) > HIDDEN_MAX * rectangle_area(box);
}

bool label_places_take(struct label_places *places, const struct rectangle *box, double label_width,
                       double label_height, double picture_width, double picture_height,
                       struct rectangle *place)
{
    const struct {
        double left, top;
    } choices[] = {
        {box->left, box->top - label_height},
        {box->left, box->top},
        {box->left, box->bottom},
        {box->left, box->bottom - label_height},
        {box->right - label_width, box->top - label_height},
        {box->right - label_width, box->bottom},
        {box->right, box->top},
        {box->left - label_width, box->top},
    };
    double least = INFINITY;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0] && least > COVERED_MAX; i++) {
        double left = label_limit(choices[i].left, picture_width - label_width);
        double top = label_limit(choices[i].top, picture_height - label_height);
        struct rectangle label = {left, top, left + label_width, top + label_height};
        double covered = label_covered(places, &label) + label_hides(&label, box);
        if (covered < least) {
            least = covered;
            *place = label;
        }
    }
    if (label_covered(places, place) > UNREADABLE_MIN) {
        return false;
    }
    label_places_block(places, place);
    return true;
}
