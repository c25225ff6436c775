/* What was seen in overlapping tiles of one picture, put together again. An object at a border is
 * cut off by one tile and whole in its neighbour, where both see it; and one that is longer than
 * the overlap is cut off in both. So:
 *   - two pieces of one class that both reach across the overlap, from either side, become one box;
 *   - of boxes of one class that overlap, or of which one is cut off and lies mostly in the other,
 *     one stays; for that a cut one counts half its confidence;
 *   - a cut one that lies mostly in a whole one of another class goes: what was left of it looked
 *     like something else.
 * Pure but for the memory, which is used again. */
#ifndef DETECTOR_PIECES_H
#define DETECTOR_PIECES_H

#include <stddef.h>

#include "detector/boxes.h"
#include "detector/preprocess.h"

struct piece {
    struct box box;
    unsigned cut;         /* edges at which its tile ended: bits */
    struct window window; /* its tile */
};

/* Zeroed memory is an empty list. */
struct pieces {
    struct piece *items;
    size_t count, capacity;
};

void pieces_finish(struct pieces *pieces);

/* Adds what was seen in `window`, a part of `region`. */
void pieces_add(struct pieces *pieces, const struct boxes *boxes, const struct window *window,
                const struct window *region);

/* Replaces `boxes` by what the pieces are together, most confident first, and empties the list. */
void pieces_join(struct pieces *pieces, float iou, struct boxes *boxes);

#endif
