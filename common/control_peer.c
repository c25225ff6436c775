#include "common/control_peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

/* Packets taken from one peer per wake-up, so that none keeps the loop from the others. */
#define PACKETS_PER_WAKE_UP 16

/* Room for the descriptors of one packet, aligned as the kernel wants it. The kernel closes what
 * does not fit and says so by MSG_CTRUNC. */
union descriptor_space {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(MESSAGE_DESCRIPTORS_MAX * sizeof(int))];
};

struct packet {
    char *bytes;
    size_t size;
    int descriptors[MESSAGE_DESCRIPTORS_MAX];
    size_t descriptor_count;
    bool truncated; /* bytes or descriptors were lost */
};

int control_address(struct sockaddr_un *address, int directory_fd, const char *name)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s",
                          directory_fd, name);
    return (size_t)length < sizeof address->sun_path ? 0 : -ENAMETOOLONG;
}

bool control_peer_trusted(int fd, const char *name)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
        log_warn("the other end of a control socket is unknown, closing socket=%s: %s", name,
                 strerror(errno));
        return false;
    }
    if (peer.uid != geteuid() && peer.uid != 0) {
        log_warn(
            "the other end of a control socket is another user, closing socket=%s uid=%u pid=%d",
            name, (unsigned)peer.uid, (int)peer.pid);
        return false;
    }
    return true;
}

static void control_peer_free(struct control_peer *peer)
{
    event_free(peer->finish);
    free(peer->waiting);
    free(peer->name);
    free(peer);
}

/* A handler has returned, which may have destroyed the peer. */
static void control_peer_leave_handler(struct control_peer *peer)
{
    peer->in_handler = false;
    if (peer->destroyed) {
        control_peer_free(peer);
    }
}

/* Ends the connection as the other side sees it; the peer itself stays. */
static void control_peer_disconnect(struct control_peer *peer)
{
    if (peer->fd >= 0) {
        event_free(peer->readable);
        event_free(peer->writable);
        fd_close(&peer->fd);
    }
}

void control_peer_destroy(struct control_peer *peer)
{
    control_peer_disconnect(peer);
    event_del(peer->finish);
    if (peer->in_handler) {
        peer->destroyed = true;
    } else {
        control_peer_free(peer);
    }
}

void control_close(struct control_peer *peer)
{
    if (peer->fd >= 0) {
        control_peer_disconnect(peer);
        event_active(peer->finish, EV_TIMEOUT, 0);
    }
}

static void control_peer_finish(evutil_socket_t fd, short events, void *arg)
{
    struct control_peer *peer = arg;
    (void)fd;
    (void)events;
    /* The owner has forgotten the peer when `closed` runs, so that the handler may destroy it. */
    peer->owner.forget(peer->owner.owner, peer);
    if (peer->owner.handlers.closed != NULL) {
        peer->owner.handlers.closed(peer->owner.arg, peer);
    }
    control_peer_free(peer);
}

/* --- receiving --- */

static void packet_take_descriptors(struct packet *packet, struct msghdr *header)
{
    struct cmsghdr *part;
    for (part = CMSG_FIRSTHDR(header); part != NULL; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count && packet->descriptor_count < MESSAGE_DESCRIPTORS_MAX; i++) {
            memcpy(&packet->descriptors[packet->descriptor_count++],
                   CMSG_DATA(part) + i * sizeof(int), sizeof(int));
        }
    }
}

static void packet_close_descriptors(struct packet *packet)
{
    for (size_t i = 0; i < packet->descriptor_count; i++) {
        fd_close(&packet->descriptors[i]);
    }
    packet->descriptor_count = 0;
}

/* Receives one packet into packet->bytes (MESSAGE_BYTES_MAX). 0, -EAGAIN, or -ENOTCONN at the end
 * of the connection, which an empty packet cannot be told from. */
