#include "broadcaster/access/token_rules.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "broadcaster/access/credentials.h"
#include "common/config_tokens.h"
#include "common/log.h"
#include "common/memory.h"

void token_rules_init(struct token_rules *rules)
{
    *rules = (struct token_rules){0};
    if (getrandom(rules->key, sizeof rules->key, 0) != (ssize_t)sizeof rules->key) {
        die("no random numbers");
    }
}

void token_rules_finish(struct token_rules *rules)
{
    OPENSSL_cleanse(rules->key, sizeof rules->key);
}

static unsigned token_rules_roles(enum token_role role)
{
    return role == TOKEN_ADMIN ? ROLE_ALL : role == TOKEN_PUBLISHER ? ROLE_PUBLISHER : ROLE_VIEWER;
}

static void token_rules_take(struct identity *identity, const struct config_token *token)
{
    identity_set_token(identity, token->name, token->sha256);
    snprintf(identity->user, sizeof identity->user, "%s", token->name);
    identity->roles = token_rules_roles(token->role);
    identity->every_camera = token->cameras.count == 0;
    if (!identity->every_camera) {
        identity_limit_cameras(identity, token->cameras.items, token->cameras.count);
    }
}

/* All are compared, so that the time it takes tells nothing. */
static const struct config_token *token_rules_find_digest(const struct token_rules *rules,
                                                          const uint8_t digest[CONFIG_DIGEST_SIZE])
{
    const struct config_token *found = NULL;
    for (size_t i = 0; i < rules->config->token_count; i++) {
        const struct config_token *token = &rules->config->tokens[i];
        if (CRYPTO_memcmp(token->sha256, digest, CONFIG_DIGEST_SIZE) == 0) {
            found = token;
        }
    }
    return found;
}

static bool token_rules_take_lasting(const struct token_rules *rules, struct identity *identity,
                                     const char *secret)
{
    uint8_t digest[CONFIG_DIGEST_SIZE];
    SHA256((const uint8_t *)secret, strlen(secret), digest);
    const struct config_token *token = token_rules_find_digest(rules, digest);
    if (token != NULL) {
        token_rules_take(identity, token);
    }
    return token != NULL;
}

/* The token of the configuration by which the identity came, if it is still the same; else NULL. */
static const struct config_token *token_rules_find_same(const struct token_rules *rules,
                                                        const struct identity *identity)
{
    if (identity->token == NULL) {
        return NULL;
    }
    const struct config_token *token = token_rules_find_digest(rules, identity->token->digest);
    return token != NULL && strcmp(token->name, identity->token->name) == 0 ? token : NULL;
}

/* Stands for a digest where others can read it: they could try out weak secrets
 * on the digest itself. */
static void token_rules_fingerprint(const struct token_rules *rules,
                                    const uint8_t digest[CONFIG_DIGEST_SIZE],
                                    char hex[2 * CONFIG_DIGEST_SIZE + 1])
{
    uint8_t code[SIGNED_TOKEN_SIGNATURE];
    signed_token_sign(rules->key, digest, CONFIG_DIGEST_SIZE, code);
    config_tokens_hex(code, sizeof code, hex);
}

/* The token of the configuration with which a signed one was made, if it is still
 * the same; else NULL. */
static const struct config_token *token_rules_find_maker(const struct token_rules *rules,
                                                         json_t *claims)
{
    const char *made_with = json_string_value(json_object_get(claims, "made_with"));
    for (size_t i = 0; i < rules->config->token_count; i++) {
        char fingerprint[2 * CONFIG_DIGEST_SIZE + 1];
        token_rules_fingerprint(rules, rules->config->tokens[i].sha256, fingerprint);
        if (made_with != NULL && strcmp(fingerprint, made_with) == 0) {
            return &rules->config->tokens[i];
        }
    }
    return NULL;
}

/* A signed token can only take away from what the token that it was made with allows now. */
static void token_rules_narrow(struct identity *identity, json_t *claims)
{
    json_t *cameras = json_object_get(claims, "cameras"), *camera;
    size_t i, count = 0;
    identity->token->is_signed = true;
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
static int token_rules_take_signed(const struct token_rules *rules, struct identity *identity,
                                   const char *text, uint64_t now_ns)
{
    json_t *claims;
    int result = signed_token_open(rules->key, text, now_ns, &claims);
    if (result < 0) {
        return result;
    }
    const struct config_token *token = token_rules_find_maker(rules, claims);
    if (token != NULL) {
        token_rules_take(identity, token);
        token_rules_narrow(identity, claims);
    }
    json_decref(claims);
    return token != NULL ? 0 : -EINVAL;
}

char *token_rules_sign(const struct token_rules *rules, const struct identity *identity,
                       uint64_t expires_ns)
{
    static const uint8_t none[CONFIG_DIGEST_SIZE] = {0}; /* it opens nothing */
    const struct identity_token *with = identity->token;
    char fingerprint[2 * CONFIG_DIGEST_SIZE + 1];
    token_rules_fingerprint(rules, with != NULL ? with->digest : none, fingerprint);
    json_t *claims = json_pack("{s:s,s:s,s:i}", "made_with", fingerprint, "user", identity->user,
                               "roles", (int)identity->roles);
    if (!identity->every_camera) {
        json_t *cameras = json_array();
        for (size_t i = 0; i < identity->camera_count; i++) {
            json_array_append_new(cameras, json_string(identity->cameras[i]));
        }
        json_object_set_new(claims, "cameras", cameras);
    }
    char *token = signed_token_make(rules->key, claims, expires_ns);
    json_decref(claims);
    return token;
}

const char *token_rules_recognise(const struct token_rules *rules,
                                  const struct http_request *request, uint64_t now_ns,
                                  struct identity *identity)
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
        int result = token_rules_take_signed(rules, identity, token, now_ns);
        return result == 0        ? NULL
               : result == -ETIME ? "the token has expired"
                                  : "the token is not valid, or no longer";
    }
    if (where == CREDENTIALS_ADDRESS) {
        return "a lasting token does not belong into an address, where logs and histories keep it: "
               "POST /api/tokens makes a short-lived one";
    }
    return token_rules_take_lasting(rules, identity, token) ? NULL : "the token is not known";
}

bool token_rules_still_allow(const struct token_rules *rules, const struct identity *identity)
{
    const struct config_token *token = token_rules_find_same(rules, identity);
    if (token == NULL || (identity->roles & ~token_rules_roles(token->role)) != 0) {
        return false;
    }
    struct identity *now = identity_create();
    token_rules_take(now, token);
    bool still = now->every_camera || !identity->every_camera;
    for (size_t i = 0; still && !now->every_camera && i < identity->camera_count; i++) {
        still = identity_allows_camera(now, identity->cameras[i]);
    }
    identity_unref(now);
    return still;
}
