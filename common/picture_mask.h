/* Paints polygons of a JPEG grey, without decoding it: the coefficients of the blocks that
 * they touch are zeroed, all others stay what they are to the last bit. Whole units of the
 * JPEG are painted (8 or 16 pixels wide, by its sampling), and whatever stands beside the
 * picture (EXIF with its thumbnail, comments) is left out. Nothing of what is painted over can
 * be had back. Not thread-safe. */
#ifndef COMMON_PICTURE_MASK_H
#define COMMON_PICTURE_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"

struct picture_mask;

/* NULL when there are no polygons; they are copied. */
struct picture_mask *picture_mask_create(const struct config_polygons *polygons);
/* Whether it paints these polygons and no others; `mask` may be NULL, which paints none. */
bool picture_mask_is_of(const struct picture_mask *mask, const struct config_polygons *polygons);
void picture_mask_destroy(struct picture_mask *mask); /* NULL is allowed */

/* On 0 *painted are *painted_size bytes of the mask, valid until its next call. -1 when the picture
 * cannot be painted, and therefore must not be shown; picture_mask_error() says why. */
int picture_mask_paint(struct picture_mask *mask, const uint8_t *jpeg, size_t size,
                       const uint8_t **painted, size_t *painted_size);
const char *picture_mask_error(const struct picture_mask *mask);

#endif
