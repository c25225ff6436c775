#include "broadcaster/access/reconnects.h"

#include <stddef.h>
#include <stdlib.h>

#include "broadcaster/protocol/identity.h"
#include "common/memory.h"
#include "common/text_hash.h"

/* Two who fall on one place forget each other: then one is not counted, which harms nobody. */
#define RECONNECTS_PLACES 8192

struct reconnects_place {
    uint64_t who;     /* 0: nobody */
    uint64_t times;   /* that he left and has not come back, for he may have several connections */
    uint64_t left_ns; /* the last time */
};

struct reconnects {
    struct reconnects_place places[RECONNECTS_PLACES];
    uint64_t span_ns; /* when the present span began */
    uint64_t in_span;
    bool storm;
    uint64_t in_storm; /* since the span in which it began */
};

struct reconnects *reconnects_create(void)
{
    return xcalloc(1, sizeof(struct reconnects));
}

void reconnects_destroy(struct reconnects *reconnects)
{
    free(reconnects);
}

/* Multiplied by different odd numbers, so that who and what cannot change places. */
static uint64_t reconnects_hash(const struct identity *who, const char *what)
{
    char address[ADDRESS_TEXT_SIZE];
    identity_address(who, address);
    uint64_t hash = text_hash(who->user) * UINT64_C(0x9E3779B97F4A7C15) +
                    text_hash(address) * UINT64_C(0xC2B2AE3D27D4EB4F) + text_hash(what);
    return hash != 0 ? hash : 1;
}

static struct reconnects_place *reconnects_find(struct reconnects *reconnects, uint64_t hash)
{
    return &reconnects->places[(hash ^ (hash >> 32)) % RECONNECTS_PLACES];
}

/* True when it is his, and not too long ago. */
static bool reconnects_knows(const struct reconnects_place *place, uint64_t hash, uint64_t now_ns)
{
    return place->who == hash && place->times > 0 &&
           now_ns - place->left_ns <= RECONNECTS_MEMORY_NS;
}

void reconnects_left(struct reconnects *reconnects, const struct identity *who, const char *what,
                     uint64_t now_ns)
{
    uint64_t hash = reconnects_hash(who, what);
    struct reconnects_place *place = reconnects_find(reconnects, hash);
    place->times = reconnects_knows(place, hash, now_ns) ? place->times + 1 : 1;
    place->who = hash;
    place->left_ns = now_ns;
}

bool reconnects_came(struct reconnects *reconnects, const struct identity *who, const char *what,
                     uint64_t now_ns)
{
    uint64_t hash = reconnects_hash(who, what);
    struct reconnects_place *place = reconnects_find(reconnects, hash);
    if (!reconnects_knows(place, hash, now_ns)) {
        return false;
    }
    place->times--;
    reconnects->in_span++;
    reconnects->in_storm++;
    return true;
}

enum reconnects_news reconnects_judge(struct reconnects *reconnects, uint64_t now_ns,
                                      uint64_t *count)
{
    enum reconnects_news news = RECONNECTS_CALM;
    *count = reconnects->in_span;
    if (!reconnects->storm && reconnects->in_span >= RECONNECTS_STORM) {
        reconnects->storm = true;
        reconnects->in_storm = reconnects->in_span;
        news = RECONNECTS_STORM_BEGINS;
    }
    if (now_ns - reconnects->span_ns >= RECONNECTS_SPAN_NS) {
        if (reconnects->storm && reconnects->in_span < RECONNECTS_STORM / 2) {
            reconnects->storm = false;
            *count = reconnects->in_storm;
            news = RECONNECTS_STORM_ENDS;
        }
        reconnects->in_span = 0;
        reconnects->span_ns = now_ns;
    }
    return news;
}
