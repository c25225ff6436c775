#include "detector/pieces.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/memory.h"

/* A box ends at its tile's border when it comes this near to it: a share of the
 * tile's side, and pixels. */
#define BORDER_SHARE  0.01
#define BORDER_PIXELS 2.0

/* So much of a piece in another box makes it the same object. */
#define INSIDE_SHARE 0.6

/* Two pieces of a longer object: how much of the overlap they share along it, and how alike they
 * are across (intersection over union). */
#define SEAM_SHARE  0.8
#define SEAM_ACROSS 0.6

#define CUT_WEIGHT 0.5F

enum { CUT_LEFT = 1, CUT_TOP = 2, CUT_RIGHT = 4, CUT_BOTTOM = 8 };

void pieces_finish(struct pieces *pieces)
{
    free(pieces->items);
    *pieces = (struct pieces){0};
}

static double border_width(int side)
{
    return fmax(BORDER_PIXELS, side * BORDER_SHARE);
}

/* Borders of the region itself cut nothing off: nobody looks beyond them. */
static unsigned pieces_cut(const struct box *box, const struct window *window,
                           const struct window *region)
{
    struct rectangle place = boxes_rectangle(box);
    double across = border_width(window->width), down = border_width(window->height);
    int right = window->left + window->width, bottom = window->top + window->height;
    unsigned cut = 0;
    cut |= window->left > region->left && place.left < window->left + across ? CUT_LEFT : 0;
    cut |= window->top > region->top && place.top < window->top + down ? CUT_TOP : 0;
    cut |= right < region->left + region->width && place.right > right - across ? CUT_RIGHT : 0;
    cut |= bottom < region->top + region->height && place.bottom > bottom - down ? CUT_BOTTOM : 0;
    return cut;
}

void pieces_add(struct pieces *pieces, const struct boxes *boxes, const struct window *window,
                const struct window *region)
{
    size_t needed = pieces->count + boxes->count;
    if (needed > pieces->capacity) {
        pieces->capacity = 2 * needed;
        pieces->items = xreallocarray(pieces->items, pieces->capacity, sizeof *pieces->items);
    }
    for (size_t i = 0; i < boxes->count; i++) {
        pieces->items[pieces->count++] =
            (struct piece){.box = boxes->items[i],
                           .cut = pieces_cut(&boxes->items[i], window, region),
                           .window = *window};
    }
}

/* --- one box of two --- */

struct range {
    double low, high;
};

static double range_length(struct range range)
{
    return range.high - range.low;
}

static struct range range_common(struct range a, struct range b)
{
    return (struct range){fmax(a.low, b.low), fmin(a.high, b.high)};
}

static double range_overlap(struct range a, struct range b)
{
    double common = fmax(range_length(range_common(a, b)), 0);
    return common / (range_length(a) + range_length(b) - common);
}

/* `seam`: what both tiles see. `along` and `across`: the two boxes in that
 * direction and in the other. */
static bool pieces_meet(struct range seam, const struct range along[2],
                        const struct range across[2])
{
    return range_length(seam) > 0 &&
           range_length(range_common(range_common(along[0], along[1]), seam)) >=
               SEAM_SHARE * range_length(seam) &&
           range_overlap(across[0], across[1]) >= SEAM_ACROSS;
}

/* Whether the two are halves of one object; *edges are those at which they meet. */
static bool pieces_are_one(const struct piece *a, const struct piece *b, unsigned *edges)
{
    struct rectangle one = boxes_rectangle(&a->box), other = boxes_rectangle(&b->box);
    struct range x[] = {{one.left, one.right}, {other.left, other.right}};
    struct range y[] = {{one.top, one.bottom}, {other.top, other.bottom}};
    if (a->box.class_id != b->box.class_id) {
        return false;
    }
    if ((a->cut & CUT_RIGHT) && (b->cut & CUT_LEFT) && a->window.left < b->window.left) {
        struct range seam = {b->window.left, a->window.left + a->window.width};
        *edges = CUT_LEFT | CUT_RIGHT;
        return pieces_meet(seam, x, y);
    }
    if ((a->cut & CUT_BOTTOM) && (b->cut & CUT_TOP) && a->window.top < b->window.top) {
        struct range seam = {b->window.top, a->window.top + a->window.height};
        *edges = CUT_TOP | CUT_BOTTOM;
        return pieces_meet(seam, y, x);
    }
    return false;
}

