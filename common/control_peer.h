/* One connection of a control socket, the same at both ends. Internal to common/control_*.c. */
#ifndef COMMON_CONTROL_PEER_H
#define COMMON_CONTROL_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <sys/un.h>

#include "common/control.h"

/* The server or the client that a peer belongs to. Copied into the peer, which may outlive it for
 * as long as one of its handlers runs. */
struct control_owner {
    struct event_base *base;
    enum message_service service;
    enum message_direction incoming; /* what may be received */
    struct control_handlers handlers;
    void *arg; /* of the handlers */
    /* The connection is over: forget the peer. Called just before handlers.closed. */
    void (*forget)(void *owner, struct control_peer *peer);
    void *owner;
};

/*   open ── control_close(), end of the stream ──▶ closing ── the loop ──▶ freed
 *     │                                               │                     ▲
 *     └──────────────── control_peer_destroy() ───────┴─────────────────────┘
 *                       (freed when its running handler has returned)          */
struct control_peer {
    TAILQ_ENTRY(control_peer) link; /* control_server::peers */
    struct control_owner owner;
    char *name; /* of the socket, for the log */
    int fd;     /* -1: closing */
    struct event *readable, *writable;
    struct event *finish; /* made active by control_close(): calls `closed` from the loop */
    char *waiting;        /* the newest of the newest-only messages, not sent yet; or NULL */
    size_t waiting_size;
    void *context;
    bool in_handler;
    bool destroyed; /* free when the handler has returned */
};

/* Takes fd (non-blocking, connected). `name` is copied. It reads as soon as the loop runs. */
struct control_peer *control_peer_create(const struct control_owner *owner, const char *name,
                                         int fd);

/* Calls handlers.opened, which may destroy the owner: touch nothing of it afterwards. */
void control_peer_open(struct control_peer *peer);

/* Frees the peer without calling owner.forget or handlers.closed. */
void control_peer_destroy(struct control_peer *peer);

/* The other end must be this user or root; else false, logged. */
bool control_peer_trusted(int fd, const char *name);

/* The address of `name` in the folder that is open as directory_fd. It leads through /proc, because
 * a run directory may have a path of any length and sun_path has 108 bytes. 0 or -ENAMETOOLONG. */
int control_address(struct sockaddr_un *address, int directory_fd, const char *name);

#endif
