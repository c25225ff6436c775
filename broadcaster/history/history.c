#include "broadcaster/history/history.h"

#include <stdlib.h>
#include <string.h>

#include "broadcaster/history/history_scan.h"
#include "broadcaster/history/history_writer.h"
#include "broadcaster/text/sorted.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define SILENCE_NS     (15 * NS_PER_SECOND) /* then a stream has ended (STREAM_END_NS) */
#define SWEEP_NS       NS_PER_SECOND
#define FOLLOW_NS      (2 * NS_PER_SECOND) /* a drawing that says nothing is left for another */
#define SPACES_NS      (250 * NS_PER_MS)   /* how often changes are written, at most */
#define VEHICLES_NS    NS_PER_SECOND
#define BACKLOG_MOST   (16 * 1024 * 1024)
#define QUESTIONS_MOST 32
#define MS_PER_DAY     86400000.0

/* A stream that says something for the record. */
struct history_stream {
    char camera[CAMERA_ID_SIZE];
    uint32_t rendering;         /* which of its drawings is followed */
    uint64_t seen_ns;           /* CLOCK_MONOTONIC of its last word */
    int64_t seen_ms;            /* CLOCK_REALTIME of it */
    uint64_t handed_ns;         /* of the last that was handed over; 0: nothing was */
    struct history_scan handed; /* what it said */
};

struct history {
    struct event_base *base;
    struct history_writer *writer; /* NULL: was never on */
    bool on;
    char *file; /* of the writer */
    uint64_t interval_ns;
    enum history_detections detections;
    struct sorted streams; /* of struct history_stream, by camera; owned */
    struct event *sweep;   /* while there are streams */
};

/* --- handing over --- */

static void history_hand(struct history *history, const struct history_stream *stream,
                         enum history_record_kind kind, int64_t at_ms, struct byte_span text)
{
    if (kind != HISTORY_END && history_writer_backlog(history->writer) > BACKLOG_MOST) {
        log_warn("the disk cannot keep up with the record: rows are left out");
        return;
    }
    struct history_record *record = history_record_create(text.size);
    record->kind = kind;
    memcpy(record->camera, stream->camera, sizeof record->camera);
    record->at_ms = at_ms;
    record->interval_ms = (int64_t)(history->interval_ns / NS_PER_MS);
    record->hold_ms = (int64_t)((history->interval_ns + SILENCE_NS) / NS_PER_MS);
    record->keeps_detections = history->detections == HISTORY_DETECTIONS_CHANGES;
    if (text.size > 0) {
        memcpy(record->text, text.data, text.size);
    }
    history_writer_record(history->writer, record);
}

/* Its last word is known, and nothing behind it. */
static void history_hand_end(struct history *history, const struct history_stream *stream)
{
    history_hand(history, stream, HISTORY_END, stream->seen_ms + 1, (struct byte_span){NULL, 0});
}

/* --- streams --- */

static int history_compare(const void *stream, const void *camera)
{
    return strcmp(((const struct history_stream *)stream)->camera, camera);
}

static struct history_stream *history_stream(struct history *history, const char *camera)
{
    bool found;
    size_t at = sorted_place(&history->streams, camera, history_compare, &found);
    if (found) {
        return history->streams.items[at];
    }
    struct history_stream *stream = xcalloc(1, sizeof *stream);
    memccpy(stream->camera, camera, '\0', sizeof stream->camera - 1);
    sorted_insert(&history->streams, at, stream);
    if (history->streams.count == 1) {
        struct timeval interval = clock_timeval(SWEEP_NS);
        event_add(history->sweep, &interval);
    }
    return stream;
}

static void history_end_all(struct history *history)
{
    for (size_t i = 0; i < history->streams.count; i++) {
        history_hand_end(history, history->streams.items[i]);
        free(history->streams.items[i]);
    }
    history->streams.count = 0;
    event_del(history->sweep);
}

static void history_on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct history *history = arg;
    uint64_t now = clock_monotonic_ns();
    size_t kept = 0;
    (void)fd;
    (void)what;
    for (size_t i = 0; i < history->streams.count; i++) {
        struct history_stream *stream = history->streams.items[i];
        if (clock_elapsed_ns(stream->seen_ns, now) > SILENCE_NS) {
            history_hand_end(history, stream);
            free(stream);
        } else {
            history->streams.items[kept++] = stream;
        }
    }
    history->streams.count = kept;
    if (kept == 0) {
        event_del(history->sweep);
    }
}

