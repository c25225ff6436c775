#include "tests/camsim/camera.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "tests/camsim/client.h"

struct camera {
    const struct frames *frames;
    struct faults *faults;
    const struct camera_options *options;
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *due;
    char address[INET6_ADDRSTRLEN + 10];

    bool playing, played; /* played: to the end, once at least */
    uint64_t start_ns;    /* CLOCK_MONOTONIC of frame 1 */
    uint64_t number;      /* of the newest frame */
    uint64_t time_ns;     /* CLOCK_REALTIME when it was taken */
    uint64_t frozen;      /* which picture a frozen camera shows; 0: it moves */

    struct client **clients;
    size_t client_count, client_capacity;
    size_t streaming;
    json_int_t connections, streams, refused, frames_sent, snapshots;
};

static uint64_t camera_interval_ns(const struct camera *camera)
{
    return (uint64_t)((double)NS_PER_SECOND / camera->options->fps);
}

static void camera_arm(struct camera *camera)
{
    uint64_t due_ns = camera->start_ns + camera->number * camera_interval_ns(camera);
    struct timeval wait = clock_timeval(clock_elapsed_ns(clock_monotonic_ns(), due_ns));
    event_add(camera->due, &wait);
}

static void camera_start(struct camera *camera)
{
    camera->playing = true;
    camera->start_ns = clock_monotonic_ns();
    camera->time_ns = clock_realtime_ns();
    camera->number = 1;
    camera_arm(camera);
}

static void camera_end_if_played(struct camera *camera)
{
    if (camera->options->once && camera->played && camera->streaming == 0) {
        event_base_loopexit(camera->base, NULL);
    }
}

static void camera_end_streams(struct camera *camera)
{
    camera->playing = false;
    camera->played = true;
    for (size_t i = 0; i < camera->client_count; i++) {
        client_end_stream(camera->clients[i]);
    }
    camera_end_if_played(camera);
}

/* The next picture is due. The schedule is one of time: a late timer leaves pictures out and never
 * puts the following ones off. */
static void camera_on_due(evutil_socket_t fd, short events, void *arg)
{
    struct camera *camera = arg;
    (void)fd;
    (void)events;
    uint64_t elapsed_ns = clock_elapsed_ns(camera->start_ns, clock_monotonic_ns());
    camera->number = elapsed_ns / camera_interval_ns(camera) + 1;
    camera->time_ns = clock_realtime_ns();
    if (!camera->options->loop && camera->number > frames_count(camera->frames)) {
        camera->number = frames_count(camera->frames);
        camera_end_streams(camera);
        return;
    }
    camera_arm(camera);
    for (size_t i = 0; i < camera->client_count; i++) {
        client_offer(camera->clients[i]);
    }
}

static void camera_on_connection(struct evconnlistener *listener, evutil_socket_t fd,
                                 struct sockaddr *address, int length, void *arg)
{
    struct camera *camera = arg;
    (void)listener;
    (void)address;
    (void)length;
    if (camera->client_count == camera->client_capacity) {
        camera->client_capacity = camera->client_capacity > 0 ? 2 * camera->client_capacity : 8;
        camera->clients =
            xreallocarray(camera->clients, camera->client_capacity, sizeof(struct client *));
    }
    camera->clients[camera->client_count++] = client_create(camera, camera->base, fd);
    camera->connections++;
}

/* Writes the address that was bound, with its port, into camera->address. */
static void camera_name_address(struct camera *camera)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } bound = {.ipv6 = {0}};
    socklen_t length = sizeof bound;
    char host[INET6_ADDRSTRLEN] = "";
    getsockname(evconnlistener_get_fd(camera->listener), &bound.any, &length);
    if (bound.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &bound.ipv6.sin6_addr, host, sizeof host);
        snprintf(camera->address, sizeof camera->address, "[%s]:%u", host,
                 ntohs(bound.ipv6.sin6_port));
    } else {
        inet_ntop(AF_INET, &bound.ipv4.sin_addr, host, sizeof host);
        snprintf(camera->address, sizeof camera->address, "%s:%u", host,
                 ntohs(bound.ipv4.sin_port));
    }
}

/* "address:port" or "[address]:port". (libevent's own parser refuses port 0.) NULL: it is neither;
 * else the caller frees it with freeaddrinfo(). */
