#include "broadcaster/access/host_check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/address.h"
#include "common/memory.h"

#define HOST_NAME_MAX_SIZE 256 /* RFC 1035: 255, and NUL */

/* A Host in its parts. */
struct host_parts {
    char name[HOST_NAME_MAX_SIZE]; /* without brackets */
    struct http_text port;         /* size 0: none */
    bool is_address;
    struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d */
};

struct host_rules {
    bool any_address; /* we listen on all */
    bool have_address;
    struct in6_addr address; /* that we listen on */
    char **hosts, **origins;
    size_t host_count, origin_count;
};

static struct http_text text_of(const char *string)
{
    return (struct http_text){string, strlen(string)};
}

static bool text_equals(struct http_text a, struct http_text b)
{
    return a.size == b.size && strncasecmp(a.data, b.data, a.size) == 0;
}

/* "name", "name:port", "[address]:port"; false for anything else. */
static bool host_split(struct http_text host, struct host_parts *parts)
{
    bool bracketed = host.size > 0 && host.data[0] == '[';
    const char *name = host.data + bracketed, *end = host.data + host.size;
    const char *stop =
        host.size > 0 ? memchr(name, bracketed ? ']' : ':', (size_t)(end - name)) : NULL;
    if (bracketed && stop == NULL) {
        return false;
    }
    size_t size = (size_t)((stop != NULL ? stop : end) - name);
    const char *rest = name + size + bracketed;
    if (size == 0 || size >= sizeof parts->name || (rest < end && *rest != ':')) {
        return false;
    }
    memcpy(parts->name, name, size);
    parts->name[size] = '\0';
    parts->port = rest < end ? (struct http_text){rest + 1, (size_t)(end - rest - 1)}
                             : (struct http_text){NULL, 0};
    for (size_t i = 0; i < parts->port.size; i++) {
        if (parts->port.data[i] < '0' || parts->port.data[i] > '9') {
            return false;
        }
    }
    /* Only in brackets is IPv6 the address of a Host. */
    parts->is_address = bracketed == (strchr(parts->name, ':') != NULL) &&
                        address_parse(parts->name, size, &parts->address);
    return parts->is_address || !bracketed;
}

/* An entry of `hosts` without a port stands for any port. */
static bool host_is_listed(const struct host_rules *rules, const struct host_parts *parts)
{
    for (size_t i = 0; i < rules->host_count; i++) {
        struct host_parts listed;
        if (host_split(text_of(rules->hosts[i]), &listed) &&
            strcasecmp(listed.name, parts->name) == 0 &&
            (listed.port.size == 0 || text_equals(listed.port, parts->port))) {
            return true;
        }
    }
    return false;
}

bool host_rules_allow_host(const struct host_rules *rules, struct http_text host)
{
    struct host_parts parts;
    if (!host_split(host, &parts)) {
        return false;
    }
    if (parts.is_address) {
        if (address_is_loopback(&parts.address) || rules->any_address ||
            (rules->have_address &&
             memcmp(&rules->address, &parts.address, sizeof parts.address) == 0)) {
            return true;
        }
    } else if (strcasecmp(parts.name, "localhost") == 0) {
        return true;
    }
    return host_is_listed(rules, &parts);
}

/* Without the port that the scheme implies. */
static struct http_text without_default_port(struct http_text host, const char *port)
{
    size_t size = strlen(port);
    if (host.size > size && memcmp(host.data + host.size - size, port, size) == 0) {
        host.size -= size;
    }
    return host;
}

static bool origin_is_host(struct http_text origin, struct http_text host)
{
    static const struct {
        const char *scheme, *port;
    } schemes[] = {{"http://", ":80"}, {"https://", ":443"}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t size = strlen(schemes[i].scheme);
        if (origin.size > size && strncasecmp(origin.data, schemes[i].scheme, size) == 0) {
            struct http_text place = {origin.data + size, origin.size - size};
            return text_equals(without_default_port(place, schemes[i].port),
                               without_default_port(host, schemes[i].port));
        }
    }
    return false;
}

bool host_rules_allow_origin(const struct host_rules *rules, struct http_text origin,
                             struct http_text host)
{
    if (host.size > 0 && origin_is_host(origin, host)) {
        return true;
    }
    return host_rules_cors(rules, origin) != HOST_CORS_NONE;
}

enum host_cors host_rules_cors(const struct host_rules *rules, struct http_text origin)
{
    enum host_cors found = HOST_CORS_NONE;
    for (size_t i = 0; i < rules->origin_count; i++) {
        struct http_text listed = text_of(rules->origins[i]);
        if (listed.size > 0 && listed.data[listed.size - 1] == '/') {
            listed.size--;
        }
        if (text_equals(listed, origin)) {
            return HOST_CORS_LISTED;
        }
        if (text_equals(listed, text_of("*"))) {
            found = HOST_CORS_ANY;
        }
    }
    return found;
}

static char **copy_strings(const struct config_strings *strings)
{
    char **copy = xcalloc(strings->count, sizeof *copy);
    for (size_t i = 0; i < strings->count; i++) {
        copy[i] = xstrdup(strings->items[i]);
    }
    return copy;
}

static void free_strings(char **strings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(strings[i]);
    }
    free(strings);
}

struct host_rules *host_rules_create(const struct config_broadcaster *config)
{
    struct host_rules *rules = xcalloc(1, sizeof *rules);
    struct host_parts listen;
    if (host_split(text_of(config->listen), &listen) && listen.is_address) {
        rules->any_address = address_is_any(&listen.address);
        rules->have_address = true;
        rules->address = listen.address;
    }
    rules->hosts = copy_strings(&config->hosts);
    rules->host_count = config->hosts.count;
    rules->origins = copy_strings(&config->cors_origins);
    rules->origin_count = config->cors_origins.count;
    return rules;
}

void host_rules_destroy(struct host_rules *rules)
{
    if (rules != NULL) {
        free_strings(rules->hosts, rules->host_count);
        free_strings(rules->origins, rules->origin_count);
        free(rules);
    }
}
