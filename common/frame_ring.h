/* The frame ring: how a camera's newest JPEG gets from its one writer to any number of readers
 * on the same machine, with nobody waiting for anybody. To a reader it is a single slot that
 * holds the newest frame. Physically it is K banks behind one atomic `head`, so that a reader
 * has K-1 frame times to copy, and a writer that is killed in the middle of a publish leaves the
 * last whole frame readable.
 *
 * The layout in memory is public: docs/frame-ring.md. Readers hold a read-only descriptor.
 *
 * Neither side may be shared between threads without a lock; writer and readers are independent. */
#ifndef COMMON_FRAME_RING_H
#define COMMON_FRAME_RING_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_RING_BANKS     3
#define FRAME_RING_BANKS_MAX 16
/* No camera's JPEG is larger; bounds what is mapped. */
#define FRAME_RING_BANK_BYTES_MAX (64U << 20)

/* What is known of one frame. All times are CLOCK_MONOTONIC ns of this machine unless said
 * otherwise. */
struct frame_info {
    uint64_t generation;           /* CLOCK_REALTIME ns of the ring's first frame: names the ring */
    uint64_t number;               /* 1, 2, … within the generation */
    uint64_t captured_ns;          /* first byte of the JPEG arrived */
    uint64_t captured_realtime_ns; /* the same moment, CLOCK_REALTIME */
    uint64_t received_ns;          /* last byte arrived */
    uint64_t published_ns;         /* put into the ring */
    uint64_t source_number;        /* the camera's own X-Frame-Number; 0: none */
    uint64_t source_time_ns; /* the camera's own X-Timestamp in ns of its own clock; 0: none */
    uint32_t size;           /* bytes of JPEG */
    uint32_t width, height;  /* pixels */
};

/* --- the writer --- */

struct frame_ring;

/* The bank size for a ring whose first frame has `first_frame` bytes: twice that, at least 256 KiB,
 * whole 64 KiB; `larger_than` (0, or the bank size that became too small) leads to the next power
 * of two instead. Never above what `max_frame_bytes` needs. */
size_t frame_ring_bank_size(size_t first_frame, size_t larger_than, size_t max_frame_bytes);

/* Makes a ring. `bank_size` is a multiple of 64 KiB up to FRAME_RING_BANK_BYTES_MAX, `banks` 1 to
 * FRAME_RING_BANKS_MAX, `generation` not 0. 0 or -errno (-ENOSPC: /dev/shm is full). */
int frame_ring_create(struct frame_ring **ring, size_t bank_size, unsigned banks,
                      uint64_t generation);
void frame_ring_destroy(struct frame_ring *ring); /* NULL is allowed */

/* Publishes the next frame. Sets info->generation, info->number and info->published_ns; everything
 * else is the caller's. 0, or -EMSGSIZE when info->size is 0 or above the bank size (nothing
 * changed). */
int frame_ring_publish(struct frame_ring *ring, struct frame_info *info, const uint8_t *jpeg);

/* The same in pieces, for who makes the bytes while they go in: a frame is begun with its size
 * (-EMSGSIZE as above), gets its bytes in order, every piece but the last a multiple of eight,
 * and is published when all info->size bytes are there (-EINVAL else, and nothing is
 * published). Until then nobody sees it. One that is given up is overwritten by the next; it
 * has cost the oldest bank only. */
int frame_ring_begin(struct frame_ring *ring, size_t size);
void frame_ring_add(struct frame_ring *ring, const uint8_t *bytes, size_t size);
int frame_ring_commit(struct frame_ring *ring, struct frame_info *info);

int frame_ring_descriptor(const struct frame_ring *ring); /* read-only; stays the ring's */
size_t frame_ring_size(const struct frame_ring *ring);    /* bytes of shared memory */
size_t frame_ring_bank_bytes(const struct frame_ring *ring);

/* --- a reader --- */

struct frame_ring_reader;

/* Maps a ring after checking everything it says about itself against its real size: a wrong or
 * hostile writer is -EBADMSG, and so is a descriptor that is not a nameless read-only object of
 * this user or root. Takes ring_fd, closes it on failure too. 0 or -errno. */
int frame_ring_reader_create(struct frame_ring_reader **reader, int ring_fd);
void frame_ring_reader_destroy(struct frame_ring_reader *reader); /* NULL is allowed */

uint64_t frame_ring_reader_generation(const struct frame_ring_reader *reader);
size_t frame_ring_reader_capacity(const struct frame_ring_reader *reader); /* a bank's bytes */

/* Counts as missed what was published before the reader was made, too: for a ring that takes the
 * place of another one. Before the first read. */
void frame_ring_reader_count_all(struct frame_ring_reader *reader);

/* Copies the newest frame, if it is newer than the last one taken, into `buffer` (`capacity` bytes,
 * at least frame_ring_reader_capacity(), else -EINVAL). *missed: how many frames were published
 * since the last one taken (at first: since the reader was made) and not seen. The buffer's content
 * is undefined unless 0 is returned. Returns
 *   0          a frame is in *info and buffer
 *   -EAGAIN    nothing newer
 *   -EOVERFLOW overrun three times: the writer is faster than the copy; back to the loop, it
 *              is about to ring again
 *   -EBADMSG   the ring contradicts itself; give it up
 * Never waits and never spins on the other process. */
int frame_ring_reader_read(struct frame_ring_reader *reader, struct frame_info *info,
                           uint8_t *buffer, size_t capacity, uint64_t *missed);

/* The number of the newest frame, 0 when there is none yet: a look without a copy. */
uint64_t frame_ring_reader_newest(const struct frame_ring_reader *reader);

/* How many frames were published since the last one taken (or, before that, since the reader was
 * made; the frame that lay ready then counts as one). 0: a read would find nothing newer. */
uint64_t frame_ring_reader_unseen(const struct frame_ring_reader *reader);

/* --- the doorbell: one eventfd per reader, made by the writer, so that waiting fits an event loop.
 * The writer publishes, then rings; the reader drains, then reads: no wake-up can be lost, and many
 * rings are one. --- */

int doorbell_create(void); /* a non-blocking eventfd, or -errno */
void doorbell_ring(int bell_fd);
int doorbell_drain(int bell_fd); /* 0, or -errno when this is no doorbell */

#endif
