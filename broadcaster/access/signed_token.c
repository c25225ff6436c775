#include "broadcaster/access/signed_token.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/text/base64.h"
#include "common/log.h"
#include "common/memory.h"

#define PREFIX_LENGTH  (sizeof SIGNED_TOKEN_PREFIX - 1)
#define SIGNATURE_TEXT 43

/* The alphabet for addresses, without padding: RFC 4648, section 5. Writes no NUL. */
static size_t url_encode(char *out, const void *data, size_t size)
{
    size_t length = base64_encode(out, data, size);
    while (length > 0 && out[length - 1] == '=') {
        length--;
    }
    for (size_t i = 0; i < length; i++) {
        out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
    }
    return length;
}

/* Of fewer than SIGNED_TOKEN_SIZE characters; at most so many bytes come out. -EINVAL when it is
 * not the alphabet's only form of them. */
static ssize_t url_decode(uint8_t *out, const char *text, size_t size)
{
    char padded[SIGNED_TOKEN_SIZE + 4];
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '+' || text[i] == '/' || text[i] == '=') {
            return -EINVAL;
        }
        padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
    while (size % 4 != 0) {
        padded[size++] = '=';
    }
    return base64_decode(out, padded, size);
}

void signed_token_sign(const uint8_t key[SIGNED_TOKEN_KEY_SIZE], const void *bytes, size_t size,
                       uint8_t signature[SIGNED_TOKEN_SIGNATURE])
{
    unsigned length = SIGNED_TOKEN_SIGNATURE;
    if (HMAC(EVP_sha256(), key, SIGNED_TOKEN_KEY_SIZE, bytes, size, signature, &length) == NULL) {
        die("OpenSSL cannot sign");
    }
}

bool signed_token_is(const char *text)
{
    return strncmp(text, SIGNED_TOKEN_PREFIX, PREFIX_LENGTH) == 0;
}

char *signed_token_make(const uint8_t key[SIGNED_TOKEN_KEY_SIZE], json_t *claims,
                        uint64_t expires_ns)
{
    uint8_t signature[SIGNED_TOKEN_SIGNATURE];
    json_object_set_new(claims, "expires", json_integer((json_int_t)expires_ns));
    char *json = json_dumps(claims, JSON_COMPACT);
    if (json == NULL) {
        die("claims of our own are not JSON");
    }
    size_t room = PREFIX_LENGTH + base64_encoded_size(strlen(json)) + 1 +
                  base64_encoded_size(SIGNED_TOKEN_SIGNATURE) + 1;
    char *token = xmalloc(room);
    memcpy(token, SIGNED_TOKEN_PREFIX, PREFIX_LENGTH);
    size_t size = PREFIX_LENGTH + url_encode(token + PREFIX_LENGTH, json, strlen(json));
    free(json);
    signed_token_sign(key, token, size, signature);
    token[size++] = '.';
    size += url_encode(token + size, signature, sizeof signature);
    token[size] = '\0';
    if (size >= SIGNED_TOKEN_SIZE) {
        free(token);
        return NULL;
    }
    return token;
}

int signed_token_open(const uint8_t key[SIGNED_TOKEN_KEY_SIZE], const char *text, uint64_t now_ns,
                      json_t **claims)
{
    uint8_t expected[SIGNED_TOKEN_SIGNATURE], given[SIGNED_TOKEN_SIGNATURE + 4],
        payload[SIGNED_TOKEN_SIZE];
    const char *dot = strrchr(text, '.');
    if (!signed_token_is(text) || strlen(text) >= SIGNED_TOKEN_SIZE ||
        strlen(dot + 1) != SIGNATURE_TEXT || dot < text + PREFIX_LENGTH) {
        return -EINVAL;
    }
    signed_token_sign(key, text, (size_t)(dot - text), expected);
    if (url_decode(given, dot + 1, SIGNATURE_TEXT) != SIGNED_TOKEN_SIGNATURE ||
        CRYPTO_memcmp(given, expected, SIGNED_TOKEN_SIGNATURE) != 0) {
        return -EINVAL;
    }
    ssize_t size = url_decode(payload, text + PREFIX_LENGTH, (size_t)(dot - text) - PREFIX_LENGTH);
    json_t *read = size > 0 ? json_loadb((const char *)payload, (size_t)size, 0, NULL) : NULL;
    json_t *expires = json_object_get(read, "expires");
    if (!json_is_integer(expires) || (uint64_t)json_integer_value(expires) <= now_ns) {
        int result = json_is_integer(expires) ? -ETIME : -EINVAL;
        json_decref(read);
        return result;
    }
    *claims = read;
    return 0;
}
