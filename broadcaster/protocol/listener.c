#include "broadcaster/protocol/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broadcaster/network/tls.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

#define LISTENER_BACKLOG          4096 /* the kernel cuts it to net.core.somaxconn */
#define LISTENER_ACCEPTS_PER_TURN 64
#define LISTENER_PAUSE_NS         (100 * NS_PER_MS)

struct listener {
    struct event io;
    struct event pause;
    struct http_server *server;
    const struct tls *tls; /* NULL: never */
    int fd;
    bool short_of;        /* of descriptors or memory: connections wait, and the log says so */
    char *path;           /* of a Unix socket, else NULL */
    struct stat identity; /* of what we have put there */
};

/* --- accepting --- */

static bool listener_peer_is_ours(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
        return false;
    }
    return peer.uid == geteuid() || peer.uid == 0;
}

/* Errors that say nothing about the listening socket, but about the one connection: accept(2). */
static bool listener_error_is_of_peer(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:
        return true;
    default:
        return false;
    }
}

static struct transport *listener_transport(const struct listener *listener, int fd)
{
    return listener->tls != NULL && tls_is_on(listener->tls)
               ? transport_create_tls(fd, listener->tls)
               : transport_create_plain(fd);
}

static void listener_pause(struct listener *listener, int error)
{
    struct timeval delay = clock_timeval(LISTENER_PAUSE_NS);
    if (!listener->short_of) {
        listener->short_of = true;
        log_warn("cannot accept connections, they wait: %s; raise the limit of open files if this "
                 "comes again",
                 strerror(error));
    }
    event_del(&listener->io);
    event_add(&listener->pause, &delay);
}

static void listener_on_io(evutil_socket_t listening, short what, void *arg)
{
    struct listener *listener = arg;
    (void)what;
    for (int i = 0; i < LISTENER_ACCEPTS_PER_TURN; i++) {
        int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (listener->path != NULL && !listener_peer_is_ours(fd)) {
                log_warn("a connection of another user was refused path=%s", listener->path);
                close(fd);
            } else {
                http_server_accept(listener->server, listener_transport(listener, fd));
            }
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (listener->short_of) {
                listener->short_of = false;
                log_info("connections are accepted again");
            }
            return;
        } else if (!listener_error_is_of_peer(errno)) {
            listener_pause(listener, errno);
            return;
        }
    }
}

static void listener_on_pause(evutil_socket_t fd, short what, void *arg)
{
    struct listener *listener = arg;
    (void)fd;
    (void)what;
    event_add(&listener->io, NULL);
}

/* --- opening --- */

/* Takes `fd`, a bound socket; closes it on failure. */
static int listener_start(struct listener **out, struct event_base *base, int fd,
                          struct http_server *server)
{
    if (listen(fd, LISTENER_BACKLOG) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    struct listener *listener = xcalloc(1, sizeof *listener);
    listener->fd = fd;
    listener->server = server;
    event_assign(&listener->io, base, fd, EV_READ | EV_PERSIST, listener_on_io, listener);
    evtimer_assign(&listener->pause, base, listener_on_pause, listener);
    event_add(&listener->io, NULL);
    *out = listener;
    return 0;
}

union listener_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_storage storage;
};

/* "ADDRESS:PORT" or "[ADDRESS]:PORT"; libevent's parser refuses port 0. The size, or -EINVAL. */
static int listener_parse(const char *text, union listener_address *address)
{
    char host[INET6_ADDRSTRLEN + 2];
    const char *colon = strrchr(text, ':');
    size_t size = colon != NULL ? (size_t)(colon - text) : 0;
    if (size == 0 || size >= sizeof host || colon[1] < '0' || colon[1] > '9') {
        return -EINVAL;
    }
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || port > 65535) {
        return -EINVAL;
    }
    memcpy(host, text, size);
    host[size] = '\0';
    if (host[0] == '[' && host[size - 1] == ']') {
        host[size - 1] = '\0';
        address->in6 =
            (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        return inet_pton(AF_INET6, host + 1, &address->in6.sin6_addr) == 1
                   ? (int)sizeof address->in6
                   : -EINVAL;
    }
    address->in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, host, &address->in.sin_addr) == 1 ? (int)sizeof address->in : -EINVAL;
}

int listener_create_tcp(struct listener **listener, struct event_base *base, const char *address,
                        struct http_server *server)
{
    union listener_address parsed;
    int size = listener_parse(address, &parsed);
    if (size < 0) {
        return size;
    }
    int fd = socket(parsed.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    int yes = 1, no = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (parsed.any.sa_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    }
    if (bind(fd, &parsed.any, (socklen_t)size) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return listener_start(listener, base, fd, server);
}

void listener_set_tls(struct listener *listener, const struct tls *tls)
{
    listener->tls = tls;
}

/* True when somebody listens at the path: then the name is not what a dead server left. */
static bool listener_is_served(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    bool served =
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN;
    close(fd);
    return served;
}

/* Binds under a temporary name and renames: the name never leads to a socket that does not listen,
 * and takes the place of what a dead server left. */
static int listener_publish(struct listener **listener, struct event_base *base,
                            const struct sockaddr_un *temporary, const char *path,
                            struct http_server *server)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    unlink(temporary->sun_path);
    if (bind(fd, (const struct sockaddr *)temporary, sizeof *temporary) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    struct listener *made = NULL;
    int result = listener_start(&made, base, fd, server);
    if (made == NULL) {
        unlink(temporary->sun_path);
        return result;
    }
    if (stat(temporary->sun_path, &made->identity) < 0 || rename(temporary->sun_path, path) < 0) {
        result = -errno;
        unlink(temporary->sun_path);
        listener_destroy(made);
        return result;
    }
    made->path = xstrdup(path);
    *listener = made;
    return 0;
}

int listener_create_unix(struct listener **listener, struct event_base *base, const char *run_dir,
                         const char *name, struct http_server *server)
{
    struct sockaddr_un temporary = {.sun_family = AF_UNIX};
    int length = snprintf(temporary.sun_path, sizeof temporary.sun_path, "%s/.%s.%d", run_dir, name,
                          (int)getpid());
    if (length < 0 || (size_t)length >= sizeof temporary.sun_path) {
        return -ENAMETOOLONG;
    }
    char *path = xasprintf("%s/%s", run_dir, name);
    int result = listener_is_served(path)
                     ? -EADDRINUSE
                     : listener_publish(listener, base, &temporary, path, server);
    free(path);
    return result;
}

void listener_destroy(struct listener *listener)
{
    if (listener == NULL) {
        return;
    }
    event_del(&listener->io);
    event_del(&listener->pause);
    fd_close(&listener->fd);
    struct stat now;
    /* Another server may have taken the name by now; then it is not ours to remove. */
    if (listener->path != NULL && stat(listener->path, &now) == 0 &&
        now.st_dev == listener->identity.st_dev && now.st_ino == listener->identity.st_ino) {
        unlink(listener->path);
    }
    free(listener->path);
    free(listener);
}

unsigned listener_port(const struct listener *listener)
{
    union listener_address address = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t size = sizeof address;
    if (getsockname(listener->fd, &address.any, &size) < 0) {
        return 0;
    }
    if (address.any.sa_family == AF_INET) {
        return ntohs(address.in.sin_port);
    }
    return address.any.sa_family == AF_INET6 ? ntohs(address.in6.sin6_port) : 0;
}
