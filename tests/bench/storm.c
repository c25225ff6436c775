/* A storm of connections: so many visits a second to a broadcaster of this machine.
 *
 *     storm PORT KIND RATE SECONDS
 *
 * A visit of KIND `connection` only comes and goes; a `viewer` asks for a stream and closes when it
 * is answered; a `reset` does the same and is torn down instead. Prints how many visits were made,
 * and how many were answered. One loop and one thread: clients in Python take both cores for a
 * third of that rate. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

enum {
    VISITS_AT_ONCE = 256, /* the next ones wait: the server has not taken these yet */
    EVENTS = 64,
};

enum kind { CONNECTION, VIEWER, RESET };

static const char *const kind_names[] = {"connection", "viewer", "reset"};

static const char upgrade[] = "GET /ws/viewer/detection?camera_id=CAM1 HTTP/1.1\r\n"
                              "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

struct storm {
    /* what is asked for */
    struct sockaddr_in address;
    enum kind kind;
    double rate; /* visits a second */
    uint64_t seconds;
    /* how it stands */
    int epoll_fd;
    unsigned present; /* visits that are not over */
    uint64_t visits, answered;
};

static void visit_end(struct storm *storm, int fd)
{
    const struct linger at_once = {.l_onoff = 1};
    if (storm->kind == RESET) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(fd);
    storm->present--;
}

/* A visitor's socket blocks until it is connected, which on this machine means a
 * place in the backlog. */
static void visit_begin(struct storm *storm)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)&storm->address, sizeof storm->address) < 0) {
        die("cannot connect port=%u: %s", ntohs(storm->address.sin_port), strerror(errno));
    }
    storm->visits++;
    storm->present++;
    if (storm->kind == CONNECTION || send(fd, upgrade, sizeof upgrade - 1, MSG_NOSIGNAL) < 0) {
        visit_end(storm, fd);
        return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(storm->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        die("epoll_ctl: %s", strerror(errno));
    }
}

/* The answer, or what follows it until the server has closed as well. */
static void visit_read(struct storm *storm, int fd)
{
    static char buffer[65536];
    ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got > 12 && memcmp(buffer, "HTTP/1.1 101", 12) == 0) {
        storm->answered++;
        if (storm->kind == VIEWER) {
            shutdown(fd, SHUT_WR);
            return;
        }
        got = 0;
    }
    if (got <= 0) {
        visit_end(storm, fd);
    }
}

/* Begins the visits that are due; how long the next one has, in ms. */
static int storm_catch_up(struct storm *storm, uint64_t since_ns)
{
    uint64_t due = (uint64_t)((double)since_ns / NS_PER_SECOND * storm->rate);
    while (storm->visits < due && storm->present < VISITS_AT_ONCE) {
        visit_begin(storm);
    }
    return storm->visits < due ? -1 : 1;
}

static void storm_blow(struct storm *storm)
{
    struct epoll_event events[EVENTS];
    uint64_t began = clock_monotonic_ns(), since;
    while ((since = clock_monotonic_ns() - began) < storm->seconds * NS_PER_SECOND) {
        int wait_ms = storm_catch_up(storm, since);
        int count = epoll_wait(storm->epoll_fd, events, EVENTS, wait_ms);
        for (int i = 0; i < count; i++) {
            visit_read(storm, events[i].data.fd);
        }
    }
}

int main(int argc, char **argv)
{
    struct storm storm = {
        .address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    log_init("storm", NULL);
    if (argc != 5) {
        die("usage: storm PORT connection|viewer|reset RATE SECONDS");
    }
    while (strcmp(kind_names[storm.kind], argv[2]) != 0) {
        if (++storm.kind > RESET) {
            die("no such kind of visit: %s", argv[2]);
        }
    }
    storm.address.sin_port = htons((uint16_t)atoi(argv[1]));
    storm.rate = atof(argv[3]);
    storm.seconds = strtoull(argv[4], NULL, 10);
    storm.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (storm.epoll_fd < 0) {
        die("epoll_create1: %s", strerror(errno));
    }
    storm_blow(&storm);
    printf("%llu %llu\n", (unsigned long long)storm.visits, (unsigned long long)storm.answered);
    return 0;
}
