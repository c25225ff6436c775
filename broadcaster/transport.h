/* How bytes get to and from a socket: plain now, TLS later, behind two functions. One thread. */
#ifndef BROADCASTER_TRANSPORT_H
#define BROADCASTER_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct transport;

/* Takes `fd` (a connected, non-blocking stream socket) and sets what a viewer's socket needs:
 * TCP_NODELAY, TCP_NOTSENT_LOWAT (so that the kernel does not hide megabytes of old frames) and
 * TCP_USER_TIMEOUT. */
struct transport *transport_create_plain(int fd);
void transport_destroy(struct transport *transport); /* closes; NULL is allowed */

/* Bytes, 0 at the peer's end, or -errno (-EAGAIN: later). */
ssize_t transport_read(struct transport *transport, void *buffer, size_t size);
ssize_t transport_write(struct transport *transport, const struct iovec *parts, int count);

int transport_fd(const struct transport *transport);
bool transport_is_local(const struct transport *transport); /* a Unix-domain socket */

#endif
