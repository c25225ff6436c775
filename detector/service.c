#include "detector/service.h"

#include <stdlib.h>

#include "common/control.h"
#include "common/log.h"
#include "common/memory.h"

struct service {
    struct control_server *server;
    const struct control_peer *demanding; /* whose demand is in force; NULL: nobody's */
    json_t *demand;                       /* its message; NULL: none */
    const struct service_handlers *handlers;
    void *arg;
};

/* Hands a demand on, or refuses the whole of it. */
static int service_apply(struct service *service, const json_t *body, char error[DEMAND_ERROR_SIZE])
{
    const json_t *cameras = json_object_get(body, "cameras");
    size_t count = json_array_size(cameras);
    struct demand_wish *wishes = xcalloc(count, sizeof *wishes);
    const struct rendering *defaults = service->handlers->defaults(service->arg);
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        result = demand_parse(json_array_get(cameras, i), defaults, &wishes[i], error);
    }
    if (result == 0) {
        service->handlers->demand(service->arg, wishes, count);
    }
    free(wishes);
    return result;
}

static void service_keep(struct service *service, const struct control_peer *peer, json_t *body)
{
    json_decref(service->demand);
    service->demanding = peer;
    service->demand = json_incref(body);
}

static void service_on_demand(struct service *service, struct control_peer *peer, json_t *body)
{
    char error[DEMAND_ERROR_SIZE];
    if (service_apply(service, body, error) < 0) {
        log_warn("a demand is not valid, its connection is closed: %s", error);
        control_close(peer);
        return;
    }
    service_keep(service, peer, body);
}

void service_repeat_demand(struct service *service)
{
    char error[DEMAND_ERROR_SIZE];
    service_apply(service, service->demand, error);
}

static void service_on_message(void *arg, struct control_peer *peer, enum message_type type,
                               json_t *body, const int *descriptors)
{
    struct service *service = arg;
    (void)descriptors;
    if (type == MESSAGE_DEMAND) {
        service_on_demand(service, peer, body);
    } else if (type == MESSAGE_STATS) {
        control_send(peer, MESSAGE_STATS_ANSWER, service->handlers->stats(service->arg), NULL);
    }
}

/* A broadcaster that is gone wants nothing; one that has been followed by another has no say. */
static void service_on_closed(void *arg, struct control_peer *peer)
{
    struct service *service = arg;
    if (service->demanding == peer) {
        service_keep(service, NULL, NULL);
        service->handlers->demand(service->arg, NULL, 0);
    }
}

int service_create(struct service **result, struct event_base *base, const char *run_dir,
                   size_t index, const struct service_handlers *handlers, void *arg)
{
    static const struct control_handlers control = {.message = service_on_message,
                                                    .closed = service_on_closed};
    struct service *service = xcalloc(1, sizeof *service);
    service->handlers = handlers;
    service->arg = arg;
    char *name = xasprintf("detector.%zu.sock", index);
    int error = control_server_create(&service->server, base, run_dir, name,
                                      MESSAGE_SERVICE_DETECTOR, &control, service);
    free(name);
    if (error < 0) {
        free(service);
        return error;
    }
    *result = service;
    return 0;
}

void service_destroy(struct service *service)
{
    if (service == NULL) {
        return;
    }
    service->demanding = NULL; /* nobody is asked any more */
    control_server_destroy(service->server);
    json_decref(service->demand);
    free(service);
}
