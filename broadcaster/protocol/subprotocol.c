#include "broadcaster/protocol/subprotocol.h"

#include <string.h>

#include "broadcaster/protocol/http_syntax.h"

static const char *const known_subprotocols[] = {SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON};

/* With case, other than most of HTTP: RFC 6455, 11.3.4. */
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

const char *subprotocol_choose(const struct http_request *request)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (!http_text_is(request->fields[i].name, "Sec-WebSocket-Protocol")) {
            continue;
        }
        struct http_text list = request->fields[i].value, token;
        while (http_list_next(&list, &token)) {
            const char *found = subprotocol_find(token);
            if (found != NULL) {
                return found;
            }
        }
    }
    return NULL;
}
