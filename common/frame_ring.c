#include "common/frame_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/frame_ring_layout.h"
#include "common/memory.h"

#define RING_BANK_MIN (4 * (size_t)RING_ALIGNMENT)

struct frame_ring {
    struct ring_header *header; /* the mapping */
    int readable_fd;            /* O_RDONLY, for readers */
    uint64_t generation;
    uint64_t number; /* of the newest frame: never read back from the memory */
    size_t size, bank_size;
    size_t begun, filled; /* bytes of the frame that is being written: in all, and so far */
    unsigned banks;
};

static size_t ring_round_up(size_t bytes)
{
    return (bytes + RING_ALIGNMENT - 1) / RING_ALIGNMENT * RING_ALIGNMENT;
}

size_t frame_ring_bank_size(size_t first_frame, size_t larger_than, size_t max_frame_bytes)
{
    size_t wanted;
    size_t most = ring_round_up(max_frame_bytes);
    if (larger_than == 0) {
        wanted = ring_round_up(2 * first_frame);
        wanted = wanted < RING_BANK_MIN ? RING_BANK_MIN : wanted;
    } else {
        wanted = RING_BANK_MIN;
        while (wanted <= larger_than || wanted < first_frame) {
            wanted *= 2;
        }
    }
    return wanted < most ? wanted : most;
}

int frame_ring_create(struct frame_ring **ring, size_t bank_size, unsigned banks,
                      uint64_t generation)
{
    int writable_fd, readable_fd;
    if (bank_size == 0 || bank_size > FRAME_RING_BANK_BYTES_MAX ||
        bank_size % RING_ALIGNMENT != 0 || banks == 0 || banks > FRAME_RING_BANKS_MAX ||
        generation == 0) {
        return -EINVAL;
    }
    size_t size = RING_ALIGNMENT + banks * bank_size;
    int result = fd_shared_memory(size, &writable_fd, &readable_fd);
    if (result < 0) {
        return result;
    }
    struct ring_header *header =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, writable_fd, 0);
    result = header == MAP_FAILED ? -errno : 0;
    fd_close(&writable_fd);
    if (result < 0) {
        fd_close(&readable_fd);
        return result;
    }
    /* New shared memory is zero: head and sequences say "no frame yet". */
    word_store(&header->magic, ring_magic());
    word_store(&header->version, RING_VERSION);
    word_store(&header->size, size);
    word_store(&header->banks, banks);
    word_store(&header->bank_size, bank_size);
    word_store(&header->bank_stride, bank_size);
    word_store(&header->banks_offset, RING_ALIGNMENT);
    word_store(&header->generation, generation);

    struct frame_ring *made = xcalloc(1, sizeof *made);
    made->header = header;
    made->readable_fd = readable_fd;
    made->generation = generation;
    made->size = size;
    made->bank_size = bank_size;
    made->banks = banks;
    *ring = made;
    return 0;
}

void frame_ring_destroy(struct frame_ring *ring)
{
    if (ring == NULL) {
        return;
    }
    munmap(ring->header, ring->size);
    fd_close(&ring->readable_fd);
    free(ring);
}

static _Atomic uint64_t *ring_bank(const struct frame_ring *ring, size_t bank)
{
    return (_Atomic uint64_t *)((uint8_t *)ring->header + RING_ALIGNMENT + bank * ring->bank_size);
}

static void slot_write(struct ring_slot *slot, const struct frame_info *info)
{
    word_store(&slot->captured_ns, info->captured_ns);
    word_store(&slot->captured_realtime_ns, info->captured_realtime_ns);
    word_store(&slot->received_ns, info->received_ns);
    word_store(&slot->published_ns, info->published_ns);
    word_store(&slot->source_number, info->source_number);
    word_store(&slot->source_time_ns, info->source_time_ns);
    word_store(&slot->size, info->size);
    word_store(&slot->width, info->width);
    word_store(&slot->height, info->height);
}

/* Copies bytes into shared words; the last word is filled up with zeros. */
static void words_write(_Atomic uint64_t *words, const uint8_t *bytes, size_t size)
{
    uint64_t word;
    size_t whole = size / sizeof word;
    for (size_t i = 0; i < whole; i++) {
        memcpy(&word, bytes + i * sizeof word, sizeof word);
        word_store(&words[i], word);
    }
    if (size % sizeof word != 0) {
        word = 0;
        memcpy(&word, bytes + whole * sizeof word, size % sizeof word);
        word_store(&words[whole], word);
    }
}

int frame_ring_begin(struct frame_ring *ring, size_t size)
{
    if (size == 0 || size > ring->bank_size) {
        return -EMSGSIZE;
    }
    word_store(&ring->header->slots[(ring->number + 1) % ring->banks].sequence, 0);
    /* Whoever sees a word written below also sees that the bank is no longer the frame it was:
     * pairs with the acquire fence in ring_take(). */
    atomic_thread_fence(memory_order_release);
    ring->begun = size;
    ring->filled = 0;
    return 0;
}

void frame_ring_add(struct frame_ring *ring, const uint8_t *bytes, size_t size)
{
    if (size > ring->begun - ring->filled || ring->filled % sizeof(uint64_t) != 0) {
        ring->begun = 0; /* frame_ring_commit() will say so */
        ring->filled = 0;
        return;
    }
    _Atomic uint64_t *bank = ring_bank(ring, (ring->number + 1) % ring->banks);
    words_write(bank + ring->filled / sizeof(uint64_t), bytes, size);
    ring->filled += size;
}

int frame_ring_commit(struct frame_ring *ring, struct frame_info *info)
{
    if (info->size == 0 || ring->begun != info->size || ring->filled != info->size) {
        return -EINVAL;
    }
    uint64_t number = ++ring->number;
    struct ring_slot *slot = &ring->header->slots[number % ring->banks];
    ring->begun = ring->filled = 0;
    info->generation = ring->generation;
    info->number = number;
    info->published_ns = clock_monotonic_ns();
    slot_write(slot, info);

    /* Pairs with the acquire load of `sequence` in ring_take(): number seen, frame seen. */
    atomic_store_explicit(&slot->sequence, number, memory_order_release);
    /* Pairs with the acquire load of `head` in frame_ring_reader_read(). */
    atomic_store_explicit(&ring->header->head, number, memory_order_release);
    return 0;
}

int frame_ring_publish(struct frame_ring *ring, struct frame_info *info, const uint8_t *jpeg)
{
    int result = frame_ring_begin(ring, info->size);
    if (result < 0) {
        return result;
    }
    frame_ring_add(ring, jpeg, info->size);
    return frame_ring_commit(ring, info);
}

int frame_ring_descriptor(const struct frame_ring *ring)
{
    return ring->readable_fd;
}

size_t frame_ring_size(const struct frame_ring *ring)
{
    return ring->size;
}

size_t frame_ring_bank_bytes(const struct frame_ring *ring)
{
    return ring->bank_size;
}

/* --- the doorbell --- */

int doorbell_create(void)
{
    int bell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return bell_fd < 0 ? -errno : bell_fd;
}

void doorbell_ring(int bell_fd)
{
    const uint64_t one = 1;
    /* EAGAIN: the counter is full, so it is ringing already. */
    ssize_t written = write(bell_fd, &one, sizeof one);
    (void)written;
}

int doorbell_drain(int bell_fd)
{
    uint64_t rings;
    ssize_t got = read(bell_fd, &rings, sizeof rings);
    if (got == (ssize_t)sizeof rings || (got < 0 && (errno == EAGAIN || errno == EINTR))) {
        return 0;
    }
    return got < 0 ? -errno : -EBADMSG;
}
