#include "broadcaster/network/output_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define OUTPUT_PARTS_MAX 32 /* in one system call */

/* The rest of a head, then a part of shared bytes. */
struct output {
    struct output *next;
    struct shared_bytes *body; /* our reference, or NULL */
    size_t offset, size;       /* of what is left of the body */
    size_t head_sent, head_size;
    uint8_t head[];
};

void output_queue_add(struct output_queue *queue, const uint8_t *head, size_t head_size,
                      struct shared_bytes *body, size_t offset, size_t size)
{
    struct output *output = xmalloc(sizeof *output + head_size);
    output->next = NULL;
    output->body = size > 0 ? shared_bytes_ref(body) : NULL;
    output->offset = offset;
    output->size = size;
    output->head_sent = 0;
    output->head_size = head_size;
    if (head_size > 0) {
        memcpy(output->head, head, head_size);
    }
    if (queue->last != NULL) {
        queue->last->next = output;
    } else {
        queue->first = output;
    }
    queue->last = output;
    queue->pending += head_size + size;
}

static void output_queue_drop_first(struct output_queue *queue)
{
    struct output *output = queue->first;
    queue->first = output->next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    shared_bytes_unref(output->body);
    free(output);
}

void output_queue_clear(struct output_queue *queue)
{
    while (queue->first != NULL) {
        output_queue_drop_first(queue);
    }
    queue->pending = 0;
}

static int output_queue_gather(const struct output_queue *queue,
                               struct iovec parts[OUTPUT_PARTS_MAX], size_t *total)
{
    int count = 0;
    *total = 0;
    for (struct output *output = queue->first; output != NULL && count + 2 <= OUTPUT_PARTS_MAX;
         output = output->next) {
        size_t head_left = output->head_size - output->head_sent;
        if (head_left > 0) {
            parts[count++] =
                (struct iovec){.iov_base = output->head + output->head_sent, .iov_len = head_left};
        }
        if (output->size > 0) {
            parts[count++] = (struct iovec){.iov_base = output->body->data + output->offset,
                                            .iov_len = output->size};
        }
        *total += head_left + output->size;
    }
    return count;
}

static void output_queue_advance(struct output_queue *queue, size_t count)
{
    queue->pending -= count;
    while (queue->first != NULL) {
        struct output *output = queue->first;
        size_t head_left = output->head_size - output->head_sent;
        size_t of_head = count < head_left ? count : head_left;
        output->head_sent += of_head;
        count -= of_head;
        size_t of_body = count < output->size ? count : output->size;
        output->offset += of_body;
        output->size -= of_body;
        count -= of_body;
        if (output->head_sent < output->head_size || output->size > 0) {
            return;
        }
        output_queue_drop_first(queue);
    }
}

static bool output_is_in_file(const struct output *output, const struct transport *transport)
{
    return transport_takes_files(transport) && output->head_sent == output->head_size &&
           output->size > 0 && output->body->file >= 0;
}

/* What one system call takes; *total is what it was offered. */
static ssize_t output_queue_write_once(const struct output_queue *queue,
                                       struct transport *transport, size_t *total)
{
    const struct output *first = queue->first;
    if (output_is_in_file(first, transport)) {
        *total = first->size;
        return transport_write_file(transport, first->body->file, first->offset, first->size);
    }
    struct iovec parts[OUTPUT_PARTS_MAX];
    int count = output_queue_gather(queue, parts, total);
    return transport_write(transport, parts, count);
}

ssize_t output_queue_write(struct output_queue *queue, struct transport *transport)
{
    ssize_t taken = 0;
    while (queue->first != NULL) {
        size_t total;
        ssize_t written = output_queue_write_once(queue, transport, &total);
        if (written == -EAGAIN) {
            break;
        }
        if (written < 0) {
            return written;
        }
        output_queue_advance(queue, (size_t)written);
        taken += written;
        if ((size_t)written < total) {
            break;
        }
    }
    return taken;
}

ssize_t output_write_now(struct transport *transport, const uint8_t *head, size_t head_size,
                         const struct shared_bytes *body, size_t offset, size_t size)
{
    if (head_size == 0 && body->file >= 0 && transport_takes_files(transport)) {
        return transport_write_file(transport, body->file, offset, size);
    }
    struct iovec parts[2];
    int count = 0;
    if (head_size > 0) {
        parts[count++] = (struct iovec){.iov_base = (void *)head, .iov_len = head_size};
    }
    if (size > 0) {
        parts[count++] = (struct iovec){.iov_base = (void *)(body->data + offset), .iov_len = size};
    }
    return transport_write(transport, parts, count);
}
