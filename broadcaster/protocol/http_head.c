#include "broadcaster/protocol/http_head.h"

#include <string.h>

#include "broadcaster/protocol/http_syntax.h"
#include "broadcaster/protocol/http_target.h"

/* --- the request line --- */

static enum http_method http_method_of(struct http_text name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        {"GET", HTTP_GET}, {"HEAD", HTTP_HEAD},     {"POST", HTTP_POST},
        {"PUT", HTTP_PUT}, {"DELETE", HTTP_DELETE}, {"OPTIONS", HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (name.size == strlen(methods[i].name) &&
            memcmp(name.data, methods[i].name, name.size) == 0) {
            return methods[i].method;
        }
    }
    return HTTP_OTHER;
}

/* "HTTP/1.1": exactly that form; other versions are another matter than no version. */
static int http_version_parse(struct http_text version, int *minor, const char **message)
{
    const char *text = version.data;
    if (version.size != 8 || memcmp(text, "HTTP/", 5) != 0 || text[5] < '0' || text[5] > '9' ||
        text[6] != '.' || text[7] < '0' || text[7] > '9') {
        *message = "the request line does not end with an HTTP version";
        return 400;
    }
    if (text[5] != '1') {
        *message = "only HTTP/1.0 and HTTP/1.1 are spoken here";
        return 505;
    }
    /* A later minor version is read as the latest one known: RFC 9110, 2.5. */
    *minor = text[7] == '0' ? 0 : 1;
    return 0;
}

int http_head_request_line(char *line, size_t size, struct http_request *request,
                           const char **message)
{
    char *first = memchr(line, ' ', size);
    size_t method_size = first != NULL ? (size_t)(first - line) : size;
    if (first == NULL || !http_is_token(line, method_size)) {
        *message = "the request line is malformed";
        return 400;
    }
    if (method_size > HTTP_METHOD_MAX) {
        *message = "the method is not known here";
        return 501;
    }
    request->method_name = (struct http_text){.data = line, .size = method_size};
    request->method = http_method_of(request->method_name);
    char *target = first + 1;
    char *second = memchr(target, ' ', size - method_size - 1);
    if (second == NULL) {
        *message = "the request line is malformed";
        return 400;
    }
    size_t target_size = (size_t)(second - target);
    struct http_text version = {.data = second + 1, .size = size - method_size - target_size - 2};
    int status = http_version_parse(version, &request->minor_version, message);
    if (status != 0) {
        return status;
    }
    if (target_size == 0) {
        *message = "the request line is malformed";
        return 400;
    }
    if (target_size > HTTP_TARGET_MAX) {
        *message = "the target is too long";
        return 414;
    }
    if (http_text_is(request->method_name, "CONNECT")) {
        *message = "this is no proxy";
        return 501;
    }
    return http_target_parse(target, target_size, request, message);
}

/* --- fields --- */

int http_head_field(const char *line, size_t size, struct http_field *field, const char **message)
{
    if (size > 0 && (line[0] == ' ' || line[0] == '\t')) {
        *message = "folded field lines are not taken";
        return 400;
    }
    const char *colon = memchr(line, ':', size);
    size_t name_size = colon != NULL ? (size_t)(colon - line) : 0;
    if (!http_is_token(line, name_size)) {
        *message = "a field's name is malformed";
        return 400;
    }
    field->name = (struct http_text){.data = line, .size = name_size};
    field->value = http_text_trim(
        (struct http_text){.data = line + name_size + 1, .size = size - name_size - 1});
    return 0;
}

const struct http_text *http_request_field(const struct http_request *request, const char *name)
{
    const struct http_text *value = NULL;
    for (size_t i = 0; i < request->field_count; i++) {
        if (http_text_is(request->fields[i].name, name)) {
            if (value != NULL) {
                return NULL;
            }
            value = &request->fields[i].value;
        }
    }
    return value;
}

size_t http_request_field_count(const struct http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        count += http_text_is(request->fields[i].name, name);
    }
    return count;
}

bool http_request_has_token(const struct http_request *request, const char *name, const char *token)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (http_text_is(request->fields[i].name, name)) {
            struct http_text list = request->fields[i].value, element;
            while (http_list_next(&list, &element)) {
                if (http_text_is(element, token)) {
                    return true;
                }
            }
        }
    }
    return false;
}

