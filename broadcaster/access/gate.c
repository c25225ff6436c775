#include "broadcaster/access/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "broadcaster/access/host_check.h"
#include "broadcaster/protocol/static_files.h"
#include "broadcaster/services.h"
#include "common/memory.h"

#define ORIGIN_MAX 300

/* --- the base path --- */

static void gate_redirect(struct http_session *session, const struct http_request *request,
                          const char *base)
{
    char fields[1024];
    int size =
        snprintf(fields, sizeof fields, "Location: %s/%s%.*s\r\n", base,
                 request->query.size > 0 ? "?" : "", (int)request->query.size, request->query.data);
    if (size < 0 || (size_t)size >= sizeof fields) {
        snprintf(fields, sizeof fields, "Location: %s/\r\n", base);
    }
    http_respond_text(session, 308, NULL, fields, "", 0);
}

static bool gate_strip_base(const struct services *services, struct http_session *session,
                            const struct http_request *request)
{
    const char *base = services->config->broadcaster.base_path;
    if (base == NULL || connection_is_local(http_session_connection(session))) {
        return true;
    }
    size_t length = strlen(base);
    if (strncmp(request->path, base, length) == 0 && request->path[length] == '/') {
        http_session_enter_path(session, length);
        return true;
    }
    if (strcmp(request->path, base) == 0) {
        gate_redirect(session, request, base);
    } else {
        char *root = xasprintf("%s/", base);
        char *message = xasprintf(STATIC_NOTHING ": everything is below %s", root);
        static_files_handle_missing(services->files, session, request, root, message);
        free(message);
        free(root);
    }
    return false;
}

/* --- hosts and origins --- */

static bool gate_check_host(const struct services *services, struct http_session *session,
                            const struct http_request *request, const struct forwarded *forwarded)
{
    /* The rule is for browsers, and no browser leaves its Host out; HTTP/1.0 allows that. */
    bool unnamed = request->minor_version == 0 && request->host.size == 0;
    if (unnamed || connection_is_local(http_session_connection(session)) ||
        host_rules_allow_host(services->host_rules, forwarded->host)) {
        return true;
    }
    http_respond_error(session, 421, "wrong_host", NULL,
                       "this Host is not ours: add it to broadcaster.hosts if it should be");
    return false;
}

static enum host_cors gate_cors(const struct services *services, const struct http_request *request)
{
    const struct http_text *origin = http_request_field(request, "Origin");
    return origin != NULL && origin->size <= ORIGIN_MAX
               ? host_rules_cors(services->host_rules, *origin)
               : HOST_CORS_NONE;
}

/* The page behind it came over a line on which others may have changed it. Not asked of WebSockets:
 * clients that are no browsers say http:// to a wss:// address (websocket-client 1.2). */
static bool gate_is_downgraded(const struct http_request *request, struct http_text origin,
                               const struct forwarded *forwarded)
{
    static const char plain[] = "http://";
    return request->method != HTTP_GET && forwarded->is_secure && origin.size >= sizeof plain - 1 &&
           strncasecmp(origin.data, plain, sizeof plain - 1) == 0;
}

bool gate_check_origin(const struct services *services, struct http_session *session,
                       const struct http_request *request, const struct forwarded *forwarded)
{
    size_t count = http_request_field_count(request, "Origin");
    const struct http_text *origin = http_request_field(request, "Origin");
    if (count == 0) {
        return true;
    }
    if (count == 1 && (gate_cors(services, request) != HOST_CORS_NONE ||
                       (host_rules_allow_origin(services->host_rules, *origin, forwarded->host) &&
                        !gate_is_downgraded(request, *origin, forwarded)))) {
        return true;
    }
    http_respond_error(session, 403, "wrong_origin", NULL,
                       "this Origin may not: add it to broadcaster.cors_origins if it should");
    return false;
}

/* --- CORS --- */

/* Every answer varies with the Origin as soon as one is listed, or a cache would
 * hand out another's. */
static void gate_tell_readers(const struct services *services, struct http_session *session,
                              const struct http_request *request)
{
    static const char exposed[] = "Access-Control-Expose-Headers: ETag, Retry-After, "
                                  "WWW-Authenticate, X-Timestamp\r\n";
    char fields[ORIGIN_MAX + 256];
    const struct http_text *origin = http_request_field(request, "Origin");
    switch (gate_cors(services, request)) {
    case HOST_CORS_ANY:
        snprintf(fields, sizeof fields, "Access-Control-Allow-Origin: *\r\nVary: Origin\r\n%s",
                 exposed);
        break;
    case HOST_CORS_LISTED:
        snprintf(fields, sizeof fields,
                 "Access-Control-Allow-Origin: %.*s\r\n"
                 "Access-Control-Allow-Credentials: true\r\nVary: Origin\r\n%s",
                 (int)origin->size, origin->data, exposed);
        break;
    case HOST_CORS_NONE:
        if (services->config->broadcaster.cors_origins.count == 0) {
            return;
        }
        snprintf(fields, sizeof fields, "Vary: Origin\r\n");
        break;
    }
    http_session_add_fields(session, fields);
}

void gate_preflight(const struct services *services, const struct http_request *request,
                    const char *allow, char fields[GATE_PREFLIGHT_SIZE])
{
    fields[0] = '\0';
    if (http_request_field_count(request, "Access-Control-Request-Method") == 0 ||
        gate_cors(services, request) == HOST_CORS_NONE) {
        return;
    }
    bool private_network =
        http_request_has_token(request, "Access-Control-Request-Private-Network", "true");
    snprintf(
        fields, GATE_PREFLIGHT_SIZE,
        "Access-Control-Allow-Methods: %s\r\n"
        "Access-Control-Allow-Headers: Authorization, Content-Type, If-Match, If-None-Match\r\n"
        "Access-Control-Max-Age: 600\r\n%s",
        allow, private_network ? "Access-Control-Allow-Private-Network: true\r\n" : "");
}

bool gate_enter(const struct services *services, struct http_session *session,
                const struct http_request *request, const struct forwarded *forwarded)
{
    gate_tell_readers(services, session, request);
    return gate_check_host(services, session, request, forwarded) &&
           gate_strip_base(services, session, request);
}
