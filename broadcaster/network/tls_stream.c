#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "broadcaster/network/tls.h"
#include "broadcaster/network/tls_context.h"
#include "common/log.h"
#include "common/memory.h"

#define TLS_RECORD_MAX   16384 /* RFC 8446, 5.1 */
#define TLS_UNREAD_BYTES 16384

struct tls_stream {
    SSL *ssl;
    bool read_waits_to_write;
    bool broken; /* nothing more may be asked of OpenSSL */
};

/* Small parts of a message become one record with what follows them. One thread, and no write
 * happens inside another. */
static uint8_t tls_record[TLS_RECORD_MAX];

struct tls_stream *tls_stream_create(const struct tls *tls, int fd)
{
    struct tls_stream *stream = xcalloc(1, sizeof *stream);
    stream->ssl = SSL_new(tls_context(tls));
    if (stream->ssl == NULL || SSL_set_fd(stream->ssl, fd) != 1) {
        die("out of memory for TLS");
    }
    SSL_set_accept_state(stream->ssl);
    return stream;
}

void tls_stream_destroy(struct tls_stream *stream)
{
    if (stream != NULL) {
        SSL_free(stream->ssl);
        free(stream);
    }
}

/* Somebody has left the "s" out of https: told in the language that he speaks. */
static void tls_answer_plain(int fd)
{
    static const char answer[] =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        "{\"error\":{\"code\":\"tls_wanted\",\"message\":\"this port speaks https only\"},"
        "\"detail\":\"this port speaks https only\"}";
    char unread[TLS_UNREAD_BYTES];
    send(fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    /* Unread input would turn the close into a reset, and the answer might be lost. */
    while (recv(fd, unread, sizeof unread, MSG_DONTWAIT) == (ssize_t)sizeof unread) {
    }
}

/* What a call that did not succeed means: 0 at the end, or -errno. */
static ssize_t tls_failure(struct tls_stream *stream, int result)
{
    int error = errno;
    unsigned long code = ERR_peek_error();
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        stream->broken = true;
        return error != 0 ? -error : 0;
    default:
        stream->broken = true;
        log_debug("TLS failed: %s", ERR_reason_error_string(code));
        if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST) {
            tls_answer_plain(SSL_get_fd(stream->ssl));
        }
        return -EPROTO;
    }
}

static void tls_prepare(void)
{
    ERR_clear_error(); /* SSL_get_error() looks at the thread's whole queue */
    errno = 0;
}

ssize_t tls_stream_read(struct tls_stream *stream, void *buffer, size_t size)
{
    if (stream->broken) {
        return -EPROTO;
    }
    tls_prepare();
    int got = SSL_read(stream->ssl, buffer, size < INT32_MAX ? (int)size : INT32_MAX);
    stream->read_waits_to_write = got <= 0 && SSL_want_write(stream->ssl);
    return got > 0 ? got : tls_failure(stream, got);
}

bool tls_stream_read_waits_to_write(const struct tls_stream *stream)
{
    return stream->read_waits_to_write;
}

/* One record from the beginning of the parts, from behind `skipped` bytes of them. Large parts are
 * encrypted where they lie; the record that OpenSSL may still be holding begins
 * with the same bytes. */
static int tls_write_record(struct tls_stream *stream, const struct iovec *parts, int count,
                            size_t skipped)
{
    size_t size = 0;
    tls_prepare();
    for (int i = 0; i < count && size < TLS_RECORD_MAX; i++) {
        if (skipped >= parts[i].iov_len) {
            skipped -= parts[i].iov_len;
            continue;
        }
        const uint8_t *bytes = (const uint8_t *)parts[i].iov_base + skipped;
        size_t left = parts[i].iov_len - skipped, room = TLS_RECORD_MAX - size;
        skipped = 0;
        if (size == 0 && (left >= TLS_RECORD_MAX || i == count - 1)) {
            return SSL_write(stream->ssl, bytes, left < room ? (int)left : (int)room);
        }
        memcpy(tls_record + size, bytes, left < room ? left : room);
        size += left < room ? left : room;
    }
    return SSL_write(stream->ssl, tls_record, (int)size);
}

ssize_t tls_stream_write(struct tls_stream *stream, const struct iovec *parts, int count)
{
    size_t total = 0, taken = 0;
    for (int i = 0; i < count; i++) {
        total += parts[i].iov_len;
    }
    while (taken < total) {
        int written = stream->broken ? -1 : tls_write_record(stream, parts, count, taken);
        if (written <= 0) {
            ssize_t failure = stream->broken ? -EPROTO : tls_failure(stream, written);
            if (failure == 0) {
                failure = -EPIPE;
            }
            return taken > 0 && failure == -EAGAIN ? (ssize_t)taken : failure;
        }
        taken += (size_t)written;
    }
    return (ssize_t)taken;
}

void tls_stream_shutdown(struct tls_stream *stream)
{
    if (!stream->broken && SSL_is_init_finished(stream->ssl)) {
        tls_prepare();
        SSL_shutdown(stream->ssl);
    }
}
