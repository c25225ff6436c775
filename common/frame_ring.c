#include "common/frame_ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/memory.h"

/* The protocol is a sequence lock per bank, with the frame's number in the place of a parity counter:
 * H.-J. Boehm, "Can seqlocks get along with programming language memory models?" (MSPC 2012), figure 6
 * for the reader's fence and section 4 for the writer's. Everything in shared memory is an atomic word,
 * so no interleaving of two processes is a data race. docs/frame-ring.md has the argument in full. */

#if defined(__GNUC__) && !defined(__clang__) && defined(__SANITIZE_THREAD__)
/* ThreadSanitizer does not model fences. It loses nothing here: it looks for plain accesses that race,
 * and what is shared has none. */
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#define RING_MAGIC   "RINGCAST"
#define RING_VERSION 1

/* The largest page size of the machines that Linux runs on: banks can be mapped one by one. */
#define RING_ALIGNMENT 65536U
#define RING_BANK_MIN  (4 * (size_t)RING_ALIGNMENT)

/* A reader goes back to its loop after that many overruns instead of spinning on another process. */
#define RING_READ_ROUNDS 3

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

static uint64_t word_load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void word_store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
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

static void words_read(uint8_t *bytes, const _Atomic uint64_t *words, size_t size)
{
    uint64_t word;
    size_t whole = size / sizeof word;
    for (size_t i = 0; i < whole; i++) {
        word = word_load(&words[i]);
        memcpy(bytes + i * sizeof word, &word, sizeof word);
    }
    if (size % sizeof word != 0) {
        word = word_load(&words[whole]);
        memcpy(bytes + whole * sizeof word, &word, size % sizeof word);
    }
}

static uint64_t ring_magic(void)
{
    uint64_t magic;
    static_assert(sizeof RING_MAGIC - 1 == sizeof magic, "the magic is one word");
    memcpy(&magic, RING_MAGIC, sizeof magic);
    return magic;
}

/* --- the writer --- */

struct frame_ring {
    struct ring_header *header; /* the mapping */
    int readable_fd;            /* O_RDONLY, for readers */
    uint64_t generation;
    uint64_t number; /* of the newest frame: never read back from the memory */
    size_t size, bank_size;
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

int frame_ring_publish(struct frame_ring *ring, struct frame_info *info, const uint8_t *jpeg)
{
    if (info->size == 0 || info->size > ring->bank_size) {
        return -EMSGSIZE;
    }
    uint64_t number = ++ring->number;
    size_t bank = number % ring->banks;
    struct ring_slot *slot = &ring->header->slots[bank];

    word_store(&slot->sequence, 0);
    /* Whoever sees a word written below also sees that the bank is no longer the frame it was: pairs
     * with the acquire fence in ring_take(). */
    atomic_thread_fence(memory_order_release);

    words_write(ring_bank(ring, bank), jpeg, info->size);
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

/* --- a reader --- */

/* Private copy of what the header says, taken once: the memory may change under our hands. */
struct ring_geometry {
    uint64_t magic, version, size, banks, bank_size, bank_stride, banks_offset, generation;
};

struct frame_ring_reader {
    const struct ring_header *header; /* the mapping, read-only */
    struct ring_geometry geometry;
    uint64_t taken;        /* number of the last frame handed out; 0: none */
    uint64_t counted_from; /* frames above this one are missed when they are not seen */
};

/* A ring is a nameless object of our own user (or root), open for reading only. Anything else was not
 * made by frame_ring_create(); a named file could be cut short by anybody who can open it. */
static int ring_check_descriptor(int fd, size_t *size)
{
    struct stat status;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &status) < 0) {
        return -errno;
    }
    if ((flags & (O_ACCMODE | O_PATH)) != O_RDONLY || !S_ISREG(status.st_mode) ||
        status.st_nlink != 0 || (status.st_uid != geteuid() && status.st_uid != 0)) {
        return -EBADMSG;
    }
    const size_t most = RING_ALIGNMENT + FRAME_RING_BANKS_MAX * (size_t)FRAME_RING_BANK_BYTES_MAX;
    if (status.st_size < (off_t)RING_ALIGNMENT || status.st_size > (off_t)most) {
        return -EBADMSG;
    }
    *size = (size_t)status.st_size;
    return 0;
}

static void ring_copy_geometry(const struct ring_header *header, struct ring_geometry *geometry)
{
    geometry->magic = word_load(&header->magic);
    geometry->version = word_load(&header->version);
    geometry->size = word_load(&header->size);
    geometry->banks = word_load(&header->banks);
    geometry->bank_size = word_load(&header->bank_size);
    geometry->bank_stride = word_load(&header->bank_stride);
    geometry->banks_offset = word_load(&header->banks_offset);
    geometry->generation = word_load(&header->generation);
}

/* Every bank lies within `size`, the real size of the object. Each factor is bounded before it is
 * used, so that nothing overflows. */
static bool ring_geometry_valid(const struct ring_geometry *geometry, size_t size)
{
    if (geometry->magic != ring_magic() || geometry->version != RING_VERSION ||
        geometry->size != size || geometry->generation == 0) {
        return false;
    }
    if (geometry->banks == 0 || geometry->banks > FRAME_RING_BANKS_MAX ||
        geometry->bank_size == 0 || geometry->bank_size > FRAME_RING_BANK_BYTES_MAX ||
        geometry->bank_stride < geometry->bank_size || geometry->bank_stride > size ||
        geometry->banks_offset < RING_ALIGNMENT || geometry->banks_offset > size) {
        return false;
    }
    if (geometry->bank_size % RING_ALIGNMENT != 0 || geometry->bank_stride % RING_ALIGNMENT != 0 ||
        geometry->banks_offset % RING_ALIGNMENT != 0) {
        return false;
    }
    return geometry->banks * geometry->bank_stride <= size - geometry->banks_offset;
}

