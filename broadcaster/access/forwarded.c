#include "broadcaster/access/forwarded.h"

#include <string.h>

#include "broadcaster/protocol/http_syntax.h"

static bool forwarded_is_trusted(const struct in6_addr *address,
                                 const struct address_network *trusted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (address_network_contains(&trusted[i], address)) {
            return true;
        }
    }
    return false;
}

/* "10.0.0.7", "10.0.0.7:1234", "fd00::7", "[fd00::7]", "[fd00::7]:1234". */
static bool forwarded_address(struct http_text text, struct in6_addr *address)
{
    if (text.size > 0 && text.data[0] == '[') {
        const char *end = memchr(text.data, ']', text.size);
        return end != NULL && address_parse(text.data + 1, (size_t)(end - text.data) - 1, address);
    }
    const char *colon = memchr(text.data, ':', text.size);
    size_t before = colon != NULL ? (size_t)(colon - text.data) : text.size;
    bool has_port = colon != NULL && memchr(colon + 1, ':', text.size - before - 1) == NULL;
    return address_parse(text.data, has_port ? before : text.size, address);
}

/* Takes the last element of a list off its end; false when there is none left. */
static bool forwarded_take_last(struct http_text *list, struct http_text *element)
{
    if (list->data == NULL) {
        return false;
    }
    const char *comma = memrchr(list->data, ',', list->size);
    const char *begin = comma != NULL ? comma + 1 : list->data;
    *element = http_text_trim((struct http_text){begin, list->size - (size_t)(begin - list->data)});
    if (comma == NULL) {
        list->data = NULL;
    }
    list->size = comma != NULL ? (size_t)(comma - list->data) : 0;
    return true;
}

/* Each proxy adds who came to it at the right: from there on, past those that are trusted. */
static void forwarded_find_client(const struct http_request *request,
                                  const struct address_network *trusted, size_t count,
                                  struct in6_addr *client)
{
    for (size_t i = request->field_count; i-- > 0;) {
        if (!http_text_is(request->fields[i].name, "X-Forwarded-For")) {
            continue;
        }
        struct http_text list = request->fields[i].value, element;
        while (forwarded_take_last(&list, &element)) {
            struct in6_addr address;
            if (!forwarded_address(element, &address)) {
                return; /* what stands left of it cannot be believed either */
            }
            *client = address;
            if (!forwarded_is_trusted(&address, trusted, count)) {
                return;
            }
        }
    }
}

/* What the nearest proxy says: the last element of the last field. */
static bool forwarded_last(const struct http_request *request, const char *name,
                           struct http_text *value)
{
    for (size_t i = request->field_count; i-- > 0;) {
        if (http_text_is(request->fields[i].name, name)) {
            struct http_text list = request->fields[i].value;
            return forwarded_take_last(&list, value) && value->size > 0;
        }
    }
    return false;
}

void forwarded_read(const struct http_request *request, const struct in6_addr *peer, bool is_secure,
                    const struct address_network *trusted, size_t trusted_count,
                    struct forwarded *forwarded)
{
    struct http_text value;
    *forwarded = (struct forwarded){.client = *peer, .host = request->host, .is_secure = is_secure};
    if (!forwarded_is_trusted(peer, trusted, trusted_count)) {
        return;
    }
    forwarded_find_client(request, trusted, trusted_count, &forwarded->client);
    if (forwarded_last(request, "X-Forwarded-Host", &value) && http_is_host(value)) {
        forwarded->host = value;
    }
    if (forwarded_last(request, "X-Forwarded-Proto", &value)) {
        forwarded->is_secure = http_text_is(value, "https");
    }
}
