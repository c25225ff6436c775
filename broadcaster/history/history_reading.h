/* What one frame's metadata says for the record, whichever worker wrote it: the numbers, the spaces
 * with their states, and what has changed. What is of the wrong type, empty or too long is as if it
 * had not been said; the rest counts. Pure. */
#ifndef BROADCASTER_HISTORY_READING_H
#define BROADCASTER_HISTORY_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/text/byte_span.h"

#define HISTORY_TEXT_MOST 128 /* bytes of an id or a name of a space; what is longer is left out */

/* Names point into `texts`. */
struct history_space {
    const char *id, *name;
    const char *state; /* "occupied", "free" or "unknown"; a literal */
};

struct history_change {
    const char *id, *name;
    const char *from; /* a literal; NULL: not known */
    const char *to;   /* a literal */
    int64_t at_ms;    /* 0: not said */
    double held_s;    /* negative: not said */
};

struct history_reading {
    int64_t vehicles, occupied, total; /* -1: not said, and not to be counted from the spaces */
    struct byte_span detections;       /* in the metadata; size 0: none */
    struct history_space *spaces;      /* owned */
    struct history_change *changes;    /* owned */
    size_t space_count, change_count;
    char *texts; /* owned */
    size_t texts_size;
};

/* `metadata` has been checked to be a JSON object. False: it says nothing for the record.
 * Finish it in both cases. */
bool history_reading_init(struct history_reading *reading, struct byte_span metadata);
void history_reading_finish(struct history_reading *reading);

/* The literal for a state that somebody names; NULL: it is none. */
const char *history_state(const char *text);

#endif
