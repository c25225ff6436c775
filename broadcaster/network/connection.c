#include "broadcaster/network/connection.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/network/output_queue.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define CONNECTION_SCRATCH_SIZE   65536
#define CONNECTION_READS_PER_TURN 4 /* then the other connections have theirs */
#define CONNECTION_FINISH_NS      (2 * NS_PER_SECOND)

struct connection {
    struct event io;     /* edge-triggered: read, write, closed */
    struct event *timer; /* another turn (0), or the end of the patience of connection_finish();
                            NULL while neither is awaited, which is most of the time */
    struct transport *transport;
    const struct connection_handlers *handlers;
    void *arg;
    struct output_queue output;
    uint64_t sent;
    uint64_t progress_ns;
    uint64_t deadline_ns; /* while finishing */
    uint8_t *kept;        /* received and not consumed; NULL while there is none */
    size_t kept_size;
    size_t input_limit;
    enum connection_end end; /* once finishing or over */
    bool reading;
    bool offer_again;  /* what was kept, although nothing follows it */
    bool peer_closing; /* the kernel has told of the peer's FIN; bytes may lie before it */
    bool peer_closed;  /* the FIN has been read */
    bool finishing;
    bool shut_down;
    bool over; /* only `ended` is left to do, by the timer */
    char peer_name[];
};

/* Reads of all connections go through here; a connection has a buffer of its own only for what its
 * user left. One loop, one thread, and no read happens inside another. */
static uint8_t connection_scratch[CONNECTION_SCRATCH_SIZE];

const char *connection_end_name(enum connection_end end)
{
    static const char *const names[CONNECTION_ENDS] = {
        [CONNECTION_PEER_CLOSED] = "peer-closed", [CONNECTION_PEER_RESET] = "peer-reset",
        [CONNECTION_TIMED_OUT] = "timed-out",     [CONNECTION_STALLED] = "stalled",
        [CONNECTION_PROTOCOL] = "protocol-error", [CONNECTION_FINISHED] = "finished",
        [CONNECTION_SHUTDOWN] = "shutdown",
    };
    return end < CONNECTION_ENDS ? names[end] : "unknown";
}

/* --- the end --- */

static void connection_on_timer(evutil_socket_t fd, short what, void *arg);

static void connection_schedule(struct connection *connection, uint64_t delay_ns)
{
    struct timeval delay = clock_timeval(delay_ns);
    if (connection->timer == NULL) {
        connection->timer =
            evtimer_new(event_get_base(&connection->io), connection_on_timer, connection);
    }
    if (connection->timer == NULL || event_add(connection->timer, &delay) < 0) {
        die("out of memory");
    }
}

static void connection_drop_timer(struct connection *connection)
{
    if (connection->timer != NULL) {
        event_free(connection->timer);
        connection->timer = NULL;
    }
}

static void connection_drop_kept(struct connection *connection)
{
    free(connection->kept);
    connection->kept = NULL;
    connection->kept_size = 0;
}

/* From here on nothing happens but the call of `ended`, which the loop makes. */
static void connection_over(struct connection *connection, enum connection_end end)
{
    if (connection->over) {
        return;
    }
    connection->over = true;
    connection->end = end;
    event_del(&connection->io);
    output_queue_clear(&connection->output);
    /* The kept input stays until the connection is freed: its user may be reading it right now. */
    connection_schedule(connection, 0);
}

static void connection_failed(struct connection *connection, int error)
{
    connection_over(connection, error == -ETIMEDOUT ? CONNECTION_TIMED_OUT : CONNECTION_PEER_RESET);
}

static void connection_free(struct connection *connection)
{
    event_del(&connection->io);
    connection_drop_timer(connection);
    output_queue_clear(&connection->output);
    connection_drop_kept(connection);
    transport_destroy(connection->transport);
    free(connection);
}

static void connection_call_ended(struct connection *connection)
{
    connection->handlers->ended(connection->arg, connection->end);
    connection_free(connection);
}

/* --- closing in order --- */

/* Shuts down when everything is sent, and throws away what the peer still sends: closing a socket
 * with unread input would reset it, and the peer might lose our last words. */
static void connection_linger(struct connection *connection)
{
    if (output_queue_is_empty(&connection->output) && !connection->shut_down) {
        transport_shutdown(connection->transport);
        connection->shut_down = true;
    }
    bool more = true;
    for (int i = 0; i < CONNECTION_READS_PER_TURN && more && !connection->peer_closed; i++) {
        ssize_t got =
            transport_read(connection->transport, connection_scratch, CONNECTION_SCRATCH_SIZE);
        if (got < 0 && got != -EAGAIN) {
            if (connection->shut_down) {
                connection_over(connection, connection->end);
            } else {
                connection_failed(connection, (int)got);
            }
            return;
        }
        connection->peer_closed = got == 0;
        more = got > 0;
    }
    if (connection->peer_closed && connection->shut_down) {
        connection_over(connection, connection->end);
        return;
    }
    uint64_t left = clock_elapsed_ns(clock_monotonic_ns(), connection->deadline_ns);
    if (left == 0) {
        connection_over(connection, connection->end);
    } else {
        connection_schedule(connection, more && !connection->peer_closed ? 0 : left);
    }
}

