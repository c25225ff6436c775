#include "broadcaster/protocol/http_stream.h"

#include <event2/event_struct.h>
#include <stdlib.h>

#include "broadcaster/network/stall.h"
#include "common/clock.h"
#include "common/memory.h"

#define STREAM_INPUT_LIMIT  4096
#define STREAM_UNASKED_MOST 65536 /* bytes that a peer may send for nothing */
#define STREAM_LATE_NS      (500 * NS_PER_MS)

struct http_stream {
    struct event timer; /* runs while something waits for the kernel, or the user for a moment */
    struct connection *connection;
    struct stall stall;
    const struct http_stream_handlers *handlers;
    void *arg;
    void (*owner_gone)(void *owner);
    void *owner;
    uint64_t armed_ns; /* when the timer goes off; 0: it does not */
    uint64_t wake_ns;  /* when the user is to be called; 0: not */
    size_t unasked;    /* bytes received */
    bool lenient; /* this process stood still: nothing moves the timer, the peer gets its time */
    bool closing;
};

/* --- time --- */

static void http_stream_arm(struct http_stream *stream, uint64_t deadline_ns)
{
    struct timeval delay = clock_timeval(clock_elapsed_ns(clock_monotonic_ns(), deadline_ns));
    stream->armed_ns = deadline_ns;
    event_add(&stream->timer, &delay);
}

/* The timer is only ever moved to an earlier moment; when it goes off too early it is set again. */
static void http_stream_watch(struct http_stream *stream)
{
    uint64_t next = stall_deadline_ns(&stream->stall);
    if (next == 0 || (stream->wake_ns != 0 && stream->wake_ns < next)) {
        next = stream->wake_ns;
    }
    if (!stream->lenient && next != 0 && (stream->armed_ns == 0 || next < stream->armed_ns)) {
        http_stream_arm(stream, next);
    }
}

static void http_stream_wake_user(struct http_stream *stream, uint64_t now)
{
    if (stream->wake_ns == 0 || now < stream->wake_ns) {
        return;
    }
    stream->wake_ns = 0;
    if (stream->handlers->woken != NULL) {
        stream->handlers->woken(stream->arg);
    }
}

static void http_stream_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct http_stream *stream = arg;
    uint64_t now = clock_monotonic_ns(), late = clock_elapsed_ns(stream->armed_ns, now);
    (void)fd;
    (void)what;
    stream->armed_ns = 0;
    stream->lenient = late >= STREAM_LATE_NS;
    if (stream->closing) {
        return;
    }
    http_stream_wake_user(stream, now);
    if (stream->lenient) {
        http_stream_arm(stream, now + STREAM_LATE_NS);
    } else if (stall_is_over(&stream->stall, now)) {
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
    event_del(&stream->timer);
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
    evtimer_assign(&stream->timer, base, http_stream_on_timer, stream);
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
    stream->wake_ns = stream->wake_ns == 0 || at_ns < stream->wake_ns ? at_ns : stream->wake_ns;
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
