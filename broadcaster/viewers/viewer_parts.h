/* What the files of a viewer share: viewer.c (its life), viewer_streams.c (which subscriptions it
 * has), viewer_serve.c (when it is sent something), viewer_say.c (what), viewer_command.c (what it
 * asks for). For them alone. */
#ifndef BROADCASTER_VIEWER_PARTS_H
#define BROADCASTER_VIEWER_PARTS_H

#include "broadcaster/streams/hub.h"
#include "broadcaster/text/sorted.h"
#include "broadcaster/viewers/channel.h"
#include "broadcaster/viewers/viewer.h"
#include "broadcaster/viewers/viewer_message.h"

#define VIEWER_SUBSCRIPTIONS_MOST 256 /* that it asked for by name */
#define VIEWER_DECLINED_MOST      512 /* of 256 cameras both kinds */

/* Texts that wait to be said, one bit each; of each kind only the newest is of any use. */
enum viewer_words {
    WORDS_CONNECTED = 1 << 0,
    WORDS_PONG = 1 << 1,
    WORDS_TIMED_PONG = 1 << 2,
    WORDS_ERROR = 1 << 3,
    WORDS_KEEPALIVE = 1 << 4,
};

/* What one that takes whatever streams there are knows of them. */
struct viewer_following {
    struct hub_watcher watcher;
    struct sorted declined; /* of struct stream_key: what it has unsubscribed from; owned */
};

struct viewer {
    /* What every frame touches stands first, side by side. */
    struct channel channel;
    enum wire_format format;
    enum viewer_path path;
    bool paused;
    bool closing;        /* it is a viewer no longer */
    uint64_t age_ns;     /* of the last frame when it was sent, since its capture */
    uint64_t measure_ns; /* CLOCK_MONOTONIC: the throughput is measured since then */
    uint64_t measure_bytes;
    double bytes_per_second;

    struct services *services;
    struct sorted subscriptions;        /* of struct subscription, by camera and kind; owned */
    size_t turn;                        /* place of the one to be served next */
    struct viewer_following *following; /* owned; NULL: it takes what it asks for */
    unsigned words_due;                 /* of enum viewer_words */
    char *ping_time;                    /* with WORDS_TIMED_PONG; owned */
    const char *error;                  /* a literal */

    uint64_t heard_ns; /* the last message, or keepalive */

    uint64_t sent, dropped, skipped; /* by subscriptions that have ended */
    uint64_t opened_ns;              /* CLOCK_MONOTONIC */
    struct identity *identity;       /* our reference */
    viewer_gone_fn *gone;
    void *gone_arg;
    bool kicked;
    char id[VIEWER_ID_SIZE];
    char camera[]; /* that it came for; "*": all */
};

/* --- viewer_serve.c --- */

/* Says and sends what waits, for as long as the channel takes it at once. */
void viewer_serve(struct viewer *viewer);
void viewer_say_soon(struct viewer *viewer, enum viewer_words words);

/* When it gets `keepalive` if it says nothing. */
uint64_t viewer_keepalive_ns(const struct viewer *viewer);

/* A moment that its channel was to wake it at has come: it says `keepalive` if it is time to, sends
 * early frames whose time has come, and has itself woken again. */
void viewer_on_woken(void *arg);

/* The stream's newest frame came at `now_ns` (CLOCK_MONOTONIC), for this viewer: true when its pace
 * says that it is due. One that is early becomes due in time. */
bool viewer_offer(struct viewer *viewer, struct subscription *subscription, uint64_t now_ns);

void viewer_on_notice(struct stream_subscriber *subscriber, enum stream_notice notice);

/* --- viewer_streams.c --- */

/* `at` < viewer->subscriptions.count. */
static inline struct subscription *viewer_at(const struct viewer *viewer, size_t at)
{
    return viewer->subscriptions.items[at];
}

struct subscription *viewer_find(const struct viewer *viewer, const char *camera,
                                 enum stream_kind kind); /* or NULL */
/* A subscription from now on; what is known of the camera is due. */
void viewer_add(struct viewer *viewer, const char *camera, const struct wish *wish, bool follows);
void viewer_remove(struct viewer *viewer, struct subscription *subscription);

/* Whether frames have to be made for it, as things stand. */
bool viewer_demands(const struct viewer *viewer, const struct subscription *subscription);

/* What there is to see and to say at the beginning, and after a pause, is due. */
void viewer_greet(struct viewer *viewer, struct subscription *subscription);

/* Takes whatever streams there are and come to be, as far as it may see them
 * and has not declined. */
void viewer_follow_all(struct viewer *viewer);

/* Does so no longer. */
void viewer_follow_no_more(struct viewer *viewer);

/* One that does so is without this stream from now on. -ENOSPC: it has declined
 * VIEWER_DECLINED_MOST already. */
int viewer_decline(struct viewer *viewer, const char *camera, enum stream_kind kind);

/* --- viewer_say.c: each sends one message now --- */

void viewer_say_words(struct viewer *viewer, enum viewer_words words);
void viewer_say_text(struct viewer *viewer, struct subscription *subscription,
                     enum subscription_text text);
/* The newest frame. `late`: it has waited, and the shared message may be older than now. */
void viewer_send_frame(struct viewer *viewer, struct subscription *subscription, bool late);

/* --- viewer_command.c --- */

/* Does what the message says; the viewer is one still. */
void viewer_obey(struct viewer *viewer, const struct viewer_message *message);

#endif
