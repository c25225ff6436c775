#include "broadcaster/history/history_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "broadcaster/history/history_rows.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

#define COMMIT_NS         (900 * NS_PER_MS) /* and what it takes itself: a second when killed */
#define RETRY_NS          (5 * NS_PER_SECOND)
#define RETENTION_NS      (60 * NS_PER_SECOND)
#define RETENTION_MORE_NS NS_PER_SECOND
#define RETENTION_MOST_NS (20 * NS_PER_MS) /* of one go */
#define BELL_URGENT       (UINT64_C(1) << 32)
#define NEVER             UINT64_MAX
#define MISTAKE_SIZE      192

/* What is handed over, in both directions. */
enum writer_item {
    ITEM_RECORD,
    ITEM_QUESTION,
    ITEM_LIMITS,
    ITEM_STOP,
    ITEM_MISTAKE,
    ITEM_SET_ASIDE
};

struct writer_limits {
    struct history_item item;
    struct history_limits limits;
};

/* ITEM_MISTAKE: what is wrong. ITEM_SET_ASIDE: where a damaged file is now. */
struct writer_word {
    struct history_item item;
    char text[];
};

struct history_writer {
    pthread_t thread;
    int bell;                     /* wakes the thread: an eventfd */
    struct history_queue work;    /* to the thread */
    int answer_bell;              /* wakes the loop: an eventfd */
    struct history_queue answers; /* to the loop */
    /* The loop's. */
    struct event *answered;
    size_t questions;
    char *mistake;
    char *set_aside; /* a damaged file; NULL: none was */
    /* The thread's, from here on. */
    char *path;
    struct history_limits limits;
    struct history_database *database; /* NULL: it could not be opened, or written */
    struct history_ingest *ingest;
    struct history_item *asked;      /* questions, the oldest first */
    struct history_item **asked_end; /* the link of the newest, while there are some */
    char told[MISTAKE_SIZE];         /* the last that the loop was told */
    uint64_t commit_ns;              /* CLOCK_MONOTONIC; NEVER: nothing waits to be written */
    uint64_t retention_ns;
    uint64_t retry_ns; /* not opened before */
    uint64_t lost;     /* records, since it could not be written */
    bool stopping;
};

/* --- the thread: what befalls the file --- */

static void writer_ring(int bell, uint64_t value)
{
    ssize_t written = write(bell, &value, sizeof value);
    (void)written; /* an eventfd fails only when it is far too full, and then it has rung */
}

static void writer_tell_loop(struct history_writer *writer, enum writer_item kind, const char *text)
{
    struct writer_word *word = xcalloc(1, sizeof *word + strlen(text) + 1);
    memcpy(word->text, text, strlen(text));
    word->item.kind = (int)kind;
    history_queue_push(&writer->answers, &word->item);
    writer_ring(writer->answer_bell, 1);
}

/* Tells the log and the loop once. "": it is well again. */
static void writer_tell(struct history_writer *writer, const char *mistake)
{
    if (strcmp(writer->told, mistake) == 0) {
        return;
    }
    if (mistake[0] != '\0') {
        log_error("the record is not being kept, everything else goes on file=%s: %s; look at the "
                  "disk",
                  writer->path, mistake);
    } else {
        log_info("the record is being kept again file=%s rows_lost=%" PRIu64, writer->path,
                 writer->lost);
        writer->lost = 0;
    }
    snprintf(writer->told, sizeof writer->told, "%s", mistake);
    writer_tell_loop(writer, ITEM_MISTAKE, mistake);
}

static void writer_close(struct history_writer *writer)
{
    history_database_destroy(writer->database);
    writer->database = NULL;
    history_ingest_reload(writer->ingest);
}

static void writer_set_aside(struct history_writer *writer)
{
    char moved[4200];
    int result = history_database_set_aside(writer->path, moved, sizeof moved);
    if (result == 0) {
        log_error("the record was damaged; it was set aside and a new one begun moved=%s", moved);
        writer_tell_loop(writer, ITEM_SET_ASIDE, moved);
        writer->retry_ns = 0;
    } else {
        writer_tell(writer, "it is damaged, and cannot be moved out of the way");
    }
}

/* After whatever touched the file. */
static void writer_check(struct history_writer *writer)
{
    enum history_fault fault = history_database_fault(writer->database);
    if (fault == HISTORY_WELL) {
        return;
    }
    char mistake[MISTAKE_SIZE];
    snprintf(mistake, sizeof mistake, "%s", history_database_mistake(writer->database));
    history_database_roll_back(writer->database);
    writer_close(writer);
    writer->retry_ns = clock_monotonic_ns() + RETRY_NS;
    if (fault == HISTORY_DAMAGED) {
        writer_set_aside(writer);
    } else {
        writer_tell(writer, mistake);
    }
}

static void writer_open(struct history_writer *writer)
{
    /* Twice: a file that turns out to be damaged is set aside, and the next one is new. */
    for (int i = 0; i < 2 && writer->database == NULL && clock_monotonic_ns() >= writer->retry_ns;
         i++) {
        writer->database =
            history_database_create(writer->path, history_schema, history_schema_steps);
        writer_check(writer);
    }
}

