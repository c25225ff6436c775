#include "broadcaster/streams/renderings.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/text/sorted.h"
#include "common/camera_id.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define SPARE_PLACES 2 /* left free by those for whom another rendering would do */

struct rendering {
    uint32_t id;
    struct rendering_look look; /* of the default: not used */
    size_t holders;
    uint64_t until_ns; /* without holders: CLOCK_MONOTONIC end of the linger */
};

/* The renderings of one camera; exists while there are any. */
struct rendering_family {
    char camera[CAMERA_ID_SIZE];
    /* By id. The default may come beside the others, and one while it takes another's place. */
    struct rendering members[RENDERINGS_MOST + 2];
    size_t count;
};

struct renderings {
    renderings_over_fn *over;
    void *arg;
    struct sorted families; /* of struct rendering_family, by camera; owned */
    struct rendering_look default_look;
    uint64_t linger_ns;
    uint32_t last_id;
    struct event *linger; /* until the next one has lingered long enough */
    uint64_t awaited_ns;  /* when it goes off; 0: it does not */
};

/* --- families --- */

static int family_compare(const void *item, const void *key)
{
    return strcmp(((const struct rendering_family *)item)->camera, key);
}

static size_t renderings_place(const struct renderings *renderings, const char *camera, bool *found)
{
    return sorted_place(&renderings->families, camera, family_compare, found);
}

static struct rendering_family *renderings_find(const struct renderings *renderings,
                                                const char *camera)
{
    return sorted_find(&renderings->families, camera, family_compare);
}

static struct rendering_family *renderings_find_or_create(struct renderings *renderings,
                                                          const char *camera)
{
    bool found;
    size_t at = renderings_place(renderings, camera, &found);
    if (found) {
        return renderings->families.items[at];
    }
    struct rendering_family *family = xcalloc(1, sizeof *family);
    snprintf(family->camera, sizeof family->camera, "%s", camera);
    sorted_insert(&renderings->families, at, family);
    return family;
}

static void renderings_remove_family(struct renderings *renderings, size_t at)
{
    free(renderings->families.items[at]);
    sorted_remove(&renderings->families, at);
}

/* --- members --- */

static struct rendering *family_find(struct rendering_family *family, uint32_t id)
{
    for (size_t i = 0; i < family->count; i++) {
        if (family->members[i].id == id) {
            return &family->members[i];
        }
    }
    return NULL;
}

static bool look_equal(const struct rendering_look *a, const struct rendering_look *b)
{
    return a->conf_percent == b->conf_percent && a->show_labels == b->show_labels &&
           a->quality == b->quality;
}

static struct rendering *family_find_look(struct rendering_family *family,
                                          const struct rendering_look *look)
{
    for (size_t i = 0; i < family->count; i++) {
        if (family->members[i].id != RENDERINGS_DEFAULT &&
            look_equal(&family->members[i].look, look)) {
            return &family->members[i];
        }
    }
    return NULL;
}

static size_t family_held(const struct rendering_family *family)
{
    size_t held = 0;
    for (size_t i = 0; i < family->count; i++) {
        held += family->members[i].holders > 0;
    }
    return held;
}

static void renderings_remove(struct renderings *renderings, struct rendering_family *family,
                              size_t at)
{
    uint32_t id = family->members[at].id;
    family->count--;
    memmove(family->members + at, family->members + at + 1,
            (family->count - at) * sizeof family->members[0]);
    if (id != RENDERINGS_DEFAULT) {
        renderings->over(renderings->arg, family->camera, id);
    }
}

/* The one that has lingered longest gives way. */
static void renderings_make_room(struct renderings *renderings, struct rendering_family *family)
{
    size_t oldest = family->count;
    for (size_t i = 0; i < family->count; i++) {
        const struct rendering *member = &family->members[i];
        if (member->holders == 0 &&
            (oldest == family->count || member->until_ns < family->members[oldest].until_ns)) {
            oldest = i;
        }
    }
    if (oldest < family->count) {
        renderings_remove(renderings, family, oldest);
    }
}

static struct rendering *renderings_add(struct renderings *renderings,
                                        struct rendering_family *family, uint32_t id,
                                        const struct rendering_look *look)
{
    if (family->count >= RENDERINGS_MOST) {
        renderings_make_room(renderings, family);
    }
    assert(family->count < sizeof family->members / sizeof family->members[0]);
    size_t at = 0;
    while (at < family->count && family->members[at].id < id) {
        at++;
    }
    memmove(family->members + at + 1, family->members + at,
            (family->count - at) * sizeof family->members[0]);
    family->members[at] = (struct rendering){.id = id, .look = *look};
    family->count++;
    return &family->members[at];
}

void renderings_acquire_default(struct renderings *renderings, const char *camera)
{
    struct rendering_family *family = renderings_find_or_create(renderings, camera);
    struct rendering *member = family_find(family, RENDERINGS_DEFAULT);
    if (member == NULL) {
        member = renderings_add(renderings, family, RENDERINGS_DEFAULT, &renderings->default_look);
    }
    member->holders++;
}

/* True when one more may be held. An exchange makes them no more; but the default has no place to
 * give away when it came beside all the others. */
