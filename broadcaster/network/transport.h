/* How bytes get to and from a socket, plain or by TLS, behind a few functions. One thread. */
#ifndef BROADCASTER_TRANSPORT_H
#define BROADCASTER_TRANSPORT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct tls;
struct transport;

/* Takes `fd` (a connected, non-blocking stream socket) and sets what a viewer's socket needs:
 * TCP_NODELAY, TCP_NOTSENT_LOWAT (so that the kernel does not hide megabytes of old frames),
 * TCP_USER_TIMEOUT and SO_KEEPALIVE (a peer whose machine is gone is noticed within a minute even
 * when nothing is sent to it). */
struct transport *transport_create_plain(int fd);
/* The same for the server's side of TLS; `tls` is on (tls.h) and is not kept. */
struct transport *transport_create_tls(int fd, const struct tls *tls);
void transport_destroy(struct transport *transport); /* closes; NULL is allowed */

/* Bytes, 0 at the peer's end, or -errno (-EAGAIN: later). What has been refused with -EAGAIN must
 * be the beginning of what is offered next: it may have been encrypted already. */
ssize_t transport_read(struct transport *transport, void *buffer, size_t size);
ssize_t transport_write(struct transport *transport, const struct iovec *parts, int count);

/* True when the last transport_read() waits for the socket to take bytes, not to have some: a
 * handshake reads and writes. */
bool transport_read_waits_to_write(const struct transport *transport);

/* True when transport_write_file() may be used: what is to be encrypted has
 * to be touched anyway. */
bool transport_takes_files(const struct transport *transport);

/* Writes `size` bytes of a file from `offset` on, its pages not copied: they must never change.
 * What it takes, less than `size` only where transport_write() would say -EAGAIN next; or -errno.
 * The process must ignore SIGPIPE. */
ssize_t transport_write_file(struct transport *transport, int file, size_t offset, size_t size);

/* Nothing more will be written: the peer reads an end of file behind what it has been sent. */
void transport_shutdown(struct transport *transport);

/* The socket's own error, cleared by asking: 0 or -errno. How a reset is seen without reading. */
int transport_error(struct transport *transport);

/* The kernel gives up when the peer has acknowledged nothing for so long, a closed window included;
 * so this must not be below what we grant a stalled peer ourselves. 0: the system's own limit. */
void transport_set_user_timeout(struct transport *transport, uint64_t timeout_ns);

int transport_fd(const struct transport *transport);
bool transport_is_secure(const struct transport *transport); /* TLS */
bool transport_is_local(const struct transport *transport);  /* a Unix-domain socket */

/* The peer's address without its port; false when it is not IP, or gone. */
bool transport_peer_address(const struct transport *transport, struct in6_addr *address);

/* "127.0.0.1:51234", "[::1]:51234", "unix:pid=123", or "gone"; the caller's to free(). */
char *transport_peer_name(const struct transport *transport);

#endif
