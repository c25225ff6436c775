#include "broadcaster/protocol/websocket_session.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/network/peer_timer.h"
#include "broadcaster/network/stall.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define WEBSOCKET_CLOSE_NS    (2 * NS_PER_SECOND)
#define WEBSOCKET_MESSAGE_NS  (60 * NS_PER_SECOND) /* where nothing else is configured */
#define WEBSOCKET_CONTROL_MAX 125
#define WEBSOCKET_INPUT_SMALL 16384 /* read at once from who sends small messages */
#define WEBSOCKET_INPUT_LARGE 65536
#define WEBSOCKET_PER_TURN    16 /* messages; then other connections have their turn */

/* The payload of the pong that waits; there is none most of the time. */
struct websocket_pong {
    size_t size;
    uint8_t data[];
};

struct websocket_session {
    struct peer_timer timer;
    struct connection *connection;
    uint64_t ping_interval_ns, ping_timeout_ns, message_timeout_ns; /* as configured */
    const struct websocket_handlers *handlers;
    void *arg;
    void (*owner_gone)(void *owner);
    void *owner;
    struct websocket_reader *reader;
    struct websocket_pong *pong;
    uint64_t heard_ns;   /* the peer's last byte */
    uint64_t pinged_ns;  /* our last ping */
    uint64_t begun_ns;   /* the message being received; 0: none */
    uint64_t message_ns; /* the first byte of the one received last */
    uint64_t close_deadline_ns;
    struct stall stall;
    enum connection_end end; /* while closing: what `closed` will say */
    uint16_t peer_code;
    bool closing;  /* our close frame has been handed to the connection */
    bool finished; /* the connection is being closed; nothing is read any more */
};

size_t websocket_frame_header(uint8_t out[WEBSOCKET_HEADER_MAX], enum websocket_opcode opcode,
                              uint64_t payload_size)
{
    out[0] = (uint8_t)(0x80 | opcode);
    size_t wide = payload_size < 126 ? 0 : payload_size <= 0xffff ? 2 : 8;
    out[1] = wide == 0 ? (uint8_t)payload_size : wide == 2 ? 126 : 127;
    for (size_t i = 0; i < wide; i++) {
        out[2 + i] = (uint8_t)(payload_size >> (8 * (wide - 1 - i)));
    }
    return 2 + wide;
}

/* --- time --- */

/* The next moment when something may have to be done about the peer; 0: none. */
static uint64_t websocket_next_deadline(const struct websocket_session *session)
{
    if (session->closing) {
        return session->close_deadline_ns;
    }
    uint64_t next = stall_deadline_ns(&session->stall);
    if (session->begun_ns != 0) {
        next = peer_timer_earlier(next, session->begun_ns + session->message_timeout_ns);
    }
    if (session->ping_interval_ns > 0) {
        uint64_t last =
            session->heard_ns > session->pinged_ns ? session->heard_ns : session->pinged_ns;
        next = peer_timer_earlier(next, session->heard_ns + session->ping_timeout_ns);
        next = peer_timer_earlier(next, last + session->ping_interval_ns);
    }
    return next;
}

static void websocket_arm(struct websocket_session *session)
{
    if (!session->finished) {
        peer_timer_watch(&session->timer, websocket_next_deadline(session));
    }
}

/* --- sending --- */

static bool websocket_may_send(const struct websocket_session *session)
{
    return !session->closing && !session->finished;
}

static void websocket_send_small(struct websocket_session *session, enum websocket_opcode opcode,
                                 const void *data, size_t size)
{
    uint8_t frame[WEBSOCKET_HEADER_MAX + WEBSOCKET_CONTROL_MAX];
    size_t head = websocket_frame_header(frame, opcode, size);
    if (size > 0) {
        memcpy(frame + head, data, size);
    }
    connection_send(session->connection, frame, head + size, NULL, 0, 0);
}

