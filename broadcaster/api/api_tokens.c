#include "broadcaster/api/api_tokens.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/access/access.h"
#include "broadcaster/protocol/api_body.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/services.h"
#include "common/camera_id.h"
#include "common/clock.h"
#include "common/config_tokens.h"

#define TOKENS_CAMERAS_MAX 100

/* What is asked for, and in whose name. */
struct token_wish {
    const struct identity *by;
    struct identity *identity; /* what the token will stand for */
    double life_s;
    int status; /* with `message`: why not */
    const char *message;
};

static bool token_refuse(struct token_wish *wish, int status, const char *message)
{
    wish->status = status;
    wish->message = message;
    return false;
}

static bool token_set_role(struct token_wish *wish, json_t *role)
{
    static const unsigned roles[] = {
        [TOKEN_VIEWER] = ROLE_VIEWER,
        [TOKEN_PUBLISHER] = ROLE_PUBLISHER,
        [TOKEN_ADMIN] = ROLE_ALL,
    };
    enum token_role wanted;
    if (role == NULL) {
        /* The least that is of any use in an address. */
        wish->identity->roles =
            identity_has_role(wish->by, ROLE_VIEWER) ? ROLE_VIEWER : wish->by->roles;
        return true;
    }
    if (!json_is_string(role) || !config_token_role_parse(json_string_value(role), &wanted)) {
        return token_refuse(wish, 400, "role must be one of viewer, publisher, admin");
    }
    wish->identity->roles = roles[wanted];
    return (roles[wanted] & ~wish->by->roles) == 0 ||
           token_refuse(wish, 403, "nobody can give away a role that he has not");
}

static bool token_set_cameras(struct token_wish *wish, json_t *list)
{
    char *cameras[TOKENS_CAMERAS_MAX];
    size_t i;
    json_t *camera;
    wish->identity->every_camera = wish->by->every_camera;
    if (list == NULL) {
        identity_copy_cameras(wish->identity, wish->by);
        return true;
    }
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > TOKENS_CAMERAS_MAX) {
        return token_refuse(wish, 400, "cameras must be a list of 1 to 100 camera ids");
    }
    json_array_foreach(list, i, camera)
    {
        const char *id = json_string_value(camera);
        if (id == NULL || !camera_id_valid(id, strlen(id))) {
            return token_refuse(wish, 400, "cameras must be a list of 1 to 100 camera ids");
        }
        if (!identity_allows_camera(wish->by, id)) {
            return token_refuse(wish, 403, "nobody can give away a camera that he has not");
        }
        cameras[i] = (char *)id;
    }
    identity_limit_cameras(wish->identity, cameras, json_array_size(list));
    return true;
}

static bool token_set_user(struct token_wish *wish, json_t *user)
{
    const char *name = json_string_value(user);
    snprintf(wish->identity->user, sizeof wish->identity->user, "%s",
             name != NULL ? name : wish->by->user);
    if (user == NULL) {
        return true;
    }
    if (name == NULL || !camera_id_valid(name, strlen(name))) {
        return token_refuse(wish, 400,
                            "user must have 1 to 64 letters, digits, '_', '.' and '-', the first a "
                            "letter or digit");
    }
    return identity_has_role(wish->by, ROLE_ADMIN) ||
           token_refuse(wish, 403, "only an admin can name another user");
}

static bool token_set_life(struct token_wish *wish, json_t *seconds)
{
    double wanted = json_number_value(seconds);
    if (seconds == NULL) {
        return true;
    }
    if (!json_is_number(seconds) || wanted <= 0) {
        return token_refuse(wish, 400, "expires_in must be a number of seconds");
    }
    wish->life_s = wanted < wish->life_s ? wanted : wish->life_s;
    return true;
}

/* `body` NULL: nothing is wished for in particular. */
static bool token_read_wish(struct token_wish *wish, json_t *body)
{
    static const char *const keys[] = {"role", "cameras", "user", "expires_in"};
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        size_t i = 0;
        while (i < sizeof keys / sizeof keys[0] && strcmp(keys[i], key) != 0) {
            i++;
        }
        if (i == sizeof keys / sizeof keys[0]) {
            return token_refuse(wish, 400, "the members are role, cameras, user and expires_in");
        }
    }
    return token_set_role(wish, json_object_get(body, "role")) &&
           token_set_cameras(wish, json_object_get(body, "cameras")) &&
           token_set_user(wish, json_object_get(body, "user")) &&
           token_set_life(wish, json_object_get(body, "expires_in"));
}

static void token_answer(const struct services *services, struct http_session *session,
                         const struct token_wish *wish)
{
    uint64_t life_ns = clock_seconds_ns(wish->life_s);
    char *token = access_sign(services->access, wish->identity, life_ns);
    if (token == NULL) {
        http_respond_error(session, 400, "too_many_cameras", NULL,
                           "a token for so many cameras does not fit into an address");
        return;
    }
    api_json_respond(session, 201, API_NOT_STORED,
                     json_pack("{s:s,s:s,s:f}", "token", token, "user", wish->identity->user,
                               "expires_in", wish->life_s));
    free(token);
}

static void token_make(const struct services *services, struct http_session *session, json_t *body)
{
    struct token_wish wish = {
        .by = http_session_identity(session),
        .identity = identity_create(),
        .life_s = services->config->broadcaster.token_life_s,
    };
    if (wish.by->token != NULL) {
        identity_set_token(wish.identity, wish.by->token->name, wish.by->token->digest);
    }
    if (token_read_wish(&wish, body)) {
        token_answer(services, session, &wish);
    } else {
        http_respond_error(session, wish.status,
                           wish.status == 403 ? "not_yours_to_give" : "bad_request", NULL, "%s",
                           wish.message);
    }
    identity_unref(wish.identity);
}

static void token_on_body(void *arg, struct http_session *session, struct shared_bytes *bytes)
{
    json_t *body = api_body_read(session, bytes);
    if (json_is_object(body)) {
        token_make(arg, session, body);
    } else if (body != NULL) {
        http_respond_error(session, 400, "bad_request", NULL, "the body must be an object");
    }
    json_decref(body);
}

void api_tokens_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera)
{
    const struct identity *identity = http_session_identity(session);
    (void)camera;
    if (identity->token == NULL && services->config->broadcaster.token_count > 0) {
        /* The local socket asks for none, and what is signed stands for what it was made with. */
        http_respond_error(session, 403, "not_yours_to_give", NULL,
                           "a short-lived token is made with a lasting one: ask on the HTTP port, "
                           "with that");
    } else if (identity->token != NULL && identity->token->is_signed) {
        http_respond_error(session, 403, "not_yours_to_give", NULL,
                           "a short-lived token makes no other: it would live for ever");
    } else if (request->framing == HTTP_BODY_NONE) {
        token_make(services, session, NULL);
    } else {
        api_body_receive(session, request, token_on_body, services);
    }
}
