#include "broadcaster/viewers/channel.h"

#include <string.h>

void channel_send_text(struct channel *channel, const char *text)
{
    if (channel->websocket != NULL) {
        websocket_session_send(channel->websocket, WEBSOCKET_TEXT, text, strlen(text));
    }
}

void channel_wake(struct channel *channel, uint64_t at_ns)
{
    if (channel->websocket != NULL) {
        websocket_session_wake(channel->websocket, at_ns);
    } else {
        http_stream_wake(channel->stream, at_ns);
    }
}

void channel_close(struct channel *channel, const char *reason)
{
    if (channel->websocket != NULL) {
        websocket_session_close(channel->websocket, WEBSOCKET_CLOSE_POLICY, reason,
                                CONNECTION_FINISHED);
    } else {
        http_stream_close(channel->stream, CONNECTION_FINISHED);
    }
}

struct connection *channel_connection(const struct channel *channel)
{
    return channel->websocket != NULL ? websocket_session_connection(channel->websocket)
                                      : http_stream_connection(channel->stream);
}
