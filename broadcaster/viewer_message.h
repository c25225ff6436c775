/* What a viewer may say. Pure. */
#ifndef BROADCASTER_VIEWER_MESSAGE_H
#define BROADCASTER_VIEWER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define VIEWER_TIME_SIZE 40 /* of a client's time as text, NUL included */

enum viewer_message {
    VIEWER_IGNORED,    /* "pong", "keepalive": signs of life, no more */
    VIEWER_PING,       /* "ping" */
    VIEWER_TIMED_PING, /* {"type":"ping","t":T} */
    VIEWER_WRONG,      /* anything else */
};

/* Reads one text message. With VIEWER_TIMED_PING `time` holds T as it came (a number, or "null" when
 * there is none); with VIEWER_WRONG *error says why, a literal. */
enum viewer_message viewer_message_read(const uint8_t *data, size_t size,
                                        char time[VIEWER_TIME_SIZE], const char **error);

#endif
