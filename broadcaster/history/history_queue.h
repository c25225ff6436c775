/* Hands things from one thread to another, in their order, without a lock: whoever pushes never
 * waits, whatever the other side does. Any number of threads push, one takes. */
#ifndef BROADCASTER_HISTORY_QUEUE_H
#define BROADCASTER_HISTORY_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Embedded at the beginning of what is handed over, which belongs to the
 * other side from then on. */
struct history_item {
    struct history_item *next;
    int kind;    /* the user's */
    size_t size; /* bytes, for the bound */
};

/* Zeroed is empty. */
struct history_queue {
    atomic_size_t bytes; /* of all that has not been taken */
    _Atomic(struct history_item *) newest;
};

/* True when the queue was empty: the other side has to be woken. */
bool history_queue_push(struct history_queue *queue, struct history_item *item);

/* All of it, the oldest first; NULL: nothing. */
struct history_item *history_queue_take(struct history_queue *queue);

/* About how many bytes wait. */
size_t history_queue_bytes(struct history_queue *queue);

#endif
