/* One SQLite file: opened, brought to the newest schema, its statements and its one transaction.
 * Knows nothing of what is in the tables. After the first error nothing more is done until it is
 * destroyed: callers look once, at the end (history_database_fault()). One thread. */
#ifndef BROADCASTER_HISTORY_DATABASE_H
#define BROADCASTER_HISTORY_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum history_fault {
    HISTORY_WELL,
    HISTORY_DAMAGED, /* the file is no database, or no longer: another one has to be begun */
    HISTORY_LATE,    /* a query took more than its budget: history_database_forgive() */
    HISTORY_FAILED,  /* anything else: the disk is full, the folder cannot be written */
};

struct history_database;

/* `steps`: SQL that makes version i + 1 of version i. A file of an older version is copied to
 * `<path>.v<version>` first; one of a newer version, or of another program, is left alone
 * (HISTORY_FAILED). The folder is made where it is missing. Never NULL: see the fault. */
struct history_database *history_database_create(const char *path, const char *const *steps,
                                                 size_t step_count);
/* What has not been committed is lost. NULL is allowed. */
void history_database_destroy(struct history_database *database);

enum history_fault history_database_fault(const struct history_database *database);
const char *history_database_mistake(const struct history_database *database); /* in words */

/* Whether the file that was opened is still the one at `path`: what is written to one that
 * was removed is lost. */
bool history_database_in_place(const struct history_database *database, const char *path);

/* Moves the file at `path` out of the way, to `<path>.damaged-<time>`, which `moved` gets, with
 * what belongs to it. 0 or -errno. */
int history_database_set_aside(const char *path, char *moved, size_t moved_size);

/* Begins a transaction, unless there is one. */
void history_database_begin(struct history_database *database);
void history_database_commit(struct history_database *database);
void history_database_roll_back(struct history_database *database);
bool history_database_in_transaction(const struct history_database *database);

/* Bytes of the file that are in use. */
int64_t history_database_bytes(struct history_database *database);

/* Gives some unused pages back to the disk when there are many. */
void history_database_shrink(struct history_database *database);

/* --- statements --- */

/* `sql` is a literal: statements are kept by its address. `types` has a letter for each parameter:
 * i int64_t, o int64_t of which a negative one is NULL, d double, t const char * (NULL: NULL). */

/* Runs it to its end; how many rows it has changed. */
int history_database_run(struct history_database *database, const char *sql, const char *types,
                         ...);

/* Its rows, one after the other: history_database_next() until it is false. NULL after an error. */
sqlite3_stmt *history_database_query(struct history_database *database, const char *sql,
                                     const char *types, ...);
bool history_database_next(struct history_database *database, sqlite3_stmt *statement);

/* The one integer that it gives, or `none`. */
int64_t history_database_number(struct history_database *database, int64_t none, const char *sql,
                                const char *types, ...);

/* Statements that run when this thread has used so much CPU from now on (ns) end with HISTORY_LATE,
 * however busy the machine is; 0: none do. */
void history_database_set_budget(struct history_database *database, uint64_t budget_ns);
/* Forgets that one was late. */
void history_database_forgive(struct history_database *database);

#endif
