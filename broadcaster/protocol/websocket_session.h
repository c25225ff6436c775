/* A WebSocket on one connection: messages in, messages out, ping and pong, the close handshake, the
 * limits of time. Knows nothing of frames and cameras: viewers (viewer.h) are its user.
 *
 * At most one pong waits, the newest; control frames go between messages; while a close or a pong
 * cannot be written the peer is not read, but its end is still seen. A message that takes too
 * long to arrive ends the session with 1008: half of one must not be held for ever. One thread. */
#ifndef BROADCASTER_WEBSOCKET_SESSION_H
#define BROADCASTER_WEBSOCKET_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/network/connection.h"
#include "broadcaster/network/shared_bytes.h"
#include "broadcaster/protocol/websocket_reader.h"

#define WEBSOCKET_HEADER_MAX 10 /* a server's frames are not masked */

struct websocket_session;

/* Constant for the session. */
struct websocket_config {
    size_t message_limit;         /* bytes of one incoming message */
    struct memory_budget *budget; /* of incoming messages, shared with others; NULL: none */
    uint64_t ping_interval_ns;    /* 0: no pings */
    uint64_t ping_timeout_ns;     /* silent for so long: closed */
    uint64_t message_timeout_ns;  /* from a message's first byte to its last; 0: a minute */
    uint64_t stall_ns; /* output waits and no byte is taken for so long: closed; 0: never */
    unsigned stall_round_trips; /* but not before so many measured round trips have passed */
};

/* Any member may be NULL. */
struct websocket_handlers {
    void (*message)(void *arg, enum websocket_opcode opcode, const uint8_t *data, size_t size);
    /* Nothing is in flight any more: the moment to send the newest frame. */
    void (*writable)(void *arg);
    /* The moment of websocket_session_wake() has come. */
    void (*woken)(void *arg);
    /* The end has begun, by the peer's close or by a limit: nothing can be sent any
     * more, and `closed` follows within seconds. Not called for
     * websocket_session_close(), nor for a connection that is cut off. Called from the
     * loop, never from inside a call into this module. */
    void (*closing)(void *arg);
    /* It is over; the session is freed after the call. `close_code`: what the peer gave,
     * 1005 or 1006 when it gave none. Called once, from the loop, never from inside a
     * call into this module. */
    void (*closed)(void *arg, enum connection_end end, uint16_t close_code);
};

/* Writes the header of one unfragmented frame; returns its length. */
size_t websocket_frame_header(uint8_t out[WEBSOCKET_HEADER_MAX], enum websocket_opcode opcode,
                              uint64_t payload_size);

/* Takes the connection over. Used by http_upgrade(). */
struct websocket_session *websocket_session_create(struct event_base *base,
                                                   struct connection *connection,
                                                   const struct websocket_config *config,
                                                   const struct websocket_handlers *handlers,
                                                   void *arg);

/* True when nothing is in flight. */
bool websocket_session_idle(const struct websocket_session *session);

/* Sends bytes that are whole frames already: `head` (copied) then body from `offset` on. This is
 * how one message, built once, goes to every viewer. */
void websocket_session_send_frames(struct websocket_session *session, const void *head,
                                   size_t head_size, struct shared_bytes *body, size_t offset);

/* Sends a small message of its own; `data` is copied. */
void websocket_session_send(struct websocket_session *session, enum websocket_opcode opcode,
                            const void *data, size_t size);

/* The close handshake: sends a close frame after what is in flight, waits at most two seconds for
 * the peer's. Nothing can be sent afterwards. `end` is what `closed` will say. */
void websocket_session_close(struct websocket_session *session, uint16_t code, const char *reason,
                             enum connection_end end);
/* The same for somebody else than its user, who is told by `closing`. */
void websocket_session_evict(struct websocket_session *session, uint16_t code, const char *reason,
                             enum connection_end end);

/* Calls `woken` once, at `at_ns` (CLOCK_MONOTONIC) or at the moment asked for before, if that is
 * earlier. Not when the session is closing by then. */
void websocket_session_wake(struct websocket_session *session, uint64_t at_ns);

/* `gone` is called right before `closed`: for whoever keeps a list of sessions. */
void websocket_session_set_owner(struct websocket_session *session, void (*gone)(void *owner),
                                 void *owner);

/* For the end of the process, when no loop runs any more: says 1001 if that can go out at once,
 * calls `closed` from here, and frees. */
void websocket_session_destroy(struct websocket_session *session);

/* Within `message`: when the message's first byte came, CLOCK_MONOTONIC ns. */
uint64_t websocket_session_message_ns(const struct websocket_session *session);

struct connection *websocket_session_connection(struct websocket_session *session);

#endif
