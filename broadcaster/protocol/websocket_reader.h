/* A WebSocket receiver: bytes in, events out, no I/O, no heap while idle. Source: RFC 6455,
 * sections 5 to 8. Text is checked as UTF-8 while it arrives and fails at the first wrong byte.
 * Pure, one reader per connection. */
#ifndef BROADCASTER_WEBSOCKET_READER_H
#define BROADCASTER_WEBSOCKET_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/network/memory_budget.h"

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10,
};

/* Why a WebSocket is closed: RFC 6455, 7.4.1, and 1013 of IANA's registry. */
enum websocket_close_code {
    WEBSOCKET_CLOSE_GOING_AWAY = 1001,
    WEBSOCKET_CLOSE_PROTOCOL = 1002,
    WEBSOCKET_CLOSE_NO_CODE = 1005, /* never sent: the close frame had none */
    WEBSOCKET_CLOSE_CUT_OFF = 1006, /* never sent: there was no close frame */
    WEBSOCKET_CLOSE_BAD_TEXT = 1007,
    WEBSOCKET_CLOSE_POLICY = 1008,
    WEBSOCKET_CLOSE_TOO_LARGE = 1009,
    WEBSOCKET_CLOSE_INTERNAL = 1011,
    WEBSOCKET_CLOSE_TRY_LATER = 1013,
};

enum websocket_event {
    WEBSOCKET_NEED_MORE,
    WEBSOCKET_MESSAGE, /* a whole text or binary message */
    WEBSOCKET_GOT_PING,
    WEBSOCKET_GOT_PONG,
    WEBSOCKET_GOT_CLOSE, /* nothing more is read after it */
    WEBSOCKET_FAILED,    /* close_code and reason say what to close with */
};

struct websocket_reader;

struct websocket_result {
    enum websocket_event event;
    enum websocket_opcode opcode; /* of a message: text or binary */
    const uint8_t *data;          /* payload, unmasked; valid until the next call */
    size_t size;
    /* GOT_CLOSE: the peer's, 1005 when it gave none; FAILED: 1002, 1007, 1009, 1013. */
    uint16_t close_code;
    const char *reason; /* FAILED: in words, a literal */
};

/* `message_limit`: bytes of one message, all fragments together (1009 beyond, before allocation).
 * `budget`: what the messages being received may take together with others' (1013 beyond), NULL: no
 * limit; it outlives the reader. */
struct websocket_reader *websocket_reader_create(size_t message_limit,
                                                 struct memory_budget *budget);
void websocket_reader_destroy(struct websocket_reader *reader); /* NULL is allowed */

/* Takes bytes from `data` (cut anywhere), *consumed says how many. Call again with the rest until
 * WEBSOCKET_NEED_MORE. */
void websocket_reader_feed(struct websocket_reader *reader, const uint8_t *data, size_t size,
                           size_t *consumed, struct websocket_result *result);

/* True while a message or a frame is half received. */
bool websocket_reader_in_message(const struct websocket_reader *reader);

#endif
