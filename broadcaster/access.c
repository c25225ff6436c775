#include "broadcaster/access.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "broadcaster/credentials.h"
#include "broadcaster/signed_token.h"
#include "broadcaster/utf8.h"
#include "common/clock.h"
#include "common/config_tokens.h"
#include "common/log.h"
#include "common/memory.h"

struct access {
    const struct config_broadcaster *config; /* until the next access_configure() */
    struct address_network *proxies;
    size_t proxy_count;
    uint8_t key[SIGNED_TOKEN_KEY_SIZE]; /* of this start */
};

struct access *access_create(void)
{
    struct access *access = xcalloc(1, sizeof *access);
    if (getrandom(access->key, sizeof access->key, 0) != (ssize_t)sizeof access->key) {
        die("no random numbers");
    }
    return access;
}

void access_destroy(struct access *access)
{
    if (access != NULL) {
        OPENSSL_cleanse(access->key, sizeof access->key);
        free(access->proxies);
        free(access);
    }
}

void access_configure(struct access *access, const struct config_broadcaster *config)
{
    const struct config_strings *proxies = &config->trusted_proxies;
    access->config = config;
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
    const struct connection *connection = http_session_connection(session);
    struct in6_addr peer = IN6ADDR_ANY_INIT;
    bool is_ip = connection_peer_address(connection, &peer);
    forwarded_read(request, &peer, connection_is_secure(connection), access->proxies,
                   is_ip ? access->proxy_count : 0, forwarded);
}

static void access_name_address(struct identity *identity, const struct connection *connection,
                                const struct forwarded *forwarded)
{
    identity->is_local = connection_is_local(connection);
    identity->ip = forwarded->client;
    if (IN6_IS_ADDR_UNSPECIFIED(&identity->ip)) {
        snprintf(identity->address, sizeof identity->address, "%s",
                 identity->is_local ? "local" : "gone");
    } else {
        address_text(&identity->ip, identity->address);
    }
}

/* Foreign text that ends up in logs, answers and tables: what could be mistaken for something else there
 * becomes '_'. */
static void access_clean(char *text)
{
    struct utf8 state = {0};
    bool is_utf8 = utf8_check(&state, (const uint8_t *)text, strlen(text)) && utf8_complete(&state);
    for (char *c = text; *c != '\0'; c++) {
        bool ascii = *c > ' ' && *c < 0x7f && strchr("\"=\\|", *c) == NULL;
        *c = ascii || (is_utf8 && (unsigned char)*c >= 0x80) ? *c : '_';
    }
}

static void access_name_user(struct identity *identity, const struct http_request *request)
{
    char named[IDENTITY_NAME_SIZE];
    const char *user = identity->address;
    if (identity->user[0] != '\0') {
        return; /* a token has said it */
    }
    if (http_request_parameter(request, "user_id", named, sizeof named) == 0 && named[0] != '\0') {
        access_clean(named);
        user = named;
    }
    snprintf(identity->user, sizeof identity->user, "%s", user);
}

/* --- tokens --- */

static unsigned access_roles(enum token_role role)
{
    return role == TOKEN_ADMIN ? ROLE_ALL : role == TOKEN_PUBLISHER ? ROLE_PUBLISHER : ROLE_VIEWER;
}

static void access_take(struct identity *identity, const struct config_token *token)
{
    snprintf(identity->token, sizeof identity->token, "%s", token->name);
    snprintf(identity->user, sizeof identity->user, "%s", token->name);
    memcpy(identity->digest, token->sha256, sizeof identity->digest);
    identity->roles = access_roles(token->role);
    identity->every_camera = token->cameras.count == 0;
    if (!identity->every_camera) {
        identity_limit_cameras(identity, token->cameras.items, token->cameras.count);
    }
}

/* All are compared, so that the time it takes tells nothing. */
static const struct config_token *access_find_digest(const struct access *access,
                                                     const uint8_t digest[CONFIG_DIGEST_SIZE])
{
    const struct config_token *found = NULL;
    for (size_t i = 0; i < access->config->token_count; i++) {
        const struct config_token *token = &access->config->tokens[i];
        if (CRYPTO_memcmp(token->sha256, digest, CONFIG_DIGEST_SIZE) == 0) {
            found = token;
        }
    }
    return found;
}

static bool access_take_lasting(const struct access *access, struct identity *identity,
                                const char *secret)
{
    uint8_t digest[CONFIG_DIGEST_SIZE];
    SHA256((const uint8_t *)secret, strlen(secret), digest);
    const struct config_token *token = access_find_digest(access, digest);
    if (token != NULL) {
        access_take(identity, token);
    }
    return token != NULL;
}

/* The token of the configuration by which the identity came, if it is still the same; else NULL. */
static const struct config_token *access_find_same(const struct access *access,
                                                   const struct identity *identity)
{
    const struct config_token *token = access_find_digest(access, identity->digest);
    return token != NULL && strcmp(token->name, identity->token) == 0 ? token : NULL;
}

