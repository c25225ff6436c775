#include "broadcaster/api_status.h"

#include <jansson.h>
#include <string.h>

#include "broadcaster/api_json.h"
#include "broadcaster/hub.h"
#include "broadcaster/services.h"

#define NOT_STORED "Cache-Control: no-store\r\n"

void api_status_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera)
{
    json_t *broadcasters = json_array();
    size_t viewers = 0;
    (void)request;
    (void)camera;
    for (size_t i = 0; i < hub_stream_count(services->hub); i++) {
        const struct stream *stream = hub_stream(services->hub, i);
        if (stream_viewers(stream) == 0 && stream_frame_count(stream) == 0) {
            continue;
        }
        viewers += stream_viewers(stream);
        json_array_append_new(
            broadcasters, json_pack("{s:s,s:I,s:I,s:o}", "camera_id", stream_key(stream)->camera,
                                    "viewers", (json_int_t)stream_viewers(stream), "frame_count",
                                    (json_int_t)stream_frame_count(stream), "last_update",
                                    api_json_seconds(stream_last_update_ns(stream))));
    }
    json_int_t active = (json_int_t)json_array_size(broadcasters);
    api_json_respond(session, 200, NOT_STORED,
                     json_pack("{s:o,s:I,s:I}", "broadcasters", broadcasters, "total_viewers",
                               (json_int_t)viewers, "active_cameras", active));
}
