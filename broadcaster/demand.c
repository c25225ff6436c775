#include "broadcaster/demand.h"

#include <jansson.h>
#include <stdlib.h>

#include "broadcaster/hub.h"
#include "broadcaster/services.h"
#include "common/control.h"
#include "common/log.h"
#include "common/memory.h"

#define DEMAND_CAMERAS_MOST 300 /* that surely fit into one packet */

/* One detector process. */
struct demand_detector {
    struct demand *demand;
    size_t index;
    struct control_client *client;
    json_t *told; /* the cameras that it knows of; NULL: nothing yet */
    bool over;    /* more are watched than it can be told of */
};

struct demand {
    struct services *services;
    struct demand_detector **detectors; /* their place is their index */
    size_t count;
    struct event *tell;
};

static json_t *demand_camera(const struct config *config, const struct config_camera *camera)
{
    return json_pack("{s:s,s:n,s:f,s:[{s:i,s:f,s:b,s:I}],s:b}", "camera", camera->id, "socket",
                     "rate", camera->fps, "renderings", "id", 0, "conf", config->detector.conf,
                     "show_labels", config->detector.show_labels, "quality",
                     (json_int_t)config->detector.quality, "metadata", 0);
}

/* The watched cameras that this detector serves; *over: not all of them. */
static json_t *demand_cameras(const struct services *services, size_t detector, bool *over)
{
    const struct config *config = services->config;
    json_t *cameras = json_array();
    *over = false;
    for (size_t i = 0; i < hub_stream_count(services->hub); i++) {
        const struct stream *stream = hub_stream(services->hub, i);
        const char *id = stream_key(stream)->camera;
        if (stream_subscribers(stream) > 0 && services_has_local_detector(services, id) &&
            config_camera_detector(config, id) == detector) {
            *over = json_array_size(cameras) == DEMAND_CAMERAS_MOST;
            if (*over) {
                break;
            }
            json_array_append_new(cameras, demand_camera(config, config_find_camera(config, id)));
        }
    }
    return cameras;
}

static void demand_tell(struct demand_detector *detector)
{
    struct control_peer *peer = control_client_peer(detector->client);
    bool over;
    json_t *cameras = demand_cameras(detector->demand->services, detector->index, &over);
    if (over && !detector->over) {
        log_warn("more cameras are watched than a detector can serve index=%zu most=%d; raise "
                 "detector.processes",
                 detector->index, DEMAND_CAMERAS_MOST);
    }
    detector->over = over;
    if (peer == NULL || (detector->told != NULL && json_equal(cameras, detector->told))) {
        json_decref(cameras);
        return;
    }
    json_decref(detector->told);
    detector->told = cameras;
    control_send(peer, MESSAGE_DEMAND, json_pack("{s:O}", "cameras", cameras), NULL);
}

static void demand_on_opened(void *arg, struct control_peer *peer)
{
    struct demand_detector *detector = arg;
    (void)peer;
    log_info("detector answers index=%zu", detector->index);
    demand_tell(detector);
}

static void demand_on_closed(void *arg, struct control_peer *peer)
{
    struct demand_detector *detector = arg;
    (void)peer;
    log_info("waiting for detector index=%zu", detector->index);
    json_decref(detector->told);
    detector->told = NULL;
}

static void demand_on_tell(evutil_socket_t fd, short what, void *arg)
{
    struct demand *demand = arg;
    (void)fd;
    (void)what;
    for (size_t i = 0; i < demand->count; i++) {
        demand_tell(demand->detectors[i]);
    }
}

void demand_changed(struct demand *demand)
{
    event_active(demand->tell, EV_TIMEOUT, 0);
}

static void demand_add(struct demand *demand)
{
    static const struct control_handlers handlers = {
        .opened = demand_on_opened,
        .closed = demand_on_closed,
    };
    struct demand_detector *detector = xcalloc(1, sizeof *detector);
    detector->demand = demand;
    detector->index = demand->count;
    demand->detectors =
        xreallocarray(demand->detectors, demand->count + 1, sizeof(struct demand_detector *));
    demand->detectors[demand->count++] = detector;
    char *name = xasprintf("detector.%zu.sock", detector->index);
    detector->client =
        control_client_create(demand->services->base, demand->services->config->run_dir, name,
                              MESSAGE_SERVICE_DETECTOR, &handlers, detector);
    free(name);
}

static void demand_remove_last(struct demand *demand)
{
    struct demand_detector *detector = demand->detectors[--demand->count];
    control_client_destroy(detector->client);
    json_decref(detector->told);
    free(detector);
}

void demand_configure(struct demand *demand)
{
    const struct config_detector *config = &demand->services->config->detector;
    size_t wanted = config->model != NULL ? (size_t)config->processes : 0;
    while (demand->count > wanted) {
        demand_remove_last(demand);
    }
    while (demand->count < wanted) {
        demand_add(demand);
    }
    demand_changed(demand);
}

struct demand *demand_create(struct services *services)
{
    struct demand *demand = xcalloc(1, sizeof *demand);
    demand->services = services;
    demand->tell = evtimer_new(services->base, demand_on_tell, demand);
    if (demand->tell == NULL) {
        die("out of memory for an event");
    }
    return demand;
}

void demand_destroy(struct demand *demand)
{
    if (demand == NULL) {
        return;
    }
    while (demand->count > 0) {
        demand_remove_last(demand);
    }
    event_free(demand->tell);
    free(demand->detectors);
    free(demand);
}
