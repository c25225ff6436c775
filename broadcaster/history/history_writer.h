/* The record's own thread: it alone touches the file. The loop hands records and questions over by
 * copy and waits for nothing; answers come back by an event of the loop. Records are written in
 * one transaction a second.
 *
 * When the file cannot be written (a full disk), records are dropped until it can, which is
 * tried every five seconds; a damaged one is set aside and another one begun. Both are said
 * once, and to `mistake`. */
#ifndef BROADCASTER_HISTORY_WRITER_H
#define BROADCASTER_HISTORY_WRITER_H

#include <event2/event.h>
#include <stddef.h>

#include "broadcaster/history/history_ingest.h"
#include "broadcaster/history/history_query.h"
#include "broadcaster/history/history_retention.h"

struct history_writer;

/* Starts the thread. `path` is copied. */
struct history_writer *history_writer_create(struct event_base *base, const char *path,
                                             const struct history_limits *limits);
/* Writes all that was handed over and ends the thread; questions that wait are not
 * answered. NULL is allowed. */
void history_writer_destroy(struct history_writer *writer);

void history_writer_set_limits(struct history_writer *writer, const struct history_limits *limits);

/* A record with room for `size` bytes of text, all zero. */
struct history_record *history_record_create(size_t size);

/* Takes the record. */
void history_writer_record(struct history_writer *writer, struct history_record *record);

/* Takes the question; query->done is called from the loop, unless it is NULL by then. */
void history_writer_ask(struct history_writer *writer, struct history_query *query);

/* Bytes that wait for the thread, and questions that have not been answered. */
size_t history_writer_backlog(struct history_writer *writer);
size_t history_writer_questions(const struct history_writer *writer);

/* Why the record is not being kept; "": it is. */
const char *history_writer_mistake(const struct history_writer *writer);

/* Where a damaged file was moved to, for as long as it is there; NULL: none was. */
const char *history_writer_set_aside(const struct history_writer *writer);

#endif
