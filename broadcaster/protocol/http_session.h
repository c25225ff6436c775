/* HTTP on one connection: reads requests one at a time, enforces absolute deadlines for head and
 * body, answers, keeps alive, or hands the connection to a WebSocket. Knows nothing of paths: the
 * routes (routes.h) are its user. By itself it answers what concerns no path: malformed requests,
 * unknown methods (501), "OPTIONS *", 100 Continue.
 *
 * While a request is in work, or its answer has not been taken, nothing more is read: a client that
 * pipelines and never reads costs a few kB. An answer that no byte of is taken for ten seconds ends
 * the connection. One thread. */
#ifndef BROADCASTER_HTTP_SESSION_H
#define BROADCASTER_HTTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/network/connection.h"
#include "broadcaster/network/shared_bytes.h"
#include "broadcaster/protocol/http_reader.h"

struct http_session;
struct memory_budget;
struct http_server; /* what all sessions share: limits, handlers, body memory */
struct identity;    /* identity.h */

/* Constant. */
struct http_server_config {
    uint64_t head_timeout_ns; /* from the first byte (or the connect) to the end of the head */
    uint64_t body_timeout_ns; /* from the end of the head to the end of the body */
    uint64_t idle_timeout_ns; /* between requests */
    size_t body_memory;       /* bytes of all bodies being received; beyond it 503 */
};

struct http_server_handlers {
    /* A head is complete. The handler does exactly one of: http_respond*(), http_read_body(),
     * http_upgrade(), http_defer(). */
    void (*request)(void *arg, struct http_session *session, const struct http_request *request);
};

/* `arg` is the handlers'. Config is copied. */
struct http_server *http_server_create(struct event_base *base,
                                       const struct http_server_config *config,
                                       const struct http_server_handlers *handlers, void *arg);
/* For the end of the process: ends every session from here, WebSockets with
 * 1001. NULL is allowed. */
void http_server_destroy(struct http_server *server);
void http_server_set_config(struct http_server *server, const struct http_server_config *config);
size_t http_server_connections(const struct http_server *server);

/* The memory of all bodies being received: for others who receive frames and
 * shall share the limit. */
struct memory_budget *http_server_bodies(struct http_server *server);

/* What has happened since the start. */
enum http_timeout {
    HTTP_TIMEOUT_HEAD,
    HTTP_TIMEOUT_BODY,
    HTTP_TIMEOUT_IDLE,
    HTTP_TIMEOUT_STALL,
    HTTP_TIMEOUTS
};

#define HTTP_ERROR_CODES_MOST 64

struct http_error_count {
    const char *code; /* of http_respond_error() */
    uint64_t count;
};

struct http_server_counters {
    uint64_t accepted, requests;
    uint64_t timeouts[HTTP_TIMEOUTS];
    /* Answers, in no order; code NULL: the end. */
    struct http_error_count errors[HTTP_ERROR_CODES_MOST];
};

const struct http_server_counters *http_server_counters(const struct http_server *server);
const char *http_timeout_name(enum http_timeout timeout); /* "head" */

/* Ends whoever came with an identity that `keep` is against: WebSockets with 1008, and answers that
 * are still being given. */
void http_server_review(struct http_server *server,
                        bool (*keep)(void *arg, const struct identity *identity), void *arg);

/* A new connection (from listener.h); takes the transport. */
void http_server_accept(struct http_server *server, struct transport *transport);

struct connection *http_session_connection(struct http_session *session);

/* The peer's address as it was when the connection came; false when it is not IP, or was gone. */
bool http_session_peer_address(const struct http_session *session, struct in6_addr *address);

/* Who asks, as http_session_set_identity() said of the newest request; NULL: nobody said. Whoever
 * outlives the answer (or the upgrade) takes a reference. */
struct identity *http_session_identity(const struct http_session *session);
/* Takes the reference. */
void http_session_set_identity(struct http_session *session, struct identity *identity);

/* The request in work, from the request handler until it has been answered: also while its body is
 * read and in the body's `done`. */
const struct http_request *http_session_request(const struct http_session *session);

/* The request's path without its first bytes, from now on: what is left begins with '/'. */
void http_session_enter_path(struct http_session *session, size_t bytes);

/* --- answers --- */

/* Whole lines that every answer to the request in work gets, whoever answers; copied. */
void http_session_add_fields(struct http_session *session, const char *fields);

/* Further fields are whole lines: "Cache-Control: no-store\r\n"; NULL: none. HEAD gets the same
 * head and no body. The request's body, if it was not read, is skipped when it is small, else the
 * connection closes. `body` is referenced. */
void http_respond(struct http_session *session, int status, const char *content_type,
                  const char *fields, struct shared_bytes *body);
void http_respond_text(struct http_session *session, int status, const char *content_type,
                       const char *fields, const char *text, size_t size);

/* {"error":{"code":"…","message":"…"},"detail":"…"}; `fields` as above. `code` is a literal:
 * answers are counted by it. */
void http_respond_error(struct http_session *session, int status, const char *code,
                        const char *fields, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* For an error that says more than that, answered in another way: it is counted by
 * its code, a literal. */
void http_count_error(struct http_session *session, const char *code);

/* 405: `allow` lists what would do, "GET, HEAD". */
void http_respond_not_allowed(struct http_session *session, const char *allow);

/* --- a body --- */

/* Receives the whole body, at most `limit` bytes (413 beyond, before a byte is read when its length
 * is told), and calls `done` with it; the handler answers from there. `body` is the callee's
 * reference. Expect: 100-continue is answered here. A client that goes away or is too slow never
 * gets to `done` (408 and the end). */
typedef void http_body_fn(void *arg, struct http_session *session, struct shared_bytes *body);
void http_read_body(struct http_session *session, size_t limit, http_body_fn *done, void *arg);

/* --- an answer that comes later --- */

/* The request is answered by a later http_respond*(). `gone` is called if the client leaves first;
 * after that the session may not be touched. A client that only shuts down its sending side is
 * still there: it waits for its answer. */
void http_defer(struct http_session *session, void (*gone)(void *arg), void *arg);

/* The same where waiting costs more than a wrong guess: who shuts down its sending side is taken
 * for one that leaves, as nearly all are. */
void http_defer_while_open(struct http_session *session, void (*gone)(void *arg), void *arg);

/* --- WebSocket --- */

struct websocket_session;
struct websocket_handlers;
struct websocket_config;

/* Checks the handshake (RFC 6455, 4.2.1) and answers 101, or 400/405/426 by itself and
 * returns NULL. `subprotocol` NULL: none is chosen; one that the client did not offer is not
 * chosen either (websocket_handshake.h tells what it offers). After success the HTTP session
 * and its request are gone. */
struct websocket_session *http_upgrade(struct http_session *session, const char *subprotocol,
                                       const struct websocket_config *config,
                                       const struct websocket_handlers *handlers, void *arg);

/* --- an answer without an end --- */

struct http_stream;
struct http_stream_handlers;
struct http_stream_config;

/* Answers 200 and hands the connection over: it ends with the body (http_stream.h), which
 * begins with `beginning`. After success the HTTP session and its request are gone; NULL: it
 * had been answered already. */
struct http_stream *http_begin_stream(struct http_session *session, const char *content_type,
                                      const char *fields, const char *beginning,
                                      const struct http_stream_config *config,
                                      const struct http_stream_handlers *handlers, void *arg);

/* To HEAD: what http_begin_stream() would answer, and no more. */
void http_respond_stream_head(struct http_session *session, const char *content_type,
                              const char *fields);

#endif
