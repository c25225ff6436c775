/* TLS by OpenSSL: the certificate, and one stream per connection. Version 1.2 or later, http/1.1 by
 * ALPN, no renegotiation, no sessions kept here. One thread. */
#ifndef BROADCASTER_TLS_H
#define BROADCASTER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define TLS_MISTAKE_SIZE 256

/* --- the certificate --- */

struct tls;

/* Without a certificate: tls_is_on() is false. */
struct tls *tls_create(void);
void tls_destroy(struct tls *tls); /* NULL is allowed; streams live on */

/* Reads the certificate with its chain, and the key (NULL: in the same file), both PEM. On failure
 * the one before stays, and `mistake` says why in words. `certificate` NULL: none from now on.
 * Streams that exist keep theirs. */
bool tls_load(struct tls *tls, const char *certificate, const char *key,
              char mistake[TLS_MISTAKE_SIZE]);
bool tls_is_on(const struct tls *tls);

/* --- one connection --- */

struct tls_stream;

/* The server's side on `fd`, which stays the caller's. tls_is_on(). The handshake happens
 * inside the first reads. */
struct tls_stream *tls_stream_create(const struct tls *tls, int fd);
void tls_stream_destroy(struct tls_stream *stream); /* says nothing; NULL is allowed */

/* As transport_read() and transport_write(): an end without the peer's close_notify is an end as
 * well. What has been refused with -EAGAIN must be the beginning of what is offered next. */
ssize_t tls_stream_read(struct tls_stream *stream, void *buffer, size_t size);
ssize_t tls_stream_write(struct tls_stream *stream, const struct iovec *parts, int count);

/* True when the last read said -EAGAIN because the socket took nothing: reading
 * goes on when it does. */
bool tls_stream_read_waits_to_write(const struct tls_stream *stream);

/* Says close_notify, if the socket takes it now. */
void tls_stream_shutdown(struct tls_stream *stream);

#endif
