#include "broadcaster/viewer_set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "broadcaster/services.h"
#include "broadcaster/viewer.h"
#include "common/log.h"
#include "common/memory.h"

struct viewer_set {
    struct services *services;
    struct viewer **viewers; /* sorted by id */
    size_t count, capacity;
    struct viewer_totals totals; /* of those that have gone; `opened` of all */
};

/* Where the id stands or would stand. */
static size_t viewer_set_place(const struct viewer_set *set, const char *id, bool *found)
{
    size_t low = 0, high = set->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(viewer_id(set->viewers[middle]), id);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
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
    if (set->count == set->capacity) {
        set->capacity = set->capacity * 2 + 16;
        set->viewers = xreallocarray(set->viewers, set->capacity, sizeof(struct viewer *));
    }
    memmove(set->viewers + at + 1, set->viewers + at, (set->count - at) * sizeof(struct viewer *));
    set->viewers[at] = viewer;
    set->count++;
    set->totals.opened++;
}

static void viewer_totals_add(struct viewer_totals *totals, const struct viewer *viewer)
{
    struct viewer_description description;
    viewer_describe(viewer, &description);
    totals->sent += description.sent;
    totals->dropped += description.dropped;
    totals->bytes += description.bytes;
}

static void viewer_set_on_gone(void *arg, struct viewer *viewer)
{
    struct viewer_set *set = arg;
    bool found;
    size_t at = viewer_set_place(set, viewer_id(viewer), &found);
    viewer_totals_add(&set->totals, viewer);
    set->count--;
    memmove(set->viewers + at, set->viewers + at + 1, (set->count - at) * sizeof(struct viewer *));
}

void viewer_set_open(struct viewer_set *set, struct http_session *session,
                     const struct http_request *request)
{
    char camera[CAMERA_ID_SIZE], id[VIEWER_ID_SIZE];
    int64_t most = set->services->config->broadcaster.max_viewers;
    int result = http_request_parameter(request, "camera_id", camera, sizeof camera);
    if (result == -ENOENT) {
        http_respond_error(session, 400, "bad_camera_id", NULL, "camera_id is missing");
    } else if (result < 0 || !camera_id_valid(camera, strlen(camera))) {
        http_respond_error(session, 400, "bad_camera_id", NULL,
                           "camera_id is not a camera id: [A-Za-z0-9][A-Za-z0-9_.-]{0,63}");
    } else if (most > 0 && set->count >= (size_t)most) {
        http_respond_error(session, 503, "too_many_viewers", "Retry-After: 5\r\n",
                           "Too many active streams. Please try again.");
    } else {
        viewer_set_choose_id(set, id);
        struct viewer *viewer =
            viewer_open(set->services, session, id, camera, viewer_set_on_gone, set);
        if (viewer != NULL) {
            viewer_set_add(set, viewer);
        }
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
        free(set->viewers);
        free(set);
    }
}

size_t viewer_set_count(const struct viewer_set *set)
{
    return set->count;
}

void viewer_set_totals(const struct viewer_set *set, struct viewer_totals *totals)
{
    *totals = set->totals;
    for (size_t i = 0; i < set->count; i++) {
        viewer_totals_add(totals, set->viewers[i]);
    }
}

static json_t *viewer_to_json(const struct viewer *viewer)
{
    struct viewer_description description;
    viewer_describe(viewer, &description);
    return json_pack("{s:s,s:s,s:s,s:s,s:f,s:I,s:I,s:I}", "id", description.id, "camera",
                     description.camera, "peer", description.peer, "format", description.format,
                     "seconds", description.seconds, "sent", (json_int_t)description.sent,
                     "dropped", (json_int_t)description.dropped, "bytes",
                     (json_int_t)description.bytes);
}

json_t *viewer_set_page(const struct viewer_set *set, const char *after, size_t limit,
                        const char **next)
{
    bool found;
    size_t at = viewer_set_place(set, after, &found);
    json_t *page = json_array();
    for (at += found; at < set->count && json_array_size(page) < limit; at++) {
        json_array_append_new(page, viewer_to_json(set->viewers[at]));
    }
    *next = at > 0 && at < set->count ? viewer_id(set->viewers[at - 1]) : NULL;
    return page;
}

bool viewer_set_kick(struct viewer_set *set, const char *id)
{
    bool found;
    size_t at = viewer_set_place(set, id, &found);
    if (found) {
        viewer_kick(set->viewers[at]);
    }
    return found;
}
