#include "tests/camsim/auth.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define AUTH_REALM "camsim"
#define AUTH_NONCE "5e1f0a2b9c3d"
#define MD5_BYTES  16
#define MD5_SIZE   (2 * MD5_BYTES + 1) /* as hexadecimal text */

const char *auth_challenge(const char *scheme)
{
    return strcmp(scheme, "digest") == 0 ? "Digest realm=\"" AUTH_REALM "\", nonce=\"" AUTH_NONCE
                                           "\", qop=\"auth\""
                                         : "Basic realm=\"" AUTH_REALM "\"";
}

static bool auth_basic(const char *credentials, const char *header)
{
    size_t length = strlen(credentials);
    char *expected = xmalloc(4 * (length / 3 + 1) + 1);
    EVP_EncodeBlock((unsigned char *)expected, (const unsigned char *)credentials, (int)length);
    bool granted = strncasecmp(header, "Basic ", 6) == 0 && strcmp(header + 6, expected) == 0;
    free(expected);
    return granted;
}

__attribute__((format(printf, 2, 3))) static void auth_md5(char out[MD5_SIZE], const char *format,
                                                           ...)
{
    char text[4 * REQUEST_FIELD_SIZE];
    unsigned char digest[EVP_MAX_MD_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    EVP_Digest(text, strlen(text), digest, NULL, EVP_md5(), NULL);
    for (size_t i = 0; i < MD5_BYTES; i++) {
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    }
}

/* The value of `name` in `Digest a="b", c=d`, or "". */
static void auth_parameter(const char *header, const char *name, char value[REQUEST_FIELD_SIZE])
{
    size_t length = strlen(name);
    value[0] = '\0';
    for (const char *at = header; (at = strstr(at, name)) != NULL; at += length) {
        if (at > header && strchr(" ,", at[-1]) != NULL && at[length] == '=') {
            const char *start = at + length + 1;
            bool quoted = *start == '"';
            start += quoted ? 1 : 0;
            snprintf(value, REQUEST_FIELD_SIZE, "%.*s", (int)strcspn(start, quoted ? "\"" : ", "),
                     start);
            return;
        }
    }
}

static bool auth_digest(const char *credentials, const struct request *request)
{
    const char *header = request->authorization;
    char nonce[REQUEST_FIELD_SIZE], response[REQUEST_FIELD_SIZE], uri[REQUEST_FIELD_SIZE];
    char count[REQUEST_FIELD_SIZE], client_nonce[REQUEST_FIELD_SIZE];
    char user[MD5_SIZE], what[MD5_SIZE], expected[MD5_SIZE];
    if (strncasecmp(header, "Digest ", 7) != 0) {
        return false;
    }
    auth_parameter(header, "nonce", nonce);
    auth_parameter(header, "response", response);
    auth_parameter(header, "uri", uri);
    auth_parameter(header, "nc", count);
    auth_parameter(header, "cnonce", client_nonce);
    const char *colon = strchrnul(credentials, ':');
    auth_md5(user, "%.*s:" AUTH_REALM ":%s", (int)(colon - credentials), credentials,
             *colon == ':' ? colon + 1 : "");
    auth_md5(what, "%s:%s", request->method, request->target);
    auth_md5(expected, "%s:" AUTH_NONCE ":%s:%s:auth:%s", user, count, client_nonce, what);
    return strcmp(nonce, AUTH_NONCE) == 0 && strcmp(uri, request->target) == 0 &&
           strcmp(response, expected) == 0;
}

bool auth_granted(const char *scheme, const char *credentials, const struct request *request)
{
    return strcmp(scheme, "digest") == 0 ? auth_digest(credentials, request)
                                         : auth_basic(credentials, request->authorization);
}
