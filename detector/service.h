/* The control socket `detector.<n>.sock`: takes the broadcaster's demand page by page,
 * answers `stats`. Demand lives as long as the connection that it came over. Everything runs
 * on the loop's thread. */
#ifndef DETECTOR_SERVICE_H
#define DETECTOR_SERVICE_H

#include <event2/event.h>
#include <jansson.h>
#include <stddef.h>

#include "detector/demand.h"

struct service;

struct service_handlers {
    /* What viewers want now of the cameras that the page covers, the whole of it, sorted by camera;
     * valid during the call. */
    void (*demand)(void *arg, const struct demand_page *page, const struct demand_wish *wishes,
                   size_t count);
    /* What renderings that do not say look like. */
    const struct rendering *(*defaults)(void *arg);
    /* The fields of an answer to `stats`, a new reference. */
    json_t *(*stats)(void *arg);
};

/* 0 or -errno. `handlers` must outlive it. */
int service_create(struct service **service, struct event_base *base, const char *run_dir,
                   size_t index, const struct service_handlers *handlers, void *arg);
void service_destroy(struct service *service); /* NULL is allowed */

/* Calls `demand` once more with what is in force: cameras or defaults have changed. */
void service_repeat_demand(struct service *service);

#endif
