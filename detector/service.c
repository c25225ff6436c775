#include "detector/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "common/control.h"
#include "common/log.h"
#include "common/memory.h"

struct service {
    struct control_server *server;
    const struct control_peer *demanding; /* whose demand is in force; NULL: nobody's */
    json_t *wished; /* by camera id: its entry of the page that named it last */
    const struct service_handlers *handlers;
    void *arg;
};

static const struct demand_page every_camera = {.after = ""};

static int service_compare(const void *a, const void *b)
{
    return strcmp(((const struct demand_wish *)a)->camera, ((const struct demand_wish *)b)->camera);
}

/* Reads the entries that the page covers into `wishes`, which has room for all; the others are left
 * out. The number of them, or -1 with the cause in `error`. */
static ssize_t service_read(const struct service *service, const struct demand_page *page,
                            json_t *entries, struct demand_wish *wishes,
                            char error[DEMAND_ERROR_SIZE])
{
    const struct rendering *defaults = service->handlers->defaults(service->arg);
    size_t count = 0;
    const char *camera;
    json_t *entry;
    json_object_foreach(entries, camera, entry)
    {
        if (!demand_page_covers(page, camera)) {
            continue;
        }
        if (demand_parse(entry, defaults, &wishes[count], error) < 0) {
            return -1;
        }
        count++;
    }
    qsort(wishes, count, sizeof *wishes, service_compare);
    return (ssize_t)count;
}

/* A broadcaster that is gone, or has been followed by another, wants nothing. */
static void service_forget(struct service *service)
{
    service->demanding = NULL;
    json_object_clear(service->wished);
    service->handlers->demand(service->arg, &every_camera, NULL, 0);
}

/* The page's entries by camera, a new reference; NULL when one of them is not of the page. */
static json_t *service_sort(const struct demand_page *page, json_t *body,
                            char error[DEMAND_ERROR_SIZE])
{
    json_t *entries = json_object(), *entry;
    size_t i;
    json_array_foreach(json_object_get(body, "cameras"), i, entry)
    {
        const char *camera = json_string_value(json_object_get(entry, "camera"));
        if (camera == NULL || !demand_page_covers(page, camera)) {
            snprintf(error, DEMAND_ERROR_SIZE,
                     "an entry of cameras has no camera id, or one that is not of its page");
            json_decref(entries);
            return NULL;
        }
        json_object_set(entries, camera, entry);
    }
    return entries;
}

/* What earlier pages said of the same cameras is over. */
static void service_keep(struct service *service, const struct demand_page *page, json_t *entries)
{
    const char *camera;
    json_t *entry;
    void *next;
    json_object_foreach_safe(service->wished, next, camera, entry)
    {
        if (demand_page_covers(page, camera)) {
            json_object_del(service->wished, camera);
        }
    }
    json_object_update(service->wished, entries);
}

/* Hands a page on, or refuses the whole of it. */
static int service_take_page(struct service *service, struct control_peer *peer,
                             const struct demand_page *page, json_t *entries,
                             char error[DEMAND_ERROR_SIZE])
{
    struct demand_wish *wishes = xcalloc(json_object_size(entries), sizeof *wishes);
    ssize_t count = service_read(service, page, entries, wishes, error);
    if (count >= 0) {
        if (service->demanding != NULL && service->demanding != peer) {
            service_forget(service);
        }
        service->demanding = peer;
        service_keep(service, page, entries);
        service->handlers->demand(service->arg, page, wishes, (size_t)count);
    }
    free(wishes);
    return count < 0 ? -1 : 0;
}

static void service_on_demand(struct service *service, struct control_peer *peer, json_t *body)
{
    char error[DEMAND_ERROR_SIZE];
    struct demand_page page;
    demand_page_of(body, &page);
    json_t *entries = service_sort(&page, body, error);
    if (entries == NULL || service_take_page(service, peer, &page, entries, error) < 0) {
        log_warn("a demand is not valid, its connection is closed: %s", error);
        control_close(peer);
    }
    json_decref(entries);
}

void service_repeat_demand(struct service *service)
{
    char error[DEMAND_ERROR_SIZE];
    struct demand_wish *wishes = xcalloc(json_object_size(service->wished), sizeof *wishes);
    ssize_t count = service_read(service, &every_camera, service->wished, wishes, error);
    if (count >= 0) { /* always: all of it has been read before */
        service->handlers->demand(service->arg, &every_camera, wishes, (size_t)count);
    }
    free(wishes);
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

/* One that has been followed by another has no say. */
static void service_on_closed(void *arg, struct control_peer *peer)
{
    struct service *service = arg;
    if (service->demanding == peer) {
        service_forget(service);
    }
}

int service_create(struct service **result, struct event_base *base, const char *run_dir,
                   size_t index, const struct service_handlers *handlers, void *arg)
{
    static const struct control_handlers control = {.message = service_on_message,
                                                    .closed = service_on_closed};
    struct service *service = xcalloc(1, sizeof *service);
    service->wished = json_object();
    service->handlers = handlers;
    service->arg = arg;
    char *name = xasprintf("detector.%zu.sock", index);
    int error = control_server_create(&service->server, base, run_dir, name,
                                      MESSAGE_SERVICE_DETECTOR, &control, service);
    free(name);
    if (error < 0) {
        json_decref(service->wished);
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
    json_decref(service->wished);
    free(service);
}
