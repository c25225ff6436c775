/* Listening sockets: TCP (an address and a port) and the Unix-domain broadcaster.http.sock. Out of
 * descriptors, it stops accepting for a moment instead of spinning. One thread. */
#ifndef BROADCASTER_LISTENER_H
#define BROADCASTER_LISTENER_H

#include <event2/event.h>

#include "broadcaster/protocol/http_session.h"

struct listener;
struct tls;

/* "127.0.0.1:8069", "[::]:8069" (IPv4 too). 0 or -errno (-EADDRINUSE: taken; -EINVAL: not an
 * address). Port 0 takes any free port. */
int listener_create_tcp(struct listener **listener, struct event_base *base, const char *address,
                        struct http_server *server);

/* From now on new connections speak TLS whenever it is on. `tls` outlives the listener. */
void listener_set_tls(struct listener *listener, const struct tls *tls);

/* `<run_dir>/<name>`, put there by rename. Peers of another uid (but root) are hung up on. 0 or
 * -errno (-EADDRINUSE: somebody serves it). */
int listener_create_unix(struct listener **listener, struct event_base *base, const char *run_dir,
                         const char *name, struct http_server *server);

/* Closes and, for Unix, removes the name. NULL is allowed. */
void listener_destroy(struct listener *listener);

/* The TCP port really bound. */
unsigned listener_port(const struct listener *listener);

#endif