static int packet_receive(struct packet *packet, int fd)
{
    union descriptor_space space;
    struct iovec part = {.iov_base = packet->bytes, .iov_len = MESSAGE_BYTES_MAX};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = space.bytes,
                            .msg_controllen = sizeof space.bytes};
    ssize_t got;
    do {
        got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return errno == EAGAIN ? -EAGAIN : -ENOTCONN;
    }
    packet->descriptor_count = 0;
    packet_take_descriptors(packet, &header);
    packet->truncated = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    packet->size = (size_t)got;
    if (got == 0) {
        packet_close_descriptors(packet);
        return -ENOTCONN;
    }
    return 0;
}

/* Closes a connection whose packet cannot be taken. A client is told why first: a person with a
 * hand-written message may be behind it. */
static void control_refuse(struct control_peer *peer, const char *reason)
{
    log_warn("bad packet on a control socket, closing socket=%s: %s", peer->name, reason);
    if (peer->owner.incoming == MESSAGE_TO_SERVER) {
        control_send(peer, MESSAGE_ERROR, json_pack("{s:s}", "message", reason), NULL);
    }
    control_close(peer);
}

/* Hands one whole packet to the handler, or closes the connection. */
static void control_deliver(struct control_peer *peer, struct packet *packet)
{
    char error[MESSAGE_ERROR_SIZE];
    json_t *body = NULL;
    if (packet->truncated) {
        packet_close_descriptors(packet);
        control_refuse(peer, "too many bytes or descriptors in one packet, or no room "
                             "here for its descriptors");
        return;
    }
    int type = message_parse(packet->bytes, packet->size, peer->owner.incoming, peer->owner.service,
                             packet->descriptor_count, &body, error);
    if (type < 0) {
        packet_close_descriptors(packet);
        control_refuse(peer, error);
        return;
    }
    if (peer->owner.handlers.message != NULL) {
        /* The descriptors are the handler's from here on. */
        peer->owner.handlers.message(peer->owner.arg, peer, (enum message_type)type, body,
                                     packet->descriptors);
    } else {
        packet_close_descriptors(packet);
    }
    json_decref(body);
}

static void control_peer_read(evutil_socket_t fd, short events, void *arg)
{
    struct control_peer *peer = arg;
    char bytes[MESSAGE_BYTES_MAX];
    struct packet packet = {.bytes = bytes};
    (void)events;
    peer->in_handler = true;
    for (int i = 0; i < PACKETS_PER_WAKE_UP && peer->fd >= 0; i++) {
        int result = packet_receive(&packet, fd);
        if (result == -EAGAIN) {
            break;
        }
        if (result < 0) {
            control_close(peer);
        } else {
            control_deliver(peer, &packet);
        }
    }
    control_peer_leave_handler(peer);
}

void control_drop_descriptors(enum message_type type, const int *descriptors)
{
    for (size_t i = 0; i < message_descriptors(type); i++) {
        int dropped = descriptors[i];
        fd_close(&dropped);
    }
}

/* --- sending --- */

