#include "broadcaster/streams/demand.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/streams/renderings.h"
#include "broadcaster/streams/wish.h"
#include "common/control.h"
#include "common/log.h"
#include "common/memory.h"

#define DEMAND_PAGE_BYTES (MESSAGE_BYTES_MAX - 1024) /* the rest is for what stands around them */

/* One detector process. */
struct demand_detector {
    struct demand *demand;
    size_t index;
    struct control_client *client;
    json_t *cameras;  /* what it is to know, sorted by id; NULL: nothing yet */
    size_t next_page; /* the place in `cameras` where the next page begins */
    bool telling;     /* not all pages have gone out */
};

struct demand {
    struct services *services;
    struct demand_detector **detectors; /* their place is their index */
    size_t count;
    struct event *tell;
};

/* What the viewers of one camera want together. */
struct demand_sum {
    double rate;
    json_t *renderings;
    bool metadata;
};

static json_t *demand_rendering(const struct services *services, const struct stream_key *key)
{
    struct rendering_look look =
        renderings_look_of(services->renderings, key->camera, key->rendering);
    double conf = key->rendering == RENDERINGS_DEFAULT ? services->config->detector.conf
                                                       : look.conf_percent / 100.0;
    return json_pack("{s:I,s:f,s:b,s:i}", "id", (json_int_t)key->rendering, "conf", conf,
                     "show_labels", look.show_labels, "quality", (int)look.quality);
}

/* Adds a stream's subscribers of one sort; true when there are any. The largest wish
 * counts, up to what the camera's rules allow: whoever wishes that much ends the search, so
 * a crowd costs nothing. */
static bool demand_add_subscribers(struct demand_sum *sum, const struct stream_subscriber *first,
                                   const struct config_camera *rules)
{
    bool any = false;
    for (const struct stream_subscriber *each = first;
         each != NULL && (!any || sum->rate < rules->max_fps); each = each->next) {
        bool own = each->metadata_only || each->wish == NULL || each->wish->fps <= 0;
        double rate = own ? rules->fps : each->wish->fps;
        if (each->demands) {
            any = true;
            sum->rate = rate > sum->rate ? rate : sum->rate;
        }
    }
    return any;
}

static void demand_add_stream(struct demand_sum *sum, const struct services *services,
                              const struct stream *stream, const struct config_camera *rules)
{
    if (demand_add_subscribers(sum, stream_subscribers(stream, false), rules)) {
        json_array_append_new(sum->renderings, demand_rendering(services, stream_key(stream)));
    }
    sum->metadata |= demand_add_subscribers(sum, stream_subscribers(stream, true), rules);
    sum->rate = sum->rate < rules->max_fps ? sum->rate : rules->max_fps;
}

/* The camera whose streams begin at *at, which moves behind them; NULL: nothing is wanted of it. */
static json_t *demand_camera(const struct services *services, size_t *at)
{
    const char *id = stream_key(hub_stream(services->hub, *at))->camera;
    const struct config_camera *rules = config_camera_or_guest(services->config, id);
    struct demand_sum sum = {.renderings = json_array()};
    for (; *at < hub_stream_count(services->hub); ++*at) {
        const struct stream *stream = hub_stream(services->hub, *at);
        if (strcmp(stream_key(stream)->camera, id) != 0) {
            break;
        }
        if (stream_key(stream)->kind == STREAM_DETECT && stream_demand(stream) > 0) {
            demand_add_stream(&sum, services, stream, rules);
        }
    }
    if (json_array_size(sum.renderings) == 0 && !sum.metadata) {
        json_decref(sum.renderings);
        return NULL;
    }
    return json_pack("{s:s,s:f,s:o,s:b}", "camera", id, "rate", sum.rate, "renderings",
                     sum.renderings, "metadata", sum.metadata);
}

/* The wanted cameras that this detector serves, in the order of the hub's streams: by id. */
static json_t *demand_cameras(const struct services *services, size_t detector)
{
    json_t *cameras = json_array();
    for (size_t at = 0; at < hub_stream_count(services->hub);) {
        const char *id = stream_key(hub_stream(services->hub, at))->camera;
        bool serves = services_is_detected(services, id) &&
                      config_camera_detector(services->config, id) == detector;
        json_t *camera = demand_camera(services, &at);
        if (serves && camera != NULL) {
            json_array_append(cameras, camera);
        }
        json_decref(camera);
    }
    return cameras;
}

static const char *demand_camera_id(const json_t *cameras, size_t at)
{
    return json_string_value(json_object_get(json_array_get(cameras, at), "camera"));
}

/* As many cameras as one packet holds, and which range of ids they are the whole of. */
static json_t *demand_page(struct demand_detector *detector)
{
    size_t begin = detector->next_page, end = begin, bytes = 0;
    json_t *cameras = json_array(), *camera;
    while ((camera = json_array_get(detector->cameras, end)) != NULL) {
        bytes += json_dumpb(camera, NULL, 0, JSON_COMPACT) + 1;
        if (bytes > DEMAND_PAGE_BYTES) {
            break;
        }
        json_array_append(cameras, camera);
        end++;
    }
    const char *after = begin > 0 ? demand_camera_id(detector->cameras, begin - 1) : "";
    const char *next = camera != NULL ? demand_camera_id(detector->cameras, end - 1) : NULL;
    detector->next_page = end;
    detector->telling = camera != NULL;
    return json_pack("{s:s,s:s?,s:o}", "after", after, "next", next, "cameras", cameras);
}

/* A page that has to wait holds the others back: a newer one would take its place. */
static void demand_send_pages(struct demand_detector *detector, struct control_peer *peer)
{
    while (detector->telling && !control_waiting(peer)) {
        control_send(peer, MESSAGE_DEMAND, demand_page(detector), NULL);
    }
}

static void demand_tell(struct demand_detector *detector)
{
    struct control_peer *peer = control_client_peer(detector->client);
    json_t *cameras = demand_cameras(detector->demand->services, detector->index);
    if (peer == NULL || (detector->cameras != NULL && json_equal(cameras, detector->cameras))) {
        json_decref(cameras);
        return;
    }
    json_decref(detector->cameras);
    detector->cameras = cameras;
    /* The first page may replace one that waits, of whatever range: all of them go out again. */
    detector->next_page = 0;
    control_send(peer, MESSAGE_DEMAND, demand_page(detector), NULL);
    demand_send_pages(detector, peer);
}

static void demand_on_opened(void *arg, struct control_peer *peer)
{
    struct demand_detector *detector = arg;
    (void)peer;
    log_info("detector answers index=%zu", detector->index);
    demand_tell(detector);
}

static void demand_on_drained(void *arg, struct control_peer *peer)
{
    demand_send_pages(arg, peer);
}

static void demand_on_closed(void *arg, struct control_peer *peer)
{
    struct demand_detector *detector = arg;
    (void)peer;
    log_info("waiting for detector index=%zu", detector->index);
    json_decref(detector->cameras);
    detector->cameras = NULL;
    detector->telling = false;
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
        .drained = demand_on_drained,
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
    json_decref(detector->cameras);
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
