#include "broadcaster/protocol/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/protocol/http_session.h"
#include "common/memory.h"

struct identity *identity_create(void)
{
    struct identity *identity = xcalloc(1, sizeof *identity);
    identity->references = 1;
    return identity;
}

struct identity *identity_ref(struct identity *identity)
{
    identity->references++;
    return identity;
}

static void identity_drop_cameras(struct identity *identity)
{
    for (size_t i = 0; i < identity->camera_count; i++) {
        free(identity->cameras[i]);
    }
    free(identity->cameras);
    identity->cameras = NULL;
    identity->camera_count = 0;
}

void identity_unref(struct identity *identity)
{
    if (identity != NULL && --identity->references == 0) {
        if (identity->on_end != NULL) {
            identity->on_end(identity->on_end_arg);
        }
        identity_drop_cameras(identity);
        free(identity->token);
        free(identity);
    }
}

void identity_address(const struct identity *identity, char text[ADDRESS_TEXT_SIZE])
{
    if (IN6_IS_ADDR_UNSPECIFIED(&identity->ip)) {
        snprintf(text, ADDRESS_TEXT_SIZE, "%s", identity->is_local ? "local" : "gone");
    } else {
        address_text(&identity->ip, text);
    }
}

const char *identity_token_name(const struct identity *identity)
{
    return identity->token != NULL ? identity->token->name : "";
}

void identity_set_token(struct identity *identity, const char *name,
                        const uint8_t digest[CONFIG_DIGEST_SIZE])
{
    free(identity->token);
    identity->token = xcalloc(1, sizeof *identity->token);
    snprintf(identity->token->name, sizeof identity->token->name, "%s", name);
    memcpy(identity->token->digest, digest, sizeof identity->token->digest);
}

void identity_on_end(struct identity *identity, void (*on_end)(void *arg), void *arg)
{
    identity->on_end = on_end;
    identity->on_end_arg = arg;
}

void identity_limit_cameras(struct identity *identity, char *const *cameras, size_t count)
{
    identity_drop_cameras(identity);
    identity->every_camera = false;
    identity->cameras = xcalloc(count, sizeof *identity->cameras);
    identity->camera_count = count;
    for (size_t i = 0; i < count; i++) {
        identity->cameras[i] = xstrdup(cameras[i]);
    }
}

void identity_copy_cameras(struct identity *identity, const struct identity *other)
{
    identity_limit_cameras(identity, other->cameras, other->camera_count);
    identity->every_camera = other->every_camera;
}

bool identity_has_role(const struct identity *identity, enum role role)
{
    return (identity->roles & (unsigned)role) != 0;
}

bool identity_allows_camera(const struct identity *identity, const char *camera)
{
    for (size_t i = 0; !identity->every_camera && i < identity->camera_count; i++) {
        if (strcmp(identity->cameras[i], camera) == 0) {
            return true;
        }
    }
    return identity->every_camera;
}

bool identity_check_camera(struct http_session *session, const char *camera)
{
    if (identity_allows_camera(http_session_identity(session), camera)) {
        return true;
    }
    http_respond_error(session, 403, "camera_not_allowed", NULL, "this token is not for camera %s",
                       camera);
    return false;
}