/* --- output --- */

static void connection_write(struct connection *connection)
{
    ssize_t written = output_queue_write(&connection->output, connection->transport);
    if (written < 0) {
        connection_failed(connection, (int)written);
    } else if (written > 0) {
        connection->sent += (size_t)written;
        connection->progress_ns = clock_monotonic_ns();
    }
}

static void connection_flush(struct connection *connection)
{
    connection_write(connection);
    if (connection->over || !output_queue_is_empty(&connection->output)) {
        return;
    }
    if (connection->finishing) {
        connection_linger(connection);
    } else if (connection->handlers->drained != NULL) {
        connection->handlers->drained(connection->arg);
    }
}

void connection_send(struct connection *connection, const void *head, size_t head_size,
                     struct shared_bytes *body, size_t offset, size_t size)
{
    if (connection->over || connection->finishing || head_size + size == 0) {
        return;
    }
    size_t taken = 0;
    if (output_queue_is_empty(&connection->output)) {
        ssize_t written =
            output_write_now(connection->transport, head, head_size, body, offset, size);
        if (written < 0 && written != -EAGAIN) {
            connection_failed(connection, (int)written);
            return;
        }
        taken = written > 0 ? (size_t)written : 0;
        connection->sent += taken;
        if (taken == head_size + size) {
            return;
        }
    }
    size_t of_head = taken < head_size ? taken : head_size;
    size_t of_body = taken - of_head;
    if (output_queue_is_empty(&connection->output)) {
        connection->progress_ns = clock_monotonic_ns();
    }
    const uint8_t *head_left = of_head < head_size ? (const uint8_t *)head + of_head : NULL;
    output_queue_add(&connection->output, head_left, head_size - of_head, body, offset + of_body,
                     size - of_body);
}

size_t connection_pending(const struct connection *connection)
{
    return connection->output.pending;
}

uint64_t connection_progress_ns(const struct connection *connection)
{
    return connection->progress_ns;
}

uint64_t connection_bytes_sent(const struct connection *connection)
{
    return connection->sent;
}

bool connection_measure_link(const struct connection *connection, struct tcp_link *link)
{
    return connection->transport != NULL &&
           tcp_link_measure(transport_fd(connection->transport), link);
}

/* --- input --- */

/* Keeps what is left of `bytes` (which may lie in the kept buffer itself). */
static void connection_keep(struct connection *connection, const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        connection_drop_kept(connection);
        return;
    }
    uint8_t *kept = connection->kept;
    if (kept != NULL && bytes >= kept && bytes < kept + connection->kept_size) {
        memmove(kept, bytes, size);
    } else {
        kept = xmalloc(size);
        memcpy(kept, bytes, size);
        free(connection->kept);
    }
    connection->kept = kept;
    connection->kept_size = size;
}

static bool connection_takes_input(const struct connection *connection)
{
    return connection->reading && !connection->finishing && !connection->over;
}

/* Offers what was kept and, behind it, what lies in the scratch buffer. */
static void connection_offer(struct connection *connection, size_t fresh)
{
    const uint8_t *bytes = connection_scratch;
    size_t size = fresh;
    if (connection->kept != NULL) {
        if (fresh > 0) {
            connection->kept =
                xreallocarray(connection->kept, connection->kept_size + fresh, sizeof(uint8_t));
            memcpy(connection->kept + connection->kept_size, connection_scratch, fresh);
            connection->kept_size += fresh;
        }
        bytes = connection->kept;
        size = connection->kept_size;
    }
    size_t consumed = connection->handlers->received(connection->arg, bytes, size);
    if (!connection->over && !connection->finishing) {
        connection_keep(connection, bytes + consumed, size - consumed);
    }
}

static void connection_on_peer_closed(struct connection *connection)
{
    if (connection->handlers->peer_closed == NULL ||
        !connection->handlers->peer_closed(connection->arg)) {
        connection_over(connection, CONNECTION_PEER_CLOSED);
    }
}

/* One turn of reading. Edge-triggered: it has to go on until EAGAIN, or to book another turn. */
static void connection_input(struct connection *connection)
{
    if (connection_takes_input(connection) && connection->offer_again) {
        connection->offer_again = false;
        if (connection->kept != NULL) {
            connection_offer(connection, 0);
        }
    }
    for (int i = 0; i < CONNECTION_READS_PER_TURN; i++) {
        if (!connection_takes_input(connection) || connection->offer_again ||
            connection->kept_size >= connection->input_limit) {
            return;
        }
        if (connection->peer_closed) {
            connection_on_peer_closed(connection);
            return;
        }
        size_t room = connection->input_limit - connection->kept_size;
        ssize_t got =
            transport_read(connection->transport, connection_scratch,
                           room < CONNECTION_SCRATCH_SIZE ? room : CONNECTION_SCRATCH_SIZE);
        if (got == -EAGAIN) {
            return;
        }
        if (got < 0) {
            connection_failed(connection, (int)got);
            return;
        }
        if (got == 0) {
            connection->peer_closed = true;
            connection_on_peer_closed(connection);
            return;
        }
        connection_offer(connection, (size_t)got);
    }
    if (connection_takes_input(connection)) {
        connection_schedule(connection, 0);
    }
}

