#include "common/config_tokens.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/camera_id.h"
#include "common/config_errors.h"
#include "common/memory.h"

#define TOKEN_CAMERAS_MAX 1000

static const char *const role_names[] = {
    [TOKEN_VIEWER] = "viewer",
    [TOKEN_PUBLISHER] = "publisher",
    [TOKEN_ADMIN] = "admin",
};

#define ROLE_COUNT (sizeof role_names / sizeof role_names[0])

bool config_token_role_parse(const char *name, enum token_role *role)
{
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (strcmp(role_names[i], name) == 0) {
            *role = (enum token_role)i;
            return true;
        }
    }
    return false;
}

void config_tokens_hex(const uint8_t *bytes, size_t size, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * size] = '\0';
}

static uint8_t hex_value(char digit)
{
    return (uint8_t)(isdigit((unsigned char)digit) ? digit - '0'
                                                   : tolower((unsigned char)digit) - 'a' + 10);
}

static bool token_unhex(const char *hex, uint8_t digest[CONFIG_DIGEST_SIZE])
{
    if (hex == NULL || strlen(hex) != 2 * CONFIG_DIGEST_SIZE ||
        hex[strspn(hex, "0123456789abcdefABCDEF")] != '\0') {
        return false;
    }
    for (size_t i = 0; i < CONFIG_DIGEST_SIZE; i++) {
        digest[i] = (uint8_t)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
    }
    return true;
}

static bool read_name(json_t *object, struct config_token *token, const char *path,
                      struct config_errors *errors)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    if (name == NULL || !camera_id_valid(name, strlen(name))) {
        config_errors_add(errors, path,
                          "needs a name of 1 to 64 letters, digits, '_', '.' and '-', the first a "
                          "letter or digit");
        return false;
    }
    token->name = xstrdup(name);
    return true;
}

static bool read_digest(json_t *object, struct config_token *token, const char *path,
                        struct config_errors *errors)
{
    if (!token_unhex(json_string_value(json_object_get(object, "sha256")), token->sha256)) {
        /* Whoever wrote the secret itself there must not find it in a log. */
        config_errors_add(errors, path,
                          "needs sha256: the 64 hexadecimal digits that `ringcast token` prints");
        return false;
    }
    return true;
}

static bool read_role(json_t *object, struct config_token *token, const char *path,
                      struct config_errors *errors)
{
    json_t *role = json_object_get(object, "role");
    token->role = TOKEN_VIEWER;
    if (role == NULL ||
        (json_is_string(role) && config_token_role_parse(json_string_value(role), &token->role))) {
        return true;
    }
    config_errors_add(errors, path, "role must be one of viewer, publisher, admin");
    return false;
}

static bool read_cameras(json_t *object, struct config_token *token, const char *path,
                         struct config_errors *errors)
{
    json_t *cameras = json_object_get(object, "cameras"), *camera;
    size_t count = json_array_size(cameras), i;
    if (cameras != NULL && (!json_is_array(cameras) || count > TOKEN_CAMERAS_MAX)) {
        config_errors_add(errors, path, "cameras must be a list of at most %d camera ids",
                          TOKEN_CAMERAS_MAX);
        return false;
    }
    if (count == 0) {
        return true;
    }
    token->cameras.items = xcalloc(count, sizeof *token->cameras.items);
    json_array_foreach(cameras, i, camera)
    {
        const char *id = json_string_value(camera);
        if (id == NULL || !camera_id_valid(id, strlen(id))) {
            config_errors_add(errors, path, "cameras[%zu] is not a camera id", i);
            return false;
        }
        token->cameras.items[token->cameras.count++] = xstrdup(id);
    }
    return true;
}

static bool read_token(json_t *object, struct config_token *token, const char *path,
                       struct config_errors *errors)
{
    static const char *const keys[] = {"name", "sha256", "role", "cameras", NULL};
    if (!json_is_object(object)) {
        config_errors_add(errors, path, "must be an object");
        return false;
    }
    bool known = config_errors_only_keys(object, keys, path, errors);
    bool name = read_name(object, token, path, errors);
    bool digest = read_digest(object, token, path, errors);
    bool role = read_role(object, token, path, errors);
    bool cameras = read_cameras(object, token, path, errors);
    return known && name && digest && role && cameras;
}

static bool unique_tokens(const struct config_broadcaster *broadcaster, const char *path,
                          struct config_errors *errors)
{
    for (size_t i = 0; i < broadcaster->token_count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct config_token *a = &broadcaster->tokens[j], *b = &broadcaster->tokens[i];
            bool names = strcmp(a->name, b->name) == 0;
            if (names || memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0) {
                config_errors_add(errors, path, "[%zu] and [%zu] have the same %s", j, i,
                                  names ? "name" : "sha256");
                return false;
            }
        }
    }
    return true;
}

bool config_tokens_read(struct config_broadcaster *broadcaster, json_t *array, size_t maximum,
                        const char *path, struct config_errors *errors)
{
    size_t count = json_array_size(array);
    if (count > maximum) {
        config_errors_add(errors, path, "has more than %zu tokens", maximum);
        return false;
    }
    bool right = true;
    broadcaster->tokens = count > 0 ? xcalloc(count, sizeof *broadcaster->tokens) : NULL;
    broadcaster->token_count = count;
    for (size_t i = 0; i < count; i++) {
        char *token_path = xasprintf("%s[%zu]", path, i);
        right &= read_token(json_array_get(array, i), &broadcaster->tokens[i], token_path, errors);
        free(token_path);
    }
    if (!right || !unique_tokens(broadcaster, path, errors)) {
        config_tokens_free(broadcaster);
        return false;
    }
    return true;
}

void config_tokens_free(struct config_broadcaster *broadcaster)
{
    for (size_t i = 0; i < broadcaster->token_count; i++) {
        struct config_token *token = &broadcaster->tokens[i];
        for (size_t k = 0; k < token->cameras.count; k++) {
            free(token->cameras.items[k]);
        }
        free(token->cameras.items);
        free(token->name);
    }
    free(broadcaster->tokens);
    broadcaster->tokens = NULL;
    broadcaster->token_count = 0;
}