static void websocket_send_close(struct websocket_session *session, uint16_t code,
                                 const char *reason)
{
    uint8_t payload[WEBSOCKET_CONTROL_MAX];
    size_t size = 0;
    if (code != WEBSOCKET_CLOSE_NO_CODE) {
        size_t length = strnlen(reason, sizeof payload - 2);
        payload[0] = (uint8_t)(code >> 8);
        payload[1] = (uint8_t)code;
        memcpy(payload + 2, reason, length);
        size = 2 + length;
    }
    websocket_send_small(session, WEBSOCKET_CLOSE, payload, size);
}

/* While a pong or our close frame cannot be written, the peer is not read: it could make us work
 * without taking what the work is for. */
static bool websocket_is_reading(const struct websocket_session *session)
{
    if (session->finished) {
        return false;
    }
    if (session->closing) {
        return connection_pending(session->connection) == 0;
    }
    return session->pong == NULL;
}

static void websocket_tell_closing(struct websocket_session *session)
{
    if (session->handlers->closing != NULL) {
        session->handlers->closing(session->arg);
    }
}

static void websocket_finish(struct websocket_session *session, enum connection_end end)
{
    session->finished = true;
    connection_finish(session->connection, end);
}

static void websocket_answer_ping(struct websocket_session *session, const uint8_t *data,
                                  size_t size)
{
    if (connection_pending(session->connection) == 0) {
        websocket_send_small(session, WEBSOCKET_PONG, data, size);
        return;
    }
    free(session->pong);
    session->pong = xmalloc(sizeof *session->pong + size);
    session->pong->size = size;
    memcpy(session->pong->data, data, size);
}

/* --- receiving --- */

static void websocket_got_close(struct websocket_session *session, uint16_t code)
{
    session->peer_code = code;
    if (session->closing) {
        websocket_finish(session, session->end);
        return;
    }
    session->closing = true;
    websocket_send_close(session, code, "");
    websocket_finish(session, CONNECTION_PEER_CLOSED);
    websocket_tell_closing(session);
}

static void websocket_failed(struct websocket_session *session,
                             const struct websocket_result *result)
{
    log_debug("websocket peer=%s cannot be read: %s", connection_peer_name(session->connection),
              result->reason);
    bool first = !session->closing;
    if (first) {
        session->closing = true;
        websocket_send_close(session, result->close_code, result->reason);
    }
    bool ours = result->close_code == WEBSOCKET_CLOSE_TRY_LATER; /* not the peer's mistake */
    websocket_finish(session, ours ? CONNECTION_FINISHED : CONNECTION_PROTOCOL);
    if (first) {
        websocket_tell_closing(session);
    }
}

static void websocket_handle(struct websocket_session *session,
                             const struct websocket_result *result)
{
    switch (result->event) {
    case WEBSOCKET_MESSAGE:
        session->message_ns = session->begun_ns != 0 ? session->begun_ns : session->heard_ns;
        session->begun_ns = 0;
        if (!session->closing && session->handlers->message != NULL) {
            session->handlers->message(session->arg, result->opcode, result->data, result->size);
        }
        break;
    case WEBSOCKET_GOT_PING:
        if (!session->closing) {
            websocket_answer_ping(session, result->data, result->size);
        }
        break;
    case WEBSOCKET_GOT_CLOSE:
        websocket_got_close(session, result->close_code);
        break;
    case WEBSOCKET_FAILED:
        websocket_failed(session, result);
        break;
    case WEBSOCKET_GOT_PONG:
    case WEBSOCKET_NEED_MORE:
        break;
    }
}

static size_t websocket_received(void *arg, const uint8_t *bytes, size_t size)
{
    struct websocket_session *session = arg;
    struct websocket_result result = {.event = WEBSOCKET_MESSAGE};
    size_t used = 0;
    int handled = 0;
    session->heard_ns = clock_monotonic_ns();
    for (; result.event != WEBSOCKET_NEED_MORE && handled < WEBSOCKET_PER_TURN &&
           websocket_is_reading(session);
         handled++) {
        size_t consumed;
        websocket_reader_feed(session->reader, bytes + used, size - used, &consumed, &result);
        used += consumed;
        websocket_handle(session, &result);
    }
    if (!websocket_reader_in_message(session->reader)) {
        session->begun_ns = 0;
    } else if (session->begun_ns == 0) {
        session->begun_ns = session->heard_ns;
    }
    connection_set_reading(session->connection, websocket_is_reading(session));
    if (handled == WEBSOCKET_PER_TURN && websocket_is_reading(session)) {
        connection_yield(session->connection);
    }
    websocket_arm(session);
    return used;
}

