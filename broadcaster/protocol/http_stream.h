/* An answer without an end, on one connection: pieces go out one after the other until somebody
 * leaves. Knows nothing of frames: viewers of MJPEG (channel.h) are its user.
 *
 * The peer has said all that it has to say: what it still sends is thrown away, and the end of its
 * sending side is its end. A browser that closes a tab shuts down nothing else, and who would
 * wait for the reset that answers the next picture keeps a zombie for as long as the camera
 * is dark. One thread. */
#ifndef BROADCASTER_HTTP_STREAM_H
#define BROADCASTER_HTTP_STREAM_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/network/connection.h"
#include "broadcaster/network/shared_bytes.h"

struct http_stream;

/* Constant. */
struct http_stream_config {
    uint64_t stall_ns; /* output waits and no byte is taken for so long: closed; 0: never */
    unsigned stall_round_trips; /* but not before so many measured round trips have passed */
};

/* Any member may be NULL. */
struct http_stream_handlers {
    /* Nothing is in flight any more: the moment to send the newest frame. */
    void (*writable)(void *arg);
    /* The moment of http_stream_wake() has come. */
    void (*woken)(void *arg);
    /* It is over; the stream is freed after the call. Called once, from the loop, never from inside
     * a call into this module. */
    void (*closed)(void *arg, enum connection_end end);
};

/* Takes the connection over; the head of the answer has been sent. Used by http_begin_stream(). */
struct http_stream *http_stream_create(struct event_base *base, struct connection *connection,
                                       const struct http_stream_config *config,
                                       const struct http_stream_handlers *handlers, void *arg);

bool http_stream_idle(const struct http_stream *stream); /* nothing is in flight */

/* Sends `body`, which is referenced. */
void http_stream_send(struct http_stream *stream, struct shared_bytes *body);

/* Calls `woken` once, at `at_ns` (CLOCK_MONOTONIC) or at the moment asked for before, if that is
 * earlier. Not when the stream is closing by then. */
void http_stream_wake(struct http_stream *stream, uint64_t at_ns);

/* Ends the answer behind what is in flight. Nothing can be sent afterwards. */
void http_stream_close(struct http_stream *stream, enum connection_end end);

/* `gone` is called right before `closed`: for whoever keeps a list. */
void http_stream_set_owner(struct http_stream *stream, void (*gone)(void *owner), void *owner);

/* For the end of the process, when no loop runs any more: calls `closed` from here, and frees. */
void http_stream_destroy(struct http_stream *stream);

struct connection *http_stream_connection(const struct http_stream *stream);

#endif
