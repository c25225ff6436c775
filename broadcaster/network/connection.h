/* A connected socket on the loop: bytes in, bytes out, back-pressure, the end. Knows no protocol.
 *
 * Plain libevent events, not bufferevents (docs/architecture.md has the figures): one
 * edge-triggered event that stays for the life of the connection, so neither a partial write nor a
 * pause in reading costs a system call; send() at once when nothing is in flight. Input that is not
 * consumed is kept in a small buffer that exists only while it is needed; output is a list of
 * shared, refcounted bytes. One thread. */
#ifndef BROADCASTER_CONNECTION_H
#define BROADCASTER_CONNECTION_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/network/shared_bytes.h"
#include "broadcaster/network/tcp_link.h"
#include "broadcaster/network/transport.h"

struct connection;

/* Why a connection ended; the words appear in the log and in counters. */
enum connection_end {
    CONNECTION_PEER_CLOSED, /* EOF */
    CONNECTION_PEER_RESET,  /* RST or another error of the socket */
    CONNECTION_TIMED_OUT,   /* a deadline of ours */
    CONNECTION_STALLED,     /* took no byte for too long */
    CONNECTION_PROTOCOL,    /* broke the protocol */
    CONNECTION_FINISHED,    /* we closed it after what we had to say */
    CONNECTION_SHUTDOWN,    /* this process ends */
    CONNECTION_ENDS
};

const char *connection_end_name(enum connection_end end);

/* Upper layers hang themselves below a connection; an upgrade from HTTP to
 * WebSocket replaces them. */
struct connection_handlers {
    /* Bytes arrived (after those left over before). Returns how many were consumed; the rest is
     * offered again with what follows it. Not called after connection_finish(). */
    size_t (*received)(void *arg, const uint8_t *bytes, size_t size);
    /* Output had to wait, and now everything handed to connection_send() has been taken by the
     * kernel. May be NULL. */
    void (*drained)(void *arg);
    /* The peer will send nothing more, but may still be reading (a client may shut down its sending
     * side behind its request). True: the connection stays, and its user ends it; the question
     * comes again whenever reading is resumed. False, or NULL: it is over,
     * CONNECTION_PEER_CLOSED. */
    bool (*peer_closed)(void *arg);
    /* The connection is over and is freed after the call. Called exactly once, from the loop, never
     * from inside a call into this module. */
    void (*ended)(void *arg, enum connection_end end);
};

/* Takes `transport`. `handlers` outlive the connection. `input_limit`: the most bytes that are
 * read at once and the most unconsumed ones that are kept; a peer that makes them more is not read
 * until some are consumed. */
struct connection *connection_create(struct event_base *base, struct transport *transport,
                                     size_t input_limit, const struct connection_handlers *handlers,
                                     void *arg);

/* Gives the connection to another layer; bytes already received and not consumed go to it, from the
 * loop. */
void connection_set_handlers(struct connection *connection,
                             const struct connection_handlers *handlers, void *arg);

/* Sends `head` (copied, may be NULL) and then `size` bytes of `body` from `offset` on (referenced,
 * may be NULL). What the kernel does not take now waits; nobody is called back from here. */
void connection_send(struct connection *connection, const void *head, size_t head_size,
                     struct shared_bytes *body, size_t offset, size_t size);

/* Bytes that wait for the kernel; 0: the next connection_send() goes out at once. */
size_t connection_pending(const struct connection *connection);

/* CLOCK_MONOTONIC ns of the last moment when the kernel took a byte, or when the output went from
 * empty to waiting: the clock of the stall limit. */
uint64_t connection_progress_ns(const struct connection *connection);

uint64_t connection_bytes_sent(const struct connection *connection);

/* What the kernel knows of the way to the peer; false when it is none over TCP. */
bool connection_measure_link(const struct connection *connection, struct tcp_link *link);

/* Stops or resumes reading; the peer's end is seen in both states. Whoever stops gets what it did
 * not consume once more, from the loop, after it has resumed. */
void connection_set_reading(struct connection *connection, bool reading);

/* From `received`: what it did not consume is offered again, from the loop, when the other
 * connections have had their turn. */
void connection_yield(struct connection *connection);

/* Another limit from the next read on: small while heads are awaited, large for bodies. */
void connection_set_input_limit(struct connection *connection, size_t input_limit);

/* How long the kernel itself keeps trying a peer that acknowledges nothing; 0:
 * the system's limit. */
void connection_set_user_timeout(struct connection *connection, uint64_t timeout_ns);

/* Sends what waits, shuts down the sending side and closes when the peer has closed too (so that it
 * gets to read what was sent): `ended` with `end`, or earlier with what happened. A peer that takes
 * longer than two seconds is cut off. Input is thrown away from now on. */
void connection_finish(struct connection *connection, enum connection_end end);

/* Closes now; `ended` is called from the loop. */
void connection_abort(struct connection *connection, enum connection_end end);

/* For the end of the process, when no loop runs any more: what the kernel takes at once is sent,
 * `ended` is called from here, and the connection is freed. */
void connection_destroy(struct connection *connection, enum connection_end end);

/* "127.0.0.1:51234", "[::1]:51234" or "unix:pid=123". */
const char *connection_peer_name(const struct connection *connection);

/* Its address without the port; false when it is not IP, or gone. */
bool connection_peer_address(const struct connection *connection, struct in6_addr *address);

/* True when nobody on the way can read along: TLS. */
bool connection_is_secure(const struct connection *connection);

/* True for broadcaster.http.sock: a process of this uid, role publisher. */
bool connection_is_local(const struct connection *connection);

#endif
