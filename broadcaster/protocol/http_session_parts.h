/* What a session is made of: shared by the files that together are http_session.h, and by no other.
 * http_session.c reads requests and keeps the time, http_answer.c answers, http_server.c makes and
 * ends sessions and hands them to WebSockets. */
#ifndef BROADCASTER_HTTP_SESSION_PARTS_H
#define BROADCASTER_HTTP_SESSION_PARTS_H

#include <event2/event_struct.h>
#include <sys/queue.h>

#include "broadcaster/network/memory_budget.h"
#include "broadcaster/protocol/http_session.h"

#define HTTP_INPUT_SMALL 4096  /* read at once while a head is awaited */
#define HTTP_SKIP_MAX    65536 /* of a body that nobody wanted, to save the connection */

/* What the session is busy with:
 *
 *   IDLE -> HEAD -> WORK -> [BODY -> WORK ->] answered -> [SKIP ->] [ANSWERING ->] IDLE
 *                     \-> upgraded                  \-> CLOSING
 *
 * Only in IDLE, HEAD, BODY and SKIP is anything read. */
enum http_session_state {
    HTTP_SESSION_IDLE,
    HTTP_SESSION_HEAD,
    HTTP_SESSION_WORK,
    HTTP_SESSION_BODY,
    HTTP_SESSION_SKIP,
    HTTP_SESSION_ANSWERING,
    HTTP_SESSION_CLOSING,
};

struct http_session {
    LIST_ENTRY(http_session) link; /* http_server::sessions */
    struct http_server *server;
    struct connection *connection;
    struct in6_addr peer;       /* :: when it is not IP */
    struct http_reader *reader; /* NULL between requests */
    struct identity *identity;  /* our reference, or NULL */
    char *fields;               /* of http_session_add_fields(); NULL: none */
    struct event timer;
    uint64_t deadline_ns; /* 0: none; not used where an answer waits */
    uint64_t armed_ns;    /* when the timer goes off; 0: it does not */
    uint64_t head_ns;     /* when the head was complete */
    enum http_session_state state;
    enum connection_end end; /* while closing */
    /* The body being received. */
    struct shared_bytes *body;
    size_t body_size, body_room, body_limit;
    http_body_fn *done;
    void *done_arg;
    size_t skipped;
    /* The deferred answer. */
    void (*gone)(void *arg);
    void *gone_arg;
    bool body_complete; /* the request has been read to its end */
    bool continued;     /* 100 has been sent */
    bool deferred;
    bool while_open; /* deferred for a client that keeps its sending side open */
    bool receiving;  /* inside http_session_received() */
    bool upgraded;
};

/* A WebSocket or an answer without an end that began here, so that the end of
 * the server is its end. */
struct http_guest {
    LIST_ENTRY(http_guest) link; /* http_server::guests */
    struct http_server *server;
    struct websocket_session *websocket; /* one of the two; the other is NULL */
    struct http_stream *stream;
    struct identity *identity; /* our reference, or NULL */
};

struct http_server {
    struct event_base *base;
    struct http_server_config config;
    struct http_server_handlers handlers;
    void *arg;
    LIST_HEAD(, http_session) sessions;
    LIST_HEAD(, http_guest) guests;
    size_t connections;
    struct memory_budget bodies; /* being received */
    struct http_server_counters counters;
};

/* What connection.h calls. */
extern const struct connection_handlers http_session_handlers;

void http_session_on_timer(evutil_socket_t fd, short what, void *arg);

/* Counts an answer that is an error; `code` outlives the server. */
void http_server_count_error(struct http_server *server, const char *code);

/* Moves the deadline; 0: none. */
void http_session_arm(struct http_session *session, uint64_t deadline_ns);

void http_session_drop_body(struct http_session *session);

/* The answer is on its way and the request read to its end: waits until the answer is taken, then
 * for the next request. */
void http_session_next(struct http_session *session);

/* Closes when what waits has been taken. */
void http_session_close(struct http_session *session, enum connection_end end);

/* An answer after which nothing of this connection can be understood any more. */
void http_session_refuse(struct http_session *session, int status, enum connection_end end,
                         const char *message);

void http_session_release(struct http_session *session);

#endif