static void websocket_drained(void *arg)
{
    struct websocket_session *session = arg;
    if (session->pong != NULL && !session->closing) {
        struct websocket_pong *pong = session->pong;
        session->pong = NULL;
        websocket_send_small(session, WEBSOCKET_PONG, pong->data, pong->size);
        free(pong);
    }
    connection_set_reading(session->connection, websocket_is_reading(session));
    if (websocket_may_send(session) && connection_pending(session->connection) == 0 &&
        session->handlers->writable != NULL) {
        session->handlers->writable(session->arg);
    }
}

static void websocket_release(struct websocket_session *session)
{
    peer_timer_finish(&session->timer);
    websocket_reader_destroy(session->reader);
    free(session->pong);
    free(session);
}

static void websocket_ended(void *arg, enum connection_end end)
{
    struct websocket_session *session = arg;
    if (session->owner_gone != NULL) {
        session->owner_gone(session->owner);
    }
    if (session->handlers->closed != NULL) {
        session->handlers->closed(session->arg, end, session->peer_code);
    }
    websocket_release(session);
}

/* Pings who has been silent, and gives up on who stays so. */
static void websocket_watch_silence(struct websocket_session *session, uint64_t now)
{
    if (!websocket_is_reading(session)) {
        session->heard_ns = now; /* it is we who do not listen */
    }
    if (now >= session->heard_ns + session->ping_timeout_ns) {
        websocket_session_evict(session, WEBSOCKET_CLOSE_INTERNAL, "no answer to pings",
                                CONNECTION_TIMED_OUT);
    } else if (now >= session->heard_ns + session->ping_interval_ns &&
               now >= session->pinged_ns + session->ping_interval_ns) {
        session->pinged_ns = now;
        websocket_send_small(session, WEBSOCKET_PING, NULL, 0);
    }
}

/* What the peer has done since is yet to be seen: it gets a while to be heard, to take what waits
 * for it, and to answer the pings to come. */
static void websocket_forgive(struct websocket_session *session, uint64_t now)
{
    session->heard_ns = now;
    session->begun_ns = session->begun_ns != 0 ? now : 0;
}

static void websocket_cut_off(struct websocket_session *session, enum connection_end end)
{
    session->finished = true;
    connection_abort(session->connection, end);
}

static void websocket_judge(struct websocket_session *session, uint64_t now)
{
    if (session->closing) {
        if (now >= session->close_deadline_ns) {
            websocket_cut_off(session, session->end);
        }
    } else if (stall_is_over(&session->stall, now)) {
        websocket_cut_off(session, CONNECTION_STALLED);
    } else if (session->begun_ns != 0 && now >= session->begun_ns + session->message_timeout_ns) {
        websocket_session_evict(session, WEBSOCKET_CLOSE_POLICY, "the message took too long",
                                CONNECTION_TIMED_OUT);
    } else if (session->ping_interval_ns > 0) {
        websocket_watch_silence(session, now);
    }
}

static void websocket_on_due(void *arg, uint64_t now, bool stood_still)
{
    struct websocket_session *session = arg;
    if (session->finished) {
        return;
    }
    if (stood_still) {
        websocket_forgive(session, now);
    }
    if (peer_timer_take_moment(&session->timer, now) && websocket_may_send(session) &&
        session->handlers->woken != NULL) {
        session->handlers->woken(session->arg);
    }
    if (!stood_still) {
        websocket_judge(session, now);
    }
    websocket_arm(session);
}

/* --- the interface --- */

