/* Control sockets: Unix-domain SOCK_SEQPACKET in the run directory, one JSON object per packet,
 * descriptors riding with their own packet. A connection is a lifetime: its end is the death
 * notice, both ways. Peers are this uid or root (SO_PEERCRED). A packet that the message table
 * refuses closes that connection and nothing else.
 *
 * All sockets are non-blocking. Of newest-only messages one waits per peer, the newest; an answer
 * that cannot go closes the connection. Everything runs on the loop's thread. */
#ifndef COMMON_CONTROL_H
#define COMMON_CONTROL_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/messages.h"

struct control_peer; /* one connection, seen from either end */

/* What a server or a client does with its connections; copied. Any member may be NULL.
 * All are called from the loop. A handler may close any peer and destroy any server or
 * client, its own included. */
struct control_handlers {
    /* A connection is there. Server: a client came. Client: the server answered. */
    void (*opened)(void *arg, struct control_peer *peer);
    /* A packet that the table has checked. `descriptors` (as many as the table says) now belong to
     * the handler; `body` does not: json_incref() what is kept. */
    void (*message)(void *arg, struct control_peer *peer, enum message_type type, json_t *body,
                    const int *descriptors);
    /* The message that had to wait has gone: control_waiting() is false again. */
    void (*drained)(void *arg, struct control_peer *peer);
    /* The connection is over; `peer` is freed after the call. Called for every peer that `opened`
     * was called for, except by control_client_destroy(). */
    void (*closed)(void *arg, struct control_peer *peer);
};

/* --- a server: owns `<run_dir>/<name>` --- */

struct control_server;

/* Binds under a temporary name and renames, which replaces what a dead server left; removes the
 * name on destroy if it is still its own. Strings are copied. 0 or -errno. */
int control_server_create(struct control_server **server, struct event_base *base,
                          const char *run_dir, const char *name, enum message_service service,
                          const struct control_handlers *handlers, void *arg);
/* Closes all connections, calling `closed` for each before it returns. NULL is allowed. */
void control_server_destroy(struct control_server *server);

/* --- a client: keeps a connection to `<run_dir>/<name>` for as long as it lives --- */

struct control_client;

/* Connects as soon as the name appears (inotify on the run directory) and again whenever the
 * connection ends. Where no event can tell (refused, just ended, no run directory to watch) it
 * tries again after 50 ms, doubling to 2 s. The first try is made from the loop. */
struct control_client *control_client_create(struct event_base *base, const char *run_dir,
                                             const char *name, enum message_service service,
                                             const struct control_handlers *handlers, void *arg);
/* Closes the connection; no handler is called. NULL is allowed. */
void control_client_destroy(struct control_client *client);

/* The connection, or NULL. */
struct control_peer *control_client_peer(struct control_client *client);

/* --- a connection --- */

/* Sends one message. Takes the reference `body` (an object; "type" is added; NULL: no fields). The
 * descriptors stay the caller's. A peer that cannot take it: newest-only messages wait in
 * their slot, others close the connection (its `closed` handler is called from the loop,
 * never from here). So does a message that the table refuses, which is a fault of ours and
 * logged as an error. */
void control_send(struct control_peer *peer, enum message_type type, json_t *body,
                  const int *descriptors);

/* Closes what came with a message that its receiver has no use for. */
void control_drop_descriptors(enum message_type type, const int *descriptors);

/* True while a newest-only message waits; the next one would take its place. */
bool control_waiting(const struct control_peer *peer);

/* Ends the connection; `closed` is called from the loop. */
void control_close(struct control_peer *peer);

/* What the owner of a connection hangs on it; NULL at first. */
void control_set_context(struct control_peer *peer, void *context);
void *control_context(const struct control_peer *peer);

/* All peers of a server in turn: NULL starts, NULL ends. */
struct control_peer *control_server_next(struct control_server *server, struct control_peer *peer);

#endif
