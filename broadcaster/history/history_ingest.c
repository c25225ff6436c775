#include "broadcaster/history/history_ingest.h"

#include <stdlib.h>
#include <string.h>

#include "broadcaster/history/history_reading.h"
#include "broadcaster/history/history_rows.h"
#include "broadcaster/text/sorted.h"
#include "common/memory.h"

#define SPACES_MOST 2500 /* that are remembered of a stream; one frame has room for fewer */

struct ingest_space {
    char *id;
    const char *state; /* a literal */
};

/* A stream that says something. */
struct ingest_stream {
    char camera[CAMERA_ID_SIZE];
    int64_t id; /* of its row; 0: not looked up yet */
    bool has_last;
    struct history_sample last; /* as it stands in the table */
    struct ingest_space *spaces;
    size_t space_count;
};

struct history_ingest {
    struct sorted streams; /* of struct ingest_stream, by camera; owned */
};

/* --- streams --- */

static int ingest_compare(const void *stream, const void *camera)
{
    return strcmp(((const struct ingest_stream *)stream)->camera, camera);
}

static struct ingest_stream *ingest_stream(struct history_ingest *ingest, const char *camera)
{
    bool found;
    size_t at = sorted_place(&ingest->streams, camera, ingest_compare, &found);
    if (found) {
        return ingest->streams.items[at];
    }
    struct ingest_stream *stream = xcalloc(1, sizeof *stream);
    memccpy(stream->camera, camera, '\0', sizeof stream->camera - 1);
    sorted_insert(&ingest->streams, at, stream);
    return stream;
}

static void ingest_stream_destroy(struct ingest_stream *stream)
{
    for (size_t i = 0; i < stream->space_count; i++) {
        free(stream->spaces[i].id);
    }
    free(stream->spaces);
    free(stream);
}

static void ingest_drop(struct history_ingest *ingest, const char *camera)
{
    bool found;
    size_t at = sorted_place(&ingest->streams, camera, ingest_compare, &found);
    if (found) {
        ingest_stream_destroy(ingest->streams.items[at]);
        sorted_remove(&ingest->streams, at);
    }
}

static void ingest_load(struct ingest_stream *stream, struct history_database *database)
{
    if (stream->id == 0) {
        stream->id = history_rows_stream(database, stream->camera, true);
        stream->has_last = history_rows_newest(database, stream->id, &stream->last);
    }
}

/* --- spaces --- */

/* `hint`: where it is likely to be, because workers list their spaces in one
 * order. NULL: it is new. */
static struct ingest_space *ingest_space(const struct ingest_stream *stream, const char *id,
                                         size_t hint)
{
    if (hint < stream->space_count && strcmp(stream->spaces[hint].id, id) == 0) {
        return &stream->spaces[hint];
    }
    for (size_t i = 0; i < stream->space_count; i++) {
        if (strcmp(stream->spaces[i].id, id) == 0) {
            return &stream->spaces[i];
        }
    }
    return NULL;
}

static void ingest_add_space(struct ingest_stream *stream, const char *id, const char *state)
{
    if (stream->space_count < SPACES_MOST) {
        stream->spaces =
            xreallocarray(stream->spaces, stream->space_count + 1, sizeof *stream->spaces);
        stream->spaces[stream->space_count++] =
            (struct ingest_space){.id = xstrdup(id), .state = state};
    }
}

/* A worker's own event counts unless it says what is known: the same frame may
 * come in two drawings. */
static size_t ingest_changes(struct ingest_stream *stream, struct history_database *database,
                             const struct history_reading *reading, int64_t at_ms)
{
    size_t written = 0;
    for (size_t i = 0; i < reading->change_count; i++) {
        const struct history_change *change = &reading->changes[i];
        struct ingest_space *space = ingest_space(stream, change->id, i);
        if (space != NULL && space->state == change->to) {
            continue;
        }
        /* A clock that is ahead, or an hour behind, is not believed. */
        bool timed = change->at_ms <= at_ms && at_ms - change->at_ms <= HISTORY_HOUR_MS;
        struct history_event event = {.at_ms = timed ? change->at_ms : at_ms,
                                      .space = change->id,
                                      .name = change->name,
                                      .from = change->from,
                                      .to = change->to,
                                      .held_s = change->held_s};
        history_rows_event(database, stream->id, &event);
        written++;
        if (space != NULL) {
            space->state = change->to;
        } else {
            ingest_add_space(stream, change->id, change->to);
        }
    }
    return written;
}

