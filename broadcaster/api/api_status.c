#include "broadcaster/api/api_status.h"

#include <jansson.h>
#include <string.h>

#include "broadcaster/protocol/api_json.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/hub.h"

void api_status_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera)
{
    const struct identity *identity = http_session_identity(session);
    json_t *broadcasters = json_array();
    struct hub_camera each;
    size_t viewers = 0;
    (void)request;
    (void)camera;
    for (size_t at = 0; hub_next_camera(services->hub, &at, &each);) {
        bool exists = each.viewers > 0 || stream_has_begun(each.stream);
        if (!exists || !identity_allows_camera(identity, each.id)) {
            continue;
        }
        viewers += each.viewers;
        json_array_append_new(broadcasters,
                              json_pack("{s:s,s:I,s:I,s:o}", "camera_id", each.id, "viewers",
                                        (json_int_t)each.viewers, "frame_count",
                                        (json_int_t)stream_frame_count(each.stream), "last_update",
                                        api_json_seconds(each.last_update_ns)));
    }
    json_int_t active = (json_int_t)json_array_size(broadcasters);
    api_json_respond(session, 200, API_NOT_STORED,
                     json_pack("{s:o,s:I,s:I}", "broadcasters", broadcasters, "total_viewers",
                               (json_int_t)viewers, "active_cameras", active));
}
