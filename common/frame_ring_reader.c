#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/frame_ring.h"
#include "common/frame_ring_layout.h"
#include "common/memory.h"

/* A reader goes back to its loop after that many overruns instead of spinning
 * on another process. */
#define RING_READ_ROUNDS 3

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

/* A ring is a nameless object of our own user (or root), open for reading only. Anything else was
 * not made by frame_ring_create(); a named file could be cut short by anybody who can open it. */
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

/* Copies frame `number` out of its bank. 0, -EOVERFLOW when the writer has overtaken us, -EBADMSG
 * when the frame is stable and makes no sense. */
static int ring_take(const struct frame_ring_reader *reader, uint64_t number,
                     struct frame_info *info, uint8_t *buffer)
{
    uint64_t bank = number % reader->geometry.banks;
    const struct ring_slot *slot = &reader->header->slots[bank];
    struct slot_sizes sizes;

    /* Pairs with the release store of `sequence` in frame_ring_commit(). */
    if (atomic_load_explicit(&slot->sequence, memory_order_acquire) != number) {
        return -EOVERFLOW;
    }
    slot_read(slot, info, &sizes);
    size_t size = sizes.size <= reader->geometry.bank_size ? sizes.size : 0;
    words_read(buffer, reader_bank(reader, bank), size);

    /* If a word above came from a later rewrite, the load below sees that the rewrite has begun:
     * pairs with the release fence in frame_ring_begin(). */
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
        /* Pairs with the release store of `head` in frame_ring_commit(). */
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