/* Not reading: the bytes stay where they are, but a reset or the peer's FIN counts at once. */
static void connection_watch_end(struct connection *connection)
{
    int error = transport_error(connection->transport);
    if (error < 0) {
        connection_failed(connection, error);
    } else if (connection->peer_closing) {
        connection_on_peer_closed(connection);
    }
}

/* Reading may have stopped in the middle of the turn whose edge told of the end as well. */
static void connection_turn(struct connection *connection)
{
    if (connection->finishing) {
        connection_linger(connection);
        return;
    }
    connection_input(connection);
    if (!connection->reading && !connection->finishing && !connection->over) {
        connection_watch_end(connection);
    }
}

static void connection_on_io(evutil_socket_t fd, short what, void *arg)
{
    struct connection *connection = arg;
    (void)fd;
    if (what & EV_CLOSED) {
        connection->peer_closing = true;
    }
    if ((what & EV_WRITE) && !output_queue_is_empty(&connection->output)) {
        connection_flush(connection);
    }
    bool reads =
        (what & (EV_READ | EV_CLOSED)) || transport_read_waits_to_write(connection->transport);
    if (connection->over || !reads) {
        return;
    }
    connection_turn(connection);
}

static void connection_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct connection *connection = arg;
    (void)fd;
    (void)what;
    connection_drop_timer(connection);
    if (connection->over) {
        connection_call_ended(connection);
    } else {
        connection_turn(connection);
    }
}

/* --- life --- */

struct connection *connection_create(struct event_base *base, struct transport *transport,
                                     size_t input_limit, const struct connection_handlers *handlers,
                                     void *arg)
{
    char *peer_name = transport_peer_name(transport);
    size_t name_size = strlen(peer_name) + 1;
    struct connection *connection = xcalloc(1, sizeof *connection + name_size);
    int fd = transport_fd(transport);
    connection->transport = transport;
    connection->handlers = handlers;
    connection->arg = arg;
    connection->input_limit = input_limit;
    connection->reading = true;
    memcpy(connection->peer_name, peer_name, name_size);
    free(peer_name);
    event_assign(&connection->io, base, fd, EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST,
                 connection_on_io, connection);
    if (event_add(&connection->io, NULL) < 0) {
        log_warn("cannot watch a connection peer=%s", connection->peer_name);
        connection_over(connection, CONNECTION_PEER_RESET);
    }
    return connection;
}

void connection_set_handlers(struct connection *connection,
                             const struct connection_handlers *handlers, void *arg)
{
    connection->handlers = handlers;
    connection->arg = arg;
    connection_yield(connection);
}

void connection_set_reading(struct connection *connection, bool reading)
{
    if (reading && !connection->reading) {
        connection_yield(connection); /* its edge may have passed while nobody read */
    }
    connection->reading = reading;
}

void connection_yield(struct connection *connection)
{
    connection->offer_again = true;
    connection_schedule(connection, 0);
}

void connection_set_input_limit(struct connection *connection, size_t input_limit)
{
    connection->input_limit = input_limit;
}

void connection_set_user_timeout(struct connection *connection, uint64_t timeout_ns)
{
    transport_set_user_timeout(connection->transport, timeout_ns);
}

void connection_finish(struct connection *connection, enum connection_end end)
{
    if (connection->over || connection->finishing) {
        return;
    }
    connection->finishing = true;
    connection->end = end;
    connection->deadline_ns = clock_monotonic_ns() + CONNECTION_FINISH_NS;
    connection_schedule(connection, 0);
}

void connection_abort(struct connection *connection, enum connection_end end)
{
    connection_over(connection, end);
}

void connection_destroy(struct connection *connection, enum connection_end end)
{
    if (!connection->over) {
        connection->end = end;
        connection->over = true;
        connection_write(connection);
        transport_shutdown(connection->transport);
        for (int i = 0; i < CONNECTION_READS_PER_TURN; i++) {
            /* Unread input would turn the close into a reset, and our last words might be lost. */
            if (transport_read(connection->transport, connection_scratch,
                               CONNECTION_SCRATCH_SIZE) <= 0) {
                break;
            }
        }
    }
    connection_call_ended(connection);
}

const char *connection_peer_name(const struct connection *connection)
{
    return connection->peer_name;
}

bool connection_peer_address(const struct connection *connection, struct in6_addr *address)
{
    return transport_peer_address(connection->transport, address);
}

bool connection_is_local(const struct connection *connection)
{
    return transport_is_local(connection->transport);
}

bool connection_is_secure(const struct connection *connection)
{
    return transport_is_secure(connection->transport);
}
