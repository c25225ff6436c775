#include "broadcaster/viewers/viewer_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "broadcaster/access/limits.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "broadcaster/text/sorted.h"
#include "broadcaster/viewers/viewer.h"
#include "common/log.h"
#include "common/memory.h"

struct viewer_set {
    struct services *services;
    struct sorted viewers;       /* of struct viewer, by id */
    struct viewer_totals totals; /* of those that have gone; `opened` of all */
};

static int viewer_compare(const void *viewer, const void *id)
{
    return strcmp(viewer_id(viewer), id);
}

static size_t viewer_set_place(const struct viewer_set *set, const char *id, bool *found)
{
    return sorted_place(&set->viewers, id, viewer_compare, found);
}

static void viewer_set_choose_id(const struct viewer_set *set, char id[VIEWER_ID_SIZE])
{
    bool taken;
    do {
        uint32_t number;
        if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
            die("no random numbers");
        }
        snprintf(id, VIEWER_ID_SIZE, "%08" PRIx32, number);
        viewer_set_place(set, id, &taken);
    } while (taken);
}

static void viewer_set_add(struct viewer_set *set, struct viewer *viewer)
{
    bool found;
    size_t at = viewer_set_place(set, viewer_id(viewer), &found);
    sorted_insert(&set->viewers, at, viewer);
    set->totals.opened++;
}

static void viewer_totals_add(struct viewer_totals *totals, const struct viewer *viewer)
{
    struct viewer_description description;
    viewer_describe(viewer, &description);
    totals->sent += description.sent;
    totals->dropped += description.dropped;
    totals->skipped += description.skipped;
    totals->bytes += description.bytes;
}

static void viewer_set_on_gone(void *arg, struct viewer *viewer)
{
    struct viewer_set *set = arg;
    bool found;
    size_t at = viewer_set_place(set, viewer_id(viewer), &found);
    viewer_totals_add(&set->totals, viewer);
    sorted_remove(&set->viewers, at);
}

void viewer_set_admit(struct viewer_set *set, struct http_session *session,
                      const struct viewer_request *wanted)
{
    char id[VIEWER_ID_SIZE];
    int64_t most = set->services->config->broadcaster.max_viewers;
    if (most > 0 && set->viewers.count >= (size_t)most) {
        http_respond_error(session, 503, "too_many_viewers", "Retry-After: 5\r\n",
                           "Too many active streams. Please try again.");
        return;
    }
    if (wanted->camera[0] != '\0' && !services_may_wait(set->services, wanted->camera)) {
        http_respond_error(session, 503, "too_many_streams", "Retry-After: 5\r\n",
                           "there is no camera %s, and too many viewers wait for such",
                           wanted->camera);
        return;
    }
    if (!limits_admit_stream(set->services->limits, session)) {
        return;
    }
    viewer_set_choose_id(set, id);
    struct viewer *viewer =
        viewer_open(set->services, session, id, wanted, viewer_set_on_gone, set);
    if (viewer != NULL) {
        viewer_set_add(set, viewer);
    }
}

void viewer_set_open(struct viewer_set *set, struct http_session *session,
                     const struct http_request *request, enum viewer_path path)
{
    struct viewer_request wanted;
    if (viewer_request_read(set->services, session, request, path, &wanted)) {
        viewer_set_admit(set, session, &wanted);
    }
}

void viewer_set_configure(struct viewer_set *set)
{
    for (size_t i = 0; i < set->viewers.count; i++) {
        viewer_configure(set->viewers.items[i]);
    }
}

/* --- for operators --- */

struct viewer_set *viewer_set_create(struct services *services)
{
    struct viewer_set *set = xcalloc(1, sizeof *set);
    set->services = services;
    return set;
}

void viewer_set_destroy(struct viewer_set *set)
{
    if (set != NULL) {
        sorted_finish(&set->viewers);
        free(set);
    }
}

size_t viewer_set_count(const struct viewer_set *set)
{
    return set->viewers.count;
}

void viewer_set_totals(const struct viewer_set *set, struct viewer_totals *totals)
{
    *totals = set->totals;
    for (size_t i = 0; i < set->viewers.count; i++) {
        viewer_totals_add(totals, set->viewers.items[i]);
    }
}

