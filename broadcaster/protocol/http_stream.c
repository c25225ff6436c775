#include "broadcaster/protocol/http_stream.h"

#include <stdlib.h>

#include "broadcaster/network/peer_timer.h"
#include "broadcaster/network/stall.h"
#include "common/memory.h"

#define STREAM_INPUT_LIMIT  4096
#define STREAM_UNASKED_MOST 65536 /* bytes that a peer may send for nothing */

struct http_stream {
    struct peer_timer timer; /* runs while the kernel, or the user for a moment, is waited for */
    struct connection *connection;
    struct stall stall;
    const struct http_stream_handlers *handlers;
    void *arg;
    void (*owner_gone)(void *owner);
    void *owner;
    size_t unasked; /* bytes received */
    bool closing;
};

/* --- time --- */

static void http_stream_watch(struct http_stream *stream)
{
    peer_timer_watch(&stream->timer, stall_deadline_ns(&stream->stall));
}

static void http_stream_on_due(void *arg, uint64_t now_ns, bool stood_still)
{
    struct http_stream *stream = arg;
    if (stream->closing) {
        return;
    }
    if (peer_timer_take_moment(&stream->timer, now_ns) && stream->handlers->woken != NULL) {
        stream->handlers->woken(stream->arg);
    }
    if (!stood_still && stall_is_over(&stream->stall, now_ns)) {
        connection_abort(stream->connection, CONNECTION_STALLED);
    } else {
        http_stream_watch(stream);
    }
}

/* --- the connection --- */

static size_t http_stream_received(void *arg, const uint8_t *bytes, size_t size)
{
    struct http_stream *stream = arg;
    (void)bytes;
    stream->unasked += size;
    if (stream->unasked > STREAM_UNASKED_MOST) {
        connection_abort(stream->connection, CONNECTION_PROTOCOL);
    }
    return size;
}

static void http_stream_drained(void *arg)
{
    struct http_stream *stream = arg;
    if (!stream->closing && stream->handlers->writable != NULL) {
        stream->handlers->writable(stream->arg);
    }
}

static void http_stream_ended(void *arg, enum connection_end end)
{
    struct http_stream *stream = arg;
    if (stream->owner_gone != NULL) {
        stream->owner_gone(stream->owner);
    }
    if (stream->handlers->closed != NULL) {
        stream->handlers->closed(stream->arg, end);
    }
    peer_timer_finish(&stream->timer);
    free(stream);
}

/* --- the interface --- */

struct http_stream *http_stream_create(struct event_base *base, struct connection *connection,
                                       const struct http_stream_config *config,
                                       const struct http_stream_handlers *handlers, void *arg)
{
    static const struct connection_handlers connection_handlers = {
        .received = http_stream_received,
        .drained = http_stream_drained,
        .ended = http_stream_ended,
    };
    struct http_stream *stream = xcalloc(1, sizeof *stream);
    stream->connection = connection;
    stream->handlers = handlers;
    stream->arg = arg;
    peer_timer_init(&stream->timer, base, http_stream_on_due, stream);
    connection_set_handlers(connection, &connection_handlers, stream);
    connection_set_input_limit(connection, STREAM_INPUT_LIMIT);
    stall_init(&stream->stall, connection, config->stall_ns, config->stall_round_trips);
    connection_set_reading(connection, true);
    http_stream_watch(stream);
    return stream;
}

bool http_stream_idle(const struct http_stream *stream)
{
    return connection_pending(stream->connection) == 0;
}

void http_stream_send(struct http_stream *stream, struct shared_bytes *body)
{
    if (!stream->closing) {
        connection_send(stream->connection, NULL, 0, body, 0, body->size);
        http_stream_watch(stream);
    }
}

void http_stream_wake(struct http_stream *stream, uint64_t at_ns)
{
    peer_timer_ask(&stream->timer, at_ns);
    http_stream_watch(stream);
}

void http_stream_close(struct http_stream *stream, enum connection_end end)
{
    if (!stream->closing) {
        stream->closing = true;
        connection_finish(stream->connection, end);
    }
}

void http_stream_set_owner(struct http_stream *stream, void (*gone)(void *owner), void *owner)
{
    stream->owner_gone = gone;
    stream->owner = owner;
}

void http_stream_destroy(struct http_stream *stream)
{
    stream->closing = true;
    connection_destroy(stream->connection, CONNECTION_SHUTDOWN);
}

struct connection *http_stream_connection(const struct http_stream *stream)
{
    return stream->connection;
}