/* --- the thread: its work --- */

static void writer_take_record(struct history_writer *writer, struct history_record *record)
{
    writer_open(writer);
    if (writer->database != NULL) {
        history_database_begin(writer->database);
        history_ingest_take(writer->ingest, writer->database, record);
        writer_check(writer);
    }
    writer->lost += writer->database == NULL;
    free(record);
}

static int64_t writer_now_ms(void)
{
    return (int64_t)(clock_realtime_ns() / NS_PER_MS);
}

static void writer_take_question(struct history_writer *writer, struct history_item *question)
{
    question->next = NULL;
    *(writer->asked != NULL ? writer->asked_end : &writer->asked) = question;
    writer->asked_end = &question->next;
}

/* The oldest question. While the file cannot be written it is opened for each question alone: what
 * is in it can still be read, mostly. */
static void writer_answer(struct history_writer *writer)
{
    struct history_query *query = (struct history_query *)writer->asked;
    bool was_closed = writer->database == NULL;
    uint64_t retry_ns = writer->retry_ns;
    writer->asked = writer->asked->next;
    query->answer = HISTORY_UNAVAILABLE;
    writer->retry_ns = 0;
    writer_open(writer);
    if (writer->database != NULL) {
        history_query_answer(query, writer->database, writer_now_ms());
        writer_check(writer);
    }
    if (was_closed && retry_ns > clock_monotonic_ns()) {
        writer_close(writer);
        writer->retry_ns = retry_ns;
    }
    history_queue_push(&writer->answers, &query->item);
    writer_ring(writer->answer_bell, 1);
}

static void writer_take(struct history_writer *writer, struct history_item *item)
{
    switch (item->kind) {
    case ITEM_RECORD:
        writer_take_record(writer, (struct history_record *)item);
        break;
    case ITEM_QUESTION:
        writer_take_question(writer, item);
        break;
    case ITEM_LIMITS:
        writer->limits = ((struct writer_limits *)item)->limits;
        writer->retention_ns = 0;
        free(item);
        break;
    default:
        writer->stopping = true;
        free(item);
        break;
    }
}

static void writer_take_all(struct history_writer *writer)
{
    struct history_item *next;
    for (struct history_item *item = history_queue_take(&writer->work); item != NULL; item = next) {
        next = item->next;
        writer_take(writer, item);
    }
}

static void writer_check_place(struct history_writer *writer)
{
    if (!history_database_in_place(writer->database, writer->path)) {
        log_error(
            "the file of the record was removed or replaced while it was in use: it is opened "
            "anew file=%s",
            writer->path);
        writer_close(writer);
    }
}

static void writer_commit(struct history_writer *writer)
{
    bool any = writer->database != NULL && history_database_in_transaction(writer->database);
    writer->commit_ns = NEVER;
    if (any) {
        history_database_commit(writer->database);
        writer_check(writer);
        if (writer->database != NULL) {
            writer_tell(writer, "");
            writer_check_place(writer);
        }
    }
}

static void writer_retain(struct history_writer *writer)
{
    uint64_t began = clock_monotonic_ns();
    bool more = true;
    writer->retention_ns = began + RETENTION_NS;
    while (more && writer->database != NULL &&
           clock_elapsed_ns(began, clock_monotonic_ns()) < RETENTION_MOST_NS) {
        history_database_begin(writer->database);
        more = history_retention_step(writer->database, &writer->limits, writer_now_ms());
        history_database_commit(writer->database);
        writer_check(writer);
    }
    if (more && writer->database != NULL) {
        writer->retention_ns = began + RETENTION_MORE_NS;
    }
}

/* Until somebody rings, or something is due; true when it shall not wait any longer. */
static bool writer_wait(struct history_writer *writer)
{
    struct pollfd bell = {.fd = writer->bell, .events = POLLIN};
    uint64_t value = 0, now = clock_monotonic_ns();
    uint64_t due =
        writer->commit_ns < writer->retention_ns ? writer->commit_ns : writer->retention_ns;
    due = writer->asked != NULL ? now : due;
    struct timespec wait = {.tv_sec = (time_t)(clock_elapsed_ns(now, due) / NS_PER_SECOND),
                            .tv_nsec = (long)(clock_elapsed_ns(now, due) % NS_PER_SECOND)};
    if (ppoll(&bell, 1, &wait, NULL) > 0 && read(writer->bell, &value, sizeof value) > 0 &&
        writer->commit_ns == NEVER) {
        writer->commit_ns = clock_monotonic_ns() + COMMIT_NS;
    }
    return value >= BELL_URGENT;
}

static void *writer_run(void *arg)
{
    struct history_writer *writer = arg;
    prctl(PR_SET_NAME, "history");
    if (access(writer->path, F_OK) == 0) { /* else it is made for the first row */
        writer_open(writer);
    }
    while (!writer->stopping) {
        bool urgent = writer_wait(writer);
        uint64_t now = clock_monotonic_ns();
        bool retains = now >= writer->retention_ns, due = retains || now >= writer->commit_ns;
        if (urgent || due) {
            writer_take_all(writer);
        }
        /* Never without having taken all: only a queue that is empty rings
         * when it gets something. */
        if (due || writer->stopping) {
            writer_commit(writer);
        }
        if (retains && !writer->stopping) {
            writer_retain(writer);
        }
        /* One at a time: many of them do not keep rows from being committed. */
        if (writer->asked != NULL && !writer->stopping) {
            writer_answer(writer);
        }
    }
    writer_close(writer);
    return NULL;
}

