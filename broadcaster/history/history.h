/* The record: counts, occupied spaces and their events of every stream that comes in, whoever posts
 * it. Costs a frame one look at its metadata; all else is the business of a thread
 * (history_writer.h). A row is written when a number has changed, and every `history.interval_s`;
 * what a stream says is known for as long as it goes on, and until its last word when it falls
 * silent for 15 s. One thread. */
#ifndef BROADCASTER_HISTORY_H
#define BROADCASTER_HISTORY_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/history/history_query.h"
#include "broadcaster/text/byte_span.h"
#include "common/config.h"

struct history;

struct history *history_create(struct event_base *base);
/* Writes what there is. NULL is allowed. */
void history_destroy(struct history *history);

/* At the start and after every reload; the file of the start stays. */
void history_configure(struct history *history, const struct config_history *config);

/* A frame has come. `metadata` is copied where it is needed; size 0: there is none. `rendering`: of
 * which drawing it is; one of them is followed. taken_ns: CLOCK_REALTIME. */
void history_take(struct history *history, const char *camera, uint32_t rendering,
                  struct byte_span metadata, uint64_t taken_ns);

bool history_is_on(const struct history *history);

/* Takes the question; query->done is called later, unless it is NULL by then. False: there are too
 * many already, and it is still the caller's. Only while it is on. */
bool history_ask(struct history *history, struct history_query *query);

/* Why the record is not being kept though it should be; NULL: it is, or is off. */
const char *history_mistake(const struct history *history);

/* Where a damaged record was moved to, for as long as it is there; NULL: none was. */
const char *history_set_aside(const struct history *history);

#endif
