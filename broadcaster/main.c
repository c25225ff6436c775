/* The broadcaster: frames in by HTTP, the newest of each stream out to every viewer. Wiring. */
#include <errno.h>
#include <string.h>

#include "broadcaster/access/access.h"
#include "broadcaster/access/host_check.h"
#include "broadcaster/access/limits.h"
#include "broadcaster/access/reconnects.h"
#include "broadcaster/api/control_service.h"
#include "broadcaster/api/summary.h"
#include "broadcaster/cameras/camera_changes.h"
#include "broadcaster/history/history.h"
#include "broadcaster/intake/intake.h"
#include "broadcaster/intake/pushed_set.h"
#include "broadcaster/network/tls.h"
#include "broadcaster/protocol/listener.h"
#include "broadcaster/protocol/static_files.h"
#include "broadcaster/routes.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/camera_watch.h"
#include "broadcaster/streams/demand.h"
#include "broadcaster/streams/detector_watch.h"
#include "broadcaster/streams/hub.h"
#include "broadcaster/streams/raw_source.h"
#include "broadcaster/streams/renderings.h"
#include "broadcaster/viewers/viewer_set.h"
#include "common/config_polygons.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/program.h"

struct broadcaster {
    struct program program;
    struct services services;
    struct control_service *control;
    struct listener *tcp, *local;
    struct tls *tls;
};

static struct http_server_config http_config(const struct config *config)
{
    return (struct http_server_config){
        .head_timeout_ns = clock_seconds_ns(config->broadcaster.head_timeout_s),
        .body_timeout_ns = clock_seconds_ns(config->broadcaster.body_timeout_s),
        .idle_timeout_ns = clock_seconds_ns(config->broadcaster.idle_timeout_s),
        .body_memory = (size_t)config->broadcaster.intake_memory,
    };
}

static void on_demand_changed(void *arg, struct stream *stream)
{
    struct services *services = arg;
    if (stream_key(stream)->kind == STREAM_RAW) {
        raw_sources_follow(services->raw, stream);
    } else {
        demand_changed(services->demand);
    }
}

static void on_rendering_over(void *arg, const char *camera, uint32_t id)
{
    struct stream_key key = stream_key_of(camera, STREAM_DETECT, id);
    hub_remove(((struct services *)arg)->hub, &key);
}

static bool has_capture(void *arg, const char *camera)
{
    const struct services *services = arg;
    return pushed_set_status(services->pushed, camera) != NULL
               ? pushed_set_is_live(services->pushed, camera)
               : camera_watch_is_captured(services->cameras, camera);
}

/* Everything that follows the configuration and may change while we run. */
static void configure(struct services *services)
{
    const struct config_broadcaster *config = &services->config->broadcaster;
    hub_set_limits(services->hub, (size_t)config->max_streams,
                   clock_seconds_ns(config->stream_idle_s));
    host_rules_destroy(services->host_rules);
    services->host_rules = host_rules_create(config);
    access_configure(services->access, config);
    history_configure(services->history, &services->config->history);
    limits_configure(services->limits, config);
    static_files_destroy(services->files);
    services->files = static_files_create(config->web_dir, &config->frame_origins);
    pushed_set_configure(services->pushed);
    camera_watch_configure(services->cameras);
    raw_sources_configure(services->raw);
    renderings_configure(services->renderings, services->config);
    viewer_set_configure(services->viewers);
    demand_configure(services->demand);
    detector_watch_configure(services->detectors);
    camera_changes_reloaded(services->camera_changes);
}

/* False with words: there is no certificate, or the one before stays. */
static bool load_certificate(struct broadcaster *broadcaster, char mistake[TLS_MISTAKE_SIZE])
{
    const struct config_broadcaster *config = &broadcaster->services.config->broadcaster;
    return tls_load(broadcaster->tls, config->tls_certificate, config->tls_key, mistake);
}

static bool still_admits(void *arg, const struct identity *identity)
{
    return access_still_admits(((const struct services *)arg)->access, identity);
}

/* A mask holds for what was drawn before it, too. */
static void forget_unmasked(const struct services *services, const struct config *old)
{
    for (size_t i = 0; i < services->config->camera_count; i++) {
        const struct config_camera *camera = &services->config->cameras[i];
        const struct config_camera *before = config_find_camera(old, camera->id);
        if (before != NULL && !config_polygons_same(&before->mask, &camera->mask)) {
            hub_forget_pictures(services->hub, camera->id);
        }
    }
}

