#include "broadcaster/network/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broadcaster/network/tls.h"
#include "common/address.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

/* One frame's worth of unsent bytes in the kernel is as good as a megabyte for the throughput, and
 * the difference is how old the picture is that a slow viewer sees. */
#define TRANSPORT_NOTSENT_LOWAT 16384
#define TRANSPORT_USER_TIMEOUT  (30 * NS_PER_SECOND)
#define TRANSPORT_KEEPALIVE_S   30
#define TRANSPORT_PROBE_S       10

struct transport {
    int fd;
    bool local;
    struct tls_stream *tls; /* NULL: plain */
};

static void transport_set(int fd, int level, int name, int value)
{
    if (setsockopt(fd, level, name, &value, sizeof value) < 0) {
        log_debug("setsockopt level=%d name=%d: %s", level, name, strerror(errno));
    }
}

static bool transport_fd_is_local(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t size = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

struct transport *transport_create_plain(int fd)
{
    struct transport *transport = xcalloc(1, sizeof *transport);
    transport->fd = fd;
    transport->local = transport_fd_is_local(fd);
    if (!transport->local) {
        transport_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        transport_set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, TRANSPORT_NOTSENT_LOWAT);
        transport_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        transport_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, TRANSPORT_KEEPALIVE_S);
        transport_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, TRANSPORT_PROBE_S);
        transport_set_user_timeout(transport, TRANSPORT_USER_TIMEOUT);
    }
    return transport;
}

struct transport *transport_create_tls(int fd, const struct tls *tls)
{
    struct transport *transport = transport_create_plain(fd);
    transport->tls = tls_stream_create(tls, fd);
    return transport;
}

void transport_destroy(struct transport *transport)
{
    if (transport != NULL) {
        tls_stream_destroy(transport->tls);
        close(transport->fd);
        free(transport);
    }
}

ssize_t transport_read(struct transport *transport, void *buffer, size_t size)
{
    ssize_t result;
    if (transport->tls != NULL) {
        return tls_stream_read(transport->tls, buffer, size);
    }
    do {
        result = recv(transport->fd, buffer, size, MSG_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

ssize_t transport_write(struct transport *transport, const struct iovec *parts, int count)
{
    ssize_t result;
    if (transport->tls != NULL) {
        return tls_stream_write(transport->tls, parts, count);
    }
    if (count == 1) {
        do {
            result =
                send(transport->fd, parts->iov_base, parts->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
        } while (result < 0 && errno == EINTR);
        return result < 0 ? -errno : result;
    }
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
    do {
        result = sendmsg(transport->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

bool transport_read_waits_to_write(const struct transport *transport)
{
    return transport->tls != NULL && tls_stream_read_waits_to_write(transport->tls);
}

bool transport_takes_files(const struct transport *transport)
{
    return transport->tls == NULL;
}

ssize_t transport_write_file(struct transport *transport, int file, size_t offset, size_t size)
{
    off_t from = (off_t)offset;
    size_t taken = 0;
    /* A signal can cut it short as a full socket does; only the latter is followed by an edge. */
    while (taken < size) {
        ssize_t result = sendfile(transport->fd, file, &from, size - taken);
        if (result > 0) {
            taken += (size_t)result;
        } else if (result == 0 || errno != EINTR) {
            return taken > 0 ? (ssize_t)taken : result < 0 ? -errno : -EIO;
        }
    }
    return (ssize_t)taken;
}

void transport_shutdown(struct transport *transport)
{
    if (transport->tls != NULL) {
        tls_stream_shutdown(transport->tls);
    }
    shutdown(transport->fd, SHUT_WR);
}

int transport_error(struct transport *transport)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(transport->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) {
        return -errno;
    }
    return -error;
}

void transport_set_user_timeout(struct transport *transport, uint64_t timeout_ns)
{
    if (!transport->local) {
        uint64_t milliseconds = timeout_ns / NS_PER_MS;
        transport_set(transport->fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
                      milliseconds < INT32_MAX ? (int)milliseconds : INT32_MAX);
    }
}

int transport_fd(const struct transport *transport)
{
    return transport->fd;
}

bool transport_is_secure(const struct transport *transport)
{
    return transport->tls != NULL;
}

bool transport_is_local(const struct transport *transport)
{
    return transport->local;
}

bool transport_peer_address(const struct transport *transport, struct in6_addr *address)
{
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
    } peer = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t size = sizeof peer;
    return getpeername(transport->fd, &peer.any, &size) == 0 &&
           address_of_socket(&peer.any, address);
}

char *transport_peer_name(const struct transport *transport)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_storage storage;
    } address = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t size = sizeof address;
    char text[INET6_ADDRSTRLEN] = "?";
    if (getpeername(transport->fd, &address.any, &size) < 0) {
        return xstrdup("gone");
    }
    if (address.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address.in.sin_addr, text, sizeof text);
        return xasprintf("%s:%u", text, (unsigned)ntohs(address.in.sin_port));
    }
    if (address.any.sa_family == AF_INET6) {
        const struct in6_addr *in6 = &address.in6.sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(in6)) {
            inet_ntop(AF_INET, &in6->s6_addr[12], text, sizeof text);
            return xasprintf("%s:%u", text, (unsigned)ntohs(address.in6.sin6_port));
        }
        inet_ntop(AF_INET6, in6, text, sizeof text);
        return xasprintf("[%s]:%u", text, (unsigned)ntohs(address.in6.sin6_port));
    }
    struct ucred peer = {.pid = 0};
    size = sizeof peer;
    if (getsockopt(transport->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
        return xstrdup("unix");
    }
    return xasprintf("unix:pid=%d", (int)peer.pid);
}
