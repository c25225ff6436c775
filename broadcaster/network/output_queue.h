/* What a connection still has to send: heads that were copied and parts of shared bytes, in order.
 * One thread. */
#ifndef BROADCASTER_OUTPUT_QUEUE_H
#define BROADCASTER_OUTPUT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "broadcaster/network/shared_bytes.h"
#include "broadcaster/network/transport.h"

struct output;

/* All zero: empty. */
struct output_queue {
    struct output *first, *last;
    size_t pending; /* bytes */
};

static inline bool output_queue_is_empty(const struct output_queue *queue)
{
    return queue->first == NULL;
}

/* Adds `head` (copied) and then `size` bytes of `body` from `offset` on (referenced). */
void output_queue_add(struct output_queue *queue, const uint8_t *head, size_t head_size,
                      struct shared_bytes *body, size_t offset, size_t size);

/* Gives the kernel what it takes: how many bytes it took, 0 when none, or -errno. A partial write
 * is as good as EAGAIN: both arm the next edge. */
ssize_t output_queue_write(struct output_queue *queue, struct transport *transport);

/* The same at once, for the newest bytes of an empty queue: `head`, then `size` bytes of `body`. */
ssize_t output_write_now(struct transport *transport, const uint8_t *head, size_t head_size,
                         const struct shared_bytes *body, size_t offset, size_t size);

void output_queue_clear(struct output_queue *queue);

#endif