/* Workers that tell of no events: what differs from the last time is one. */
static size_t ingest_spaces(struct ingest_stream *stream, struct history_database *database,
                            const struct history_reading *reading, int64_t at_ms)
{
    size_t written = 0;
    for (size_t i = 0; i < reading->space_count; i++) {
        const struct history_space *said = &reading->spaces[i];
        struct ingest_space *space = ingest_space(stream, said->id, i);
        if (space == NULL) {
            ingest_add_space(stream, said->id, said->state);
        } else if (space->state != said->state) {
            struct history_event event = {.at_ms = at_ms,
                                          .space = said->id,
                                          .name = said->name,
                                          .from = space->state,
                                          .to = said->state,
                                          .held_s = -1};
            history_rows_event(database, stream->id, &event);
            space->state = said->state;
            written++;
        }
    }
    return written;
}

/* --- records --- */

static void ingest_write(struct ingest_stream *stream, struct history_database *database,
                         const struct history_sample *sample)
{
    history_rows_sample(database, stream->id, stream->has_last ? &stream->last : NULL, sample);
    stream->last = *sample;
    stream->has_last = true;
}

static bool ingest_is_due(const struct ingest_stream *stream, const struct history_sample *sample,
                          int64_t interval_ms)
{
    const struct history_sample *last = &stream->last;
    return !stream->has_last || last->vehicles != sample->vehicles ||
           last->occupied != sample->occupied || last->total != sample->total ||
           llabs(sample->at_ms - last->at_ms) >= interval_ms || last->hold_ms == 0;
}

static void ingest_write_detections(const struct ingest_stream *stream,
                                    struct history_database *database, struct byte_span detections,
                                    int64_t at_ms)
{
    char *text = xasprintf("%.*s", (int)detections.size, (const char *)detections.data);
    history_rows_detections(database, stream->id, at_ms, text);
    free(text);
}

static void ingest_take_reading(struct ingest_stream *stream, struct history_database *database,
                                const struct history_record *record)
{
    struct history_reading reading;
    struct byte_span metadata = {(const uint8_t *)record->text, record->size};
    if (history_reading_init(&reading, metadata)) {
        struct history_sample sample = {.at_ms = record->at_ms,
                                        .hold_ms = record->hold_ms,
                                        .vehicles = reading.vehicles,
                                        .occupied = reading.occupied,
                                        .total = reading.total};
        size_t events = ingest_changes(stream, database, &reading, record->at_ms) +
                        ingest_spaces(stream, database, &reading, record->at_ms);
        bool due = ingest_is_due(stream, &sample, record->interval_ms);
        if (due) {
            ingest_write(stream, database, &sample);
        }
        if (record->keeps_detections && (due || events > 0) && reading.detections.size > 0) {
            ingest_write_detections(stream, database, reading.detections, record->at_ms);
        }
    }
    history_reading_finish(&reading);
}

void history_ingest_take(struct history_ingest *ingest, struct history_database *database,
                         const struct history_record *record)
{
    struct ingest_stream *stream = ingest_stream(ingest, record->camera);
    const struct history_sample nothing = {
        .at_ms = record->at_ms, .vehicles = -1, .occupied = -1, .total = -1};
    ingest_load(stream, database);
    switch (record->kind) {
    case HISTORY_READING:
        ingest_take_reading(stream, database, record);
        break;
    case HISTORY_DETECTIONS:
        history_rows_detections(database, stream->id, record->at_ms, record->text);
        break;
    case HISTORY_END:
        ingest_write(stream, database, &nothing);
        ingest_drop(ingest, record->camera);
        break;
    }
}

/* --- life --- */

void history_ingest_reload(struct history_ingest *ingest)
{
    for (size_t i = 0; i < ingest->streams.count; i++) {
        struct ingest_stream *stream = ingest->streams.items[i];
        stream->id = 0;
    }
}

struct history_ingest *history_ingest_create(void)
{
    return xcalloc(1, sizeof(struct history_ingest));
}

void history_ingest_destroy(struct history_ingest *ingest)
{
    if (ingest != NULL) {
        for (size_t i = 0; i < ingest->streams.count; i++) {
            ingest_stream_destroy(ingest->streams.items[i]);
        }
        sorted_finish(&ingest->streams);
        free(ingest);
    }
}
