/* What comes as a token. Without the key nothing is taken; with a signature that is right, whatever
 * it signs is read without harm, and what has been read can be made again. */
#include "broadcaster/access/signed_token.h"

#include <errno.h>

#include "broadcaster/access/token_rules.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t key[SIGNED_TOKEN_KEY_SIZE] = "the key of the fuzzer, 32 bytes";

/* The same bytes as claims, signed. */
static void check_claims(const char *text, size_t size)
{
    json_t *claims = json_loadb(text, size, 0, NULL), *read;
    char *token = json_is_object(claims) ? signed_token_make(key, claims, 1000) : NULL;
    if (token != NULL) {
        FUZZ_CHECK(signed_token_open(key, token, 999, &read) == 0);
        FUZZ_CHECK(json_equal(claims, read));
        json_decref(read);
        FUZZ_CHECK(signed_token_open(key, token, 1000, &read) == -ETIME);
        token[strlen(token) / 2] ^= 1;
        FUZZ_CHECK(signed_token_open(key, token, 999, &read) == -EINVAL);
        free(token);
    }
    json_decref(claims);
}

/* As a request would bring it. */
static void check_request(const char *text, size_t size)
{
    struct config_broadcaster config = {0};
    struct token_rules rules = {.config = &config};
    struct http_field fields[] = {{{"Sec-WebSocket-Protocol", 22}, {text, size}}};
    struct http_request request = {.query = {text, size}, .fields = fields, .field_count = 1};
    struct identity *identity = identity_create();
    memcpy(rules.key, key, sizeof rules.key);
    FUZZ_CHECK(token_rules_recognise(&rules, &request, 0, identity) != NULL);
    FUZZ_CHECK(identity->roles == 0);
    identity_unref(identity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmalloc(size + 1);
    json_t *claims;
    memcpy(text, data, size);
    text[size] = '\0';
    int result = signed_token_open(key, text, 0, &claims);
    if (result == 0) {
        json_decref(claims); /* the corpus holds some that are right */
    } else {
        FUZZ_CHECK(result == -EINVAL || result == -ETIME);
    }
    check_claims(text, size);
    check_request(text, size);
    free(text);
    return 0;
}
