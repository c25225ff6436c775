/* What one frame's metadata says for the record, whichever worker wrote it: the numbers, the spaces
 * with their states, and what has changed. Pure; for the record's own thread, because it takes the
 * metadata apart with jansson. */
#ifndef BROADCASTER_HISTORY_READING_H
#define BROADCASTER_HISTORY_READING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broadcaster/text/byte_span.h"

#define HISTORY_TEXT_MOST   128 /* bytes of an id or a name of a space; what is longer is left out */
#define HISTORY_SPACES_MOST 1000 /* of one frame; further ones are left out, as are events */

/* Names point into `document`. */
struct history_space {
    const char *id, *name;
    const char *state; /* "occupied", "free" or "unknown" */
};

struct history_change {
    const char *id, *name;
    const char *from; /* NULL: not known */
    const char *to;
    int64_t at_ms; /* 0: not said */
    double held_s; /* negative: not said */
};

struct history_reading {
    json_t *document;                  /* owned */
    int64_t vehicles, occupied, total; /* -1: not said, and not to be counted from the spaces */
    struct history_space *spaces;      /* owned */
    struct history_change *changes;    /* owned */
    size_t space_count, change_count;
};

/* False: it is no object. Finish it in both cases. */
bool history_reading_init(struct history_reading *reading, struct byte_span metadata);
void history_reading_finish(struct history_reading *reading);

/* The literal for a state that somebody names; NULL: it is none. */
const char *history_state(const char *text);

#endif
