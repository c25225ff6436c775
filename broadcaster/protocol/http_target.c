#include "broadcaster/protocol/http_target.h"

#include <errno.h>
#include <string.h>

#include "broadcaster/protocol/http_syntax.h"
#include "broadcaster/text/utf8.h"

/* A character that may stand in a target as it is. Browsers leave some in queries that RFC 3986
 * does not have; what delimits URIs elsewhere is refused. */
static bool http_target_character(char c, bool in_query)
{
    if (c <= ' ' || c >= 0x7f || strchr("\"#<>", c) != NULL) {
        return false;
    }
    return in_query || strchr("\\^`{}", c) == NULL;
}

/* "%2f" to '/'; -1 when it is not two hexadecimal digits. */
static int http_unescape(const char *text, size_t size)
{
    if (size < 3) {
        return -1;
    }
    int high = http_hex_digit(text[1]), low = http_hex_digit(text[2]);
    return high >= 0 && low >= 0 ? high * 16 + low : -1;
}

/* "." and "..", also with parameters behind them ("..;x"), which some programs cut off. */
static bool http_is_dot_segment(const char *segment, size_t size)
{
    const char *parameters = size > 0 ? memchr(segment, ';', size) : NULL;
    size_t length = parameters != NULL ? (size_t)(parameters - segment) : size;
    return (length == 1 && segment[0] == '.') ||
           (length == 2 && segment[0] == '.' && segment[1] == '.');
}

static bool http_has_dot_segment(const char *path)
{
    while (*path == '/') {
        path++;
        size_t size = strcspn(path, "/");
        if (http_is_dot_segment(path, size)) {
            return true;
        }
        path += size;
    }
    return false;
}

/* Whatever is still escaped after one decoding was escaped twice, to slip past somebody. */
static bool http_is_escaped_twice(const char *path)
{
    const char *end = path + strlen(path);
    for (const char *c = path; (c = strchr(c, '%')) != NULL; c++) {
        if (http_unescape(c, (size_t)(end - c)) >= 0) {
            return true;
        }
    }
    return false;
}

/* Decodes in place and ends the text with a NUL. */
static int http_path_decode(char *path, size_t size, const char **message)
{
    char *out = path;
    for (size_t i = 0; i < size; i++) {
        int c = (unsigned char)path[i];
        if (c == '%') {
            c = http_unescape(path + i, size - i);
            i += 2;
            if (c < 0x20 || c == 0x7f || c == '/' || c == '\\') {
                *message = "an escape in the path is malformed or stands for a slash, a backslash "
                           "or a control character";
                return 400;
            }
        } else if (!http_target_character(path[i], false)) {
            *message = "a character in the path has to be percent-encoded";
            return 400;
        }
        *out++ = (char)c;
    }
    *out = '\0';
    struct utf8 utf8 = {0};
    if (!utf8_check(&utf8, (const uint8_t *)path, (size_t)(out - path)) || !utf8_complete(&utf8)) {
        *message = "the path is not UTF-8";
        return 400;
    }
    if (http_has_dot_segment(path) || http_is_escaped_twice(path)) {
        *message = "the path has a \".\" or \"..\" part or is escaped twice";
        return 400;
    }
    return 0;
}

/* Moves *target behind "http://authority" and sets the host. */
static int http_absolute_parse(char **target, size_t *size, struct http_request *request,
                               const char **message)
{
    struct http_text text = {.data = *target, .size = *size};
    size_t scheme = 0;
    if (*size > 7 && http_text_is((struct http_text){text.data, 7}, "http://")) {
        scheme = 7;
    } else if (*size > 8 && http_text_is((struct http_text){text.data, 8}, "https://")) {
        scheme = 8;
    } else {
        *message = "the target is neither a path nor an http URI";
        return 400;
    }
    size_t end = scheme;
    while (end < *size && (*target)[end] != '/' && (*target)[end] != '?') {
        end++;
    }
    request->host = (struct http_text){.data = *target + scheme, .size = end - scheme};
    if (!http_is_host(request->host)) {
        *message = "the target's host is malformed";
        return 400;
    }
    *target += end;
    *size -= end;
    return 0;
}

int http_target_parse(char *target, size_t size, struct http_request *request, const char **message)
{
    request->host = (struct http_text){.data = "", .size = 0};
    request->query = (struct http_text){.data = "", .size = 0};
    if (size == 1 && target[0] == '*') {
        if (request->method != HTTP_OPTIONS) {
            *message = "only OPTIONS may ask for \"*\"";
            return 400;
        }
        request->path = "*";
        return 0;
    }
    if (size > 0 && target[0] != '/') {
        int status = http_absolute_parse(&target, &size, request, message);
        if (status != 0) {
            return status;
        }
    }
    char *mark = size > 0 ? memchr(target, '?', size) : NULL;
    size_t path_size = mark != NULL ? (size_t)(mark - target) : size;
    if (mark != NULL) {
        request->query = (struct http_text){.data = mark + 1, .size = size - path_size - 1};
    }
    for (size_t i = 0; i < request->query.size; i++) {
        if (!http_target_character(request->query.data[i], true)) {
            *message = "a character in the query has to be percent-encoded";
            return 400;
        }
    }
    if (path_size == 0) {
        request->path = "/";
        return 0;
    }
    request->path = target;
    return http_path_decode(target, path_size, message);
}

/* Decodes one side of "name=value"; false when it is malformed, holds a NUL or does not fit. */
static bool http_query_decode(const char *text, size_t size, char *out, size_t out_size)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        int c = text[i] == '+' ? ' ' : (unsigned char)text[i];
        if (c == '%') {
            c = http_unescape(text + i, size - i);
            i += 2;
        }
        if (c <= 0 || length + 1 >= out_size) {
            return false;
        }
        out[length++] = (char)c;
    }
    if (length >= out_size) {
        return false;
    }
    out[length] = '\0';
    return true;
}

int http_request_parameter(const struct http_request *request, const char *name, char *out,
                           size_t out_size)
{
    const char *rest = request->query.data;
    const char *end = rest + request->query.size;
    bool found = false;
    while (rest < end) {
        const char *next = memchr(rest, '&', (size_t)(end - rest));
        next = next != NULL ? next : end;
        const char *equals = memchr(rest, '=', (size_t)(next - rest));
        const char *name_end = equals != NULL ? equals : next;
        char decoded[64];
        if (http_query_decode(rest, (size_t)(name_end - rest), decoded, sizeof decoded) &&
            strcmp(decoded, name) == 0) {
            const char *value = equals != NULL ? equals + 1 : next;
            if (found || !http_query_decode(value, (size_t)(next - value), out, out_size)) {
                return -EINVAL;
            }
            found = true;
        }
        rest = next < end ? next + 1 : end;
    }
    return found ? 0 : -ENOENT;
}