bool http_request_wants_page(const struct http_request *request)
{
    for (size_t i = 0; i < request->field_count; i++) {
        const struct http_field *field = &request->fields[i];
        if (http_text_is(field->name, "Accept") &&
            memmem(field->value.data, field->value.size, "text/html", 9) != NULL) {
            return true;
        }
    }
    return false;
}

bool http_request_has_type(const struct http_request *request, const char *type)
{
    const struct http_text *field = http_request_field(request, "Content-Type");
    if (field == NULL) {
        return false;
    }
    size_t size = 0;
    while (size < field->size && memchr("; \t", field->data[size], 3) == NULL) {
        size++;
    }
    return http_text_is((struct http_text){field->data, size}, type);
}

/* --- what the fields mean --- */

static int http_head_host(struct http_request *request, const char **message)
{
    size_t count = http_request_field_count(request, "Host");
    if (count > 1 || (count == 0 && request->minor_version == 1)) {
        *message = "exactly one Host field is needed";
        return 400;
    }
    const struct http_text *host = http_request_field(request, "Host");
    if (host == NULL) {
        return 0;
    }
    if (!http_is_host(*host) && (host->size > 0 || request->minor_version == 1)) {
        *message = "the Host field is malformed";
        return 400;
    }
    if (request->host.size == 0) {
        request->host = *host;
    }
    return 0;
}

static int http_head_transfer_encoding(struct http_request *request, const char **message)
{
    const struct http_text *value = http_request_field(request, "Transfer-Encoding");
    if (request->minor_version == 0 || http_request_field_count(request, "Content-Length") > 0) {
        *message = "Transfer-Encoding goes neither with Content-Length nor with HTTP/1.0";
        return 400;
    }
    if (value == NULL) {
        *message = "Transfer-Encoding is given more than once";
        return 400;
    }
    if (http_text_is(*value, "chunked")) {
        request->framing = HTTP_BODY_CHUNKED;
        return 0;
    }
    struct http_text list = *value, element;
    size_t chunked = 0, elements = 0;
    while (http_list_next(&list, &element)) {
        if (!http_is_token(element.data, element.size)) {
            *message = "Transfer-Encoding is malformed";
            return 400;
        }
        elements++;
        chunked = http_text_is(element, "chunked") && chunked == 0 ? elements : chunked;
    }
    if (chunked == 0 || chunked != elements) {
        /* Nobody could tell where the body ends: RFC 9112, 6.3. */
        *message = "chunked has to be the last transfer coding";
        return 400;
    }
    *message = "only the transfer coding chunked is known here";
    return 501;
}

static int http_head_content_length(struct http_request *request, const char **message)
{
    const struct http_text *value = http_request_field(request, "Content-Length");
    if (value == NULL || value->size == 0) {
        *message = "Content-Length is empty or given more than once";
        return 400;
    }
    uint64_t length = 0;
    bool overflow = false;
    for (size_t i = 0; i < value->size; i++) {
        if (value->data[i] < '0' || value->data[i] > '9') {
            *message = "Content-Length is not a number";
            return 400;
        }
        unsigned digit = (unsigned)(value->data[i] - '0');
        overflow = overflow || length > ((uint64_t)INT64_MAX - digit) / 10;
        length = overflow ? 0 : length * 10 + digit;
    }
    if (overflow) {
        *message = "Content-Length is too large";
        return 413;
    }
    request->framing = length > 0 ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
    request->content_length = length;
    return 0;
}

static int http_head_expect(struct http_request *request, const char **message)
{
    if (request->minor_version == 0 || http_request_field_count(request, "Expect") == 0) {
        return 0; /* HTTP/1.0 had no such thing: RFC 9110, 10.1.1 */
    }
    const struct http_text *value = http_request_field(request, "Expect");
    if (value == NULL || !http_text_is(*value, "100-continue")) {
        *message = "only \"100-continue\" can be expected";
        return 417;
    }
    request->expect_continue = request->framing != HTTP_BODY_NONE;
    return 0;
}

int http_head_finish(struct http_request *request, const char **message)
{
    int status = http_head_host(request, message);
    if (status != 0) {
        return status;
    }
    if (http_request_field_count(request, "Transfer-Encoding") > 0) {
        status = http_head_transfer_encoding(request, message);
    } else if (http_request_field_count(request, "Content-Length") > 0) {
        status = http_head_content_length(request, message);
    }
    if (status != 0) {
        return status;
    }
    request->keep_alive = !http_request_has_token(request, "Connection", "close") &&
                          (request->minor_version == 1 ||
                           http_request_has_token(request, "Connection", "keep-alive"));
    return http_head_expect(request, message);
}
