/* The memory of a frame ring, for the two sides of common/frame_ring.h alone. The layout is public:
 * docs/frame-ring.md.
 *
 * The protocol is a sequence lock per bank, with the frame's number in the place of a parity
 * counter: H.-J. Boehm, "Can seqlocks get along with programming language memory models?" (MSPC
 * 2012), figure 6 for the reader, and the fence on the writer's side that belongs to it. Everything
 * in shared memory is an atomic word, so no interleaving of two processes is a data race. */
#ifndef COMMON_FRAME_RING_LAYOUT_H
#define COMMON_FRAME_RING_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/frame_ring.h"

#if defined(__GNUC__) && !defined(__clang__) && defined(__SANITIZE_THREAD__)
/* ThreadSanitizer does not model fences. It loses nothing here: it looks for plain accesses that
 * race, and what is shared has none. */
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#define RING_MAGIC   "RINGCAST"
#define RING_VERSION 1

/* The largest page size of the machines that Linux runs on: banks can be mapped one by one. */
#define RING_ALIGNMENT 65536U

struct ring_slot {             /* what is known of the frame in one bank */
    _Atomic uint64_t sequence; /* number of the frame in the bank; 0: being rewritten */
    _Atomic uint64_t captured_ns;
    _Atomic uint64_t captured_realtime_ns;
    _Atomic uint64_t received_ns;
    _Atomic uint64_t published_ns;
    _Atomic uint64_t source_number;
    _Atomic uint64_t source_time_ns;
    _Atomic uint64_t size;
    _Atomic uint64_t width;
    _Atomic uint64_t height;
    _Atomic uint64_t unused[6]; /* two cache lines of its own for each slot */
};

struct ring_header {
    /* Constant once the descriptor is given away. */
    _Atomic uint64_t magic;
    _Atomic uint64_t version;
    _Atomic uint64_t size; /* of the whole object */
    _Atomic uint64_t banks;
    _Atomic uint64_t bank_size;
    _Atomic uint64_t bank_stride;
    _Atomic uint64_t banks_offset;
    _Atomic uint64_t generation;

    _Atomic uint64_t head; /* number of the newest frame; 0: none yet */
    _Atomic uint64_t unused[7];

    struct ring_slot slots[FRAME_RING_BANKS_MAX];
};

/* The layout is public: other languages read it by these offsets. */
static_assert(sizeof(_Atomic uint64_t) == 8, "a word is eight bytes");
static_assert(sizeof(uint64_t) == sizeof(long long) && ATOMIC_LLONG_LOCK_FREE == 2,
              "only lock-free atomics work between processes");
static_assert(offsetof(struct ring_header, generation) == 56, "public layout");
static_assert(offsetof(struct ring_header, head) == 64, "public layout");
static_assert(offsetof(struct ring_header, slots) == 128, "public layout");
static_assert(sizeof(struct ring_slot) == 128, "public layout");
static_assert(offsetof(struct ring_slot, captured_ns) == 8, "public layout");
static_assert(offsetof(struct ring_slot, captured_realtime_ns) == 16, "public layout");
static_assert(offsetof(struct ring_slot, received_ns) == 24, "public layout");
static_assert(offsetof(struct ring_slot, published_ns) == 32, "public layout");
static_assert(offsetof(struct ring_slot, source_number) == 40, "public layout");
static_assert(offsetof(struct ring_slot, source_time_ns) == 48, "public layout");
static_assert(offsetof(struct ring_slot, size) == 56, "public layout");
static_assert(offsetof(struct ring_slot, width) == 64, "public layout");
static_assert(offsetof(struct ring_slot, height) == 72, "public layout");
static_assert(sizeof(struct ring_header) <= RING_ALIGNMENT, "the header has one page");
static_assert(FRAME_RING_BANK_BYTES_MAX % RING_ALIGNMENT == 0, "the bound is a legal size");

static inline uint64_t word_load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static inline void word_store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

static inline uint64_t ring_magic(void)
{
    uint64_t magic;
    static_assert(sizeof RING_MAGIC - 1 == sizeof magic, "the magic is one word");
    memcpy(&magic, RING_MAGIC, sizeof magic);
    return magic;
}

#endif
