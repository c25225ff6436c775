/* An echo server on the very connection, session and reader code of the broadcaster, for
 * conformance suites and for our own tests on the wire: `ws_echo 0` prints the port that it took.
 * Every path is a WebSocket that answers each message with itself; with --http a request that does
 * not ask for one is answered with its method, path, query and body. What a client does not take
 * piles up until --stall-ms have passed. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/protocol/listener.h"
#include "broadcaster/protocol/websocket_handshake.h"
#include "broadcaster/protocol/websocket_session.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/memory.h"

#define ECHO_BODY_LIMIT (16u << 20)

struct echo {
    struct http_server_config server_config;
    struct websocket_config websocket_config;
    bool http;
    unsigned port;
};

struct echo_client {
    struct websocket_session *session;
};

/* --- WebSocket --- */

static void echo_message(void *arg, enum websocket_opcode opcode, const uint8_t *data, size_t size)
{
    struct echo_client *client = arg;
    websocket_session_send(client->session, opcode, data, size);
}

static void echo_closed(void *arg, enum connection_end end, uint16_t close_code)
{
    log_debug("closed reason=%s code=%u", connection_end_name(end), close_code);
    free(arg);
}

static const struct websocket_handlers echo_websocket = {
    .message = echo_message,
    .closed = echo_closed,
};

static void echo_upgrade(struct echo *echo, struct http_session *session,
                         const struct http_request *request)
{
    struct echo_client *client = xcalloc(1, sizeof *client);
    const char *protocol = websocket_offers_protocol(request, "echo") ? "echo" : NULL;
    client->session =
        http_upgrade(session, protocol, &echo->websocket_config, &echo_websocket, client);
    if (client->session == NULL) {
        free(client);
    }
}

/* --- HTTP --- */

static void echo_body(void *arg, struct http_session *session, struct shared_bytes *body)
{
    const struct http_request *request = http_session_request(session);
    (void)arg;
    json_t *answer = json_pack("{s:s%,s:s,s:s%,s:s%,s:I}", "method", request->method_name.data,
                               request->method_name.size, "path", request->path, "query",
                               request->query.data, request->query.size, "host", request->host.data,
                               request->host.size, "size", (json_int_t)body->size);
    char *text = answer != NULL ? json_dumps(answer, JSON_COMPACT) : NULL;
    if (text == NULL) {
        die("out of memory");
    }
    http_respond_text(session, 200, "application/json", NULL, text, strlen(text));
    free(text);
    json_decref(answer);
    shared_bytes_unref(body);
}

static void echo_request(void *arg, struct http_session *session,
                         const struct http_request *request)
{
    struct echo *echo = arg;
    if (!echo->http || websocket_handshake_wanted(request)) {
        echo_upgrade(echo, session, request);
    } else {
        http_read_body(session, ECHO_BODY_LIMIT, echo_body, echo);
    }
}

/* --- command line --- */

static const struct option echo_options[] = {
    {"port", required_argument, NULL, 'p'},
    {"http", no_argument, NULL, 'w'},
    {"message-limit", required_argument, NULL, 'm'},
    {"head-timeout-ms", required_argument, NULL, 'h'},
    {"body-timeout-ms", required_argument, NULL, 'b'},
    {"idle-timeout-ms", required_argument, NULL, 'i'},
    {"ping-ms", required_argument, NULL, 'g'},
    {"silence-ms", required_argument, NULL, 's'},
    {"stall-ms", required_argument, NULL, 't'},
    {"message-ms", required_argument, NULL, 'e'},
    {"body-memory", required_argument, NULL, 'y'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'H'},
    {NULL, 0, NULL, 0},
};

static void echo_print_help(void)
{
    puts("usage: ws_echo [options] [PORT]\n"
         "An echo server for WebSocket on 127.0.0.1; PORT 0 takes any, default 9001.");
    for (const struct option *option = echo_options; option->name != NULL; option++) {
        printf("  --%s%s\n", option->name, option->has_arg == required_argument ? " N" : "");
    }
}

static unsigned long long echo_number(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0') {
        die_config("not a number: %s", text);
    }
    return value;
}

static void echo_parse(struct echo *echo, int argc, char **argv)
{
    int option;
    while ((option = getopt_long(argc, argv, "", echo_options, NULL)) != -1) {
        unsigned long long value = optarg != NULL ? echo_number(optarg) : 0;
        switch (option) {
        case 'p':
            echo->port = (unsigned)value;
            break;
        case 'w':
            echo->http = true;
            break;
        case 'm':
            echo->websocket_config.message_limit = value;
            break;
        case 'h':
            echo->server_config.head_timeout_ns = value * NS_PER_MS;
            break;
        case 'b':
            echo->server_config.body_timeout_ns = value * NS_PER_MS;
            break;
        case 'i':
            echo->server_config.idle_timeout_ns = value * NS_PER_MS;
            break;
        case 'g':
            echo->websocket_config.ping_interval_ns = value * NS_PER_MS;
            break;
        case 's':
            echo->websocket_config.ping_timeout_ns = value * NS_PER_MS;
            break;
        case 't':
            echo->websocket_config.stall_ns = value * NS_PER_MS;
            break;
        case 'e':
            echo->websocket_config.message_timeout_ns = value * NS_PER_MS;
            break;
        case 'y':
            echo->server_config.body_memory = value;
            break;
        case 'v':
            log_configure(LOG_DEBUG, LOG_TEXT);
            break;
        case 'H':
            echo_print_help();
            exit(0);
        default:
            exit(EXIT_CONFIG);
        }
    }
    if (optind < argc) {
        echo->port = (unsigned)echo_number(argv[optind]);
    }
}

int main(int argc, char **argv)
{
    struct echo echo = {
        .server_config = {.head_timeout_ns = 10 * NS_PER_SECOND,
                          .body_timeout_ns = 30 * NS_PER_SECOND,
                          .idle_timeout_ns = 60 * NS_PER_SECOND,
                          .body_memory = 64u << 20},
        .websocket_config = {.message_limit = 64u << 20,
                             .ping_timeout_ns = 30 * NS_PER_SECOND,
                             .stall_ns = 10 * NS_PER_SECOND},
        .port = 9001,
    };
    const struct http_server_handlers handlers = {.request = echo_request};
    log_init("ws_echo", NULL);
    echo_parse(&echo, argc, argv);
    fd_raise_limit();
    struct loop *loop = loop_create(-1);
    struct http_server *server =
        http_server_create(loop_base(loop), &echo.server_config, &handlers, &echo);
    struct listener *listener;
    char *address = xasprintf("127.0.0.1:%u", echo.port);
    int error = listener_create_tcp(&listener, loop_base(loop), address, server);
    if (error < 0) {
        die_config("cannot listen address=%s: %s", address, strerror(-error));
    }
    printf("%u\n", listener_port(listener));
    fflush(stdout);
    int result = loop_run(loop);
    listener_destroy(listener);
    http_server_destroy(server);
    loop_destroy(loop);
    free(address);
    return result;
}