struct websocket_session *websocket_session_create(struct event_base *base,
                                                   struct connection *connection,
                                                   const struct websocket_config *config,
                                                   const struct websocket_handlers *handlers,
                                                   void *arg)
{
    static const struct connection_handlers connection_handlers = {
        .received = websocket_received,
        .drained = websocket_drained,
        .ended = websocket_ended,
    };
    struct websocket_session *session = xcalloc(1, sizeof *session);
    session->connection = connection;
    session->ping_interval_ns = config->ping_interval_ns;
    session->ping_timeout_ns = config->ping_timeout_ns;
    session->message_timeout_ns =
        config->message_timeout_ns > 0 ? config->message_timeout_ns : WEBSOCKET_MESSAGE_NS;
    session->handlers = handlers;
    session->arg = arg;
    session->reader = websocket_reader_create(config->message_limit, config->budget);
    session->heard_ns = clock_monotonic_ns();
    session->peer_code = WEBSOCKET_CLOSE_CUT_OFF;
    peer_timer_init(&session->timer, base, websocket_on_due, session);
    connection_set_handlers(connection, &connection_handlers, session);
    connection_set_input_limit(connection, config->message_limit <= WEBSOCKET_INPUT_LARGE
                                               ? WEBSOCKET_INPUT_SMALL
                                               : WEBSOCKET_INPUT_LARGE);
    stall_init(&session->stall, connection, config->stall_ns, config->stall_round_trips);
    connection_set_reading(connection, true);
    websocket_arm(session);
    return session;
}

bool websocket_session_idle(const struct websocket_session *session)
{
    return connection_pending(session->connection) == 0;
}

void websocket_session_send_frames(struct websocket_session *session, const void *head,
                                   size_t head_size, struct shared_bytes *body, size_t offset)
{
    if (!websocket_may_send(session)) {
        return;
    }
    connection_send(session->connection, head, head_size, body, offset,
                    body != NULL ? body->size - offset : 0);
    if (connection_pending(session->connection) > 0) {
        websocket_arm(session);
    }
}

void websocket_session_send(struct websocket_session *session, enum websocket_opcode opcode,
                            const void *data, size_t size)
{
    if (!websocket_may_send(session)) {
        return;
    }
    if (size <= WEBSOCKET_CONTROL_MAX) {
        websocket_send_small(session, opcode, data, size);
    } else {
        struct shared_bytes *body = shared_bytes_create(size);
        uint8_t head[WEBSOCKET_HEADER_MAX];
        memcpy(body->data, data, size);
        connection_send(session->connection, head, websocket_frame_header(head, opcode, size), body,
                        0, size);
        shared_bytes_unref(body);
    }
    if (connection_pending(session->connection) > 0) {
        websocket_arm(session);
    }
}

void websocket_session_close(struct websocket_session *session, uint16_t code, const char *reason,
                             enum connection_end end)
{
    if (!websocket_may_send(session)) {
        return;
    }
    session->closing = true;
    session->end = end;
    session->close_deadline_ns = clock_monotonic_ns() + WEBSOCKET_CLOSE_NS;
    free(session->pong);
    session->pong = NULL;
    websocket_send_close(session, code, reason);
    connection_set_reading(session->connection, websocket_is_reading(session));
    websocket_arm(session);
}

void websocket_session_evict(struct websocket_session *session, uint16_t code, const char *reason,
                             enum connection_end end)
{
    if (websocket_may_send(session)) {
        websocket_session_close(session, code, reason, end);
        websocket_tell_closing(session);
    }
}

void websocket_session_wake(struct websocket_session *session, uint64_t at_ns)
{
    peer_timer_ask(&session->timer, at_ns);
    websocket_arm(session);
}

void websocket_session_set_owner(struct websocket_session *session, void (*gone)(void *owner),
                                 void *owner)
{
    session->owner_gone = gone;
    session->owner = owner;
}

void websocket_session_destroy(struct websocket_session *session)
{
    if (websocket_may_send(session)) {
        session->closing = true;
        websocket_send_close(session, WEBSOCKET_CLOSE_GOING_AWAY, "the server is shutting down");
    }
    connection_destroy(session->connection, CONNECTION_SHUTDOWN);
}

uint64_t websocket_session_message_ns(const struct websocket_session *session)
{
    return session->message_ns;
}

struct connection *websocket_session_connection(struct websocket_session *session)
{
    return session->connection;
}
