/* Bytes at the very end of a page that nothing readable follows: a reader that goes one
 * byte too far crashes. */
#ifndef TESTS_UNIT_PAGE_END_H
#define TESTS_UNIT_PAGE_END_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_END_ROOM 65536 /* bytes, a multiple of the page size */

/* A copy of `size` bytes, at most PAGE_END_ROOM, valid until the next call. */
static inline const uint8_t *page_end_copy(const void *bytes, size_t size)
{
    static uint8_t *room;
    if (room == NULL) {
        size_t guard = (size_t)sysconf(_SC_PAGESIZE);
        room = mmap(NULL, PAGE_END_ROOM + guard, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED || mprotect(room + PAGE_END_ROOM, guard, PROT_NONE) < 0) {
            _exit(1);
        }
    }
    uint8_t *copy = room + PAGE_END_ROOM - size;
    memcpy(copy, bytes, size);
    return copy;
}

#endif