/* --- the loop --- */

static void writer_push(struct history_writer *writer, struct history_item *item,
                        enum writer_item kind, size_t size)
{
    item->kind = (int)kind;
    item->size = size;
    bool was_empty = history_queue_push(&writer->work, item);
    if (kind != ITEM_RECORD) {
        writer_ring(writer->bell, BELL_URGENT);
    } else if (was_empty) {
        writer_ring(writer->bell, 1);
    }
}

static void writer_take_answer(struct history_writer *writer, struct history_item *item)
{
    if (item->kind == ITEM_QUESTION) {
        struct history_query *query = (struct history_query *)item;
        writer->questions--;
        if (query->done != NULL) {
            query->done(query->arg, query);
        }
        history_query_destroy(query);
    } else {
        char **kept = item->kind == ITEM_MISTAKE ? &writer->mistake : &writer->set_aside;
        free(*kept);
        *kept = xstrdup(((struct writer_word *)item)->text);
        free(item);
    }
}

static void writer_on_answer(evutil_socket_t fd, short what, void *arg)
{
    struct history_writer *writer = arg;
    struct history_item *next;
    uint64_t value;
    ssize_t got = read(fd, &value, sizeof value);
    (void)got;
    (void)what;
    for (struct history_item *item = history_queue_take(&writer->answers); item != NULL;
         item = next) {
        next = item->next;
        writer_take_answer(writer, item);
    }
}

struct history_record *history_record_create(size_t size)
{
    struct history_record *record = xcalloc(1, sizeof *record + size + 1);
    record->size = size;
    return record;
}

void history_writer_record(struct history_writer *writer, struct history_record *record)
{
    writer_push(writer, &record->item, ITEM_RECORD, sizeof *record + record->size);
}

void history_writer_ask(struct history_writer *writer, struct history_query *query)
{
    writer->questions++;
    writer_push(writer, &query->item, ITEM_QUESTION, sizeof *query);
}

void history_writer_set_limits(struct history_writer *writer, const struct history_limits *limits)
{
    struct writer_limits *item = xcalloc(1, sizeof *item);
    item->limits = *limits;
    writer_push(writer, &item->item, ITEM_LIMITS, sizeof *item);
}

size_t history_writer_backlog(struct history_writer *writer)
{
    return history_queue_bytes(&writer->work);
}

size_t history_writer_questions(const struct history_writer *writer)
{
    return writer->questions;
}

const char *history_writer_mistake(const struct history_writer *writer)
{
    return writer->mistake;
}

const char *history_writer_set_aside(const struct history_writer *writer)
{
    return writer->set_aside != NULL && access(writer->set_aside, F_OK) == 0 ? writer->set_aside
                                                                             : NULL;
}

/* --- life --- */

/* Signals are the loop's. */
static void writer_start(struct history_writer *writer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&writer->thread, NULL, writer_run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0) {
        die("the thread of the record cannot be started: %s", strerror(result));
    }
}

struct history_writer *history_writer_create(struct event_base *base, const char *path,
                                             const struct history_limits *limits)
{
    struct history_writer *writer = xcalloc(1, sizeof *writer);
    writer->path = xstrdup(path);
    writer->mistake = xstrdup("");
    writer->limits = *limits;
    writer->ingest = history_ingest_create();
    writer->commit_ns = NEVER;
    writer->retention_ns = clock_monotonic_ns() + COMMIT_NS;
    writer->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    writer->answer_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (writer->bell < 0 || writer->answer_bell < 0) {
        die("the record needs two descriptors: %s", strerror(errno));
    }
    writer->answered =
        event_new(base, writer->answer_bell, EV_READ | EV_PERSIST, writer_on_answer, writer);
    if (writer->answered == NULL || event_add(writer->answered, NULL) < 0) {
        die("out of memory for an event");
    }
    writer_start(writer);
    return writer;
}

static void writer_free(struct history_item *item)
{
    if (item->kind == ITEM_QUESTION) {
        history_query_destroy((struct history_query *)item);
    } else {
        free(item);
    }
}

static void writer_free_all(struct history_item *item)
{
    struct history_item *next;
    for (; item != NULL; item = next) {
        next = item->next;
        writer_free(item);
    }
}

void history_writer_destroy(struct history_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    writer_push(writer, xcalloc(1, sizeof(struct history_item)), ITEM_STOP, 0);
    pthread_join(writer->thread, NULL);
    writer_free_all(history_queue_take(&writer->answers));
    writer_free_all(writer->asked);
    event_free(writer->answered);
    fd_close(&writer->bell);
    fd_close(&writer->answer_bell);
    history_ingest_destroy(writer->ingest);
    free(writer->mistake);
    free(writer->set_aside);
    free(writer->path);
    free(writer);
}
