#include "broadcaster/viewers/viewer_text.h"

#include <stdio.h>
#include <time.h>

#include "broadcaster/protocol/api_json.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"

json_t *viewer_text_error(const char *message)
{
    return json_pack("{s:s,s:s}", "type", "error", "message", message);
}

json_t *viewer_text_state(const char *camera, const struct camera_status *status)
{
    return json_pack("{s:s,s:s,s:s,s:o}", "type", "camera_state", "camera_id", camera, "state",
                     camera_state_name(status->state), "since", api_json_seconds(status->since_ns));
}

json_t *viewer_text_offline(const char *camera, uint64_t since_ns)
{
    char message[CAMERA_ID_SIZE + 64], when[32];
    time_t since = (time_t)(since_ns / NS_PER_SECOND), now = time(NULL);
    struct tm then, today;
    localtime_r(&since, &then);
    localtime_r(&now, &today);
    bool same_day = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
    strftime(when, sizeof when, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &then);
    snprintf(message, sizeof message, "camera %s is offline since %s", camera, when);
    return viewer_text_error(message);
}

json_t *viewer_text_stream(const struct stream *stream)
{
    bool running = stream_is_running(stream);
    json_t *message = json_pack("{s:s,s:s}", "type", running ? "stream_started" : "stream_ended",
                                "camera_id", stream_key(stream)->camera);
    if (!running) {
        json_object_set_new(message, "reason", json_string(stream_end_reason(stream)));
    }
    json_object_set_new(message, "timestamp", api_json_seconds(stream_changed_ns(stream)));
    return message;
}

static json_t *text_about(const char *camera, const char *what)
{
    char message[CAMERA_ID_SIZE + 128];
    snprintf(message, sizeof message, "camera %s %s", camera, what);
    return viewer_text_error(message);
}

json_t *viewer_text_not_drawn(const char *camera)
{
    return text_about(camera,
                      "is posted by somebody else: its pictures are passed on as they come, "
                      "conf and show_labels change nothing");
}

json_t *viewer_text_not_detected(const char *camera)
{
    return text_about(camera, "is not detected here: there are pictures with boxes only when "
                              "somebody posts them, and they come as they are");
}

json_t *viewer_text_no_raw(const char *camera)
{
    return text_about(camera, "is posted by somebody else: there are no raw pictures of it");
}

json_t *viewer_text_too_many(const char *camera)
{
    return text_about(camera, "is drawn in as many ways as there may be: conf and show_labels are "
                              "not as you asked, until another viewer gives way");
}

/* One decimal: more would say more than fifty frames can tell. */
static double fps_to_show(double fps)
{
    return (double)(int64_t)(fps * 10 + 0.5) / 10;
}

json_t *viewer_text_stats(const struct viewer_stats *stats)
{
    uint64_t skipped = stats->total > stats->processed ? stats->total - stats->processed : 0;
    return json_pack("{s:s,s:I,s:I,s:I,s:f,s:I}", "type", "stats", "processed",
                     (json_int_t)stats->processed, "skipped", (json_int_t)skipped, "total",
                     (json_int_t)stats->total, "fps", fps_to_show(stats->fps), "skipped_fps",
                     (json_int_t)stats->skipped_fps);
}

static json_t *active_stream(const struct services *services, const struct hub_camera *camera)
{
    const struct config_camera *configured = config_find_camera(services->config, camera->id);
    const char *name =
        configured != NULL && configured->name != NULL ? configured->name : camera->id;
    struct camera_status status;
    services_camera_status(services, camera->id, &status);
    return json_pack("{s:s,s:s,s:s,s:I,s:o}", "camera_id", camera->id, "name", name, "state",
                     camera_state_name(status.state), "frame_count",
                     (json_int_t)stream_frame_count(camera->stream), "last_update",
                     api_json_seconds(camera->last_update_ns));
}

json_t *viewer_text_connected(const struct services *services, const struct identity *identity)
{
    json_t *streams = json_array();
    struct hub_camera each;
    for (size_t at = 0; hub_next_camera(services->hub, &at, &each);) {
        if (stream_has_begun(each.stream) && identity_allows_camera(identity, each.id)) {
            json_array_append_new(streams, active_stream(services, &each));
        }
    }
    return json_pack("{s:s,s:o}", "type", "viewer_connected", "active_streams", streams);
}
