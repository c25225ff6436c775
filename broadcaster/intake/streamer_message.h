/* What a streamer (a browser or phone that sends its pictures) may say in a text message:
 *
 *   {"frame":"data:image/jpeg;base64,…"}   further members are allowed and skipped
 *   "ping", {"type":"ping","t":T}, "pong", "keepalive"   as viewers do
 *
 * Pure, thread-safe. */
#ifndef BROADCASTER_STREAMER_MESSAGE_H
#define BROADCASTER_STREAMER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "broadcaster/protocol/timed_pong.h"
#include "broadcaster/text/byte_span.h"
#include "broadcaster/text/json_scanner.h"

enum streamer_message_kind {
    STREAMER_FRAME,
    STREAMER_PING,       /* "ping" */
    STREAMER_TIMED_PING, /* {"type":"ping","t":T} */
    STREAMER_IGNORED,    /* a sign of life, no more */
    STREAMER_WRONG,
};

struct streamer_message {
    struct json_string frame;    /* STREAMER_FRAME: the data URL, where it lies */
    char time[CLIENT_TIME_SIZE]; /* STREAMER_TIMED_PING: T as it came, or "null" */
    const char *error;           /* STREAMER_WRONG: in words, a literal */
};

/* The data URL is not looked into: what stands in it is for streamer_frame_base64(). Where it has
 * no escapes in it, not even its characters are, which need not be JSON's then. */
enum streamer_message_kind streamer_message_read(const uint8_t *data, size_t size,
                                                 struct streamer_message *message);

/* The base64 of a data URL (RFC 2397) of a JPEG, unescaped if it had to be; its alphabet is not
 * checked. NULL, or what is wrong in words: PNG, WebP and bare base64 are named. A literal. */
const char *streamer_frame_base64(struct byte_span url, struct byte_span *base64);

#endif
