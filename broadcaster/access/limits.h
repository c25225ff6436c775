/* How many streams one user and one address may have, how often they may come, and how fast a
 * source may post. Who is refused costs no line in the log: a storm is one warning a minute. Memory
 * is bounded by the number of streams, and for rates by a constant. One thread. */
#ifndef BROADCASTER_LIMITS_H
#define BROADCASTER_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/protocol/identity.h"
#include "common/config.h"

struct limits;

struct limits *limits_create(void);
/* Every identity that has a place must have gone. NULL is allowed. */
void limits_destroy(struct limits *limits);

/* At the start and after every reload; what is open stays open. `config` lives
 * until the next call. */
void limits_configure(struct limits *limits, const struct config_broadcaster *config);

/* Why not, and when it is worth another try. */
struct limits_refusal {
    int status; /* 429 or 503 */
    const char *code, *message;
    unsigned retry_s;
};

/* A place for one stream, which the identity has until its last reference goes. `now_ns`:
 * CLOCK_MONOTONIC. */
bool limits_take_place(struct limits *limits, struct identity *identity, uint64_t now_ns,
                       struct limits_refusal *refusal);

/* The same for whoever asks by the session, which is answered when there is none. */
bool limits_admit_stream(struct limits *limits, struct http_session *session);

/* False: this source posts frames of this camera faster than it may. */
bool limits_allow_post(struct limits *limits, const struct identity *identity, const char *camera,
                       uint64_t now_ns);

#endif
