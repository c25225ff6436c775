#include "broadcaster/history/history_queue.h"

bool history_queue_push(struct history_queue *queue, struct history_item *item)
{
    atomic_fetch_add_explicit(&queue->bytes, item->size, memory_order_relaxed);
    item->next = atomic_load_explicit(&queue->newest, memory_order_relaxed);
    bool was_empty;
    do {
        /* Once it is in, the item is the other side's. */
        was_empty = item->next == NULL;
        /* Partner: the exchange in history_queue_take(), which sees all that was written before. */
    } while (!atomic_compare_exchange_weak_explicit(&queue->newest, &item->next, item,
                                                    memory_order_release, memory_order_relaxed));
    return was_empty;
}

struct history_item *history_queue_take(struct history_queue *queue)
{
    struct history_item *oldest = NULL, *next;
    size_t bytes = 0;
    /* Partner: the exchange in history_queue_push(). */
    struct history_item *item =
        atomic_exchange_explicit(&queue->newest, NULL, memory_order_acquire);
    for (; item != NULL; item = next) {
        next = item->next;
        item->next = oldest;
        oldest = item;
        bytes += item->size;
    }
    atomic_fetch_sub_explicit(&queue->bytes, bytes, memory_order_relaxed);
    return oldest;
}

size_t history_queue_bytes(struct history_queue *queue)
{
    return atomic_load_explicit(&queue->bytes, memory_order_relaxed);
}
