#include "common/config_wait.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/log.h"
#include "common/memory.h"

/* How soon a process that has answered with another configuration is asked again. */
#define ASK_AGAIN_NS (20 * NS_PER_MS)

struct awaited {
    struct config_wait *wait;
    char *name; /* capture.CAM1, detector.0, broadcaster */
    struct control_client *client;
    bool asked; /* its answer is on the way */
    bool follows;
};

struct config_wait {
    struct event_base *base;
    char hash[17];
    struct awaited *processes; /* does not move: the clients know their places */
    size_t count, following;
    struct event *again, *limit;
    config_wait_done_fn *done;
    void *arg;
};

static void wait_finish(struct config_wait *wait)
{
    json_t *missing = json_array();
    for (size_t i = 0; i < wait->count; i++) {
        if (!wait->processes[i].follows) {
            json_array_append_new(missing, json_string(wait->processes[i].name));
        }
    }
    wait->done(wait->arg, missing);
    json_decref(missing);
}

/* From the loop, so that it never happens inside config_wait_create(). */
static void wait_on_limit(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    wait_finish(arg);
}

static void awaited_ask(struct awaited *process, struct control_peer *peer)
{
    process->asked = true;
    control_send(peer, MESSAGE_STATS, NULL, NULL);
}

static void wait_on_again(evutil_socket_t fd, short events, void *arg)
{
    struct config_wait *wait = arg;
    (void)fd;
    (void)events;
    for (size_t i = 0; i < wait->count; i++) {
        struct awaited *process = &wait->processes[i];
        struct control_peer *peer = control_client_peer(process->client);
        if (!process->follows && !process->asked && peer != NULL) {
            awaited_ask(process, peer);
        }
    }
}

static void awaited_on_opened(void *arg, struct control_peer *peer)
{
    awaited_ask(arg, peer);
}

static void awaited_on_message(void *arg, struct control_peer *peer, enum message_type type,
                               json_t *body, const int *descriptors)
{
    struct awaited *process = arg;
    struct config_wait *wait = process->wait;
    (void)peer;
    control_drop_descriptors(type, descriptors);
    if (type != MESSAGE_STATS_ANSWER || process->follows) {
        return;
    }
    const char *hash = json_string_value(json_object_get(body, "config_hash"));
    process->asked = false;
    process->follows = strcmp(hash, wait->hash) == 0;
    wait->following += process->follows;
    if (wait->following == wait->count) {
        wait_finish(wait);
    } else if (!process->follows && !evtimer_pending(wait->again, NULL)) {
        struct timeval soon = clock_timeval(ASK_AGAIN_NS);
        event_add(wait->again, &soon);
    }
}

static void awaited_on_closed(void *arg, struct control_peer *peer)
{
    struct awaited *process = arg;
    (void)peer;
    process->asked = false;
}

/* Takes `name`. */
static void wait_add(struct config_wait *wait, char *name)
{
    wait->processes[wait->count++] = (struct awaited){.wait = wait, .name = name};
}

static void wait_connect(struct config_wait *wait, const char *run_dir)
{
    static const struct control_handlers handlers = {
        .opened = awaited_on_opened,
        .message = awaited_on_message,
        .closed = awaited_on_closed,
    };
    for (size_t i = 0; i < wait->count; i++) {
        struct awaited *process = &wait->processes[i];
        enum message_service service = process->name[0] == 'c'   ? MESSAGE_SERVICE_CAPTURE
                                       : process->name[0] == 'd' ? MESSAGE_SERVICE_DETECTOR
                                                                 : MESSAGE_SERVICE_BROADCASTER;
        char *socket = xasprintf("%s.sock", process->name);
        process->client =
            control_client_create(wait->base, run_dir, socket, service, &handlers, process);
        free(socket);
    }
}

static struct event *wait_timer(struct config_wait *wait, event_callback_fn callback)
{
    struct event *event = evtimer_new(wait->base, callback, wait);
    if (event == NULL) {
        die("cannot make a timer");
    }
    return event;
}

struct config_wait *config_wait_create(struct event_base *base, const struct config *config,
                                       bool broadcaster, uint64_t limit_ns,
                                       config_wait_done_fn *done, void *arg)
{
    struct config_wait *wait = xcalloc(1, sizeof *wait);
    size_t detectors = config->detector.model != NULL ? (size_t)config->detector.processes : 0;
    wait->base = base;
    wait->done = done;
    wait->arg = arg;
    memcpy(wait->hash, config->hash, sizeof wait->hash);
    wait->processes = xcalloc(config->camera_count + detectors + 1, sizeof *wait->processes);
    for (size_t i = 0; i < config->camera_count; i++) {
        if (config_camera_has_capture(&config->cameras[i])) {
            wait_add(wait, xasprintf("capture.%s", config->cameras[i].id));
        }
    }
    for (size_t i = 0; i < detectors; i++) {
        wait_add(wait, xasprintf("detector.%zu", i));
    }
    if (broadcaster) {
        wait_add(wait, xstrdup("broadcaster"));
    }
    wait->again = wait_timer(wait, wait_on_again);
    wait->limit = wait_timer(wait, wait_on_limit);
    struct timeval most = clock_timeval(wait->count > 0 ? limit_ns : 0);
    event_add(wait->limit, &most);
    wait_connect(wait, config->run_dir);
    return wait;
}

void config_wait_destroy(struct config_wait *wait)
{
    if (wait == NULL) {
        return;
    }
    for (size_t i = 0; i < wait->count; i++) {
        control_client_destroy(wait->processes[i].client);
        free(wait->processes[i].name);
    }
    free(wait->processes);
    event_free(wait->again);
    event_free(wait->limit);
    free(wait);
}