int frame_ring_reader_create(struct frame_ring_reader **reader, int ring_fd)
{
    struct ring_geometry geometry;
    size_t size = 0;
    const struct ring_header *header;
    int result = ring_check_descriptor(ring_fd, &size);
    if (result < 0) {
        goto close_descriptor;
    }
    header = mmap(NULL, size, PROT_READ, MAP_SHARED, ring_fd, 0);
    if (header == MAP_FAILED) {
        result = -errno;
        goto close_descriptor;
    }
    ring_copy_geometry(header, &geometry);
    if (!ring_geometry_valid(&geometry, size)) {
        munmap((void *)header, size);
        result = -EBADMSG;
        goto close_descriptor;
    }
    struct frame_ring_reader *made = xcalloc(1, sizeof *made);
    made->header = header;
    made->geometry = geometry;
    /* What was published before we came is not missed; the frame that lies ready is ours to see. */
    uint64_t head = word_load(&header->head);
    made->counted_from = head > 0 ? head - 1 : 0;
    *reader = made;
close_descriptor:
    fd_close(&ring_fd); /* the mapping holds the object */
    return result;
}

void frame_ring_reader_destroy(struct frame_ring_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    munmap((void *)reader->header, reader->geometry.size);
    free(reader);
}

uint64_t frame_ring_reader_generation(const struct frame_ring_reader *reader)
{
    return reader->geometry.generation;
}

size_t frame_ring_reader_capacity(const struct frame_ring_reader *reader)
{
    return reader->geometry.bank_size;
}

void frame_ring_reader_count_all(struct frame_ring_reader *reader)
{
    reader->counted_from = 0;
}

static const _Atomic uint64_t *reader_bank(const struct frame_ring_reader *reader, uint64_t bank)
{
    const struct ring_geometry *geometry = &reader->geometry;
    return (const _Atomic uint64_t *)((const uint8_t *)reader->header + geometry->banks_offset +
                                      bank * geometry->bank_stride);
}

/* The sizes as the slot has them; they may be torn or hostile until they are checked. */
struct slot_sizes {
    uint64_t size, width, height;
};

static void slot_read(const struct ring_slot *slot, struct frame_info *info,
                      struct slot_sizes *sizes)
{
    info->captured_ns = word_load(&slot->captured_ns);
    info->captured_realtime_ns = word_load(&slot->captured_realtime_ns);
    info->received_ns = word_load(&slot->received_ns);
    info->published_ns = word_load(&slot->published_ns);
    info->source_number = word_load(&slot->source_number);
    info->source_time_ns = word_load(&slot->source_time_ns);
    sizes->size = word_load(&slot->size);
    sizes->width = word_load(&slot->width);
    sizes->height = word_load(&slot->height);
}

/* Copies frame `number` out of its bank. 0, -EOVERFLOW when the writer has overtaken us, -EBADMSG when
 * the frame is stable and makes no sense. */
static int ring_take(const struct frame_ring_reader *reader, uint64_t number,
                     struct frame_info *info, uint8_t *buffer)
{
    uint64_t bank = number % reader->geometry.banks;
    const struct ring_slot *slot = &reader->header->slots[bank];
    struct slot_sizes sizes;

    /* Pairs with the release store of `sequence` in frame_ring_publish(). */
    if (atomic_load_explicit(&slot->sequence, memory_order_acquire) != number) {
        return -EOVERFLOW;
    }
    slot_read(slot, info, &sizes);
    size_t size = sizes.size <= reader->geometry.bank_size ? sizes.size : 0;
    words_read(buffer, reader_bank(reader, bank), size);

    /* If a word above came from a later rewrite, the load below sees that the rewrite has begun: pairs
     * with the release fence in frame_ring_publish(). */
    atomic_thread_fence(memory_order_acquire);
    if (word_load(&slot->sequence) != number) {
        return -EOVERFLOW;
    }
    if (size == 0 || sizes.width > UINT32_MAX || sizes.height > UINT32_MAX) {
        return -EBADMSG;
    }
    info->generation = reader->geometry.generation;
    info->number = number;
    info->size = (uint32_t)size;
    info->width = (uint32_t)sizes.width;
    info->height = (uint32_t)sizes.height;
    return 0;
}

int frame_ring_reader_read(struct frame_ring_reader *reader, struct frame_info *info,
                           uint8_t *buffer, size_t capacity, uint64_t *missed)
{
    if (capacity < reader->geometry.bank_size) {
        return -EINVAL;
    }
    int result = -EOVERFLOW;
    for (int round = 0; round < RING_READ_ROUNDS && result == -EOVERFLOW; round++) {
        struct frame_info taken;
        /* Pairs with the release store of `head` in frame_ring_publish(). */
        uint64_t number = atomic_load_explicit(&reader->header->head, memory_order_acquire);
        if (number == reader->taken) {
            return -EAGAIN;
        }
        if (number <= reader->counted_from) {
            return -EBADMSG; /* numbers only grow */
        }
        result = ring_take(reader, number, &taken, buffer);
        if (result == 0) {
            *info = taken;
            *missed = number - reader->counted_from - 1;
            reader->taken = reader->counted_from = number;
        }
    }
    return result;
}

uint64_t frame_ring_reader_newest(const struct frame_ring_reader *reader)
{
    return word_load(&reader->header->head);
}

uint64_t frame_ring_reader_unseen(const struct frame_ring_reader *reader)
{
    uint64_t head = word_load(&reader->header->head);
    return head > reader->counted_from ? head - reader->counted_from : 0;
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
