#include "common/config_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/config.h"
#include "common/memory.h"

#define LISTEN_ADDRESS_MAX 256
#define PORT_MAX           65535

/* `scheme` is what libcurl found at the start of `text`, NULL: nothing. */
static bool url_is_http(const char *scheme, const char *text)
{
    return scheme != NULL && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
           strncmp(text + strlen(scheme), "://", 3) == 0; /* libcurl takes "http:/host" too */
}

/* The parsed URL, or NULL with *mistake set. */
static CURLU *url_parse(const char *text, const char **mistake)
{
    CURLU *url = curl_url();
    if (url == NULL) {
        *mistake = "cannot be parsed (out of memory)";
        return NULL;
    }
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    char *scheme = NULL;
    if (code == CURLUE_OK) {
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    }
    if (code == CURLUE_NO_HOST) {
        *mistake = "has no host";
    } else if (code != CURLUE_OK && code != CURLUE_BAD_SCHEME) {
        *mistake = "is not a URL";
    } else if (!url_is_http(scheme, text)) {
        *mistake = "must begin with http:// or https://";
    } else {
        *mistake = NULL;
    }
    curl_free(scheme);
    if (*mistake != NULL) {
        curl_url_cleanup(url);
        return NULL;
    }
    return url;
}

static bool url_has(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK && text[0] != '\0';
    curl_free(text);
    return has;
}

const char *config_url_mistake(const char *text)
{
    const char *mistake;
    CURLU *url = url_parse(text, &mistake);
    if (url != NULL && !url_has(url, CURLUPART_HOST)) {
        mistake = "has no host";
    }
    curl_url_cleanup(url);
    return mistake;
}

const char *config_origin_mistake(const char *text)
{
    if (strcmp(text, "*") == 0) {
        return NULL;
    }
    const char *mistake = config_url_mistake(text);
    if (mistake != NULL) {
        return mistake;
    }
    const char *host = strstr(text, "://") + 3;
    if (strpbrk(host, "/?#@") != NULL) {
        return "is not an origin: scheme://host[:port] and nothing behind it";
    }
    return NULL;
}

static bool listen_port_valid(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits >= 1 && digits <= 5 && text[digits] == '\0' && atoi(text) <= PORT_MAX;
}

const char *config_listen_mistake(const char *text)
{
    static const char *const form = "must be address:port or [address]:port";
    char address[LISTEN_ADDRESS_MAX];
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || (size_t)(colon - text) >= sizeof address) {
        return form;
    }
    if (!listen_port_valid(colon + 1)) {
        return "has no port between 0 and 65535";
    }
    size_t length = (size_t)(colon - text);
    struct in6_addr ignored;
    memcpy(address, text, length);
    address[length] = '\0';
    if (address[0] == '[' && address[length - 1] == ']') {
        address[length - 1] = '\0';
        return inet_pton(AF_INET6, address + 1, &ignored) == 1 ? NULL : "is not an IPv6 address";
    }
    if (strchr(address, ':') != NULL) {
        return "needs [ ] around an IPv6 address";
    }
    return inet_pton(AF_INET, address, &ignored) == 1 ? NULL : "is not a numeric IPv4 address";
}

bool config_url_has_user(const char *text)
{
    const char *mistake;
    CURLU *url = url_parse(text, &mistake);
    bool has = url != NULL && (url_has(url, CURLUPART_USER) || url_has(url, CURLUPART_PASSWORD));
    curl_url_cleanup(url);
    return has;
}

/* A part of the URL, decoded where it was encoded, or NULL where it has none.
 * The caller frees it. */
static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    char *copy = curl_url_get(url, part, &text, flags) == CURLUE_OK ? xstrdup(text) : NULL;
    curl_free(text);
    return copy;
}

char *config_url_take_user(const char *text, char **user, char **password)
{
    const char *mistake;
    CURLU *url = url_parse(text, &mistake);
    *user = *password = NULL;
    if (url == NULL || (!url_has(url, CURLUPART_USER) && !url_has(url, CURLUPART_PASSWORD))) {
        curl_url_cleanup(url);
        return xstrdup(text);
    }
    *user = url_part(url, CURLUPART_USER, CURLU_URLDECODE);
    *password = url_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE);
    curl_url_set(url, CURLUPART_USER, NULL, 0);
    curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
    char *rest = url_part(url, CURLUPART_URL, 0);
    curl_url_cleanup(url);
    return rest != NULL ? rest : xstrdup(text);
}

static bool url_same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *left = url_part(a, part, CURLU_DEFAULT_PORT),
         *right = url_part(b, part, CURLU_DEFAULT_PORT);
    bool same = left != NULL && right != NULL && strcasecmp(left, right) == 0;
    free(left);
    free(right);
    return same;
}

bool config_url_same_origin(const char *a, const char *b)
{
    const char *mistake;
    CURLU *left = url_parse(a, &mistake), *right = url_parse(b, &mistake);
    bool same = left != NULL && right != NULL && url_same_part(left, right, CURLUPART_SCHEME) &&
                url_same_part(left, right, CURLUPART_HOST) &&
                url_same_part(left, right, CURLUPART_PORT);
    curl_url_cleanup(left);
    curl_url_cleanup(right);
    return same;
}

/* Many cameras take their password in the query, under a name of their own: every value goes. */
static char *redact_query(const char *query)
{
    char *redacted = xmalloc(strlen(query) * 4 + 4);
    char *out = redacted;
    while (*query != '\0') {
        size_t part = strcspn(query, "&");
        const char *equals = memchr(query, '=', part);
        size_t name = equals != NULL ? (size_t)(equals - query) + 1 : 0;
        memcpy(out, query, name);
        out += name;
        memcpy(out, "***", 3);
        out += 3;
        query += part;
        if (*query == '&') {
            *out++ = *query++;
        }
    }
    *out = '\0';
    return redacted;
}

char *config_redact_url(const char *text)
{
    const char *mistake;
    char *query = NULL, *clean = NULL;
    CURLU *url = url_parse(text, &mistake);
    if (url == NULL) {
        return xstrdup("(unreadable URL)");
    }
    curl_url_set(url, CURLUPART_USER, NULL, 0);
    curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
    curl_url_set(url, CURLUPART_OPTIONS, NULL, 0);
    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    if (curl_url_get(url, CURLUPART_QUERY, &query, 0) == CURLUE_OK) {
        char *redacted = redact_query(query);
        curl_url_set(url, CURLUPART_QUERY, redacted, 0);
        free(redacted);
    }
    CURLUcode code = curl_url_get(url, CURLUPART_URL, &clean, 0);
    char *result = xstrdup(code == CURLUE_OK ? clean : "(unreadable URL)");
    curl_free(clean);
    curl_free(query);
    curl_url_cleanup(url);
    return result;
}
