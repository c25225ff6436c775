/* All viewers: who may come, how they are listed and thrown out. One thread. */
#ifndef BROADCASTER_VIEWER_SET_H
#define BROADCASTER_VIEWER_SET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/protocol/http_session.h"
#include "broadcaster/viewers/viewer_request.h"

struct identity;
struct services;
struct viewer_set;

/* Of all viewers since the start, those that have gone included. */
struct viewer_totals {
    uint64_t opened, sent, dropped, skipped, bytes;
};

struct viewer_set *viewer_set_create(struct services *services);
/* All viewers must have gone. NULL is allowed. */
void viewer_set_destroy(struct viewer_set *set);

size_t viewer_set_count(const struct viewer_set *set);
/* Of those that the identity may know of. */
size_t viewer_set_count_for(const struct viewer_set *set, const struct identity *identity);
void viewer_set_totals(const struct viewer_set *set, struct viewer_totals *totals);

/* A request for one of the viewers' paths: answers it with an error or takes
 * its connection over. */
void viewer_set_open(struct viewer_set *set, struct http_session *session,
                     const struct http_request *request, enum viewer_path path);

/* The same for a request that has been read. */
void viewer_set_admit(struct viewer_set *set, struct http_session *session,
                      const struct viewer_request *wanted);

/* The configuration has changed. */
void viewer_set_configure(struct viewer_set *set);

/* A page of the viewers that `identity` may know of (NULL: all), in the order of ids, from behind
 * `after` ("": the beginning): an array of viewer_description's members; the caller owns it. *next:
 * the id to go on after, or NULL at the end; it lives as long as its viewer. */
json_t *viewer_set_page(const struct viewer_set *set, const struct identity *identity,
                        const char *after, size_t limit, const char **next);

/* The same of what they watch, one entry for each subscription: {stream_id, camera_id, kind,
 * user_id, since, processed, skipped, total, fps, viewers}. Of the last viewer on a page all are
 * there, even beyond the limit. *active: on all pages. */
json_t *viewer_set_streams(const struct viewer_set *set, const struct identity *identity,
                           const char *after, size_t limit, const char **next, size_t *active);

/* Closes the viewer with this id; false when there is none that `identity` (NULL:
 * everybody) may know of. */
bool viewer_set_kick(struct viewer_set *set, const struct identity *identity, const char *id);

#endif
