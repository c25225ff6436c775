#include "broadcaster/streams/detector_watch.h"

#include <stdbool.h>
#include <stdlib.h>

#include "broadcaster/services.h"
#include "common/clock.h"
#include "common/control.h"
#include "common/log.h"
#include "common/memory.h"

/* As with captures: what has not been answered by the next time, is missing. */
#define WATCH_ASK_NS (2 * NS_PER_SECOND)

struct detector_watch {
    struct control_client *client;
    json_t *stats; /* NULL: it does not answer */
    bool asked;    /* and not answered yet */
};

struct detector_watch_set {
    struct services *services;
    struct detector_watch **watches; /* their place is their index */
    size_t count;
    struct event *ask;
};

static void detector_watch_forget(struct detector_watch *watch)
{
    json_decref(watch->stats);
    watch->stats = NULL;
}

static void detector_watch_ask(struct detector_watch *watch)
{
    struct control_peer *peer = control_client_peer(watch->client);
    if (watch->asked) {
        detector_watch_forget(watch);
    } else if (peer != NULL) {
        watch->asked = true;
        control_send(peer, MESSAGE_STATS, NULL, NULL);
    }
}

static void detector_watch_on_opened(void *arg, struct control_peer *peer)
{
    struct detector_watch *watch = arg;
    (void)peer;
    watch->asked = false;
    detector_watch_ask(watch);
}

static void detector_watch_on_message(void *arg, struct control_peer *peer, enum message_type type,
                                      json_t *body, const int *descriptors)
{
    struct detector_watch *watch = arg;
    (void)peer;
    (void)descriptors; /* none of a detector's messages has any */
    if (type == MESSAGE_STATS_ANSWER) {
        watch->asked = false;
        detector_watch_forget(watch);
        watch->stats = json_incref(body);
    }
}

static void detector_watch_on_closed(void *arg, struct control_peer *peer)
{
    struct detector_watch *watch = arg;
    (void)peer;
    watch->asked = false;
    detector_watch_forget(watch);
}

static void detector_watch_on_ask(evutil_socket_t fd, short what, void *arg)
{
    struct detector_watch_set *set = arg;
    (void)fd;
    (void)what;
    for (size_t i = 0; i < set->count; i++) {
        detector_watch_ask(set->watches[i]);
    }
}

/* --- which detectors --- */

static void detector_watch_add(struct detector_watch_set *set)
{
    static const struct control_handlers handlers = {
        .opened = detector_watch_on_opened,
        .message = detector_watch_on_message,
        .closed = detector_watch_on_closed,
    };
    struct detector_watch *watch = xcalloc(1, sizeof *watch);
    char *name = xasprintf("detector.%zu.sock", set->count);
    watch->client = control_client_create(set->services->base, set->services->config->run_dir, name,
                                          MESSAGE_SERVICE_DETECTOR, &handlers, watch);
    free(name);
    set->watches = xreallocarray(set->watches, set->count + 1, sizeof(struct detector_watch *));
    set->watches[set->count++] = watch;
}

static void detector_watch_remove_last(struct detector_watch_set *set)
{
    struct detector_watch *watch = set->watches[--set->count];
    control_client_destroy(watch->client);
    detector_watch_forget(watch);
    free(watch);
}

void detector_watch_configure(struct detector_watch_set *set)
{
    const struct config_detector *config = &set->services->config->detector;
    size_t wanted = config->model != NULL ? (size_t)config->processes : 0;
    while (set->count > wanted) {
        detector_watch_remove_last(set);
    }
    while (set->count < wanted) {
        detector_watch_add(set);
    }
}

struct detector_watch_set *detector_watch_create(struct services *services)
{
    struct detector_watch_set *set = xcalloc(1, sizeof *set);
    struct timeval interval = clock_timeval(WATCH_ASK_NS);
    set->services = services;
    set->ask = event_new(services->base, -1, EV_PERSIST, detector_watch_on_ask, set);
    if (set->ask == NULL || event_add(set->ask, &interval) < 0) {
        die("cannot make a timer");
    }
    return set;
}

void detector_watch_destroy(struct detector_watch_set *set)
{
    if (set == NULL) {
        return;
    }
    while (set->count > 0) {
        detector_watch_remove_last(set);
    }
    event_free(set->ask);
    free(set->watches);
    free(set);
}

/* --- what is known --- */

size_t detector_watch_count(const struct detector_watch_set *set)
{
    return set->count;
}

size_t detector_watch_answering(const struct detector_watch_set *set)
{
    size_t answering = 0;
    for (size_t i = 0; i < set->count; i++) {
        answering += set->watches[i]->stats != NULL;
    }
    return answering;
}

const json_t *detector_watch_stats(const struct detector_watch_set *set, size_t index)
{
    return set->watches[index]->stats;
}
