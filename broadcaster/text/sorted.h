/* A growing array of pointers in ascending order, searched by halves. What they point to is its
 * user's, as is the order, which has to be the same in every call. */
#ifndef BROADCASTER_SORTED_H
#define BROADCASTER_SORTED_H

#include <stdbool.h>
#include <stddef.h>

struct sorted { /* all zero: empty */
    void **items;
    size_t count, capacity;
};

/* Below, at or above 0 when `item` belongs before, is, or belongs behind what `key` names. */
typedef int sorted_compare_fn(const void *item, const void *key);

/* Where what `key` names stands (*found) or would have to stand. */
size_t sorted_place(const struct sorted *sorted, const void *key, sorted_compare_fn *compare,
                    bool *found);

void *sorted_find(const struct sorted *sorted, const void *key,
                  sorted_compare_fn *compare); /* or NULL */

/* `at`: from sorted_place(). */
void sorted_insert(struct sorted *sorted, size_t at, void *item);

/* Takes the pointer at `at` out. */
void sorted_remove(struct sorted *sorted, size_t at);

/* Frees the array, not what it points to. */
void sorted_finish(struct sorted *sorted);

#endif
