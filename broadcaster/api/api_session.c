#include "broadcaster/api/api_session.h"

#include <jansson.h>

#include "broadcaster/protocol/api_json.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"

/* The one that includes the others, as the configuration names it. NULL: none. */
static const char *session_role(const struct identity *identity)
{
    return identity_has_role(identity, ROLE_ADMIN)       ? "admin"
           : identity_has_role(identity, ROLE_VIEWER)    ? "viewer"
           : identity_has_role(identity, ROLE_PUBLISHER) ? "publisher"
                                                         : NULL;
}

static json_t *session_cameras(const struct identity *identity)
{
    if (identity->every_camera) {
        return json_null();
    }
    json_t *cameras = json_array();
    for (size_t i = 0; i < identity->camera_count; i++) {
        json_array_append_new(cameras, json_string(identity->cameras[i]));
    }
    return cameras;
}

void api_session_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera)
{
    const struct identity *identity = http_session_identity(session);
    const char *role = session_role(identity);
    bool tokens = services->config->broadcaster.token_count > 0 && !identity->is_local;
    (void)request;
    (void)camera;
    /* Who is nobody is told nothing, also not which name his address would get. */
    api_json_respond(session, 200, API_NOT_STORED,
                     json_pack("{s:s?,s:s?,s:o,s:b}", "user", role != NULL ? identity->user : NULL,
                               "role", role, "cameras", session_cameras(identity),
                               "tokens_required", tokens));
}
