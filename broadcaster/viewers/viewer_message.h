/* What a viewer may say. Pure. */
#ifndef BROADCASTER_VIEWER_MESSAGE_H
#define BROADCASTER_VIEWER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/protocol/timed_pong.h"
#include "broadcaster/streams/wish.h"
#include "common/camera_id.h"

enum viewer_message_type {
    VIEWER_IGNORED,    /* "pong", "keepalive": signs of life, no more */
    VIEWER_PING,       /* "ping" */
    VIEWER_TIMED_PING, /* {"type":"ping","t":T} */
    VIEWER_SUBSCRIBE, /* {"type":"subscribe","camera_id","kind"?,…}: the rest as the query has it */
    VIEWER_UNSUBSCRIBE, /* {"type":"unsubscribe","camera_id","kind"?} */
    VIEWER_SET,         /* {"type":"set","camera_id"?,"kind"?,…} */
    VIEWER_PAUSE,       /* {"type":"pause"} */
    VIEWER_RESUME,      /* {"type":"resume"} */
    VIEWER_WRONG,       /* anything else */
};

struct viewer_message {
    enum viewer_message_type type;
    char time[CLIENT_TIME_SIZE]; /* the client's, as it came: a number, or "null": there is none */
    char camera[CAMERA_ID_SIZE]; /* "": none was named */
    bool has_kind;
    enum stream_kind kind;       /* with has_kind */
    struct wish_changes changes; /* of what is wanted */
    const char *error;           /* with VIEWER_WRONG: why, a literal */
};

/* Reads one text message. */
void viewer_message_read(const uint8_t *data, size_t size, struct viewer_message *message);

#endif
