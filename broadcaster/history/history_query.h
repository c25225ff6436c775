/* Questions to the record: made by the loop, answered by the record's thread with a whole text.
 * Rows are bounded, and so is CPU time. */
#ifndef BROADCASTER_HISTORY_QUERY_H
#define BROADCASTER_HISTORY_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/history/history_database.h"
#include "broadcaster/history/history_queue.h"
#include "common/camera_id.h"

#define HISTORY_POINTS_MOST 10000
#define HISTORY_EVENTS_MOST 1000

enum history_form { HISTORY_JSON, HISTORY_CSV };

/* The counts of a camera from from_ms to to_ms, a point for every step_ms: step_ms divides from_ms,
 * and there are at most HISTORY_POINTS_MOST. */
struct history_chart {
    char camera[CAMERA_ID_SIZE];
    int64_t from_ms, to_ms, step_ms;
    enum history_form form;
};

/* The events from from_ms to to_ms, the newest first. */
struct history_events {
    char **cameras; /* of these only; owned; NULL: of all */
    size_t camera_count;
    char *space;       /* of this space only; owned; NULL: of all */
    const char *state; /* that led to this state only; a literal; NULL: to any */
    int64_t from_ms, to_ms;
    int64_t before_ms, before_id; /* those behind this one, for the next page */
    size_t limit;
};

enum history_question { HISTORY_ASKS_CHART, HISTORY_ASKS_EVENTS };

enum history_answer {
    HISTORY_ANSWERED,
    HISTORY_UNAVAILABLE, /* the file cannot be read */
    HISTORY_TOO_MUCH,    /* not to be answered in time */
};

struct history_query {
    struct history_item item;
    enum history_question question;
    struct history_chart chart;
    struct history_events events;
    /* The answer. */
    enum history_answer answer;
    char *text; /* owned; NULL: none */
    size_t size;
    /* The loop's: the thread does not look. */
    void (*done)(void *arg, struct history_query *query); /* NULL: nobody waits any more */
    void *arg;
};

void history_query_destroy(struct history_query *query);

/* Fills the answer. now_ms: nothing is known of what comes behind it. */
void history_query_answer(struct history_query *query, struct history_database *database,
                          int64_t now_ms);

#endif