static void on_reload(void *arg)
{
    struct broadcaster *broadcaster = arg;
    struct services *services = &broadcaster->services;
    struct config *old;
    char mistake[TLS_MISTAKE_SIZE];
    if (program_reload(&broadcaster->program, &old) < 0) {
        return;
    }
    services->config = broadcaster->program.config;
    if (strcmp(old->broadcaster.listen, services->config->broadcaster.listen) != 0 ||
        strcmp(old->run_dir, services->config->run_dir) != 0) {
        log_warn("broadcaster.listen and run_dir change with the next start only");
    }
    struct http_server_config http = http_config(services->config);
    http_server_set_config(services->http, &http);
    forget_unmasked(services, old);
    configure(services);
    if (!load_certificate(broadcaster, mistake)) {
        log_error("the certificate was not changed, the one before is used on: %s", mistake);
    }
    http_server_review(services->http, still_admits, services);
    config_destroy(old);
}

static void create_services(struct services *services, const struct program *program)
{
    static const struct hub_handlers hub_handlers = {
        .demand_changed = on_demand_changed,
        .has_capture = has_capture,
    };
    static const struct http_server_handlers http_handlers = {.request = routes_handle};
    struct http_server_config http = http_config(program->config);
    services->base = loop_base(program->loop);
    services->config = program->config;
    services->config_path = program->config_path;
    services->started_ns = clock_monotonic_ns();
    services->access = access_create();
    services->limits = limits_create();
    services->history = history_create(services->base);
    services->hub = hub_create(services->base, &hub_handlers, services);
    services->renderings = renderings_create(services->base, on_rendering_over, services);
    services->demand = demand_create(services);
    services->detectors = detector_watch_create(services);
    services->reconnects = reconnects_create();
    services->summary = summary_create(services);
    services->cameras = camera_watch_create(services);
    services->raw = raw_sources_create(services);
    services->pushed = pushed_set_create(services);
    services->camera_changes = camera_changes_create(services);
    services->intake = intake_create(services);
    services->viewers = viewer_set_create(services);
    services->http = http_server_create(services->base, &http, &http_handlers, services);
    configure(services);
}

static void destroy_services(struct services *services)
{
    http_server_destroy(services->http); /* ends the viewers */
    static_files_destroy(services->files);
    viewer_set_destroy(services->viewers);
    intake_destroy(services->intake);
    history_destroy(services->history);
    pushed_set_destroy(services->pushed);
    raw_sources_destroy(services->raw);
    camera_changes_destroy(services->camera_changes);
    camera_watch_destroy(services->cameras);
    hub_destroy(services->hub);
    demand_destroy(services->demand);
    renderings_destroy(services->renderings);
    detector_watch_destroy(services->detectors);
    host_rules_destroy(services->host_rules);
    access_destroy(services->access);
    limits_destroy(services->limits);
    summary_destroy(services->summary);
    reconnects_destroy(services->reconnects);
    counters_finish(&services->counters);
}

static void open_ports(struct broadcaster *broadcaster)
{
    struct services *services = &broadcaster->services;
    const char *address = services->config->broadcaster.listen;
    char mistake[TLS_MISTAKE_SIZE];
    broadcaster->tls = tls_create();
    if (!load_certificate(broadcaster, mistake)) {
        die_config("broadcaster.tls_certificate: %s", mistake);
    }
    int result = listener_create_tcp(&broadcaster->tcp, services->base, address, services->http);
    if (result < 0) {
        die_config("cannot listen on broadcaster.listen=%s: %s", address, strerror(-result));
    }
    listener_set_tls(broadcaster->tcp, broadcaster->tls);
    result = listener_create_unix(&broadcaster->local, services->base, services->config->run_dir,
                                  "broadcaster.http.sock", services->http);
    if (result < 0) {
        die_config("cannot serve broadcaster.http.sock in run_dir=%s: %s",
                   services->config->run_dir, strerror(-result));
    }
    result = control_service_create(&broadcaster->control, services);
    if (result < 0) {
        die_config("cannot serve broadcaster.sock in run_dir=%s: %s", services->config->run_dir,
                   strerror(-result));
    }
}

static const struct program_definition definition = {
    .name = "broadcaster",
    .purpose = "takes frames in and gives every viewer the newest one",
};

int main(int argc, char **argv)
{
    struct broadcaster broadcaster = {0};
    program_start(&broadcaster.program, &definition, argc, argv);
    fd_raise_limit(); /* each viewer is one */
    create_services(&broadcaster.services, &broadcaster.program);
    open_ports(&broadcaster);
    loop_on_reload(broadcaster.program.loop, on_reload, &broadcaster);
    log_info("serving listen=%s port=%u tls=%s", broadcaster.services.config->broadcaster.listen,
             listener_port(broadcaster.tcp), tls_is_on(broadcaster.tls) ? "on" : "off");
    loop_ready(broadcaster.program.loop);
    camera_changes_resume(broadcaster.services.camera_changes);

    int result = loop_run(broadcaster.program.loop);

    listener_destroy(broadcaster.tcp);
    listener_destroy(broadcaster.local);
    control_service_destroy(broadcaster.control);
    destroy_services(&broadcaster.services);
    tls_destroy(broadcaster.tls);
    program_finish(&broadcaster.program);
    return result;
}
