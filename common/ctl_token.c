#include "common/ctl_token.h"

#include <jansson.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/config_tokens.h"
#include "common/log.h"

#define SECRET_BYTES 32
#define SECRET_SIZE  (sizeof "rc_" + 2 * SECRET_BYTES)

/* Letters and digits only: it fits into a field, a subprotocol and a shell. */
static void secret_make(char secret[SECRET_SIZE])
{
    uint8_t random[SECRET_BYTES];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        die("no random numbers");
    }
    char hex[2 * SECRET_BYTES + 1];
    config_tokens_hex(random, sizeof random, hex);
    snprintf(secret, SECRET_SIZE, "rc_%s", hex);
}

static json_t *cameras_list(const char *cameras)
{
    json_t *list = json_array();
    while (*cameras != '\0') {
        size_t length = strcspn(cameras, ",");
        json_array_append_new(list, json_stringn(cameras, length));
        cameras += length + (cameras[length] == ',');
    }
    return list;
}

/* What belongs into the configuration. The caller owns it. */
static json_t *token_entry(const char *secret, const char *name, const char *role,
                           const char *cameras)
{
    uint8_t digest[CONFIG_DIGEST_SIZE];
    char hex[2 * CONFIG_DIGEST_SIZE + 1];
    SHA256((const uint8_t *)secret, strlen(secret), digest);
    config_tokens_hex(digest, sizeof digest, hex);
    json_t *entry = json_pack("{s:s,s:s,s:s}", "name", name, "sha256", hex, "role", role);
    if (cameras != NULL) {
        json_object_set_new(entry, "cameras", cameras_list(cameras));
    }
    return entry;
}

/* By the code that will read it; mistakes go to stderr. */
static bool token_entry_right(json_t *entry)
{
    struct config_broadcaster read = {0};
    struct config_errors errors = {0};
    json_t *list = json_pack("[O]", entry);
    bool right = config_tokens_read(&read, list, 1, "token", &errors);
    for (size_t i = 0; i < errors.count; i++) {
        fprintf(stderr, "%s\n", errors.lines[i]);
    }
    config_errors_finish(&errors);
    config_tokens_free(&read);
    json_decref(list);
    return right;
}

int ctl_token_print(const char *name, const char *role, const char *cameras)
{
    char secret[SECRET_SIZE];
    secret_make(secret);
    json_t *entry = token_entry(secret, name, role != NULL ? role : "viewer", cameras);
    bool right = entry != NULL && token_entry_right(entry);
    if (right) {
        char *text = json_dumps(entry, 0);
        printf("%s\n%s\n", secret, text);
        fprintf(stderr,
                "The first line is the secret, and is kept nowhere. The second belongs into "
                "broadcaster.tokens; then reload.\n");
        free(text);
    }
    json_decref(entry);
    return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