static struct addrinfo *camera_parse_address(const char *text)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *address = NULL;
    char *host = xstrdup(text);
    char *name = host;
    char *colon = strrchr(host, ':');
    if (colon != NULL) {
        *colon = '\0';
        if (host[0] == '[' && colon[-1] == ']') {
            colon[-1] = '\0';
            name = host + 1;
        }
        if (getaddrinfo(name, colon + 1, &hints, &address) != 0) {
            address = NULL;
        }
    }
    free(host);
    return address;
}

static void camera_listen(struct camera *camera)
{
    const char *listen = camera->options->listen;
    struct addrinfo *address = camera_parse_address(listen);
    if (address == NULL) {
        die_config("not an address and a port: %s", listen);
    }
    camera->listener =
        evconnlistener_new_bind(camera->base, camera_on_connection, camera,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                -1, address->ai_addr, (int)address->ai_addrlen);
    freeaddrinfo(address);
    if (camera->listener == NULL) {
        die_config("cannot listen address=%s: %s", listen, strerror(errno));
    }
    camera_name_address(camera);
}

struct camera *camera_create(struct event_base *base, const struct frames *frames,
                             struct faults *faults, const struct camera_options *options)
{
    struct camera *camera = xcalloc(1, sizeof *camera);
    camera->base = base;
    camera->frames = frames;
    camera->faults = faults;
    camera->options = options;
    camera->number = 1;
    camera->time_ns = clock_realtime_ns();
    camera->due = evtimer_new(base, camera_on_due, camera);
    camera_listen(camera);
    if (options->loop) {
        camera_start(camera);
    }
    return camera;
}

void camera_destroy(struct camera *camera)
{
    while (camera->client_count > 0) {
        client_destroy(camera->clients[camera->client_count - 1]);
    }
    free(camera->clients);
    evconnlistener_free(camera->listener);
    event_free(camera->due);
    free(camera);
}

const char *camera_address(const struct camera *camera)
{
    return camera->address;
}

uint64_t camera_number(const struct camera *camera)
{
    return camera->number;
}

void camera_newest(struct camera *camera, struct camera_frame *frame)
{
    if (!faults_take(camera->faults, FAULT_FROZEN)) {
        camera->frozen = 0;
    } else if (camera->frozen == 0) {
        camera->frozen = camera->number;
    }
    frame->picture =
        frames_get(camera->frames, camera->frozen > 0 ? camera->frozen : camera->number);
    frame->number = camera->number;
    frame->time_ns = camera->time_ns;
}

const char *camera_truth(struct camera *camera, uint64_t number)
{
    struct scene *scene = frames_scene(camera->frames);
    if (scene == NULL) {
        return NULL;
    }
    if (number == 0) {
        number = (camera->number - 1) % frames_count(camera->frames) + 1;
        picture_release(scene_take(scene, number));
    }
    return scene_truth_of(scene, number);
}

const char *camera_spaces(const struct camera *camera)
{
    struct scene *scene = frames_scene(camera->frames);
    return scene != NULL ? scene_spaces(scene) : NULL;
}

struct faults *camera_faults(struct camera *camera)
{
    return camera->faults;
}

const struct camera_options *camera_settings(const struct camera *camera)
{
    return camera->options;
}

int camera_set_fault(struct camera *camera, const char *body, size_t size,
                     char error[FAULT_ERROR_SIZE])
{
    int result = faults_set_json(camera->faults, body, size, error);
    for (size_t i = 0; result == 0 && i < camera->client_count; i++) {
        client_faults_changed(camera->clients[i]);
    }
    return result;
}

bool camera_admit(struct camera *camera)
{
    if (camera->options->one_client && camera->streaming > 0) {
        camera->refused++;
        return false;
    }
    camera->streaming++;
    camera->streams++;
    if (!camera->playing) {
        camera_start(camera);
    }
    return true;
}

void camera_leave(struct camera *camera)
{
    camera->streaming--;
    camera_end_if_played(camera);
}

void camera_count_frame(struct camera *camera)
{
    camera->frames_sent++;
}

void camera_count_snapshot(struct camera *camera)
{
    camera->snapshots++;
}

void camera_forget(struct camera *camera, const struct client *client)
{
    for (size_t i = 0; i < camera->client_count; i++) {
        if (camera->clients[i] == client) {
            camera->clients[i] = camera->clients[--camera->client_count];
            return;
        }
    }
}

json_t *camera_state(const struct camera *camera)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "clients",
                     (json_int_t)camera->streaming, "connections", camera->connections, "streams",
                     camera->streams, "refused", camera->refused, "frames", camera->frames_sent,
                     "snapshots", camera->snapshots, "number", (json_int_t)camera->number, "faults",
                     faults_to_json(camera->faults));
}