static struct window window_around(const struct window *a, const struct window *b)
{
    int left = a->left < b->left ? a->left : b->left, top = a->top < b->top ? a->top : b->top;
    int a_right = a->left + a->width, b_right = b->left + b->width;
    int a_bottom = a->top + a->height, b_bottom = b->top + b->height;
    return (struct window){left, top, (a_right > b_right ? a_right : b_right) - left,
                           (a_bottom > b_bottom ? a_bottom : b_bottom) - top};
}

/* Makes `a` both of them. */
static void pieces_unite(struct piece *a, const struct piece *b, unsigned edges)
{
    float right = fmaxf(a->box.x + a->box.width, b->box.x + b->box.width);
    float bottom = fmaxf(a->box.y + a->box.height, b->box.y + b->box.height);
    a->box.x = fminf(a->box.x, b->box.x);
    a->box.y = fminf(a->box.y, b->box.y);
    a->box.width = right - a->box.x;
    a->box.height = bottom - a->box.y;
    a->box.confidence = fmaxf(a->box.confidence, b->box.confidence);
    a->cut = (a->cut & ~edges) | (b->cut & ~edges);
    a->window = window_around(&a->window, &b->window);
}

/* The first piece that makes one object with piece `i`; pieces->count: none does. */
static size_t pieces_find_other(const struct pieces *pieces, size_t i, unsigned *edges)
{
    const struct piece *items = pieces->items;
    size_t k = 0;
    while (k < pieces->count && (k == i || (!pieces_are_one(&items[i], &items[k], edges) &&
                                            !pieces_are_one(&items[k], &items[i], edges)))) {
        k++;
    }
    return k;
}

/* What is united may be cut off still, and meet another: so each is asked again. */
static void pieces_unite_all(struct pieces *pieces)
{
    struct piece *items = pieces->items;
    for (size_t i = 0; i < pieces->count;) {
        unsigned edges;
        size_t k = items[i].cut != 0 ? pieces_find_other(pieces, i, &edges) : pieces->count;
        if (k == pieces->count) {
            i++;
            continue;
        }
        pieces_unite(&items[i], &items[k], edges);
        items[k] = items[--pieces->count];
        i = i < pieces->count ? i : k; /* the last has moved */
    }
}

/* --- which of them stay --- */

static float piece_weight(const struct piece *piece)
{
    return piece->box.confidence * (piece->cut != 0 ? CUT_WEIGHT : 1);
}

static int pieces_compare(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;
    float a_weight = piece_weight(a), b_weight = piece_weight(b);
    if (a_weight != b_weight) {
        return a_weight > b_weight ? -1 : 1;
    }
    return boxes_compare(&a->box, &b->box);
}

/* How much of `part` lies in `whole`. */
static double pieces_inside(const struct box *part, const struct box *whole)
{
    struct rectangle a = boxes_rectangle(part), b = boxes_rectangle(whole);
    double common = rectangle_common(&a, &b);
    return common > 0 ? common / rectangle_area(&a) : 0;
}

/* `kept` weighs more than `candidate`. */
static bool pieces_same(const struct piece *kept, const struct piece *candidate, float iou)
{
    double inside = pieces_inside(&candidate->box, &kept->box);
    if (kept->box.class_id != candidate->box.class_id) {
        return kept->cut == 0 && candidate->cut != 0 && inside > INSIDE_SHARE;
    }
    return boxes_overlap(&kept->box, &candidate->box) > iou ||
           (candidate->cut != 0 && inside > INSIDE_SHARE) ||
           (kept->cut != 0 && pieces_inside(&kept->box, &candidate->box) > INSIDE_SHARE);
}

void pieces_join(struct pieces *pieces, float iou, struct boxes *boxes)
{
    struct piece *items = pieces->items;
    size_t kept = 0;
    boxes->count = 0;
    if (pieces->count == 0) {
        return;
    }
    qsort(items, pieces->count, sizeof *items, pieces_compare);
    pieces->count = pieces->count < BOXES_CANDIDATES_MAX ? pieces->count : BOXES_CANDIDATES_MAX;
    pieces_unite_all(pieces);
    qsort(items, pieces->count, sizeof *items, pieces_compare);
    for (size_t i = 0; i < pieces->count; i++) {
        bool alone = true;
        for (size_t k = 0; k < kept && alone; k++) {
            alone = !pieces_same(&items[k], &items[i], iou);
        }
        if (alone) {
            items[kept++] = items[i];
        }
    }
    for (size_t i = 0; i < kept; i++) {
        boxes_append(boxes, &items[i].box);
    }
    boxes_sort(boxes);
    pieces->count = 0;
}