/* Stands for a digest where others can read it: they could try out weak secrets on the digest itself. */
static void access_fingerprint(const struct access *access,
                               const uint8_t digest[CONFIG_DIGEST_SIZE],
                               char hex[2 * CONFIG_DIGEST_SIZE + 1])
{
    uint8_t code[CONFIG_DIGEST_SIZE];
    unsigned size = sizeof code;
    if (HMAC(EVP_sha256(), access->key, sizeof access->key, digest, CONFIG_DIGEST_SIZE, code,
             &size) == NULL) {
        die("OpenSSL cannot sign");
    }
    config_tokens_hex(code, sizeof code, hex);
}

/* The token of the configuration with which a signed one was made, if it is still the same; else NULL. */
static const struct config_token *access_find_maker(const struct access *access, json_t *claims)
{
    const char *made_with = json_string_value(json_object_get(claims, "made_with"));
    for (size_t i = 0; i < access->config->token_count; i++) {
        char fingerprint[2 * CONFIG_DIGEST_SIZE + 1];
        access_fingerprint(access, access->config->tokens[i].sha256, fingerprint);
        if (made_with != NULL && strcmp(fingerprint, made_with) == 0) {
            return &access->config->tokens[i];
        }
    }
    return NULL;
}

/* A signed token can only take away from what the token that it was made with allows now. */
static void access_narrow(struct identity *identity, json_t *claims)
{
    json_t *cameras = json_object_get(claims, "cameras"), *camera;
    size_t i, count = 0;
    identity->is_signed = true;
    identity->roles &= (unsigned)json_integer_value(json_object_get(claims, "roles"));
    snprintf(identity->user, sizeof identity->user, "%s",
             json_string_value(json_object_get(claims, "user")));
    if (cameras == NULL) {
        return;
    }
    char **allowed = xcalloc(json_array_size(cameras), sizeof *allowed);
    json_array_foreach(cameras, i, camera)
    {
        if (identity_allows_camera(identity, json_string_value(camera))) {
            allowed[count++] = (char *)json_string_value(camera);
        }
    }
    identity_limit_cameras(identity, allowed, count);
    free(allowed);
}

/* 0, -ETIME, or -EINVAL. */
static int access_take_signed(const struct access *access, struct identity *identity,
                              const char *text)
{
    json_t *claims;
    int result = signed_token_open(access->key, text, clock_monotonic_ns(), &claims);
    if (result < 0) {
        return result;
    }
    const struct config_token *token = access_find_maker(access, claims);
    if (token != NULL) {
        access_take(identity, token);
        access_narrow(identity, claims);
    }
    json_decref(claims);
    return token != NULL ? 0 : -EINVAL;
}

char *access_sign(const struct access *access, const struct identity *identity, uint64_t life_ns)
{
    char fingerprint[2 * CONFIG_DIGEST_SIZE + 1];
    access_fingerprint(access, identity->digest, fingerprint);
    json_t *claims = json_pack("{s:s,s:s,s:i}", "made_with", fingerprint, "user", identity->user,
                               "roles", (int)identity->roles);
    if (!identity->every_camera) {
        json_t *cameras = json_array();
        for (size_t i = 0; i < identity->camera_count; i++) {
            json_array_append_new(cameras, json_string(identity->cameras[i]));
        }
        json_object_set_new(claims, "cameras", cameras);
    }
    char *token = signed_token_make(access->key, claims, clock_monotonic_ns() + life_ns);
    json_decref(claims);
    return token;
}

/* --- the verdict --- */

/* Fills in what the token of the request allows. NULL, or what is wrong with it; "" when there is
 * none. */
static const char *access_recognise(const struct access *access, struct identity *identity,
                                    const struct http_request *request)
{
    char token[SIGNED_TOKEN_SIZE];
    enum credentials where = credentials_find(request, token, sizeof token);
    if (where == CREDENTIALS_NONE) {
        return "";
    }
    if (where == CREDENTIALS_MALFORMED) {
        return "the token cannot be read";
    }
    if (signed_token_is(token)) {
        int result = access_take_signed(access, identity, token);
        return result == 0        ? NULL
               : result == -ETIME ? "the token has expired"
                                  : "the token is not valid, or no longer";
    }
    if (where == CREDENTIALS_ADDRESS) {
        return "a lasting token does not belong into an address, where logs and histories keep it: "
               "POST /api/tokens makes a short-lived one";
    }
    return access_take_lasting(access, identity, token) ? NULL : "the token is not known";
}

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
    access_name_address(identity, http_session_connection(session), forwarded);
    if (identity->is_local || access->config->token_count == 0) {
        identity->roles = identity->is_local ? ROLE_VIEWER | ROLE_PUBLISHER : ROLE_ALL;
        identity->every_camera = true;
    } else {
        mistake = access_recognise(access, identity, request);
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
    if (identity->is_local || access->config->token_count == 0) {
        return true;
    }
    const struct config_token *token = access_find_same(access, identity);
    if (token == NULL || (identity->roles & ~access_roles(token->role)) != 0) {
        return false;
    }
    struct identity *now = identity_create();
    access_take(now, token);
    bool still = now->every_camera || !identity->every_camera;
    for (size_t i = 0; still && !now->every_camera && i < identity->camera_count; i++) {
        still = identity_allows_camera(now, identity->cameras[i]);
    }
    identity_unref(now);
    return still;
}
