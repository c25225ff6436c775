/* The typeface of labels: ringcast's own, printable ASCII, drawn as strokes with round ends so that
 * it is smooth at every size. A font is one size of it, rendered once. Not thread-safe. */
#ifndef DETECTOR_FONT_H
#define DETECTOR_FONT_H

#include <stdint.h>

#include "detector/picture.h"

struct font;

/* `cap_height`: height of a capital letter in pixels, 6 to 200. */
struct font *font_create(int cap_height);
void font_destroy(struct font *font); /* NULL is allowed */

int font_cap_height(const struct font *font);

/* Width of a text in pixels. What is not printable ASCII counts, and is drawn, as '?': one for each
 * UTF-8 character. */
int font_text_width(const struct font *font, const char *text);

/* Draws with the left end at `x` and the baseline at `y`; what is outside the
 * picture is left out. */
void font_draw(const struct font *font, struct picture *picture, int x, int y, const char *text,
               const uint8_t colour[3]);

#endif
