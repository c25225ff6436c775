#include "broadcaster/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/utf8.h"
#include "common/memory.h"

struct access {
    bool unused;
};

struct access *access_create(void)
{
    return xcalloc(1, sizeof(struct access));
}

void access_destroy(struct access *access)
{
    free(access);
}

void access_configure(struct access *access, const struct config_broadcaster *config)
{
    (void)access;
    (void)config;
}

/* Foreign text that ends up in logs, answers and tables: what could be mistaken for something else there
 * becomes '_'. */
static void access_clean(char *text)
{
    struct utf8 state = {0};
    bool is_utf8 = utf8_check(&state, (const uint8_t *)text, strlen(text)) && utf8_complete(&state);
    for (unsigned char *c = (unsigned char *)text; *c != '\0'; c++) {
        bool plain = *c > ' ' && *c != '"' && *c != '=' && *c != '\\' && *c != 0x7f;
        *c = plain && (*c < 0x80 || is_utf8) ? *c : '_';
    }
}

static void access_name_user(struct identity *identity, const struct http_request *request)
{
    char named[IDENTITY_NAME_SIZE];
    const char *user = identity->address;
    if (identity->token[0] != '\0') {
        user = identity->token;
    } else if (http_request_parameter(request, "user_id", named, sizeof named) == 0 &&
               named[0] != '\0') {
        access_clean(named);
        user = named;
    }
    snprintf(identity->user, sizeof identity->user, "%s", user);
}

static void access_name_address(struct identity *identity, const struct connection *connection)
{
    identity->is_local = connection_is_local(connection);
    if (connection_peer_address(connection, &identity->ip)) {
        address_text(&identity->ip, identity->address);
    } else {
        snprintf(identity->address, sizeof identity->address, "%s",
                 identity->is_local ? "local" : "unknown");
    }
}

bool access_admit(struct access *access, struct http_session *session,
                  const struct http_request *request, unsigned roles)
{
    (void)access;
    (void)roles;
    struct identity *identity = identity_create();
    access_name_address(identity, http_session_connection(session));
    identity->roles = identity->is_local ? ROLE_VIEWER | ROLE_PUBLISHER : ROLE_ALL;
    identity->every_camera = true;
    access_name_user(identity, request);
    http_session_set_identity(session, identity);
    return true;
}
