#include "broadcaster/access/credentials.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "broadcaster/protocol/http_syntax.h"

static bool credentials_copy(struct http_text text, char *token, size_t size)
{
    if (text.size == 0 || text.size >= size) {
        return false;
    }
    memcpy(token, text.data, text.size);
    token[text.size] = '\0';
    return true;
}

/* Another scheme (a proxy may have its own Basic) is no token. */
static enum credentials credentials_in_field(const struct http_request *request, char *token,
                                             size_t size)
{
    static const char scheme[] = "Bearer ";
    size_t count = http_request_field_count(request, "Authorization");
    const struct http_text *field = http_request_field(request, "Authorization");
    if (count > 1) {
        return CREDENTIALS_MALFORMED;
    }
    if (count == 0 || field->size < sizeof scheme - 1 ||
        strncasecmp(field->data, scheme, sizeof scheme - 1) != 0) {
        return CREDENTIALS_NONE;
    }
    struct http_text rest = {field->data + sizeof scheme - 1, field->size - (sizeof scheme - 1)};
    return credentials_copy(http_text_trim(rest), token, size) ? CREDENTIALS_FIELD
                                                               : CREDENTIALS_MALFORMED;
}

static enum credentials credentials_in_protocols(const struct http_request *request, char *token,
                                                 size_t size)
{
    static const char ours[] = "ringcast.";
    bool first = true;
    for (size_t i = 0; i < request->field_count; i++) {
        if (!http_text_is(request->fields[i].name, "Sec-WebSocket-Protocol")) {
            continue;
        }
        struct http_text list = request->fields[i].value, element;
        while (http_list_next(&list, &element)) {
            bool known =
                element.size > sizeof ours - 1 && memcmp(element.data, ours, sizeof ours - 1) == 0;
            if (element.size > 0 && !first && !known) {
                return credentials_copy(element, token, size) ? CREDENTIALS_PROTOCOL
                                                              : CREDENTIALS_MALFORMED;
            }
            first = first && element.size == 0;
        }
    }
    return CREDENTIALS_NONE;
}

enum credentials credentials_find(const struct http_request *request, char *token, size_t size)
{
    enum credentials found = credentials_in_field(request, token, size);
    if (found == CREDENTIALS_NONE) {
        found = credentials_in_protocols(request, token, size);
    }
    if (found == CREDENTIALS_NONE) {
        int result = http_request_parameter(request, "token", token, size);
        found = result == 0         ? CREDENTIALS_ADDRESS
                : result == -ENOENT ? CREDENTIALS_NONE
                                    : CREDENTIALS_MALFORMED;
    }
    return found;
}
