/* Ring memory put together by hand, word by word at the offsets of docs/frame-ring.md: for what no
 * honest writer makes. */
#ifndef TESTS_UNIT_FORGED_RING_H
#define TESTS_UNIT_FORGED_RING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"

#define FORGED_BANK       ((uint64_t)65536)
#define FORGED_GENERATION ((uint64_t)4711)

/* The words of the header by their offset in bytes. */
enum forged_offset {
    FORGED_MAGIC = 0,
    FORGED_VERSION = 8,
    FORGED_SIZE = 16,
    FORGED_BANKS = 24,
    FORGED_BANK_SIZE = 32,
    FORGED_BANK_STRIDE = 40,
    FORGED_BANKS_OFFSET = 48,
    FORGED_GENERATION_WORD = 56,
    FORGED_HEAD = 64,
    FORGED_SLOTS = 128, /* 128 bytes each */
};

static inline void forged_store(int writable_fd, uint64_t offset, uint64_t value)
{
    assert_int_equal(pwrite(writable_fd, &value, sizeof value, (off_t)offset), sizeof value);
}

/* A correct ring of one bank of 64 KiB without a frame. Both descriptors are the caller's. */
static inline void forged_ring(int *writable_fd, int *readable_fd)
{
    uint64_t magic;
    memcpy(&magic, "RINGCAST", sizeof magic);
    assert_int_equal(fd_shared_memory(2 * FORGED_BANK, writable_fd, readable_fd), 0);
    forged_store(*writable_fd, FORGED_MAGIC, magic);
    forged_store(*writable_fd, FORGED_VERSION, 1);
    forged_store(*writable_fd, FORGED_SIZE, 2 * FORGED_BANK);
    forged_store(*writable_fd, FORGED_BANKS, 1);
    forged_store(*writable_fd, FORGED_BANK_SIZE, FORGED_BANK);
    forged_store(*writable_fd, FORGED_BANK_STRIDE, FORGED_BANK);
    forged_store(*writable_fd, FORGED_BANKS_OFFSET, FORGED_BANK);
    forged_store(*writable_fd, FORGED_GENERATION_WORD, FORGED_GENERATION);
}

#endif
