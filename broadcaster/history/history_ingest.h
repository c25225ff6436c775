/* From what streams say to the rows of the record: which of it is a change, and what has changed
 * with it. Keeps in mind what each stream has said last. One thread, the record's own. */
#ifndef BROADCASTER_HISTORY_INGEST_H
#define BROADCASTER_HISTORY_INGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/history/history_database.h"
#include "broadcaster/history/history_queue.h"
#include "common/camera_id.h"

enum history_record_kind {
    HISTORY_READING,    /* `text` is a frame's metadata */
    HISTORY_DETECTIONS, /* `text` is the array `detections` of a frame */
    HISTORY_END,        /* the stream says nothing any more: from this moment on nothing is known */
};

/* One frame's share of the record, on its way from the loop. */
struct history_record {
    struct history_item item;
    enum history_record_kind kind;
    char camera[CAMERA_ID_SIZE];
    int64_t at_ms;         /* CLOCK_REALTIME, when the frame came */
    int64_t interval_ms;   /* a row is written after so long though nothing has changed */
    int64_t hold_ms;       /* so long it may be until the next one */
    bool keeps_detections; /* of a frame of which something is written */
    size_t size;
    char text[]; /* a NUL behind it */
};

struct history_ingest;

struct history_ingest *history_ingest_create(void);
void history_ingest_destroy(struct history_ingest *ingest); /* NULL is allowed */

/* Writes what the record says, within a transaction. */
void history_ingest_take(struct history_ingest *ingest, struct history_database *database,
                         const struct history_record *record);

/* The rows may be others than those that were written: looks at them again. What the streams
 * said last stays known. */
void history_ingest_reload(struct history_ingest *ingest);

#endif
