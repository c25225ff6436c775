/* Ink on a picture: how much of each pixel a shape covers becomes luma and chroma of its
 * planes. Shapes (draw.h) say what they cover; they are asked for blocks of two rows, because
 * two rows share their chroma, and of so many columns as a processor takes at once. Not
 * thread-safe for one picture. */
#ifndef DETECTOR_INK_H
#define DETECTOR_INK_H

#include <stdint.h>

#include "detector/picture.h"

/* Columns of a block; a picture's rows begin at multiples of it in memory, and have
 * room for whole ones. */
#define INK_BLOCK 16

/* A colour as the planes have it. */
struct ink {
    uint8_t values[PICTURE_PLANES];
};

/* Whole pixels: left and top inside, right and bottom outside. */
struct area {
    int left, top, right, bottom;
};

/* How much of each of `count` pixels, whole blocks, a shape covers, 0 to 255,
 * from `x` on in row `y`. */
typedef void ink_cover_fn(const void *shape, int x, int y, int count, uint8_t *coverage);

/* `colour` is RGB. */
struct ink ink_of(const uint8_t colour[3]);

/* The pixels that a shape within these bounds can touch. */
struct area ink_area(const struct picture *picture, double left, double top, double right,
                     double bottom);

/* How an opacity of 0 to 1 counts below: 256 leaves coverage as it is. */
int ink_strength(double opacity);

/* Inks what lies of a shape in an area, whose edges are moved outwards: to whole
 * blocks, and to even rows. */
void ink_shape(struct picture *picture, const struct area *area, ink_cover_fn *cover,
               const void *shape, const struct ink *ink, int strength);

/* The same, of a shape that covers every row of the area alike. The area's edges are as above. */
void ink_columns(struct picture *picture, const struct area *area, ink_cover_fn *cover,
                 const void *shape, const struct ink *ink, int strength);

/* Inks whole blocks of two rows within the picture by the same share of 255. */
void ink_tint(struct picture *picture, int y, int left, int right, const struct ink *ink,
              uint8_t share);

/* --- arithmetic of blocks and coverage --- */

/* The edges of the blocks that a column lies in. */
static inline int ink_block_before(int column)
{
    return column & -INK_BLOCK;
}

static inline int ink_block_behind(int column)
{
    return (column + INK_BLOCK - 1) & -INK_BLOCK;
}

/* A coordinate as a place within 0 and `limit`; NaN is 0. */
static inline int ink_place(double value, int limit)
{
    return value > 0 ? (value < limit ? (int)value : limit) : 0;
}

/* Not fmin() and fmax(): they are calls, for the sake of NaN. */
static inline double ink_share(double value)
{
    return value > 0 ? (value < 1 ? value : 1) : 0;
}

/* In two steps, which the vectoriser makes a maximum and a minimum of. */
static inline float ink_part(float value)
{
    value = value > 0 ? value : 0;
    return value < 1 ? value : 1;
}

static inline uint8_t ink_whole(double share)
{
    return (uint8_t)(ink_share(share) * 255 + 0.5);
}

#endif
