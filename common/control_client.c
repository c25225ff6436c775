#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/control_peer.h"
#include "common/directory_watch.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

#define RETRY_FIRST_NS (50 * NS_PER_MS)
#define RETRY_LAST_NS  (2 * NS_PER_SECOND)

/*              the name appears, the timer
 *   waiting ─────────────────────────────────▶ trying ─────▶ connected
 *      ▲                                        │ │              │
 *      │  no such name: no timer, inotify tells │ │              │ the end
 *      ├────────────────────────────────────────┘ │ refused      │
 *      └──────────────── timer, 50 ms to 2 s ─────┴──────────────┘
 */
struct control_client {
    struct control_owner owner; /* of the peer */
    char *run_dir, *name;
    struct directory_watch *watch;
    struct event *attempt; /* the timer of the next try */
    struct control_peer *peer;
    bool name_renewed; /* a new server has the name; the connection to the old one is ending */
    uint64_t retry_ns; /* the next wait */
    uint64_t connected_ns;
};

static void control_client_retry(struct control_client *client)
{
    struct timeval wait = clock_timeval(client->retry_ns);
    event_add(client->attempt, &wait);
    client->retry_ns *= 2;
    if (client->retry_ns > RETRY_LAST_NS) {
        client->retry_ns = RETRY_LAST_NS;
    }
}

/* A server that ends every connection at once is not asked faster than one that refuses. */
static void control_client_forget(void *owner, struct control_peer *peer)
{
    struct control_client *client = owner;
    (void)peer;
    client->peer = NULL;
    if (client->name_renewed) {
        client->retry_ns = RETRY_FIRST_NS;
        event_active(client->attempt, EV_TIMEOUT, 0);
        return;
    }
    if (clock_monotonic_ns() - client->connected_ns >= RETRY_LAST_NS) {
        client->retry_ns = RETRY_FIRST_NS;
    }
    control_client_retry(client);
}

/* A connected socket, or -errno. */
static int control_client_connect(const struct control_client *client)
{
    struct sockaddr_un address;
    int fd = -1;
    int directory_fd = open(client->run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0) {
        return -errno;
    }
    int result = control_address(&address, directory_fd, client->name);
    if (result < 0) {
        goto close_directory;
    }
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        result = -errno;
        goto close_directory;
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        result = -errno;
    } else if (!control_peer_trusted(fd, client->name)) {
        result = -EACCES;
    }
    if (result < 0) {
        fd_close(&fd);
    }
close_directory:
    fd_close(&directory_fd);
    return result < 0 ? result : fd;
}

static void control_client_try(struct control_client *client)
{
    event_del(client->attempt);
    client->name_renewed = false;
    /* First watch, then look: a name that appears in between is seen either way. */
    bool armed = directory_watch_armed(client->watch);
    int fd = control_client_connect(client);
    if (fd < 0) {
        log_debug("control socket not there socket=%s: %s", client->name, strerror(-fd));
        if (fd != -ENOENT || !armed) {
            control_client_retry(client);
        }
        return;
    }
    client->connected_ns = clock_monotonic_ns();
    client->peer = control_peer_create(&client->owner, client->name, fd);
    control_peer_open(client->peer);
}

static void control_client_attempt(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    control_client_try(arg);
}

/* A new name is a new server: it deserves a first try at once. */
static void control_client_name_appeared(void *arg)
{
    struct control_client *client = arg;
    if (client->peer != NULL) {
        client->name_renewed = true;
    } else {
        client->retry_ns = RETRY_FIRST_NS;
        control_client_try(client);
    }
}

struct control_client *control_client_create(struct event_base *base, const char *run_dir,
                                             const char *name, enum message_service service,
                                             const struct control_handlers *handlers, void *arg)
{
    struct control_client *client = xcalloc(1, sizeof *client);
    client->owner = (struct control_owner){.base = base,
                                           .service = service,
                                           .incoming = MESSAGE_TO_CLIENT,
                                           .handlers = *handlers,
                                           .arg = arg,
                                           .forget = control_client_forget,
                                           .owner = client};
    client->run_dir = xstrdup(run_dir);
    client->name = xstrdup(name);
    client->retry_ns = RETRY_FIRST_NS;
    client->watch =
        directory_watch_create(base, run_dir, name, control_client_name_appeared, client);
    client->attempt = evtimer_new(base, control_client_attempt, client);
    if (client->attempt == NULL) {
        die("cannot make a timer");
    }
    /* From the loop: the caller has no pointer to the client yet that a handler could use. */
    event_active(client->attempt, EV_TIMEOUT, 0);
    return client;
}

void control_client_destroy(struct control_client *client)
{
    if (client == NULL) {
        return;
    }
    if (client->peer != NULL) {
        control_peer_destroy(client->peer);
    }
    directory_watch_destroy(client->watch);
    event_free(client->attempt);
    free(client->run_dir);
    free(client->name);
    free(client);
}

struct control_peer *control_client_peer(struct control_client *client)
{
    return client->peer != NULL && client->peer->fd >= 0 ? client->peer : NULL;
}
