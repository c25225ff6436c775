/* Arrays of pointers in ascending order, searched by halves. Pure. */
#ifndef BROADCASTER_SORTED_H
#define BROADCASTER_SORTED_H

#include <stdbool.h>
#include <stddef.h>

/* Below, at or above 0 when `item` belongs before, is, or belongs behind what `key` names. */
typedef int sorted_compare_fn(const void *item, const void *key);

/* Where, among `count` pointers, what `key` names stands (*found) or would have to stand. */
size_t sorted_place(const void *items, size_t count, const void *key, sorted_compare_fn *compare,
                    bool *found);

#endif