static json_t *viewer_to_json(const struct viewer *viewer)
{
    struct viewer_description description;
    viewer_describe(viewer, &description);
    json_t *json = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:f,s:I,s:b,s:I,s:I,s:I,s:I,s:I}", "id", description.id, "camera",
        description.camera, "path", description.path, "peer", description.peer, "user",
        description.user, "format", description.format, "seconds", description.seconds,
        "subscriptions", (json_int_t)description.subscriptions, "paused", description.paused,
        "sent", (json_int_t)description.sent, "dropped", (json_int_t)description.dropped, "skipped",
        (json_int_t)description.skipped, "bytes", (json_int_t)description.bytes, "bytes_per_second",
        (json_int_t)description.bytes_per_second);
    json_object_set_new(json, "age_ms",
                        description.age_ms < 0 ? json_null()
                                               : json_integer((json_int_t)description.age_ms));
    return json;
}

/* `identity` NULL: may know everything. */
static bool may_know(const struct identity *identity, const char *camera)
{
    return identity == NULL || identity_allows_camera(identity, camera);
}

static bool viewer_set_shows(const struct viewer *viewer, const struct identity *identity)
{
    struct viewer_description description;
    viewer_describe(viewer, &description);
    return may_know(identity, description.camera);
}

size_t viewer_set_count_for(const struct viewer_set *set, const struct identity *identity)
{
    size_t count = 0;
    for (size_t i = 0; i < set->viewers.count; i++) {
        count += viewer_set_shows(set->viewers.items[i], identity);
    }
    return count;
}

json_t *viewer_set_page(const struct viewer_set *set, const struct identity *identity,
                        const char *after, size_t limit, const char **next)
{
    bool found;
    size_t at = viewer_set_place(set, after, &found);
    json_t *page = json_array();
    for (at += found; at < set->viewers.count && json_array_size(page) < limit; at++) {
        if (viewer_set_shows(set->viewers.items[at], identity)) {
            json_array_append_new(page, viewer_to_json(set->viewers.items[at]));
        }
    }
    *next = at > 0 && at < set->viewers.count ? viewer_id(set->viewers.items[at - 1]) : NULL;
    return page;
}

static json_t *subscription_to_json(const struct viewer *viewer,
                                    const struct subscription *subscription, const char *user)
{
    const struct stream *stream = subscription->pictures.stream;
    json_int_t total = (json_int_t)subscription_total(subscription);
    json_int_t sent = (json_int_t)subscription->sent;
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:I,s:I,s:I,s:f,s:I}", "stream_id", viewer_id(viewer),
                     "camera_id", subscription->camera, "kind",
                     stream_kind_name(subscription->wish.kind), "user_id", user, "since",
                     api_json_seconds(subscription->since_ns), "processed", sent, "skipped",
                     total > sent ? total - sent : 0, "total", total > sent ? total : sent, "fps",
                     subscription_fps(subscription, clock_monotonic_ns()), "viewers",
                     stream != NULL ? (json_int_t)stream_viewers(stream) : 0);
}

static void viewer_streams_to_json(const struct viewer *viewer, const struct identity *identity,
                                   json_t *page)
{
    struct viewer_description description;
    viewer_describe(viewer, &description);
    for (size_t i = 0; i < viewer_subscription_count(viewer); i++) {
        const struct subscription *each = viewer_subscription(viewer, i);
        if (may_know(identity, each->camera)) {
            json_array_append_new(page, subscription_to_json(viewer, each, description.user));
        }
    }
}

static size_t viewer_count_streams(const struct viewer *viewer, const struct identity *identity)
{
    size_t count = 0;
    for (size_t i = 0; i < viewer_subscription_count(viewer); i++) {
        const struct subscription *each = viewer_subscription(viewer, i);
        count += may_know(identity, each->camera);
    }
    return count;
}

json_t *viewer_set_streams(const struct viewer_set *set, const struct identity *identity,
                           const char *after, size_t limit, const char **next, size_t *active)
{
    bool found;
    size_t from = viewer_set_place(set, after, &found);
    json_t *page = json_array();
    from += found;
    *next = NULL;
    *active = 0;
    for (size_t at = 0; at < set->viewers.count; at++) {
        size_t count = viewer_count_streams(set->viewers.items[at], identity);
        *active += count;
        if (count > 0 && at >= from && json_array_size(page) < limit) {
            viewer_streams_to_json(set->viewers.items[at], identity, page);
            *next = viewer_id(set->viewers.items[at]);
        }
    }
    if (*next != NULL && *next == viewer_id(set->viewers.items[set->viewers.count - 1])) {
        *next = NULL;
    }
    return page;
}

bool viewer_set_kick(struct viewer_set *set, const struct identity *identity, const char *id)
{
    bool found;
    size_t at = viewer_set_place(set, id, &found);
    found = found && viewer_set_shows(set->viewers.items[at], identity);
    if (found) {
        viewer_kick(set->viewers.items[at]);
    }
    return found;
}