static int packet_send(int fd, const char *bytes, size_t size, const int *descriptors,
                       size_t descriptor_count)
{
    union descriptor_space space;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count > 0) {
        memset(&space, 0, sizeof space);
        header.msg_control = space.bytes;
        header.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptor_count * sizeof(int));
        memcpy(CMSG_DATA(rights), descriptors, descriptor_count * sizeof(int));
    }
    ssize_t sent;
    do {
        sent = sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

/* What a failed send means: nothing when the other end is gone, because what it said before is
 * still to be read and its end is seen there. */
static void control_send_failed(struct control_peer *peer, const char *what, int result)
{
    if (result == -EPIPE || result == -ECONNRESET) {
        return;
    }
    log_warn("a control message cannot be sent, closing socket=%s message=%s: %s", peer->name, what,
             strerror(-result));
    control_close(peer);
}

static void control_peer_write(evutil_socket_t fd, short events, void *arg)
{
    struct control_peer *peer = arg;
    (void)events;
    int result = packet_send(fd, peer->waiting, peer->waiting_size, NULL, 0);
    if (result == -EAGAIN) {
        return;
    }
    event_del(peer->writable);
    free(peer->waiting);
    peer->waiting = NULL;
    if (result < 0) {
        control_send_failed(peer, "waiting", result);
    } else if (peer->owner.handlers.drained != NULL) {
        peer->in_handler = true;
        peer->owner.handlers.drained(peer->owner.arg, peer);
        control_peer_leave_handler(peer);
    }
}

bool control_waiting(const struct control_peer *peer)
{
    return peer->waiting != NULL;
}

/* A peer is sent newest-only messages of one type only (status or demand), so one slot will do.
 * Takes `bytes`. */
static void control_wait(struct control_peer *peer, char *bytes, size_t size)
{
    free(peer->waiting);
    peer->waiting = bytes;
    peer->waiting_size = size;
    event_add(peer->writable, NULL);
}

/* The packet of a message, or NULL, logged, for one that must not go out. */
static char *control_compose(struct control_peer *peer, enum message_type type, json_t *body)
{
    char error[MESSAGE_ERROR_SIZE];
    json_object_set_new(body, "type", json_string(message_name(type)));
    if (!message_check(type, body, error)) {
        log_error("a control message of our own is wrong socket=%s: %s", peer->name, error);
        return NULL;
    }
    char *bytes = json_dumps(body, JSON_COMPACT);
    if (bytes != NULL && strlen(bytes) > MESSAGE_BYTES_MAX) {
        log_error("a control message of our own is too long socket=%s message=%s bytes=%zu",
                  peer->name, message_name(type), strlen(bytes));
        free(bytes);
        return NULL;
    }
    return bytes;
}

static void control_send_bytes(struct control_peer *peer, enum message_type type, char *bytes,
                               const int *descriptors)
{
    size_t size = strlen(bytes);
    bool newest_only = message_newest_only(type);
    int result = -EAGAIN;
    if (!newest_only || peer->waiting == NULL) {
        result = packet_send(peer->fd, bytes, size, descriptors, message_descriptors(type));
    }
    if (result == -EAGAIN && newest_only) {
        control_wait(peer, bytes, size);
        return;
    }
    free(bytes);
    if (result < 0) {
        control_send_failed(peer, message_name(type), result);
    }
}

void control_send(struct control_peer *peer, enum message_type type, json_t *body,
                  const int *descriptors)
{
    if (body == NULL) {
        body = json_object();
    }
    if (peer->fd >= 0) {
        char *bytes = control_compose(peer, type, body);
        if (bytes != NULL) {
            control_send_bytes(peer, type, bytes, descriptors);
        } else {
            control_close(peer);
        }
    }
    json_decref(body);
}

/* --- the peer --- */

struct control_peer *control_peer_create(const struct control_owner *owner, const char *name,
                                         int fd)
{
    struct control_peer *peer = xcalloc(1, sizeof *peer);
    peer->owner = *owner;
    peer->name = xstrdup(name);
    peer->fd = fd;
    peer->readable = event_new(owner->base, fd, EV_READ | EV_PERSIST, control_peer_read, peer);
    peer->writable = event_new(owner->base, fd, EV_WRITE | EV_PERSIST, control_peer_write, peer);
    peer->finish = event_new(owner->base, -1, 0, control_peer_finish, peer);
    if (peer->readable == NULL || peer->writable == NULL || peer->finish == NULL ||
        event_add(peer->readable, NULL) < 0) {
        die("cannot watch a control connection");
    }
    return peer;
}

void control_peer_open(struct control_peer *peer)
{
    peer->in_handler = true;
    if (peer->owner.handlers.opened != NULL) {
        peer->owner.handlers.opened(peer->owner.arg, peer);
    }
    control_peer_leave_handler(peer);
}

void control_set_context(struct control_peer *peer, void *context)
{
    peer->context = context;
}

void *control_context(const struct control_peer *peer)
{
    return peer->context;
}
