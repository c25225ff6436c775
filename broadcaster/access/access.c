#include "broadcaster/access/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/access/token_rules.h"
#include "broadcaster/text/utf8.h"
#include "common/clock.h"
#include "common/config_access.h"
#include "common/log.h"
#include "common/memory.h"

struct access {
    struct token_rules rules;
    struct address_network *proxies;
    size_t proxy_count;
};

struct access *access_create(void)
{
    struct access *access = xcalloc(1, sizeof *access);
    token_rules_init(&access->rules);
    return access;
}

void access_destroy(struct access *access)
{
    if (access != NULL) {
        token_rules_finish(&access->rules);
        free(access->proxies);
        free(access);
    }
}

/* Meant, but to be said: the configuration has refused what nobody has asked for. */
static void access_warn(const struct config_broadcaster *config)
{
    if (config_listens_on_loopback(config)) {
        return;
    }
    if (config->token_count == 0) {
        log_warn("whoever reaches listen=%s may watch and change everything: set "
                 "broadcaster.tokens to keep them out",
                 config->listen);
    } else if (config->tls_certificate == NULL && config->trusted_proxies.count == 0) {
        log_warn("tokens and pictures can be read on the way to listen=%s: set "
                 "broadcaster.tls_certificate, or put a proxy with TLS before it",
                 config->listen);
    }
}

void access_configure(struct access *access, const struct config_broadcaster *config)
{
    const struct config_strings *proxies = &config->trusted_proxies;
    access->rules.config = config;
    access_warn(config);
    free(access->proxies);
    access->proxies = xcalloc(proxies->count, sizeof *access->proxies);
    access->proxy_count = 0;
    for (size_t i = 0; i < proxies->count; i++) {
        access->proxy_count +=
            address_network_parse(proxies->items[i], &access->proxies[access->proxy_count]);
    }
}

/* --- from where --- */

void access_forwarded(const struct access *access, struct http_session *session,
                      const struct http_request *request, struct forwarded *forwarded)
{
    bool is_secure = connection_is_secure(http_session_connection(session));
    struct in6_addr peer;
    bool is_ip = http_session_peer_address(session, &peer);
    forwarded_read(request, &peer, is_secure, access->proxies, is_ip ? access->proxy_count : 0,
                   forwarded);
}

static void access_note_address(struct identity *identity, const struct connection *connection,
                                const struct forwarded *forwarded)
{
    identity->is_local = connection_is_local(connection);
    identity->ip = forwarded->client;
}

/* Foreign text that ends up in logs, answers and tables: what could be mistaken for
 * something else there becomes '_'. From U+0080 on to the no-break space U+00A0 stand
 * characters that control terminals. */
static void access_clean(char *text)
{
    struct utf8 state = {0};
    bool is_utf8 = utf8_check(&state, (const uint8_t *)text, strlen(text)) && utf8_complete(&state);
    for (char *c = text; *c != '\0'; c++) {
        if (is_utf8 && (uint8_t)c[0] == 0xc2 && (uint8_t)c[1] <= 0xa0) {
            *c++ = '_';
            *c = '_';
            continue;
        }
        bool ascii = *c > ' ' && *c < 0x7f && strchr("\"=\\|", *c) == NULL;
        *c = ascii || (is_utf8 && (unsigned char)*c >= 0x80) ? *c : '_';
    }
}

static void access_name_user(struct identity *identity, const struct http_request *request)
{
    char named[IDENTITY_NAME_SIZE], address[ADDRESS_TEXT_SIZE];
    const char *user = address;
    if (identity->user[0] != '\0') {
        return; /* a token has said it */
    }
    if (http_request_parameter(request, "user_id", named, sizeof named) == 0 && named[0] != '\0') {
        access_clean(named);
        user = named;
    } else {
        identity_address(identity, address);
    }
    snprintf(identity->user, sizeof identity->user, "%s", user);
}

/* --- the verdict --- */

static void access_refuse(struct http_session *session, const char *mistake)
{
    bool missing = mistake[0] == '\0';
    http_respond_error(session, 401, "unauthorized",
                       missing ? "WWW-Authenticate: Bearer realm=\"ringcast\"\r\n"
                               : "WWW-Authenticate: Bearer realm=\"ringcast\", "
                                 "error=\"invalid_token\"\r\n",
                       "%s", missing ? "this needs a token" : mistake);
}

static const char *access_role_text(unsigned roles)
{
    return roles & ROLE_VIEWER      ? "viewer"
           : roles & ROLE_PUBLISHER ? "publisher"
           : roles & ROLE_ADMIN     ? "admin"
                                    : "none";
}

bool access_admit(const struct access *access, struct http_session *session,
                  const struct http_request *request, const struct forwarded *forwarded,
                  unsigned roles)
{
    struct identity *identity = identity_create();
    const char *mistake = NULL;
    access_note_address(identity, http_session_connection(session), forwarded);
    if (identity->is_local || access->rules.config->token_count == 0) {
        identity->roles = identity->is_local ? ROLE_VIEWER | ROLE_PUBLISHER : ROLE_ALL;
        identity->every_camera = true;
    } else {
        mistake = token_rules_recognise(&access->rules, request, clock_monotonic_ns(), identity);
    }
    access_name_user(identity, request);
    http_session_set_identity(session, identity);
    if (roles == ROLE_ANYBODY || (mistake == NULL && (identity->roles & roles) != 0)) {
        return true;
    }
    if (mistake != NULL) {
        access_refuse(session, mistake);
    } else {
        http_respond_error(session, 403, "role_not_allowed", NULL,
                           "this needs the role %s, which %s has not", access_role_text(roles),
                           identity->user);
    }
    return false;
}

bool access_still_admits(const struct access *access, const struct identity *identity)
{
    return identity->is_local || access->rules.config->token_count == 0 ||
           token_rules_still_allow(&access->rules, identity);
}

char *access_sign(const struct access *access, const struct identity *identity, uint64_t life_ns)
{
    return token_rules_sign(&access->rules, identity, clock_monotonic_ns() + life_ns);
}
