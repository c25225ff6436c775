/* The local detectors as their `stats` show them: asked every two seconds, never waited for. What
 * was demanded of them is demand.h's. One thread. */
#ifndef BROADCASTER_DETECTOR_WATCH_H
#define BROADCASTER_DETECTOR_WATCH_H

#include <jansson.h>
#include <stddef.h>

struct services;
struct detector_watch_set;

struct detector_watch_set *detector_watch_create(struct services *services);
void detector_watch_destroy(struct detector_watch_set *set); /* NULL is allowed */

/* Follows services->config: as many detectors as it has. */
void detector_watch_configure(struct detector_watch_set *set);

/* How many there should be, and how many of them answer. */
size_t detector_watch_count(const struct detector_watch_set *set);
size_t detector_watch_answering(const struct detector_watch_set *set);

/* The last answer of a detector, `index` < detector_watch_count(); NULL while it does not answer.
 * The reference stays the set's. */
const json_t *detector_watch_stats(const struct detector_watch_set *set, size_t index);

#endif
