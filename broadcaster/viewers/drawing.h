/* Which rendering of a camera's detections a subscription gets: the one that its wish asks for, and
 * on a link that cannot carry it one of lesser quality.
 *
 * The change of quality loses and repeats no frame: the subscription is told of the other stream
 * beside its own until that one has delivered the same frame or a newer one, and moves then.
 *
 *   settled ─ adaptation.h says so ─▶ between (next is subscribed) ─ next has delivered ─▶ settled
 *
 * One thread. */
#ifndef BROADCASTER_DRAWING_H
#define BROADCASTER_DRAWING_H

#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/network/connection.h"
#include "broadcaster/streams/adaptation.h"
#include "broadcaster/streams/stream.h"

struct services;
struct subscription;

/* What is kept of a viewer whose link has once been too slow for a frame. */
struct drawing_fit {
    struct adaptation adaptation;
    struct stream_subscriber next; /* next.stream not NULL: it is between two */
    uint32_t next_id;
    unsigned next_step;
};

/* A part of every subscription. Zeroed: pictures come as they are, drawn in the
 * default way or posted. */
struct drawing {
    bool held;               /* a rendering is held for it: `id` */
    uint32_t id;             /* of its stream's key */
    struct drawing_fit *fit; /* owned; NULL: every frame has found the link free, as with most */
};

/* Holds the rendering that suits the wish now. False when the camera has too many already: then it
 * keeps the one that it had, or gets the default one. */
bool drawing_claim(struct subscription *subscription, struct services *services);

/* True when the wish asks for another rendering than it holds. */
bool drawing_is_outdated(const struct subscription *subscription, const struct services *services);

void drawing_release(struct subscription *subscription, struct services *services);

/* Looks whether another quality would suit the link. To be called when a frame that is due has to
 * wait; while subscription->lesser, with every frame. */
void drawing_adapt(struct subscription *subscription, struct services *services,
                   const struct connection *connection);

/* Stays with what it has; does nothing when it is settled. */
void drawing_settle(struct subscription *subscription, struct services *services);

/* True when `subscriber` is the one of the next stream. */
bool drawing_is_next(const struct subscription *subscription,
                     const struct stream_subscriber *subscriber);

/* The next stream has got a frame. Moves to it when the time has come; true when that frame is
 * newer than the last one of the stream before. */
bool drawing_move(struct subscription *subscription, struct services *services);

void drawing_finish(struct subscription *subscription); /* released */

#endif