static bool family_has_place(struct rendering_family *family, enum rendering_need need,
                             const uint32_t *instead_of)
{
    size_t most = RENDERINGS_MOST - (need == RENDERING_SPARE ? SPARE_PLACES : 0);
    const struct rendering *old = instead_of != NULL ? family_find(family, *instead_of) : NULL;
    size_t freed = old != NULL && old->holders == 1;
    return family_held(family) - freed < most || (freed > 0 && old->id != RENDERINGS_DEFAULT);
}

int renderings_acquire(struct renderings *renderings, const char *camera,
                       const struct rendering_look *look, enum rendering_need need,
                       const uint32_t *instead_of, uint32_t *id)
{
    if (look_equal(look, &renderings->default_look)) {
        renderings_acquire_default(renderings, camera);
        *id = RENDERINGS_DEFAULT;
        return 0;
    }
    struct rendering_family *family = renderings_find_or_create(renderings, camera);
    struct rendering *member = family_find_look(family, look);
    if ((member == NULL || member->holders == 0) && !family_has_place(family, need, instead_of)) {
        return -ENOSPC; /* the family has members, so it does not stay without need */
    }
    if (member == NULL) {
        member = renderings_add(renderings, family, ++renderings->last_id, look);
    }
    member->holders++;
    *id = member->id;
    return 0;
}

/* --- lingering --- */

static void renderings_await(struct renderings *renderings, uint64_t until_ns)
{
    if (renderings->awaited_ns == 0 || until_ns < renderings->awaited_ns) {
        struct timeval wait = clock_timeval(clock_elapsed_ns(clock_monotonic_ns(), until_ns));
        renderings->awaited_ns = until_ns;
        event_add(renderings->linger, &wait);
    }
}

/* Removes what has lingered long enough; returns the next end, UINT64_MAX: none. */
static uint64_t renderings_expire(struct renderings *renderings, struct rendering_family *family,
                                  uint64_t now_ns)
{
    uint64_t next_ns = UINT64_MAX;
    for (size_t i = family->count; i-- > 0;) {
        const struct rendering *member = &family->members[i];
        if (member->holders == 0 && member->until_ns <= now_ns) {
            renderings_remove(renderings, family, i);
        } else if (member->holders == 0 && member->until_ns < next_ns) {
            next_ns = member->until_ns;
        }
    }
    return next_ns;
}

static void renderings_on_linger(evutil_socket_t fd, short what, void *arg)
{
    struct renderings *renderings = arg;
    uint64_t now_ns = clock_monotonic_ns(), next_ns = UINT64_MAX;
    (void)fd;
    (void)what;
    renderings->awaited_ns = 0;
    for (size_t i = renderings->families.count; i-- > 0;) {
        struct rendering_family *family = renderings->families.items[i];
        uint64_t end_ns = renderings_expire(renderings, family, now_ns);
        next_ns = end_ns < next_ns ? end_ns : next_ns;
        if (family->count == 0) {
            renderings_remove_family(renderings, i);
        }
    }
    if (next_ns != UINT64_MAX) {
        renderings_await(renderings, next_ns);
    }
}

void renderings_release(struct renderings *renderings, const char *camera, uint32_t id)
{
    struct rendering *member = family_find(renderings_find(renderings, camera), id);
    if (--member->holders == 0) {
        member->until_ns = clock_monotonic_ns() + renderings->linger_ns;
        renderings_await(renderings, member->until_ns);
    }
}

/* --- what is known --- */

bool renderings_exists(const struct renderings *renderings, const char *camera, uint32_t id)
{
    struct rendering_family *family = renderings_find(renderings, camera);
    return id == RENDERINGS_DEFAULT || (family != NULL && family_find(family, id) != NULL);
}

struct rendering_look renderings_look_of(const struct renderings *renderings, const char *camera,
                                         uint32_t id)
{
    return id == RENDERINGS_DEFAULT ? renderings->default_look
                                    : family_find(renderings_find(renderings, camera), id)->look;
}

struct rendering_look renderings_default_look(const struct renderings *renderings)
{
    return renderings->default_look;
}

/* --- life --- */

void renderings_configure(struct renderings *renderings, const struct config *config)
{
    renderings->default_look = (struct rendering_look){
        .conf_percent = (uint8_t)lround(config->detector.conf * 100),
        .show_labels = config->detector.show_labels,
        .quality = (uint8_t)config->detector.quality,
    };
    renderings->linger_ns = clock_seconds_ns(config->broadcaster.linger_s);
}

struct renderings *renderings_create(struct event_base *base, renderings_over_fn *over, void *arg)
{
    struct renderings *renderings = xcalloc(1, sizeof *renderings);
    renderings->over = over;
    renderings->arg = arg;
    renderings->linger = evtimer_new(base, renderings_on_linger, renderings);
    if (renderings->linger == NULL) {
        die("out of memory for an event");
    }
    return renderings;
}

void renderings_destroy(struct renderings *renderings)
{
    if (renderings == NULL) {
        return;
    }
    for (size_t i = 0; i < renderings->families.count; i++) {
        free(renderings->families.items[i]);
    }
    event_free(renderings->linger);
    sorted_finish(&renderings->families);
    free(renderings);
}
