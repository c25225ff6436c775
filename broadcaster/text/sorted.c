#include "broadcaster/text/sorted.h"

#include <string.h>

size_t sorted_place(const void *items, size_t count, const void *key, sorted_compare_fn *compare,
                    bool *found)
{
    size_t low = 0, high = count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const void *item;
        /* The array is one of pointers to some struct: read without claiming which. */
        memcpy(&item, (const char *)items + middle * sizeof item, sizeof item);
        int order = compare(item, key);
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