/* --- frames --- */

/* Several drawings of one frame say the same: the default one counts, or another
 * while that is silent. */
static bool history_follows(struct history_stream *stream, uint32_t rendering, uint64_t now)
{
    bool silent = clock_elapsed_ns(stream->seen_ns, now) > FOLLOW_NS;
    if (rendering == 0 || silent) {
        stream->rendering = rendering;
    }
    return rendering == stream->rendering;
}

static bool history_is_due(const struct history *history, const struct history_stream *stream,
                           const struct history_scan *scan, uint64_t now)
{
    uint64_t waited = clock_elapsed_ns(stream->handed_ns, now);
    const struct history_scan *last = &stream->handed;
    if (scan->events.size > 0 || stream->handed_ns == 0 || waited >= history->interval_ns) {
        return true;
    }
    if (last->occupied != scan->occupied || last->total != scan->total) {
        return waited >= SPACES_NS;
    }
    /* One space taken while another gets free changes no number. */
    return (last->vehicles != scan->vehicles || scan->spaces.size > 0) && waited >= VEHICLES_NS;
}

void history_take(struct history *history, const char *camera, uint32_t rendering,
                  struct byte_span metadata, uint64_t taken_ns)
{
    struct history_scan scan;
    if (!history->on || metadata.size == 0 || !history_scan_metadata(metadata, &scan)) {
        return;
    }
    uint64_t now = clock_monotonic_ns();
    struct history_stream *stream = history_stream(history, camera);
    if (!history_follows(stream, rendering, now)) {
        return;
    }
    stream->seen_ns = now;
    stream->seen_ms = (int64_t)(taken_ns / NS_PER_MS);
    if (history_is_due(history, stream, &scan, now)) {
        history_hand(history, stream, HISTORY_READING, stream->seen_ms, metadata);
        stream->handed_ns = now;
        stream->handed = scan;
    }
    if (history->detections == HISTORY_DETECTIONS_ALL && scan.detections.size > 0) {
        history_hand(history, stream, HISTORY_DETECTIONS, stream->seen_ms, scan.detections);
    }
}

/* --- questions --- */

bool history_is_on(const struct history *history)
{
    return history->on;
}

bool history_ask(struct history *history, struct history_query *query)
{
    if (history_writer_questions(history->writer) >= QUESTIONS_MOST) {
        return false;
    }
    history_writer_ask(history->writer, query);
    return true;
}

const char *history_mistake(const struct history *history)
{
    const char *mistake = history->on ? history_writer_mistake(history->writer) : "";
    return mistake[0] != '\0' ? mistake : NULL;
}

const char *history_set_aside(const struct history *history)
{
    return history->on ? history_writer_set_aside(history->writer) : NULL;
}

/* --- life --- */

struct history *history_create(struct event_base *base)
{
    struct history *history = xcalloc(1, sizeof *history);
    history->base = base;
    history->sweep = event_new(base, -1, EV_PERSIST, history_on_sweep, history);
    if (history->sweep == NULL) {
        die("out of memory for an event");
    }
    return history;
}

void history_configure(struct history *history, const struct config_history *config)
{
    struct history_limits limits = {.age_ms = (int64_t)(config->retention_days * MS_PER_DAY),
                                    .bytes = config->max_bytes};
    if (history->on && !config->enabled) {
        history_end_all(history);
    }
    history->on = config->enabled;
    history->interval_ns = clock_seconds_ns(config->interval_s);
    history->detections = config->detections;
    if (history->writer != NULL) {
        history_writer_set_limits(history->writer, &limits);
        if (strcmp(history->file, config->file) != 0) {
            log_warn("history.file changes with the next start only");
        }
    } else if (config->enabled) {
        history->file = xstrdup(config->file);
        history->writer = history_writer_create(history->base, config->file, &limits);
    }
}

void history_destroy(struct history *history)
{
    if (history == NULL) {
        return;
    }
    history_end_all(history);
    history_writer_destroy(history->writer);
    event_free(history->sweep);
    sorted_finish(&history->streams);
    free(history->file);
    free(history);
}
