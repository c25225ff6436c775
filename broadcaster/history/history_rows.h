/* The record's tables, and what is written to them. Every row stands for what was said at a moment
 * and holds until the next one, but no longer than `hold`: what nobody has said is not known.
 * Beside the rows stand sums over stretches of five minutes (slots) and over whole hours, kept with
 * every row in the same transaction, so that a chart of a year reads thousands of rows and not
 * millions. One thread. */
#ifndef BROADCASTER_HISTORY_ROWS_H
#define BROADCASTER_HISTORY_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/history/history_bucket.h"
#include "broadcaster/history/history_database.h"

/* For history_database_create(). */
extern const char *const history_schema[];
extern const size_t history_schema_steps;

/* The row of a camera; made when it is missing and `make` is set. 0: there is none. */
int64_t history_rows_stream(struct history_database *database, const char *camera, bool make);

/* The newest sample of a stream; false: it has none. */
bool history_rows_newest(struct history_database *database, int64_t stream,
                         struct history_sample *sample);

/* Writes a sample, and what `before` (NULL: none) was until then into the sums. */
void history_rows_sample(struct history_database *database, int64_t stream,
                         const struct history_sample *before, const struct history_sample *sample);

struct history_event {
    int64_t at_ms;
    const char *space, *name;
    const char *from; /* NULL: not known */
    const char *to;
    double held_s; /* negative: not known */
};

void history_rows_event(struct history_database *database, int64_t stream,
                        const struct history_event *event);

/* `detections`: a JSON array. */
void history_rows_detections(struct history_database *database, int64_t stream, int64_t at_ms,
                             const char *detections);

#endif
