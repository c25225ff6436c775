#include "broadcaster/protocol/http_syntax.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static char http_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool http_is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (http_lower(c) >= 'a' && http_lower(c) <= 'z');
}

bool http_is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!http_is_alphanumeric(text[i]) &&
            (text[i] == '\0' || strchr("!#$%&'*+-.^_`|~", text[i]) == NULL)) {
            return false;
        }
    }
    return size > 0;
}

bool http_text_is(struct http_text text, const char *other)
{
    for (size_t i = 0; i < text.size; i++) {
        if (other[i] == '\0' || http_lower(text.data[i]) != http_lower(other[i])) {
            return false;
        }
    }
    return other[text.size] == '\0';
}

struct http_text http_text_trim(struct http_text text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

bool http_list_next(struct http_text *list, struct http_text *element)
{
    if (list->data == NULL) {
        return false;
    }
    const char *comma = list->size > 0 ? memchr(list->data, ',', list->size) : NULL;
    size_t size = comma != NULL ? (size_t)(comma - list->data) : list->size;
    *element = http_text_trim((struct http_text){.data = list->data, .size = size});
    if (comma != NULL) {
        list->data = comma + 1;
        list->size -= size + 1;
    } else {
        *list = (struct http_text){.data = NULL, .size = 0};
    }
    return true;
}

int http_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = http_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ":" and digits up to 65535, or nothing at all. */
static bool http_is_port(const char *text, size_t size)
{
    unsigned port = 0;
    if (size == 0) {
        return true;
    }
    if (text[0] != ':' || size > 6) {
        return false;
    }
    for (size_t i = 1; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port <= 65535;
}

bool http_is_host(struct http_text text)
{
    if (text.size > 0 && text.data[0] == '[') {
        char literal[INET6_ADDRSTRLEN];
        struct in6_addr address;
        const char *end = memchr(text.data, ']', text.size);
        size_t size = end != NULL ? (size_t)(end - text.data) - 1 : sizeof literal;
        if (size >= sizeof literal || memchr(text.data, '\0', text.size) != NULL) {
            return false;
        }
        memcpy(literal, text.data + 1, size);
        literal[size] = '\0';
        return inet_pton(AF_INET6, literal, &address) == 1 &&
               http_is_port(end + 1, text.size - size - 2);
    }
    size_t name = 0;
    while (name < text.size &&
           (http_is_alphanumeric(text.data[name]) ||
            (text.data[name] != '\0' && strchr("-._~", text.data[name]) != NULL))) {
        name++;
    }
    return name > 0 && name <= 255 && http_is_port(text.data + name, text.size - name);
}
