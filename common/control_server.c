#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/control_peer.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

#define BACKLOG 128

/* How long no connection is taken when this process has no descriptor left for one. */
#define ACCEPT_PAUSE_NS (100 * NS_PER_MS)

struct control_server {
    struct control_owner owner; /* of every peer */
    char *name;
    int directory_fd;
    int fd;
    struct stat identity; /* of the socket, to know the name for its own */
    struct event *acceptable;
    struct event *resume; /* ends a pause */
    TAILQ_HEAD(control_peers, control_peer) peers;
};

static void control_server_forget(void *owner, struct control_peer *peer)
{
    struct control_server *server = owner;
    TAILQ_REMOVE(&server->peers, peer, link);
}

static void control_server_resume(evutil_socket_t fd, short events, void *arg)
{
    struct control_server *server = arg;
    (void)fd;
    (void)events;
    event_add(server->acceptable, NULL);
}

/* Without a descriptor to be had the connection stays in the backlog and the socket readable: to go
 * on at once would be to spin. */
static void control_server_pause(struct control_server *server, int error)
{
    log_warn("no control connection can be taken, pausing socket=%s: %s", server->name,
             strerror(error));
    struct timeval pause = clock_timeval(ACCEPT_PAUSE_NS);
    event_del(server->acceptable);
    event_add(server->resume, &pause);
}

/* Takes one connection per wake-up: its `opened` may destroy the server. */
static void control_server_accept(evutil_socket_t listener, short events, void *arg)
{
    struct control_server *server = arg;
    (void)events;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            control_server_pause(server, errno);
        }
        return;
    }
    if (!control_peer_trusted(fd, server->name)) {
        fd_close(&fd);
        return;
    }
    struct control_peer *peer = control_peer_create(&server->owner, server->name, fd);
    TAILQ_INSERT_TAIL(&server->peers, peer, link);
    control_peer_open(peer);
}

/* The name appears when everything behind it works: bound and listening under another name first,
 * then renamed, which also replaces whatever had the name. */
static int control_server_publish(struct control_server *server)
{
    struct sockaddr_un address;
    char temporary[32];
    snprintf(temporary, sizeof temporary, ".%d.%d.new", (int)getpid(), server->fd);
    int result = control_address(&address, server->directory_fd, temporary);
    if (result < 0) {
        return result;
    }
    /* What a process of the same pid may have left when it was killed right here. */
    unlinkat(server->directory_fd, temporary, 0);
    if (bind(server->fd, (struct sockaddr *)&address, sizeof address) < 0) {
        return -errno;
    }
    if (listen(server->fd, BACKLOG) < 0 ||
        fstatat(server->directory_fd, temporary, &server->identity, AT_SYMLINK_NOFOLLOW) < 0 ||
        renameat(server->directory_fd, temporary, server->directory_fd, server->name) < 0) {
        result = -errno;
        unlinkat(server->directory_fd, temporary, 0);
    }
    return result;
}

/* A client finds the socket by the same kind of address, so a name that does not fit fails here. */
static int control_server_listen(struct control_server *server, const char *run_dir)
{
    struct sockaddr_un address;
    server->directory_fd = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (server->directory_fd < 0) {
        return -errno;
    }
    int result = control_address(&address, server->directory_fd, server->name);
    if (result < 0) {
        return result;
    }
    server->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->fd < 0) {
        return -errno;
    }
    return control_server_publish(server);
}

static void control_server_free(struct control_server *server)
{
    if (server->acceptable != NULL) {
        event_free(server->acceptable);
        event_free(server->resume);
    }
    fd_close(&server->fd);
    fd_close(&server->directory_fd);
    free(server->name);
    free(server);
}

int control_server_create(struct control_server **result, struct event_base *base,
                          const char *run_dir, const char *name, enum message_service service,
                          const struct control_handlers *handlers, void *arg)
{
    struct control_server *server = xcalloc(1, sizeof *server);
    server->owner = (struct control_owner){.base = base,
                                           .service = service,
                                           .incoming = MESSAGE_TO_SERVER,
                                           .handlers = *handlers,
                                           .arg = arg,
                                           .forget = control_server_forget,
                                           .owner = server};
    server->name = xstrdup(name);
    server->directory_fd = server->fd = -1;
    TAILQ_INIT(&server->peers);
    int failure = control_server_listen(server, run_dir);
    if (failure < 0) {
        control_server_free(server);
        return failure;
    }
    server->acceptable =
        event_new(base, server->fd, EV_READ | EV_PERSIST, control_server_accept, server);
    server->resume = evtimer_new(base, control_server_resume, server);
    if (server->acceptable == NULL || server->resume == NULL ||
        event_add(server->acceptable, NULL) < 0) {
        die("cannot watch a control socket");
    }
    *result = server;
    return 0;
}

/* Another server may have taken the name in the meantime. */
static void control_server_remove_name(struct control_server *server)
{
    struct stat found;
    if (fstatat(server->directory_fd, server->name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
        found.st_dev == server->identity.st_dev && found.st_ino == server->identity.st_ino) {
        unlinkat(server->directory_fd, server->name, 0);
    }
}

void control_server_destroy(struct control_server *server)
{
    if (server == NULL) {
        return;
    }
    control_server_remove_name(server);
    struct control_peer *peer;
    while ((peer = TAILQ_FIRST(&server->peers)) != NULL) {
        TAILQ_REMOVE(&server->peers, peer, link);
        if (server->owner.handlers.closed != NULL) {
            server->owner.handlers.closed(server->owner.arg, peer);
        }
        control_peer_destroy(peer);
    }
    control_server_free(server);
}

struct control_peer *control_server_next(struct control_server *server, struct control_peer *peer)
{
    do {
        peer = peer == NULL ? TAILQ_FIRST(&server->peers) : TAILQ_NEXT(peer, link);
    } while (peer != NULL && peer->fd < 0);
    return peer;
}
