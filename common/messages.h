/* The table of everything that may be said on a control socket. A packet is one JSON object with a
 * "type"; the table checks it (direction, fields and their types, number of descriptors) before any
 * handler sees it. Fields that the table does not know are an error on the way to a server (half
 * understood is misunderstood) and ignored on the way to a client (a newer server may say more).
 * docs/protocol.md shows the messages with examples. Thread-safe. */
#ifndef COMMON_MESSAGES_H
#define COMMON_MESSAGES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define MESSAGE_BYTES_MAX       65536
#define MESSAGE_DESCRIPTORS_MAX 2
#define MESSAGE_ERROR_SIZE      160

/* Bump with every change that an older program would misread: it is the
 * "version" of every status. */
#define MESSAGE_VERSION 1

enum message_type {
    MESSAGE_STATUS,       /* server -> client on capture sockets: at once, and on every change */
    MESSAGE_ATTACH,       /* client -> server on capture sockets: I want frames (demand) */
    MESSAGE_RING,         /* server -> client: 2 descriptors, ring and doorbell */
    MESSAGE_DETACH,       /* client -> server: no more frames */
    MESSAGE_DEMAND,       /* broadcaster -> detector: what is wanted, in pages: after, next */
    MESSAGE_STATS,        /* client -> server, no fields: tell me your counters */
    MESSAGE_STATS_ANSWER, /* "stats" on the way back */
    MESSAGE_VIEWERS,      /* client -> broadcaster: after, limit */
    MESSAGE_VIEWERS_ANSWER,
    MESSAGE_KICK, /* client -> broadcaster: id */
    MESSAGE_KICK_ANSWER,
    MESSAGE_ERROR, /* server -> client: a request that was understood and cannot be met */
    MESSAGE_TYPES
};

enum message_direction { MESSAGE_TO_SERVER, MESSAGE_TO_CLIENT };

/* Which server's sockets may carry it. */
enum message_service {
    MESSAGE_SERVICE_CAPTURE = 1,
    MESSAGE_SERVICE_DETECTOR = 2,
    MESSAGE_SERVICE_BROADCASTER = 4,
};

/* Parses and checks one packet. `descriptors` is how many came with it. On success *body is a new
 * reference (the caller json_decref()s it) and the type is returned; else -1 with the reason in
 * `error` and nothing to free. */
int message_parse(const char *bytes, size_t size, enum message_direction direction,
                  enum message_service service, size_t descriptors, json_t **body,
                  char error[MESSAGE_ERROR_SIZE]);

/* The "type" on the wire, and how many descriptors ride with it. */
const char *message_name(enum message_type type);
size_t message_descriptors(enum message_type type);

/* True for messages of which only the newest waits for a slow peer (status, demand). */
bool message_newest_only(enum message_type type);

/* Checks an outgoing body against the same table: a broken one is our own fault. */
bool message_check(enum message_type type, json_t *body, char error[MESSAGE_ERROR_SIZE]);

#endif
