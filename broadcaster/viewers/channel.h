/* The way to one viewer: a WebSocket, or an HTTP answer without an end, which takes frames and no
 * words. Viewers know nothing else of how their frames travel. One thread. */
#ifndef BROADCASTER_CHANNEL_H
#define BROADCASTER_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/network/shared_bytes.h"
#include "broadcaster/protocol/http_stream.h"
#include "broadcaster/protocol/websocket_session.h"

struct channel {
    /* One of the two, the other is NULL. It has a life of its own, which its `closed` ends. */
    struct websocket_session *websocket;
    struct http_stream *stream;
};

/* True when nothing is in flight: what is sent now goes out at once. */
static inline bool channel_idle(const struct channel *channel)
{
    return channel->websocket != NULL ? websocket_session_idle(channel->websocket)
                                      : http_stream_idle(channel->stream);
}

/* Sends whole frames of the wire: `head` (copied, may be NULL), then `body` from `offset` on; to an
 * HTTP answer the whole body. */
static inline void channel_send_frame(struct channel *channel, const void *head, size_t head_size,
                                      struct shared_bytes *body, size_t offset)
{
    if (channel->websocket != NULL) {
        websocket_session_send_frames(channel->websocket, head, head_size, body, offset);
    } else {
        http_stream_send(channel->stream, body);
    }
}

/* A short message in words; NUL-terminated, copied. An HTTP answer has no place for it. */
void channel_send_text(struct channel *channel, const char *text);

/* Calls the viewer's `woken` once, at `at_ns` (CLOCK_MONOTONIC) or at the moment asked for before,
 * if that is earlier. */
void channel_wake(struct channel *channel, uint64_t at_ns);

/* Ends it in order; `reason` is for the viewer. Nothing can be sent afterwards. */
void channel_close(struct channel *channel, const char *reason);

/* Address, bytes sent. */
struct connection *channel_connection(const struct channel *channel);

#endif
