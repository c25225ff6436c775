#include "broadcaster/text/sorted.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

size_t sorted_place(const struct sorted *sorted, const void *key, sorted_compare_fn *compare,
                    bool *found)
{
    size_t low = 0, high = sorted->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(sorted->items[middle], key);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void *sorted_find(const struct sorted *sorted, const void *key, sorted_compare_fn *compare)
{
    bool found;
    size_t at = sorted_place(sorted, key, compare, &found);
    return found ? sorted->items[at] : NULL;
}

void sorted_insert(struct sorted *sorted, size_t at, void *item)
{
    if (sorted->count == sorted->capacity) {
        sorted->capacity = sorted->capacity > 0 ? sorted->capacity * 2 : 1;
        sorted->items = xreallocarray(sorted->items, sorted->capacity, sizeof(void *));
    }
    memmove(sorted->items + at + 1, sorted->items + at, (sorted->count - at) * sizeof(void *));
    sorted->items[at] = item;
    sorted->count++;
}

void sorted_remove(struct sorted *sorted, size_t at)
{
    sorted->count--;
    memmove(sorted->items + at, sorted->items + at + 1, (sorted->count - at) * sizeof(void *));
}

void sorted_finish(struct sorted *sorted)
{
    free(sorted->items);
    *sorted = (struct sorted){0};
}
