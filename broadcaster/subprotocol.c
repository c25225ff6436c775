#include "broadcaster/subprotocol.h"

#include <string.h>
#include <strings.h>

#define FIELD_NAME "Sec-WebSocket-Protocol"

static const char *const known_subprotocols[] = {SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON};

static const char *subprotocol_find(struct http_text token)
{
    for (size_t i = 0; i < sizeof known_subprotocols / sizeof known_subprotocols[0]; i++) {
        if (token.size == strlen(known_subprotocols[i]) &&
            memcmp(token.data, known_subprotocols[i], token.size) == 0) {
            return known_subprotocols[i];
        }
    }
    return NULL;
}

static struct http_text without_space(const char *data, const char *end)
{
    while (data < end && (*data == ' ' || *data == '\t')) {
        data++;
    }
    while (end > data && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return (struct http_text){data, (size_t)(end - data)};
}

/* The first known token of one comma-separated list. */
static const char *subprotocol_of_list(struct http_text list)
{
    const char *end = list.data + list.size;
    const char *found = NULL;
    for (const char *at = list.data; at < end && found == NULL;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        found = subprotocol_find(without_space(at, stop));
        at = stop + 1;
    }
    return found;
}

const char *subprotocol_choose(const struct http_request *request)
{
    const char *found = NULL;
    for (size_t i = 0; i < request->field_count && found == NULL; i++) {
        const struct http_field *field = &request->fields[i];
        if (field->name.size == sizeof FIELD_NAME - 1 &&
            strncasecmp(field->name.data, FIELD_NAME, field->name.size) == 0) {
            found = subprotocol_of_list(field->value);
        }
    }
    return found;
}
